// Signing in: account and password, then a second factor; the first time, setting one up.
import { Button, NativeSelect, PasswordInput, TextInput } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, call, setCsrfToken } from '@/api/client';
import { metaQuery } from '@/api/queries';
import type { FactorKind, Me } from '@/api/types';
import { setLanguage } from '@/i18n';
import { useFormat } from '@/i18n/format';
import { Icon } from '@/ui/icons';
import { Refusal } from '@/ui/States';
import { FactorSetup } from './FactorSetup';
import { SecondFactor } from './SecondFactor';
import './session.css';

type Step = { kind: 'password' } | { kind: 'factor'; factors: FactorKind[] } | { kind: 'setup' };

function PasswordStep({ onNext }: { onNext: (step: Step) => void }) {
  const { t } = useTranslation();
  const [account, setAccount] = useState('');
  const [password, setPassword] = useState('');
  const signIn = useMutation({
    mutationFn: () => call(api.POST('/api/v1/session', { body: { account, password } })),
    onSuccess: (step) => {
      setCsrfToken(step.csrf_token);
      onNext(
        step.next === 'factor_setup'
          ? { kind: 'setup' }
          : { kind: 'factor', factors: step.factors },
      );
    },
  });
  return (
    <form
      className="k-stack"
      onSubmit={(event) => {
        event.preventDefault();
        signIn.mutate();
      }}
    >
      <TextInput
        label={t('app.sign-in.account')}
        autoComplete="username"
        autoCapitalize="none"
        spellCheck={false}
        required
        withAsterisk={false}
        data-autofocus
        value={account}
        onChange={(event) => setAccount(event.currentTarget.value)}
      />
      <PasswordInput
        label={t('app.sign-in.password')}
        autoComplete="current-password"
        required
        withAsterisk={false}
        visibilityToggleButtonProps={{ 'aria-label': t('app.sign-in.show-password') }}
        value={password}
        onChange={(event) => setPassword(event.currentTarget.value)}
      />
      <Refusal error={signIn.error} />
      <Button type="submit" size="md" loading={signIn.isPending}>
        {t('app.sign-in.continue')}
      </Button>
    </form>
  );
}

export function SignInScreen() {
  const { t, i18n } = useTranslation();
  const format = useFormat();
  const client = useQueryClient();
  const navigate = useNavigate();
  const { next } = useSearch({ from: '/sign-in' });
  const meta = useQuery(metaQuery);
  const [step, setStep] = useState<Step>({ kind: 'password' });

  useEffect(() => {
    document.title = `${t('app.sign-in')} · Khiên`;
  }, [t]);

  const enter = (me: Me) => {
    setCsrfToken(me.csrf_token);
    client.setQueryData(['session'], me);
    void navigate({ to: next ?? '/', replace: true });
  };

  return (
    <main className="k-sign-in">
      <div className="k-card k-sign-in-card">
        <div className="k-sign-in-brand">
          <Icon name="shield" size={38} />
          <div>
            <h1 className="k-title">{t('app.name')}</h1>
            {meta.data !== undefined && <p className="k-dim">{format.text(meta.data.authority)}</p>}
          </div>
        </div>
        {step.kind === 'password' && <PasswordStep onNext={setStep} />}
        {step.kind === 'factor' && (
          <SecondFactor
            factors={step.factors}
            onDone={enter}
            onBack={() => setStep({ kind: 'password' })}
          />
        )}
        {step.kind === 'setup' && (
          <>
            <p className="k-dim">{t('app.factor.first')}</p>
            <FactorSetup onDone={enter} />
          </>
        )}
        <NativeSelect
          aria-label={t('app.language')}
          value={i18n.language}
          onChange={(event) => setLanguage(event.currentTarget.value === 'en' ? 'en' : 'vi')}
          data={[
            { value: 'vi', label: 'Tiếng Việt' },
            { value: 'en', label: 'English' },
          ]}
        />
      </div>
    </main>
  );
}
