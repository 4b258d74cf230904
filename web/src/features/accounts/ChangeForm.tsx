// Proposing a change of someone's account. Another administrator confirms it.
import { NativeSelect, TextInput } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, call, csrf } from '@/api/client';
import type { Account, AccountChangeKind, Role } from '@/api/types';
import { endOfDay, toDay } from '@/i18n/format';
import { ReasonDialog } from '@/ui/ReasonDialog';
import { toastDone } from '@/ui/toast';
import { useToday } from '@/ui/useToday';

const roles: Role[] = [
  'intake',
  'analyst',
  'legal_reviewer',
  'approver',
  'duty_operator',
  'appeals_officer',
  'evidence_custodian',
  'auditor',
  'administrator',
];

export function ChangeForm({ account, onClose }: { account: Account; onClose: () => void }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const kinds: AccountChangeKind[] = [
    'grant_role',
    ...(account.roles.length > 0 ? (['end_role'] as const) : []),
    'reset_factor',
    account.locked ? 'unlock' : 'lock',
  ];
  const [kind, setKind] = useState<AccountChangeKind>('grant_role');
  const held = account.roles.map(({ role }) => role);
  const choices = kind === 'end_role' ? held : roles.filter((role) => !held.includes(role));
  const [chosen, setRole] = useState<Role>();
  const role = chosen !== undefined && choices.includes(chosen) ? chosen : choices[0];
  const today = useToday();
  const [until, setUntil] = useState('');
  const aboutRole = kind === 'grant_role' || kind === 'end_role';
  const propose = useMutation({
    mutationFn: (reason: string) =>
      call(
        api.POST('/api/v1/account-changes', {
          params: { header: csrf },
          body: {
            account_id: account.id,
            kind,
            reason,
            ...(aboutRole && role !== undefined && { role }),
            ...(kind === 'grant_role' && until !== '' && { until_ms: endOfDay(until) }),
          },
        }),
      ),
    onSuccess: () => {
      toastDone(t('app.change.sent'));
      void client.invalidateQueries({ queryKey: ['account'] });
      onClose();
    },
  });
  return (
    <ReasonDialog
      title={t('app.account.change-of', { name: account.name })}
      explanation={t('app.change.explained')}
      confirm={t('app.change.propose')}
      error={propose.error}
      busy={propose.isPending}
      opened
      onClose={onClose}
      onConfirm={(reason) => propose.mutate(reason)}
    >
      <NativeSelect
        label={t('app.change.kind')}
        value={kind}
        onChange={(event) => setKind(event.currentTarget.value as AccountChangeKind)}
        data={kinds.map((value) => ({ value, label: t(`change.${value}`) }))}
      />
      {aboutRole && (
        <NativeSelect
          label={t('app.account.role')}
          value={role}
          onChange={(event) => setRole(event.currentTarget.value as Role)}
          data={choices.map((value) => ({ value, label: t(`role.${value}`) }))}
        />
      )}
      {kind === 'grant_role' && (
        <TextInput
          type="date"
          label={t('app.account.role-until')}
          description={t('app.account.role-until-hint')}
          min={toDay(today)}
          value={until}
          onChange={(event) => setUntil(event.currentTarget.value)}
        />
      )}
    </ReasonDialog>
  );
}
