// A destruction that somebody asked for: who, why, and the other person's decision. What may not be
// decided says why.
import { Button } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { sessionQuery } from '@/api/queries';
import { findAction, type EvidenceDetail } from '@/api/types';
import { useFormat } from '@/i18n/format';
import { reasonText } from '@/i18n/problem';
import { Dialog } from '@/ui/Dialog';
import { Icon } from '@/ui/icons';
import { Refusal } from '@/ui/States';
import { toastDone } from '@/ui/toast';
import { decide, evidenceQuery, type Decision } from './queries';

export function Destruction({ item }: { item: EvidenceDetail }) {
  const { t } = useTranslation();
  const format = useFormat();
  const client = useQueryClient();
  const me = useQuery(sessionQuery);
  const [confirming, setConfirming] = useState(false);
  const move = useMutation({
    mutationFn: (decision: Decision) => decide(item, decision),
    onSuccess: (changed, decision) => {
      setConfirming(false);
      client.setQueryData(evidenceQuery(item.id).queryKey, changed);
      void client.invalidateQueries({ queryKey: ['evidence'] });
      void client.invalidateQueries({ queryKey: ['case'] });
      void client.invalidateQueries({ queryKey: ['overview'] });
      toastDone(t(`app.destruction.${decision}.done`));
    },
  });
  const asked = item.destruction;
  if (asked === null) return null;
  const confirm = findAction(item, 'evidence.confirm_destruction');
  const own = asked.asked_by !== null && asked.asked_by.id === me.data?.account.id;
  const mayRefuse = me.data?.rights.includes('evidence.confirm_destruction') ?? false;
  return (
    <div className="k-note k-warn k-stack">
      <p>
        <Icon name="warn" />{' '}
        {t('app.destruction.asked', {
          name: asked.asked_by?.name ?? t('app.timeline.nobody'),
          when: format.dateTime(asked.asked_at_ms),
        })}
      </p>
      <p className="k-quote">{asked.reason}</p>
      {!confirm.allowed && <p className="k-small">{reasonText(confirm.reason)}</p>}
      <Refusal error={confirming ? null : move.error} />
      {mayRefuse && (
        <div className="k-row k-end">
          <Button
            variant="default"
            loading={move.isPending && !confirming}
            onClick={() => move.mutate('refuse')}
          >
            {t(own ? 'app.destruction.take-back' : 'app.destruction.refuse')}
          </Button>
          {confirm.allowed && (
            <Button color="red.8" onClick={() => setConfirming(true)}>
              {t('app.destruction.confirm')}
            </Button>
          )}
        </div>
      )}
      <Dialog
        title={t('app.destruction.confirm')}
        opened={confirming}
        onClose={() => setConfirming(false)}
      >
        <div className="k-stack">
          <p className="k-name">{item.file_name}</p>
          <p>{t('app.destruction.confirm.explained')}</p>
          <Refusal error={move.error} />
          <div className="k-row k-end">
            <Button variant="default" onClick={() => setConfirming(false)}>
              {t('app.cancel')}
            </Button>
            <Button color="red.8" loading={move.isPending} onClick={() => move.mutate('confirm')}>
              {t('app.destruction.confirm')}
            </Button>
          </div>
        </div>
      </Dialog>
    </div>
  );
}
