// One change that waits: why, which names, and what may be done with it.
import { Button } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Follower, HeldChange } from '@/api/types';
import { useFormat } from '@/i18n/format';
import { Tag } from '@/ui/Tag';
import { toastFailed } from '@/ui/toast';
import { HeldNames } from './HeldNames';
import { StagesDialog } from './StagesDialog';
import { useGateAct } from './useGateAct';
import { RejectDialog } from './RejectDialog';
import { useZoneTitle } from './zoneTitle';

/** Where something can be tried: not of an emergency, a choice or addresses, nor of a list that is judged anew first. */
function canBeTried({ zone, source, rejected, reason }: HeldChange): boolean {
  const isGuarded = rejected || reason === 'rolled_back' || reason === 'rejected';
  return /^(orders|feeds)-/.test(zone) && (source === '' || !isGuarded);
}

export function HeldCard({
  change,
  may,
  followers,
}: {
  change: HeldChange;
  may: boolean;
  followers: Follower[];
}) {
  const { t } = useTranslation();
  const format = useFormat();
  const title = useZoneTitle();
  const act = useGateAct();
  const [rejecting, setRejecting] = useState(false);
  const [staging, setStaging] = useState(false);
  const { id, first_by: first } = change;
  const firstWords = (name: string) => {
    if (change.first_name !== '') {
      return t('app.publication.gate.first-name', { name, host: change.first_name });
    }
    return change.first_in_stages
      ? t('app.publication.gate.first-in-stages', { name })
      : t('app.publication.gate.first', { name });
  };
  const why = t(`app.publication.gate.reason.${change.reason}`, { serial: change.serial });
  return (
    <li className="k-item k-stack">
      <div className="k-row k-between">
        <strong>{why}</strong>
        <Tag tone={change.rejected ? 'plain' : 'warn'}>
          {change.rejected
            ? t('app.publication.gate.rejected')
            : t('app.publication.gate.count', { names: format.number(change.count) })}
        </Tag>
      </div>
      <span className="k-dim k-small">
        {title(change.zone)} ·{' '}
        {change.source === ''
          ? t('app.publication.gate.of-orders')
          : t('app.publication.gate.of-list', { source: change.source })}{' '}
        · {t('app.publication.gate.since', { time: format.dateTime(change.at_ms) })}
      </span>
      {change.needs_two && !change.rejected && (
        <span className="k-small">
          {first === null ? t('app.publication.gate.two') : firstWords(first.name)}
        </span>
      )}
      <HeldNames change={change} />
      {may && (
        <div className="k-row k-end">
          <Button
            size="xs"
            variant="default"
            loading={act.isPending}
            onClick={() => act.mutate({ kind: 'release', id }, { onError: toastFailed })}
          >
            {t('app.publication.gate.release')}
          </Button>
          {canBeTried(change) && (
            <Button size="xs" variant="default" onClick={() => setStaging(true)}>
              {t('app.publication.trial.release')}
            </Button>
          )}
          {!change.rejected && (
            <Button size="xs" variant="default" onClick={() => setRejecting(true)}>
              {t('app.publication.gate.reject')}
            </Button>
          )}
        </div>
      )}
      {staging && <StagesDialog id={id} followers={followers} onClose={() => setStaging(false)} />}
      {rejecting && (
        <RejectDialog
          id={id}
          title={t('app.publication.gate.reject')}
          explanation={t('app.publication.gate.reject.explained')}
          onClose={() => setRejecting(false)}
        />
      )}
    </li>
  );
}
