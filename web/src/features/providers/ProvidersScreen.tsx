// How well and how soon each provider does what orders say.
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { providersQuery } from '@/api/queries';
import type { Provider } from '@/api/types';
import { useFormat } from '@/i18n/format';
import { DataTable, type Column } from '@/ui/DataTable';
import { Page } from '@/ui/Page';
import { Empty, Loaded } from '@/ui/States';
import { Tag } from '@/ui/Tag';
import { Heard, Share, Times, VerdictBar } from './Figures';
import { taskTones } from './Task';

function useColumns(): Column<Provider>[] {
  const { t } = useTranslation();
  const format = useFormat();
  return [
    {
      id: 'provider',
      header: t('app.provider'),
      cell: ({ row: { original } }) => (
        <>
          <Link to="/providers/$providerId" params={{ providerId: original.id }} className="k-name">
            {original.title}
          </Link>
          <div className="k-dim k-small">{t(`provider-kind.${original.kind}`)}</div>
          {original.task !== undefined && (
            <Tag tone={taskTones[original.task.state]}>
              {t(`provider-task.${original.task.state}`)}
            </Tag>
          )}
        </>
      ),
    },
    {
      id: 'share',
      header: t('app.provider.share'),
      cell: ({ row: { original } }) => (
        <>
          <Share provider={original} />
          <VerdictBar blocks={original.blocks} />
        </>
      ),
    },
    {
      id: 'block',
      header: t('app.provider.block-time'),
      cell: ({ row: { original } }) => <Times times={original.block_times} />,
    },
    {
      id: 'lift',
      header: t('app.provider.lift-time'),
      cell: ({ row: { original } }) => (
        <>
          <Times times={original.lift_times} />
          {original.lifts_pending > 0 && (
            <Tag tone="bad" icon="warn">
              {t('app.provider.lifts-pending')}: {format.number(original.lifts_pending)}
            </Tag>
          )}
        </>
      ),
    },
    {
      id: 'heard',
      header: t('app.provider.heard'),
      cell: ({ row: { original } }) => <Heard probes={original.probes} />,
    },
  ];
}

function ProviderTable({ items }: { items: Provider[] }) {
  const { t } = useTranslation();
  const columns = useColumns();
  if (items.length === 0) {
    return (
      <Empty title={t('app.providers.none')} icon="info">
        {t('app.providers.none-next')}
      </Empty>
    );
  }
  return <DataTable label={t('app.nav.providers')} columns={columns} rows={items} />;
}

export function ProvidersScreen() {
  const { t } = useTranslation();
  const query = useQuery(providersQuery);
  return (
    <Page title={t('app.nav.providers')} lead={t('app.providers.lead')}>
      <section className="k-card" aria-label={t('app.nav.providers')}>
        <Loaded query={query} rows={5}>
          {({ items }) => <ProviderTable items={items} />}
        </Loaded>
      </section>
    </Page>
  );
}
