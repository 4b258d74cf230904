// Who works on the case: on the case itself, and row by row in the queue.
import { NativeSelect } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { api, call, csrf } from '@/api/client';
import { assigneesQuery, sessionQuery } from '@/api/queries';
import type { CaseSummary } from '@/api/types';
import { toastDone, toastFailed } from '@/ui/toast';

/** Those whom a case can be given to, me first; empty for who may not give one. */
export function useAssignees() {
  const me = useQuery(sessionQuery).data;
  const may = me?.rights.includes('case.assign') ?? false;
  const people = useQuery({ ...assigneesQuery, enabled: may });
  const items = people.data?.items ?? [];
  const mine = items.filter(({ id }) => id === me?.account.id);
  return { may, me: mine[0], others: items.filter(({ id }) => id !== me?.account.id) };
}

export function Assignment({
  record,
  allowed,
  inTable = false,
}: {
  record: CaseSummary;
  allowed: boolean;
  inTable?: boolean;
}) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const { me, others } = useAssignees();
  const assign = useMutation({
    mutationFn: (accountId: string | null) =>
      call(
        api.POST('/api/v1/cases/{case_id}/assign', {
          params: { path: { case_id: record.id }, header: csrf },
          body: { version: record.version, account_id: accountId },
        }),
      ),
    onSuccess: (changed) => {
      client.setQueryData(['case', 'one', record.id], changed);
      void client.invalidateQueries({ queryKey: ['case'] });
      toastDone(t('app.assigned'));
    },
    onError: (error) => {
      toastFailed(error);
      void client.invalidateQueries({ queryKey: ['case'] });
    },
  });
  const current = record.assignee;
  const known = new Set([me?.id, ...others.map(({ id }) => id)]);
  return (
    <NativeSelect
      label={inTable ? undefined : t('app.assignee')}
      aria-label={inTable ? t('app.assignee-of', { title: record.title }) : undefined}
      size={inTable ? 'xs' : 'sm'}
      disabled={!allowed || assign.isPending}
      value={current?.id ?? ''}
      onChange={(event) => assign.mutate(event.currentTarget.value || null)}
      data={[
        { value: '', label: t('app.nobody') },
        ...(me === undefined
          ? []
          : [{ value: me.id, label: t('app.me-named', { name: me.name }) }]),
        ...others.map(({ id, name }) => ({ value: id, label: name })),
        ...(current !== null && !known.has(current.id)
          ? [{ value: current.id, label: current.name }]
          : []),
      ]}
    />
  );
}
