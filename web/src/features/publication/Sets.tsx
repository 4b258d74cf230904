// Addresses and web pages of orders: no resolver takes them, so there are no followers to show. Who
// enforces them fetches a signed list.
import { useTranslation } from 'react-i18next';
import type { PublicationSet } from '@/api/types';
import { useFormat } from '@/i18n/format';
import { Section } from '@/ui/Page';
import { useZoneTitle } from './zoneTitle';

export function Sets({ sets }: { sets: PublicationSet[] }) {
  const { t } = useTranslation();
  const format = useFormat();
  const title = useZoneTitle();
  const used = sets.filter(({ entries }) => entries > 0);
  return (
    <Section title={t('app.publication.sets')}>
      <p className="k-dim">
        {t('app.publication.sets.lead')} <a href="/lists/">{t('app.publication.sets.lists')}</a>
      </p>
      {used.length === 0 ? (
        <p className="k-dim">{t('app.publication.sets.none')}</p>
      ) : (
        <ul className="k-list">
          {used.map(({ id, serial, entries }) => (
            <li key={id}>
              <span className="k-name">{title(id)}</span>
              <div className="k-dim k-small">
                {t('app.publication.set-facts', { serial, entries: format.number(entries) })}
              </div>
            </li>
          ))}
        </ul>
      )}
    </Section>
  );
}
