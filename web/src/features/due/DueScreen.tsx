// What is due, over everything that I may see: overdue first.
import { NativeSelect } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { dueQuery } from '@/api/queries';
import type { DueItem } from '@/api/types';
import { useFormat } from '@/i18n/format';
import { DataTable, type Column } from '@/ui/DataTable';
import { Due } from '@/ui/Due';
import { Page } from '@/ui/Page';
import { Empty, Loaded } from '@/ui/States';

const spans = [2, 24, 7 * 24, 31 * 24];

function What({ item }: { item: DueItem }) {
  const { t } = useTranslation();
  const text = item.title === '' ? t(`app.due.record.${item.record}`) : item.title;
  if (item.record === 'order') {
    return (
      <Link to="/orders/$orderId" params={{ orderId: item.record_id }} className="k-name">
        {text}
      </Link>
    );
  }
  if (item.record === 'appeal') {
    return (
      <Link to="/appeals/$appealId" params={{ appealId: item.record_id }} className="k-name">
        {text}
      </Link>
    );
  }
  if (item.record === 'objection') {
    return (
      <Link to="/appeals" className="k-name">
        {text}
      </Link>
    );
  }
  if (item.case_id === null) return <span className="k-name">{text}</span>;
  return (
    <Link to="/cases/$caseId" params={{ caseId: item.case_id }} className="k-name">
      {text}
    </Link>
  );
}

interface Row extends DueItem {
  id: string;
}

export function DueScreen() {
  const { t } = useTranslation();
  const format = useFormat();
  const [hours, setHours] = useState(24);
  const query = useQuery(dueQuery(hours));
  const columns = useMemo<Column<Row>[]>(
    () => [
      {
        id: 'what',
        header: t('app.due.what'),
        cell: ({ row: { original } }) => (
          <div>
            <What item={original} />
            <div className="k-dim k-small">{t(`app.due.record.${original.record}`)}</div>
          </div>
        ),
      },
      {
        id: 'due',
        header: t('app.due'),
        cell: ({ row: { original } }) => <Due atMs={original.due_at_ms} kind={original.kind} />,
      },
      {
        id: 'at',
        header: t('app.due.at'),
        cell: ({ row: { original } }) => format.dateTime(original.due_at_ms),
      },
    ],
    [t, format],
  );
  return (
    <Page
      title={t('app.nav.due')}
      lead={t('app.due.lead')}
      aside={
        <NativeSelect
          label={t('app.due.within')}
          value={String(hours)}
          onChange={(event) => setHours(Number(event.currentTarget.value))}
          data={spans.map((value) => ({
            value: String(value),
            label:
              value < 48 ? t('app.hours', { hours: value }) : t('app.days', { days: value / 24 }),
          }))}
        />
      }
    >
      <section className="k-card" aria-label={t('app.nav.due')}>
        <Loaded query={query}>
          {({ items }) =>
            items.length === 0 ? (
              <Empty title={t('app.due.none')}>{t('app.due.none-next')}</Empty>
            ) : (
              <DataTable
                label={t('app.nav.due')}
                columns={columns}
                rows={items.map((item) => ({ ...item, id: item.record_id + item.kind }))}
              />
            )
          }
        </Loaded>
      </section>
    </Page>
  );
}
