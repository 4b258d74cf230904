// What the provider is asked to mend, its answer, and ours where it disputes.
import { Button } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, call, csrf } from '@/api/client';
import { sessionQuery } from '@/api/queries';
import type { ProviderTask } from '@/api/types';
import { useFormat } from '@/i18n/format';
import { Facts, Section } from '@/ui/Page';
import { ReasonDialog } from '@/ui/ReasonDialog';
import { Tag, type Tone } from '@/ui/Tag';
import { toastDone } from '@/ui/toast';

type Outcome = 'accept' | 'reject';

export const taskTones: Record<ProviderTask['state'], Tone> = {
  open: 'warn',
  answered: 'info',
  disputed: 'bad',
  closed: 'good',
};

function Settle({
  task,
  outcome,
  onClose,
}: {
  task: ProviderTask;
  outcome: Outcome;
  onClose: () => void;
}) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const run = useMutation({
    mutationFn: (words: string) =>
      call(
        api.POST('/api/v1/provider-tasks/{task_id}/settle', {
          params: { path: { task_id: task.id }, header: csrf },
          body: {
            version: task.version,
            outcome: outcome === 'accept' ? 'accepted' : 'rejected',
            words,
          },
        }),
      ),
    onSuccess: () => {
      void client.invalidateQueries({ queryKey: ['provider'] });
      toastDone(t('app.provider.task.settled'));
      onClose();
    },
  });
  return (
    <ReasonDialog
      title={t(`app.provider.task.${outcome}`)}
      explanation={t(`app.provider.task.${outcome}-explained`)}
      confirm={t(`app.provider.task.${outcome}`)}
      error={run.error}
      busy={run.isPending}
      opened
      onClose={onClose}
      onConfirm={(words) => run.mutate(words)}
    />
  );
}

export function Task({ task }: { task: ProviderTask }) {
  const { t } = useTranslation();
  const format = useFormat();
  const me = useQuery(sessionQuery);
  const [outcome, setOutcome] = useState<Outcome>();
  const settles = task.state === 'disputed' && (me.data?.rights.includes('order.suspend') ?? false);
  return (
    <Section
      title={t('app.provider.task')}
      aside={<Tag tone={taskTones[task.state]}>{t(`provider-task.${task.state}`)}</Tag>}
    >
      <div className="k-stack">
        <Facts
          items={[
            [t('app.provider.task.names'), format.number(task.items_open)],
            [t('app.provider.task.due'), format.dateTime(task.due_at_ms)],
            ...(task.answer === undefined
              ? []
              : [[t('app.provider.task.answer'), task.answer] as [string, string]]),
            ...(task.officer_answer === undefined
              ? []
              : [[t('app.provider.task.officer'), task.officer_answer] as [string, string]]),
          ]}
        />
        {settles && (
          <div className="k-row k-end">
            <Button variant="default" onClick={() => setOutcome('reject')}>
              {t('app.provider.task.reject')}
            </Button>
            <Button onClick={() => setOutcome('accept')}>{t('app.provider.task.accept')}</Button>
          </div>
        )}
        {outcome !== undefined && (
          <Settle task={task} outcome={outcome} onClose={() => setOutcome(undefined)} />
        )}
      </div>
    </Section>
  );
}
