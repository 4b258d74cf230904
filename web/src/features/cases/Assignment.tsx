// Who works on the case.
import { NativeSelect } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { api, call, csrf } from '@/api/client';
import { accountsQuery, sessionQuery } from '@/api/queries';
import { findAction, type Case } from '@/api/types';
import { toastDone, toastFailed } from '@/ui/toast';

export function Assignment({ record }: { record: Case }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const me = useQuery(sessionQuery);
  const people = useQuery(accountsQuery);
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
  const others = (people.data?.items ?? []).filter(
    ({ id, locked }) => !locked && id !== me.data?.account.id,
  );
  const known = new Set([me.data?.account.id, ...others.map(({ id }) => id)]);
  const current = record.assignee;
  return (
    <NativeSelect
      label={t('app.assignee')}
      disabled={!findAction(record, 'case.assign').allowed || assign.isPending}
      value={current?.id ?? ''}
      onChange={(event) => assign.mutate(event.currentTarget.value || null)}
      data={[
        { value: '', label: t('app.nobody') },
        ...(me.data === undefined
          ? []
          : [
              {
                value: me.data.account.id,
                label: t('app.me-named', { name: me.data.account.name }),
              },
            ]),
        ...others.map(({ id, name }) => ({ value: id, label: name })),
        ...(current !== null && !known.has(current.id)
          ? [{ value: current.id, label: current.name }]
          : []),
      ]}
    />
  );
}
