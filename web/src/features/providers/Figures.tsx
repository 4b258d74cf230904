// A provider's numbers: share, times, and a bar of verdicts with the same numbers beside it.
import { useTranslation } from 'react-i18next';
import type { Provider } from '@/api/types';
import { useFormat } from '@/i18n/format';
import { Tag } from '@/ui/Tag';
import { useDuration } from './useDuration';
import { verdictTones } from './verdicts';

const barWidth = 300;

/** Of orders in force, by verdict: the length is the count. */
export function VerdictBar({ blocks }: { blocks: Provider['blocks'] }) {
  const { t } = useTranslation();
  const format = useFormat();
  const sum = blocks.reduce((all, { count }) => all + count, 0);
  if (sum === 0) return null;
  const parts = blocks.map(
    ({ verdict, count }) => `${format.number(count)} ${t(`provider-verdict.${verdict}`)}`,
  );
  const ends = blocks.map((_, index) =>
    blocks.slice(0, index + 1).reduce((all, { count }) => all + count, 0),
  );
  return (
    <svg
      className="k-share"
      role="img"
      aria-label={t('app.provider.blocks-chart', {
        count: format.number(sum),
        parts: parts.join(', '),
      })}
      viewBox={`0 0 ${barWidth} 10`}
      preserveAspectRatio="none"
    >
      {blocks.map(({ verdict, count }, index) => (
        <rect
          key={verdict}
          className={`k-${verdictTones[verdict]}`}
          x={(((ends[index] ?? 0) - count) / sum) * barWidth}
          width={(count / sum) * barWidth}
          height={10}
        />
      ))}
    </svg>
  );
}

export function VerdictTags({ blocks }: { blocks: Provider['blocks'] }) {
  const { t } = useTranslation();
  const format = useFormat();
  return (
    <div className="k-row">
      {blocks.map(({ verdict, count }) => (
        <Tag key={verdict} tone={verdictTones[verdict]}>
          {format.number(count)} {t(`provider-verdict.${verdict}`)}
        </Tag>
      ))}
    </div>
  );
}

export function Share({ provider }: { provider: Provider }) {
  const { t } = useTranslation();
  const format = useFormat();
  if (provider.share_enforced === undefined) {
    return <span className="k-dim">{t('app.provider.share-none')}</span>;
  }
  return (
    <div>
      <span className="k-name">{format.percent(provider.share_enforced)}</span>
      <div className="k-dim k-small">
        {t('app.provider.share-of', {
          enforced: format.number(provider.blocks_enforced),
          judged: format.number(provider.blocks_judged),
        })}
      </div>
    </div>
  );
}

export function Times({ times }: { times: Provider['block_times'] }) {
  const { t } = useTranslation();
  const format = useFormat();
  const duration = useDuration();
  if (times.p50_s === undefined || times.p95_s === undefined || times.p99_s === undefined) {
    return <span className="k-dim">{t('app.provider.times-none')}</span>;
  }
  return (
    <div>
      {t('app.provider.percentiles', {
        p50: duration(times.p50_s),
        p95: duration(times.p95_s),
        p99: duration(times.p99_s),
      })}
      <div className="k-dim k-small">
        {t('app.provider.measured', { count: format.number(times.count) })}
      </div>
    </div>
  );
}

/** When the last of its probes was heard, and whether that is long ago. */
export function Heard({ probes }: { probes: Provider['probes'] }) {
  const { t } = useTranslation();
  const format = useFormat();
  const heard = probes.flatMap(({ heard_at_ms }) => heard_at_ms ?? []);
  if (heard.length === 0) return <Tag tone="warn">{t('app.provider.heard-never')}</Tag>;
  return (
    <div>
      {format.dateTime(Math.max(...heard))}
      {probes.every(({ quiet }) => quiet) && (
        <div>
          <Tag tone="warn" icon="warn">
            {t('app.provider.quiet')}
          </Tag>
        </div>
      )}
    </div>
  );
}
