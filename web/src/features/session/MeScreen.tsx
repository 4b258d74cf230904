// My account: who I am, where mail to me goes, my second factors, my password.
import { Button, PasswordInput } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, call, csrf } from '@/api/client';
import { factorsQuery, sessionQuery } from '@/api/queries';
import { useFormat } from '@/i18n/format';
import { Dialog } from '@/ui/Dialog';
import { Facts, Page, Section } from '@/ui/Page';
import { Loaded, Refusal } from '@/ui/States';
import { Tag } from '@/ui/Tag';
import { toastDone, toastFailed } from '@/ui/toast';
import { Contact } from './Contact';
import { FactorSetup } from './FactorSetup';

function Factors() {
  const { t } = useTranslation();
  const format = useFormat();
  const client = useQueryClient();
  const query = useQuery(factorsQuery);
  const [adding, setAdding] = useState(false);
  const remove = useMutation({
    mutationFn: (id: string) =>
      call(
        api.DELETE('/api/v1/session/factors/{factor_id}', {
          params: { path: { factor_id: id }, header: csrf },
        }),
      ),
    onSuccess: () => {
      toastDone(t('app.factor.removed'));
      void client.invalidateQueries({ queryKey: ['session'] });
    },
    onError: toastFailed,
  });
  return (
    <Section
      title={t('app.factor.mine')}
      aside={<Button onClick={() => setAdding(true)}>{t('app.factor.add')}</Button>}
    >
      <Loaded query={query} rows={2}>
        {({ items }) => (
          <ul className="k-list">
            {items.map((factor) => (
              <li key={factor.id} className="k-item k-row k-between">
                <div>
                  <strong>{factor.name}</strong> <Tag>{t(`factor.${factor.kind}`)}</Tag>
                  <p className="k-dim k-small">
                    {t('app.factor.since', { date: format.date(factor.created_at_ms) })}
                  </p>
                </div>
                <Button
                  variant="default"
                  size="xs"
                  disabled={items.length < 2}
                  onClick={() => remove.mutate(factor.id)}
                >
                  {t('app.factor.remove')}
                </Button>
              </li>
            ))}
          </ul>
        )}
      </Loaded>
      <Dialog title={t('app.factor.add')} opened={adding} onClose={() => setAdding(false)}>
        <FactorSetup
          onDone={(me) => {
            client.setQueryData(['session'], me);
            void client.invalidateQueries({ queryKey: ['session'] });
            setAdding(false);
            toastDone(t('app.factor.added'));
          }}
        />
      </Dialog>
    </Section>
  );
}

function Password() {
  const { t } = useTranslation();
  const client = useQueryClient();
  const [oldPassword, setOld] = useState('');
  const [newPassword, setNew] = useState('');
  const change = useMutation({
    mutationFn: () =>
      call(
        api.POST('/api/v1/session/password', {
          params: { header: csrf },
          body: { old_password: oldPassword, new_password: newPassword },
        }),
      ),
    onSuccess: () => {
      void client.invalidateQueries({ queryKey: ['session'] });
      setOld('');
      setNew('');
      toastDone(t('app.password.changed'));
    },
  });
  const toggle = { 'aria-label': t('app.sign-in.show-password') };
  return (
    <Section title={t('app.password')}>
      <form
        className="k-stack"
        onSubmit={(event) => {
          event.preventDefault();
          change.mutate();
        }}
      >
        <PasswordInput
          label={t('app.password.old')}
          autoComplete="current-password"
          required
          withAsterisk={false}
          visibilityToggleButtonProps={toggle}
          value={oldPassword}
          onChange={(event) => setOld(event.currentTarget.value)}
        />
        <PasswordInput
          label={t('app.password.new')}
          description={t('app.password.rule')}
          autoComplete="new-password"
          minLength={12}
          required
          withAsterisk={false}
          visibilityToggleButtonProps={toggle}
          value={newPassword}
          onChange={(event) => setNew(event.currentTarget.value)}
        />
        <Refusal error={change.error} />
        <div className="k-row k-end">
          <Button type="submit" loading={change.isPending}>
            {t('app.password.change')}
          </Button>
        </div>
      </form>
    </Section>
  );
}

export function MeScreen() {
  const { t } = useTranslation();
  const query = useQuery(sessionQuery);
  return (
    <Page title={t('app.me')}>
      <Loaded query={query}>
        {(me) => (
          <Section title={me.account.name}>
            <Facts
              items={[
                [t('app.account.login'), me.login ?? ''],
                [t('app.account.unit'), me.unit ?? ''],
                [
                  t('app.account.roles'),
                  <span key="roles" className="k-row">
                    {me.roles.map((role) => (
                      <Tag key={role}>{t(`role.${role}`)}</Tag>
                    ))}
                  </span>,
                ],
              ]}
            />
          </Section>
        )}
      </Loaded>
      <div className="k-columns">
        <Loaded query={query} rows={2}>
          {(me) => <Contact me={me} />}
        </Loaded>
        <Factors />
        <Password />
      </div>
    </Page>
  );
}
