// Before the next stage: who gets the names then, and whether those of this stage have them.
import { Button } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import type { HeldChange, Trial } from '@/api/types';
import { Dialog } from '@/ui/Dialog';
import { Refusal } from '@/ui/States';
import { Reached } from './Reached';
import { useGateAct } from './useGateAct';
import { useZoneTitle } from './zoneTitle';

export function AdvanceDialog({
  change,
  trial,
  onClose,
}: {
  change: HeldChange;
  trial: Trial;
  onClose: () => void;
}) {
  const { t } = useTranslation();
  const title = useZoneTitle();
  const act = useGateAct();
  return (
    <Dialog title={t('app.publication.trial.advance')} opened onClose={onClose}>
      <form
        className="k-stack"
        onSubmit={(event) => {
          event.preventDefault();
          act.mutate({ kind: 'advance', id: change.id }, { onSuccess: onClose });
        }}
      >
        <p className="k-dim">
          {trial.stage === 'own'
            ? t('app.publication.trial.advance.partner')
            : t('app.publication.trial.advance.all', { zone: title(change.zone) })}
        </p>
        <Reached trial={trial} />
        <Refusal error={act.error} />
        <div className="k-row k-end">
          <Button variant="default" onClick={onClose}>
            {t('app.cancel')}
          </Button>
          <Button type="submit" data-autofocus loading={act.isPending}>
            {t('app.publication.trial.advance')}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
