// Who follows us, a row each: how they stand at worst, and when we last heard from them.
import { useTranslation } from 'react-i18next';
import type { Follower } from '@/api/types';
import { useFormat } from '@/i18n/format';
import { DataTable, type Column } from '@/ui/DataTable';
import { Section } from '@/ui/Page';
import { Empty } from '@/ui/States';
import { useNow } from '@/ui/useNow';
import { StandingTag } from './StandingTag';
import { isTrouble, lastHeardMs, worstCell } from './standing';
import { useZoneTitle } from './zoneTitle';

type Row = Follower & { id: string };

function Worst({ follower }: { follower: Follower }) {
  const title = useZoneTitle();
  const worst = worstCell(follower);
  if (worst === undefined) return null;
  return (
    <div>
      <StandingTag cell={worst} />
      {isTrouble(worst) && <div className="k-dim k-small">{title(worst.zone)}</div>}
    </div>
  );
}

function useColumns(): Column<Row>[] {
  const { t } = useTranslation();
  const format = useFormat();
  const now = useNow();
  return [
    {
      id: 'name',
      header: t('app.publication.follower'),
      cell: ({ row: { original } }) => <span className="k-name">{original.name}</span>,
    },
    {
      id: 'ring',
      header: t('app.publication.ring'),
      cell: ({ row: { original } }) => t(`app.publication.ring.${original.ring}`),
    },
    {
      id: 'worst',
      header: t('app.publication.standing'),
      cell: ({ row: { original } }) => <Worst follower={original} />,
    },
    {
      id: 'zones',
      header: t('app.publication.zones-current'),
      cell: ({ row: { original } }) => {
        const taken = original.zones.filter(({ state }) => state !== 'never');
        return t('app.publication.of', {
          count: taken.filter(({ state }) => state === 'current').length,
          all: taken.length,
        });
      },
    },
    {
      id: 'heard',
      header: t('app.publication.heard'),
      cell: ({ row: { original } }) => {
        const heard = lastHeardMs(original);
        return heard === 0 ? t('app.publication.never-heard') : format.relative(heard, now);
      },
    },
    {
      id: 'failed',
      header: t('app.publication.failed'),
      cell: ({ row: { original } }) =>
        format.number(original.zones.reduce((sum, { failed }) => sum + failed, 0)),
    },
  ];
}

export function Followers({ followers }: { followers: Follower[] }) {
  const { t } = useTranslation();
  const columns = useColumns();
  return (
    <Section title={t('app.publication.followers')}>
      {followers.length === 0 ? (
        <Empty title={t('app.publication.nobody')} icon="info">
          {t('app.publication.nobody-next')}
        </Empty>
      ) : (
        <DataTable
          label={t('app.publication.followers')}
          columns={columns}
          rows={followers.map((follower) => ({ ...follower, id: follower.name }))}
        />
      )}
    </Section>
  );
}
