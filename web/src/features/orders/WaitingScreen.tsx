// What waits for my signature.
import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { waitingQuery } from '@/api/queries';
import { Page } from '@/ui/Page';
import { Loaded } from '@/ui/States';
import { usePages } from '@/ui/usePages';
import { OrderTable } from './OrderTable';

export function WaitingScreen() {
  const { t } = useTranslation();
  const pages = usePages('');
  const query = useQuery(waitingQuery(pages.cursor));
  return (
    <Page title={t('app.nav.waiting')} lead={t('app.waiting.lead')}>
      <section className="k-card" aria-label={t('app.nav.waiting')}>
        <Loaded query={query}>
          {({ items, next_cursor }) => (
            <OrderTable
              label={t('app.nav.waiting')}
              items={items}
              pager={pages.pager(next_cursor)}
              empty={t('app.waiting.none')}
              emptyNext={t('app.waiting.none-next')}
            />
          )}
        </Loaded>
      </section>
    </Page>
  );
}
