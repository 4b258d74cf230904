// One change on trial: at which stage, since when, who of that stage has it, and the way on or out.
import { Button } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { HeldChange, Trial } from '@/api/types';
import { useFormat } from '@/i18n/format';
import { Tag } from '@/ui/Tag';
import { AdvanceDialog } from './AdvanceDialog';
import { HeldNames } from './HeldNames';
import { Reached } from './Reached';
import { RejectDialog } from './RejectDialog';
import { useZoneTitle } from './zoneTitle';

const rings = ['own', 'partner', 'all'] as const;

/** The stages in their order; the one where it is now is said in words, too. */
function Stages({ stage }: { stage: Trial['stage'] }) {
  const { t } = useTranslation();
  return (
    <ol className="k-stages">
      {rings.map((ring) => (
        <li key={ring} aria-current={ring === stage ? 'step' : undefined}>
          {t(`app.publication.ring.${ring}`)}
        </li>
      ))}
    </ol>
  );
}

export function TrialCard({
  change,
  trial,
  may,
}: {
  change: HeldChange;
  trial: Trial;
  may: boolean;
}) {
  const { t } = useTranslation();
  const format = useFormat();
  const title = useZoneTitle();
  const [advancing, setAdvancing] = useState(false);
  const [stopping, setStopping] = useState(false);
  const { id, first_by: first } = change;
  return (
    <li className="k-item k-stack">
      <div className="k-row k-between">
        <strong>{title(change.zone)}</strong>
        <Tag tone="info">
          {t('app.publication.gate.count', { names: format.number(trial.names) })}
        </Tag>
      </div>
      <Stages stage={trial.stage} />
      <span className="k-dim k-small">
        {t('app.publication.trial.since', { time: format.dateTime(trial.since_ms) })} ·{' '}
        {change.source === ''
          ? t('app.publication.gate.of-orders')
          : t('app.publication.gate.of-list', { source: change.source })}{' '}
        · {t(`app.publication.gate.reason.${change.reason}`, { serial: change.serial })}
      </span>
      <Reached trial={trial} />
      {change.needs_two && (
        <span className="k-small">
          {first === null
            ? t('app.publication.trial.two')
            : t('app.publication.trial.first', { name: first.name })}
        </span>
      )}
      <HeldNames change={change} />
      {may && (
        <div className="k-row k-end">
          <Button
            size="xs"
            variant="default"
            disabled={trial.names === 0}
            onClick={() => setAdvancing(true)}
          >
            {t('app.publication.trial.advance')}
          </Button>
          <Button size="xs" variant="default" onClick={() => setStopping(true)}>
            {t('app.publication.trial.stop')}
          </Button>
        </div>
      )}
      {advancing && (
        <AdvanceDialog change={change} trial={trial} onClose={() => setAdvancing(false)} />
      )}
      {stopping && (
        <RejectDialog
          id={id}
          title={t('app.publication.trial.stop')}
          explanation={t('app.publication.trial.stop.explained')}
          onClose={() => setStopping(false)}
        />
      )}
    </li>
  );
}
