// Closing a case with an outcome and a reason, and opening it again.
import { Button, NativeSelect } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, call, csrf } from '@/api/client';
import { findAction, type Case, type CaseOutcome } from '@/api/types';
import { ReasonDialog } from '@/ui/ReasonDialog';
import { toastDone } from '@/ui/toast';

const outcomes: CaseOutcome[] = [
  'blocked',
  'no_abuse',
  'out_of_scope',
  'duplicate',
  'gone',
  'referred',
];

export function CloseCase({ record }: { record: Case }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const [opened, setOpened] = useState(false);
  const [outcome, setOutcome] = useState<CaseOutcome>('no_abuse');
  const closed = record.state === 'closed';
  const params = { path: { case_id: record.id }, header: csrf };
  const move = useMutation({
    mutationFn: (reason: string) =>
      closed
        ? call(
            api.POST('/api/v1/cases/{case_id}/reopen', {
              params,
              body: { version: record.version, reason },
            }),
          )
        : call(
            api.POST('/api/v1/cases/{case_id}/close', {
              params,
              body: { version: record.version, outcome, reason },
            }),
          ),
    onSuccess: (changed) => {
      setOpened(false);
      client.setQueryData(['case', 'one', record.id], changed);
      void client.invalidateQueries({ queryKey: ['case'] });
      toastDone(t(closed ? 'app.case.reopened' : 'app.case.closed'));
    },
  });
  if (!findAction(record, closed ? 'case.reopen' : 'case.close').allowed) return null;
  const title = t(closed ? 'app.case.reopen' : 'app.case.close');
  return (
    <>
      <Button variant="default" onClick={() => setOpened(true)}>
        {title}
      </Button>
      <ReasonDialog
        title={title}
        explanation={t(closed ? 'app.case.reopen-explained' : 'app.case.close-explained')}
        confirm={title}
        error={move.error}
        busy={move.isPending}
        opened={opened}
        onClose={() => setOpened(false)}
        onConfirm={(reason) => move.mutate(reason)}
      >
        {!closed && (
          <NativeSelect
            label={t('app.outcome')}
            value={outcome}
            onChange={(event) => setOutcome(event.currentTarget.value as CaseOutcome)}
            data={outcomes.map((value) => ({ value, label: t(`outcome.${value}`) }))}
          />
        )}
      </ReasonDialog>
    </>
  );
}
