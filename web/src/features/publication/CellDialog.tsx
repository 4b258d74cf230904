// One follower and one zone: each of its servers, what it has and how we know, and what went wrong.
import { useTranslation } from 'react-i18next';
import type { Follower, FollowerServer, FollowerZone, PublicationZone } from '@/api/types';
import { useFormat } from '@/i18n/format';
import { Dialog } from '@/ui/Dialog';
import { Icon } from '@/ui/icons';
import { Facts } from '@/ui/Page';
import { StandingTag } from './StandingTag';
import { isTrouble } from './standing';
import { useZoneTitle } from './zoneTitle';

function Server({ server }: { server: FollowerServer }) {
  const { t } = useTranslation();
  const format = useFormat();
  const facts: [string, string][] = [
    [
      t('app.publication.has'),
      server.serial === undefined ? t('app.publication.not-known') : String(server.serial),
    ],
    [t('app.publication.heard'), format.dateTime(server.heard_at_ms)],
  ];
  if (server.how !== undefined) {
    facts.push([t('app.publication.how'), t(`app.publication.how.${server.how}`)]);
  }
  if (server.took_at_ms !== undefined) {
    facts.push([t('app.publication.took'), format.dateTime(server.took_at_ms)]);
  }
  return (
    <li className="k-item k-stack">
      <div className="k-row k-between">
        <span className="k-mono">{server.address}</span>
        <StandingTag cell={server} />
      </div>
      <Facts items={facts} />
    </li>
  );
}

/** What to do about it. */
function Advice({ cell }: { cell: FollowerZone }) {
  const { t } = useTranslation();
  if (!isTrouble(cell) && cell.state !== 'never' && cell.state !== 'unknown') return null;
  return (
    <div className={`k-note ${isTrouble(cell) ? 'k-warn' : 'k-info'}`}>
      <Icon name={isTrouble(cell) ? 'warn' : 'info'} />
      <span>{t(`app.publication.advice.${cell.state}` as 'app.publication.advice.behind')}</span>
    </div>
  );
}

export function CellDialog({
  follower,
  zone,
  cell,
  onClose,
}: {
  follower: Follower;
  zone: PublicationZone;
  cell: FollowerZone | undefined;
  onClose: () => void;
}) {
  const { t } = useTranslation();
  const format = useFormat();
  const title = useZoneTitle();
  const facts: [string, string][] = [[t('app.publication.served'), String(zone.serial)]];
  const times = [
    ['acknowledged', cell?.acknowledged_at_ms],
    ['given-up', cell?.given_up_at_ms],
    ['failed-last', cell?.failed_at_ms],
  ] as const;
  for (const [name, at] of times) {
    if (at !== undefined) facts.push([t(`app.publication.${name}`), format.dateTime(at)]);
  }
  if (cell !== undefined && cell.failed > 0) {
    facts.push([t('app.publication.failed'), format.number(cell.failed)]);
  }
  return (
    <Dialog title={`${follower.name} · ${title(zone.id)}`} opened onClose={onClose} size="lg">
      <div className="k-stack">
        {cell !== undefined && <Advice cell={cell} />}
        <Facts items={facts} />
        {cell !== undefined && cell.servers.length > 0 && (
          <ul className="k-list">
            {cell.servers.map((server) => (
              <Server key={server.address} server={server} />
            ))}
          </ul>
        )}
      </div>
    </Dialog>
  );
}
