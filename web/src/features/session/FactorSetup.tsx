// Setting up a second factor: a passkey on this device, or codes on a phone.
import { Button, TextInput } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { QRCodeSVG } from 'qrcode.react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, call, csrf } from '@/api/client';
import type { Me } from '@/api/types';
import { passkeysWork, register } from '@/api/webauthn';
import { CodeForm } from '@/ui/CodeForm';
import { Icon } from '@/ui/icons';
import { Refusal } from '@/ui/States';
import './session.css';

const params = { header: csrf };
// Four modules of white around it are part of the code (ISO/IEC 18004), in dark colours too.
const qrMargin = 4;
const qrSize = 208;

function PasskeySetup({ onDone }: { onDone: (me: Me) => void }) {
  const { t } = useTranslation();
  const [name, setName] = useState('');
  const create = useMutation({
    mutationFn: async () => {
      const options = await call(api.POST('/api/v1/session/factors/webauthn/options', { params }));
      const body = await register(options, name.trim());
      return call(api.POST('/api/v1/session/factors/webauthn', { params, body }));
    },
    onSuccess: onDone,
  });
  return (
    <form
      className="k-stack"
      onSubmit={(event) => {
        event.preventDefault();
        create.mutate();
      }}
    >
      <TextInput
        label={t('app.factor.name')}
        description={t('app.factor.name-hint')}
        required
        withAsterisk={false}
        maxLength={64}
        value={name}
        onChange={(event) => setName(event.currentTarget.value)}
      />
      <Refusal error={create.error} />
      <Button type="submit" leftSection={<Icon name="key" />} loading={create.isPending}>
        {t('app.factor.make-passkey')}
      </Button>
    </form>
  );
}

function TotpSetup({ onDone }: { onDone: (me: Me) => void }) {
  const { t } = useTranslation();
  const begin = useMutation({
    mutationFn: () => call(api.POST('/api/v1/session/factors/totp', { params })),
  });
  const confirm = useMutation({
    mutationFn: (code: string) =>
      call(api.POST('/api/v1/session/factors/totp/confirm', { params, body: { code } })),
    onSuccess: onDone,
  });
  if (begin.data === undefined) {
    return (
      <div className="k-stack">
        <Button variant="default" loading={begin.isPending} onClick={() => begin.mutate()}>
          {t('app.factor.use-totp')}
        </Button>
        <Refusal error={begin.error} />
      </div>
    );
  }
  return (
    <div className="k-stack">
      <p className="k-dim">{t('app.factor.totp-steps')}</p>
      <div className="k-qr">
        <QRCodeSVG
          value={begin.data.uri}
          size={qrSize}
          level="M"
          marginSize={qrMargin}
          title={t('app.factor.qr')}
        />
      </div>
      <p className="k-dim k-small">{t('app.factor.by-hand')}</p>
      <code className="k-digest">{begin.data.secret.replaceAll(/(.{4})(?=.)/g, '$1 ')}</code>
      <a href={begin.data.uri}>{t('app.factor.open-app')}</a>
      <CodeForm
        label={t('app.factor.code')}
        submit={t('app.factor.confirm')}
        busy={confirm.isPending}
        onCode={(code) => confirm.mutate(code)}
      />
      <Refusal error={confirm.error} />
    </div>
  );
}

export function FactorSetup({ onDone }: { onDone: (me: Me) => void }) {
  return (
    <div className="k-stack">
      {passkeysWork() && <PasskeySetup onDone={onDone} />}
      <TotpSetup onDone={onDone} />
    </div>
  );
}
