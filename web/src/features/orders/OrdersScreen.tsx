// All orders, newest first.
import { NativeSelect, TextInput } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { ordersQuery } from '@/api/queries';
import { categories, type Category, type OrderState } from '@/api/types';
import { Icon } from '@/ui/icons';
import { Page } from '@/ui/Page';
import { Loaded } from '@/ui/States';
import { usePages } from '@/ui/usePages';
import { OrderTable } from './OrderTable';
import { orderStates } from './states';

const typingPauseMs = 250;

export function OrdersScreen() {
  const { t } = useTranslation();
  const [text, setText] = useState('');
  const [state, setState] = useState<OrderState | ''>('');
  const [category, setCategory] = useState<Category | ''>('');
  const [q] = useDebouncedValue(text.trim(), typingPauseMs);
  const pages = usePages([q, state, category].join('|'));
  const query = useQuery(
    ordersQuery({
      q: q || undefined,
      state: state || undefined,
      category: category || undefined,
      cursor: pages.cursor,
    }),
  );
  return (
    <Page title={t('app.nav.orders')} lead={t('app.orders.lead')}>
      <div className="k-card k-filters" role="search">
        <TextInput
          className="k-wide"
          type="search"
          label={t('app.search')}
          placeholder={t('app.orders.search-hint')}
          leftSection={<Icon name="search" />}
          value={text}
          onChange={(event) => setText(event.currentTarget.value)}
        />
        <NativeSelect
          label={t('app.state')}
          value={state}
          onChange={(event) => setState(event.currentTarget.value as OrderState | '')}
          data={[
            { value: '', label: t('app.any') },
            ...orderStates.map((value) => ({ value, label: t(`state.order.${value}`) })),
          ]}
        />
        <NativeSelect
          label={t('app.category')}
          value={category}
          onChange={(event) => setCategory(event.currentTarget.value as Category | '')}
          data={[
            { value: '', label: t('app.any') },
            ...categories.map((value) => ({ value, label: t(`category.${value}`) })),
          ]}
        />
      </div>
      <section className="k-card" aria-label={t('app.nav.orders')} aria-busy={query.isFetching}>
        <Loaded query={query} rows={8}>
          {({ items, next_cursor }) => (
            <OrderTable
              label={t('app.nav.orders')}
              items={items}
              pager={pages.pager(next_cursor)}
              empty={t('app.orders.none')}
              emptyNext={t('app.orders.none-next')}
            />
          )}
        </Loaded>
      </section>
    </Page>
  );
}
