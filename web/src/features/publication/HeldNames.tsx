// Which names a held change has: behind a line that opens, for there may be thousands.
import { useTranslation } from 'react-i18next';
import type { HeldChange } from '@/api/types';
import { useFormat } from '@/i18n/format';

export function HeldNames({ change }: { change: HeldChange }) {
  const { t } = useTranslation();
  const format = useFormat();
  const lines = [
    ...change.names.map(({ name, detail }) => (detail === '' ? name : `${name} → ${detail}`)),
    ...change.examples,
  ];
  if (lines.length === 0) return null;
  const more = change.count - lines.length;
  return (
    <details>
      <summary className="k-small">{t('app.publication.gate.examples')}</summary>
      <ul>
        {lines.map((line) => (
          <li key={line} className="k-mono k-small">
            {line}
          </li>
        ))}
        {more > 0 && <li>{t('app.publication.gate.more', { names: format.number(more) })}</li>}
      </ul>
    </details>
  );
}
