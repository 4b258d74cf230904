// Orders at a provider: what is not as ordered now, and what changed when.
import { Link } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import type { ProviderChange, ProviderCheck } from '@/api/types';
import { useFormat } from '@/i18n/format';
import { DataTable, type Column, type PagerProps } from '@/ui/DataTable';
import { Empty } from '@/ui/States';
import { Tag } from '@/ui/Tag';
import { verdictTones } from './verdicts';

type Common = Pick<
  ProviderCheck,
  'order_id' | 'order_number' | 'name' | 'display' | 'expected' | 'verdict'
>;

function useCommonColumns<Row extends Common>(): Column<Row>[] {
  const { t } = useTranslation();
  return [
    {
      id: 'name',
      header: t('app.provider.name'),
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
      id: 'order',
      header: t('app.provider.order'),
      cell: ({ row: { original } }) => (
        <Link to="/orders/$orderId" params={{ orderId: original.order_id }}>
          {original.order_number}
        </Link>
      ),
    },
    {
      id: 'expected',
      header: t('app.provider.expected'),
      cell: ({ row: { original } }) => t(`provider-expected.${original.expected}`),
    },
    {
      id: 'verdict',
      header: t('app.provider.seen'),
      cell: ({ row: { original } }) => (
        <Tag tone={verdictTones[original.verdict]}>{t(`provider-verdict.${original.verdict}`)}</Tag>
      ),
    },
  ];
}

export function ProblemTable({ items }: { items: ProviderCheck[] }) {
  const { t } = useTranslation();
  const format = useFormat();
  const common = useCommonColumns<ProviderCheck & { id: string }>();
  if (items.length === 0) return <Empty title={t('app.provider.problems-none')} />;
  return (
    <DataTable
      label={t('app.provider.problems')}
      rows={items.map((item) => ({ ...item, id: item.order_id + item.expected }))}
      columns={[
        ...common,
        {
          id: 'since',
          header: t('app.provider.since'),
          cell: ({ row: { original } }) => format.dateTime(original.since_ms),
        },
        {
          id: 'looked',
          header: t('app.provider.looked'),
          cell: ({ row: { original } }) => format.dateTime(original.seen_at_ms),
        },
      ]}
    />
  );
}

export function ChangeTable({ items, pager }: { items: ProviderChange[]; pager: PagerProps }) {
  const { t } = useTranslation();
  const format = useFormat();
  const common = useCommonColumns<ProviderChange & { id: string }>();
  if (items.length === 0) return <Empty title={t('app.provider.changes-none')} icon="info" />;
  return (
    <DataTable
      label={t('app.provider.changes')}
      pager={pager}
      rows={items.map((item) => ({
        ...item,
        id: `${item.order_id}${item.expected}${item.changed_at_ms}${item.verdict}`,
      }))}
      columns={[
        {
          id: 'when',
          header: t('app.provider.when'),
          cell: ({ row: { original } }) => format.dateTime(original.changed_at_ms),
        },
        ...common,
        {
          id: 'proof',
          header: t('app.provider.proof'),
          cell: ({ row: { original } }) =>
            original.has_statement ? (
              t('app.provider.proof-kept')
            ) : (
              <span className="k-dim">{t('app.provider.proof-gone')}</span>
            ),
        },
      ]}
    />
  );
}
