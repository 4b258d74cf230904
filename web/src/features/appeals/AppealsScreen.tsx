// Objections to orders, newest first, and below them those to lists.
import { NativeSelect } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { appealsQuery, sessionQuery } from '@/api/queries';
import type { Appeal, AppealState } from '@/api/types';
import { useFormat } from '@/i18n/format';
import { DataTable, type Column } from '@/ui/DataTable';
import { Page } from '@/ui/Page';
import { Empty, Loaded } from '@/ui/States';
import { Tag } from '@/ui/Tag';
import { usePages } from '@/ui/usePages';
import { ListObjections } from './ListObjections';
import { appealStates, appealTones } from './states';

function useColumns(): Column<Appeal>[] {
  const { t } = useTranslation();
  const format = useFormat();
  return useMemo(
    () => [
      {
        id: 'order',
        header: t('app.order'),
        cell: ({ row: { original } }) => (
          <div>
            <Link to="/appeals/$appealId" params={{ appealId: original.id }} className="k-name">
              {original.order.display}
            </Link>
            <div className="k-dim k-small">{original.order.number}</div>
          </div>
        ),
      },
      {
        id: 'state',
        header: t('app.state'),
        cell: ({ row: { original } }) => (
          <Tag tone={appealTones[original.state]}>{t(`state.appeal.${original.state}`)}</Tag>
        ),
      },
      {
        id: 'lodged',
        header: t('app.appeal.lodged'),
        cell: ({ row: { original } }) => format.dateTime(original.lodged_at_ms),
      },
      {
        id: 'due',
        header: t('app.appeal.due'),
        cell: ({ row: { original } }) =>
          original.answer_due_ms === undefined ? '–' : format.relative(original.answer_due_ms),
      },
    ],
    [t, format],
  );
}

function Appeals({ state }: { state: AppealState | '' }) {
  const { t } = useTranslation();
  const pages = usePages(state);
  const query = useQuery(appealsQuery(state || undefined, pages.cursor));
  const columns = useColumns();
  return (
    <section className="k-card" aria-label={t('app.nav.appeals')}>
      <Loaded query={query}>
        {({ items, next_cursor }) =>
          items.length === 0 ? (
            <Empty title={t('app.appeals.none')}>{t('app.appeals.none-next')}</Empty>
          ) : (
            <DataTable
              label={t('app.nav.appeals')}
              columns={columns}
              rows={items}
              pager={pages.pager(next_cursor)}
            />
          )
        }
      </Loaded>
    </section>
  );
}

/** Who may lift an order, and read no appeal, still finds what waits for a lift from a list. */
export function AppealsScreen() {
  const { t } = useTranslation();
  const me = useQuery(sessionQuery);
  const [state, setState] = useState<AppealState | ''>('');
  const readsAppeals = me.data?.rights.includes('appeal.read') ?? false;
  return (
    <Page
      title={t('app.nav.appeals')}
      lead={t('app.appeals.lead')}
      aside={
        readsAppeals && (
          <NativeSelect
            label={t('app.state')}
            value={state}
            onChange={(event) => setState(event.currentTarget.value as AppealState | '')}
            data={[
              { value: '', label: t('app.any') },
              ...appealStates.map((value) => ({ value, label: t(`state.appeal.${value}`) })),
            ]}
          />
        )
      }
    >
      {readsAppeals && <Appeals state={state} />}
      <ListObjections />
    </Page>
  );
}
