// What the gate of the zones holds for a person, and the hand on publication: stop, resume, roll
// back. Who may only read sees the same without buttons.
import { Button } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { gateQuery, sessionQuery } from '@/api/queries';
import type { Follower, PublicationSet, PublicationZone } from '@/api/types';
import { toastFailed } from '@/ui/toast';
import { Icon } from '@/ui/icons';
import { Section } from '@/ui/Page';
import { Loaded } from '@/ui/States';
import { HeldCard } from './HeldCard';
import { RollbackDialog } from './RollbackDialog';
import { useGateAct } from './useGateAct';
import { useZoneTitle } from './zoneTitle';

export function GateSection({
  zones,
  sets,
  followers,
}: {
  zones: PublicationZone[];
  sets: PublicationSet[];
  followers: Follower[];
}) {
  const { t } = useTranslation();
  const title = useZoneTitle();
  const query = useQuery(gateQuery);
  const may = useQuery(sessionQuery).data?.rights.includes('publication.decide') ?? false;
  const act = useGateAct();
  const [rollingBack, setRollingBack] = useState(false);
  const stopped = query.data?.stopped ?? [];
  const every = stopped.includes('*');
  const words = every ? t('app.publication.gate.every-zone') : stopped.map(title).join(', ');
  // Without a zone every one of them goes on, whichever was stopped.
  const resume = () => act.mutate({ kind: 'resume' }, { onError: toastFailed });
  return (
    <Section
      title={t('app.publication.gate')}
      aside={
        may && (
          <>
            {stopped.length > 0 && (
              <Button size="xs" variant="default" loading={act.isPending} onClick={resume}>
                {t('app.publication.gate.resume')}
              </Button>
            )}
            {!every && (
              <Button
                size="xs"
                variant="default"
                loading={act.isPending}
                onClick={() => act.mutate({ kind: 'stop' }, { onError: toastFailed })}
              >
                {t('app.publication.gate.stop')}
              </Button>
            )}
            <Button size="xs" variant="default" onClick={() => setRollingBack(true)}>
              {t('app.publication.gate.rollback')}
            </Button>
          </>
        )
      }
    >
      <Loaded query={query} rows={2}>
        {({ items }) => {
          const waiting = items.filter(({ trial }) => trial === null);
          return (
            <div className="k-stack">
              {stopped.length > 0 && (
                <div className="k-note k-warn" role="status">
                  <Icon name="warn" />
                  <span>{t('app.publication.gate.stopped', { zones: words })}</span>
                </div>
              )}
              {waiting.length === 0 ? (
                <p className="k-dim">{t('app.publication.gate.none')}</p>
              ) : (
                <>
                  <p className="k-dim">{t('app.publication.gate.lead')}</p>
                  <ul className="k-list">
                    {waiting.map((change) => (
                      <HeldCard key={change.id} change={change} may={may} followers={followers} />
                    ))}
                  </ul>
                </>
              )}
            </div>
          );
        }}
      </Loaded>
      {rollingBack && (
        <RollbackDialog zones={[...zones, ...sets]} onClose={() => setRollingBack(false)} />
      )}
    </Section>
  );
}
