// Zones down, followers across: each cell says how that follower stands there, and opens what is
// known of its servers. On a phone each zone is a card with its followers below one another.
import { Switch, UnstyledButton } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Follower, FollowerZone, Publication, PublicationZone } from '@/api/types';
import { useFormat } from '@/i18n/format';
import { Section } from '@/ui/Page';
import { useNow } from '@/ui/useNow';
import { CellDialog } from './CellDialog';
import { StandingTag } from './StandingTag';
import { useZoneTitle } from './zoneTitle';

interface Place {
  follower: string;
  zone: string;
}

const cellOf = (follower: Follower, zone: string): FollowerZone | undefined =>
  follower.zones.find((cell) => cell.zone === zone);

function ZoneFacts({ zone }: { zone: PublicationZone }) {
  const { t } = useTranslation();
  const format = useFormat();
  const now = useNow();
  const title = useZoneTitle();
  return (
    <>
      <span className="k-name">{title(zone.id)}</span>
      <div className="k-mono k-dim">{zone.name}</div>
      <div className="k-dim k-small">
        {t('app.publication.zone-facts', {
          serial: zone.serial,
          names: format.number(zone.names),
          time: format.relative(zone.changed_at_ms, now),
          expire: format.duration(zone.expire_ms),
        })}
      </div>
    </>
  );
}

function Cell({ cell, onOpen }: { cell: FollowerZone | undefined; onOpen: () => void }) {
  const { t } = useTranslation();
  if (cell === undefined) {
    return <span className="k-dim k-small">{t('app.publication.may-not')}</span>;
  }
  return (
    <UnstyledButton className="k-cell" onClick={onOpen}>
      <StandingTag cell={cell} />
    </UnstyledButton>
  );
}

export function ZoneMatrix({ publication }: { publication: Publication }) {
  const { t } = useTranslation();
  const [all, setAll] = useState(false);
  const [open, setOpen] = useState<Place>();
  const { followers } = publication;
  const isUsed = (zone: PublicationZone) =>
    zone.names > 0 ||
    // Most trial zones are empty most of the time: those say nothing.
    (!zone.id.startsWith('trial-') &&
      followers.some((follower) => (cellOf(follower, zone.id)?.state ?? 'never') !== 'never'));
  const zones = publication.zones.filter((zone) => all || isUsed(zone));
  const follower = followers.find(({ name }) => name === open?.follower);
  const zone = publication.zones.find(({ id }) => id === open?.zone);
  return (
    <Section
      title={t('app.publication.zones')}
      aside={
        <Switch
          label={t('app.publication.all-zones')}
          checked={all}
          onChange={(event) => setAll(event.currentTarget.checked)}
        />
      }
    >
      {zones.length === 0 ? (
        <p className="k-dim">{t('app.publication.all-empty')}</p>
      ) : (
        <div
          className="k-scroll"
          role="region"
          // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- a scrolling box needs the keyboard
          tabIndex={0}
          aria-label={t('app.publication.matrix')}
        >
          <table className="k-table" aria-label={t('app.publication.matrix')}>
            <thead>
              <tr>
                <th scope="col">{t('app.publication.zone')}</th>
                {followers.map(({ name }) => (
                  <th key={name} scope="col">
                    {name}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {zones.map((row) => (
                <tr key={row.id}>
                  <td data-label={t('app.publication.zone')}>
                    <ZoneFacts zone={row} />
                  </td>
                  {followers.map((column) => (
                    <td key={column.name} data-label={column.name}>
                      <Cell
                        cell={cellOf(column, row.id)}
                        onOpen={() => setOpen({ follower: column.name, zone: row.id })}
                      />
                    </td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {follower !== undefined && zone !== undefined && (
        <CellDialog
          follower={follower}
          zone={zone}
          cell={cellOf(follower, zone.id)}
          onClose={() => setOpen(undefined)}
        />
      )}
    </Section>
  );
}
