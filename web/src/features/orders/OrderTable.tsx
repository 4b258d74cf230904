// Orders as a table: what, state, who proposed, until when.
import { Link } from '@tanstack/react-router';
import { useMemo } from 'react';
import { useTranslation } from 'react-i18next';
import type { OrderSummary } from '@/api/types';
import { useFormat } from '@/i18n/format';
import { DataTable, type Column, type PagerProps } from '@/ui/DataTable';
import { Empty } from '@/ui/States';
import { Tag } from '@/ui/Tag';
import { impactLook, orderTones } from './states';

export function OrderTable({
  label,
  items,
  pager,
  empty,
  emptyNext,
}: {
  label: string;
  items: OrderSummary[];
  pager: PagerProps;
  empty: string;
  emptyNext: string;
}) {
  const { t } = useTranslation();
  const format = useFormat();
  const columns = useMemo<Column<OrderSummary>[]>(
    () => [
      {
        id: 'name',
        header: t('app.order.name'),
        cell: ({ row: { original } }) => (
          <div>
            <Link to="/orders/$orderId" params={{ orderId: original.id }} className="k-name">
              {original.display}
            </Link>
            <div className="k-dim k-small">
              {original.number} · {t(`scope.${original.scope}`)}
            </div>
          </div>
        ),
      },
      {
        id: 'category',
        header: t('app.category'),
        cell: ({ row: { original } }) => t(`category.${original.category}`),
      },
      {
        id: 'state',
        header: t('app.state'),
        cell: ({ row: { original } }) => (
          <Tag tone={orderTones[original.state]}>{t(`state.order.${original.state}`)}</Tag>
        ),
      },
      {
        id: 'impact',
        header: t('app.impact'),
        cell: ({ row: { original } }) => {
          if (original.impact_verdict === undefined) return '–';
          const look = impactLook[original.impact_verdict];
          return (
            <Tag tone={look.tone} icon={look.icon}>
              {t(`impact.short.${original.impact_verdict}`)}
            </Tag>
          );
        },
      },
      {
        id: 'proposer',
        header: t('app.proposed-by'),
        cell: ({ row: { original } }) => original.proposed_by?.name ?? '–',
      },
      {
        id: 'until',
        header: t('app.order.end'),
        cell: ({ row: { original } }) => (
          <div className="k-nowrap">
            {format.date(original.valid_until_ms)}
            <div className="k-dim k-small">{format.relative(original.valid_until_ms)}</div>
          </div>
        ),
      },
    ],
    [t, format],
  );
  if (items.length === 0) return <Empty title={empty}>{emptyNext}</Empty>;
  return <DataTable label={label} columns={columns} rows={items} pager={pager} />;
}
