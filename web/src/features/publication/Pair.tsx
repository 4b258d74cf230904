// Two publishers with the same zones: which one leads, and how far the other is.
import { useTranslation } from 'react-i18next';
import type { PublisherPair } from '@/api/types';
import { useFormat } from '@/i18n/format';
import { Icon } from '@/ui/icons';

/** Without a word of it for so long, the other one is missing (publish/pair.h, pair_unheard_ms). */
const silentMs = 20_000;

type Other = PublisherPair['others'][number];

const isMissing = (other: Other) => other.stopped || other.heard_ago_ms >= silentMs;

export function Pair({ pair }: { pair: PublisherPair }) {
  const { t } = useTranslation();
  const format = useFormat();
  const role = pair.role === 'leads_alone' ? 'leads-alone' : pair.role;
  const isWell =
    (pair.role === 'leads' || pair.role === 'follows') &&
    pair.others.length > 0 &&
    !pair.others.some((other) => isMissing(other) || other.followers_differ);
  const state = (other: Other) => {
    if (other.stopped) return t('app.publication.pair.stopped');
    if (isMissing(other)) {
      return t('app.publication.pair.silent', { time: format.duration(other.heard_ago_ms) });
    }
    // Of the one that leads we know what we lack, not what it lacks.
    const behind = pair.role === 'follows' ? 0 : Math.max(other.behind, 0);
    return behind > 0
      ? t('app.publication.pair.behind', { batches: behind })
      : t('app.publication.pair.current');
  };
  return (
    <div className={`k-note ${isWell ? 'k-good' : 'k-warn'}`} role="status">
      <Icon name={isWell ? 'check' : 'warn'} />
      <div>
        <div>{t(`app.publication.pair.${role}`, { name: pair.name, leader: pair.leader })}</div>
        {pair.others.length === 0 ? <div>{t('app.publication.pair.none')}</div> : null}
        {pair.others.map((other) => (
          <div key={other.name}>
            {t('app.publication.pair.other', { name: other.name, address: other.address })}
            {': '}
            {state(other)}
            {other.followers_differ ? `; ${t('app.publication.pair.followers-differ')}` : ''}
          </div>
        ))}
      </div>
    </div>
  );
}
