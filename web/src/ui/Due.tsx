// When something is due, in words: overdue, soon, or a day. Colour and shape only repeat the word.
import { useTranslation } from 'react-i18next';
import type { Deadline } from '@/api/types';
import { useFormat } from '@/i18n/format';
import { Section } from './Page';
import { Tag } from './Tag';
import { useNow } from './useNow';

const soonMs = 2 * 3_600_000; // as the server counts for the menu
const dayMs = 86_400_000;

export function Due({ atMs, kind }: { atMs: number; kind: Deadline['kind'] }) {
  const { t } = useTranslation();
  const format = useFormat();
  const now = useNow();
  const left = atMs - now;
  const what = t(`deadline.${kind}`);
  const when = Math.abs(left) < 7 * dayMs ? format.relative(atMs, now) : format.date(atMs);
  return (
    <div>
      {left < soonMs && (
        <Tag tone={left <= 0 ? 'bad' : 'warn'} icon={left <= 0 ? 'warn' : 'clock'}>
          {t(left <= 0 ? 'app.due.overdue' : 'app.due.soon')}
        </Tag>
      )}
      <div className="k-small">
        {what} · <time dateTime={new Date(atMs).toISOString()}>{when}</time>
      </div>
    </div>
  );
}

/** The open deadlines of one record; nothing where there is none. */
export function Deadlines({ items }: { items: Deadline[] }) {
  const { t } = useTranslation();
  if (items.length === 0) return null;
  return (
    <Section title={t('app.due')}>
      <ul className="k-list">
        {items.map((item) => (
          <li key={item.record_id + item.kind} className="k-item">
            <Due atMs={item.due_at_ms} kind={item.kind} />
          </li>
        ))}
      </ul>
    </Section>
  );
}
