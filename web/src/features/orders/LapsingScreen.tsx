// What ends next unless someone renews it.
import { NativeSelect } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { lapsingQuery } from '@/api/queries';
import { Page } from '@/ui/Page';
import { Loaded } from '@/ui/States';
import { usePages } from '@/ui/usePages';
import { OrderTable } from './OrderTable';

const spans = [7, 14, 30, 90];

export function LapsingScreen() {
  const { t } = useTranslation();
  const [days, setDays] = useState(14);
  const pages = usePages(String(days));
  const query = useQuery(lapsingQuery(days, pages.cursor));
  return (
    <Page
      title={t('app.nav.lapsing')}
      lead={t('app.lapsing.lead')}
      aside={
        <NativeSelect
          label={t('app.lapsing.within')}
          value={String(days)}
          onChange={(event) => setDays(Number(event.currentTarget.value))}
          data={spans.map((value) => ({
            value: String(value),
            label: t('app.days', { days: value }),
          }))}
        />
      }
    >
      <section className="k-card" aria-label={t('app.nav.lapsing')}>
        <Loaded query={query}>
          {({ items, next_cursor }) => (
            <OrderTable
              label={t('app.nav.lapsing')}
              items={items}
              pager={pages.pager(next_cursor)}
              empty={t('app.lapsing.none')}
              emptyNext={t('app.lapsing.none-next')}
            />
          )}
        </Loaded>
      </section>
    </Page>
  );
}
