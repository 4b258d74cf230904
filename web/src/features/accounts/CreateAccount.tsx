// A new account; it has no role until two administrators agree on one.
import { Button, TextInput } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, call, csrf } from '@/api/client';
import { Dialog } from '@/ui/Dialog';
import { Refusal } from '@/ui/States';
import { OneTimePassword } from './OneTimePassword';

export function CreateAccount({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const [draft, setDraft] = useState({ login: '', name: '', email: '', unit: '' });
  const set = (part: Partial<typeof draft>) => setDraft((old) => ({ ...old, ...part }));
  const create = useMutation({
    mutationFn: () => call(api.POST('/api/v1/accounts', { params: { header: csrf }, body: draft })),
    onSuccess: () => void client.invalidateQueries({ queryKey: ['account'] }),
  });
  if (create.data !== undefined) {
    return <OneTimePassword password={create.data.password} onClose={onClose} />;
  }
  return (
    <Dialog title={t('app.account.create')} opened onClose={onClose}>
      <form
        className="k-stack"
        onSubmit={(event) => {
          event.preventDefault();
          create.mutate();
        }}
      >
        <TextInput
          label={t('app.account.name')}
          required
          maxLength={100}
          value={draft.name}
          onChange={(event) => set({ name: event.currentTarget.value })}
        />
        <TextInput
          label={t('app.account.login')}
          description={t('app.account.login-hint')}
          required
          pattern="[a-z0-9._\-]{2,64}"
          autoCapitalize="none"
          spellCheck={false}
          value={draft.login}
          onChange={(event) => set({ login: event.currentTarget.value })}
        />
        <TextInput
          type="email"
          label={t('app.account.email')}
          maxLength={200}
          value={draft.email}
          onChange={(event) => set({ email: event.currentTarget.value })}
        />
        <TextInput
          label={t('app.account.unit')}
          maxLength={100}
          value={draft.unit}
          onChange={(event) => set({ unit: event.currentTarget.value })}
        />
        <Refusal error={create.error} />
        <div className="k-row k-end">
          <Button variant="default" onClick={onClose}>
            {t('app.cancel')}
          </Button>
          <Button type="submit" loading={create.isPending}>
            {t('app.account.create')}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
