// Names that resolvers have begun to see, for those who look for what is not reported yet. Who asked
// for them is not known here, nor to the resolvers.
import { TextInput } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { newNamesQuery, sessionQuery } from '@/api/queries';
import type { SeenName } from '@/api/types';
import { useFormat } from '@/i18n/format';
import { DataTable, type Column, type PagerProps } from '@/ui/DataTable';
import { Icon } from '@/ui/icons';
import { Page } from '@/ui/Page';
import { Empty, Loaded } from '@/ui/States';
import { usePages } from '@/ui/usePages';

const typingPauseMs = 250;

type Row = SeenName & { id: string };

function useColumns(): Column<Row>[] {
  const { t } = useTranslation();
  const format = useFormat();
  const me = useQuery(sessionQuery);
  const columns: Column<Row>[] = [
    {
      id: 'name',
      header: t('app.new-names.name'),
      cell: ({ row: { original } }) => (
        <>
          <span className="k-name">{original.display}</span>
          {original.display !== original.name && (
            <div className="k-mono k-dim">{original.name}</div>
          )}
        </>
      ),
    },
    {
      id: 'first',
      header: t('app.new-names.first'),
      cell: ({ row: { original } }) => format.dateTime(original.first_told_ms),
    },
    {
      id: 'resolvers',
      header: t('app.new-names.resolvers'),
      cell: ({ row: { original } }) => original.resolvers.join(', '),
    },
    {
      id: 'networks',
      header: t('app.new-names.networks'),
      cell: ({ row: { original } }) =>
        t('app.new-names.about', { count: format.number(original.networks) }),
    },
  ];
  if (me.data?.rights.includes('case.read')) {
    columns.push({
      id: 'cases',
      header: t('app.nav.cases'),
      cell: ({ row: { original } }) => (
        <Link to="/cases" search={{ q: original.name }}>
          {t('app.new-names.find')}
        </Link>
      ),
    });
  }
  return columns;
}

function NameTable({ items, pager }: { items: SeenName[]; pager: PagerProps }) {
  const { t } = useTranslation();
  const columns = useColumns();
  if (items.length === 0) {
    return (
      <Empty title={t('app.new-names.none')} icon="info">
        {t('app.new-names.none-next')}
      </Empty>
    );
  }
  return (
    <DataTable
      label={t('app.nav.new-names')}
      columns={columns}
      rows={items.map((item) => ({ ...item, id: item.name }))}
      pager={pager}
    />
  );
}

export function NewNamesScreen() {
  const { t } = useTranslation();
  const [text, setText] = useState('');
  const [q] = useDebouncedValue(text.trim(), typingPauseMs);
  const pages = usePages(q);
  const query = useQuery(newNamesQuery(q || undefined, pages.cursor));
  return (
    <Page title={t('app.nav.new-names')} lead={t('app.new-names.lead')}>
      <div className="k-card k-filters" role="search">
        <TextInput
          className="k-wide"
          type="search"
          label={t('app.search')}
          placeholder={t('app.new-names.search-hint')}
          leftSection={<Icon name="search" />}
          maxLength={200}
          value={text}
          onChange={(event) => setText(event.currentTarget.value)}
        />
      </div>
      <section className="k-card" aria-label={t('app.nav.new-names')} aria-busy={query.isFetching}>
        <Loaded query={query} rows={8}>
          {({ items, next_cursor }) => <NameTable items={items} pager={pages.pager(next_cursor)} />}
        </Loaded>
      </section>
    </Page>
  );
}
