// Before a release in stages: what it means, and who is at each stage. One that is empty is said
// here, not found out afterwards.
import { Button } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import type { Follower } from '@/api/types';
import { useFormat } from '@/i18n/format';
import { Dialog } from '@/ui/Dialog';
import { Refusal } from '@/ui/States';
import { useGateAct } from './useGateAct';

const rings = ['own', 'partner', 'all'] as const;

export function StagesDialog({
  id,
  followers,
  onClose,
}: {
  id: number;
  followers: Follower[];
  onClose: () => void;
}) {
  const { t } = useTranslation();
  const format = useFormat();
  const act = useGateAct();
  return (
    <Dialog title={t('app.publication.trial.release')} opened onClose={onClose}>
      <form
        className="k-stack"
        onSubmit={(event) => {
          event.preventDefault();
          act.mutate({ kind: 'release', id, inStages: true }, { onSuccess: onClose });
        }}
      >
        <p className="k-dim">{t('app.publication.trial.release.explained')}</p>
        <ol>
          {rings.map((ring) => {
            const count = followers.filter((follower) => follower.ring === ring).length;
            return (
              <li key={ring}>
                {t('app.publication.trial.ring-count', {
                  ring: t(`app.publication.ring.${ring}`),
                  count: format.number(count),
                })}
                {count === 0 && ring !== 'all' && (
                  <div className="k-note k-warn">{t('app.publication.trial.nobody')}</div>
                )}
              </li>
            );
          })}
        </ol>
        <Refusal error={act.error} />
        <div className="k-row k-end">
          <Button variant="default" onClick={onClose}>
            {t('app.cancel')}
          </Button>
          <Button type="submit" data-autofocus loading={act.isPending}>
            {t('app.publication.trial.release')}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
