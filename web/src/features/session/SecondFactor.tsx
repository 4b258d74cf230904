// The second step: a code from the phone, or a passkey.
import { Button } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { api, call, csrf } from '@/api/client';
import type { FactorKind, Me } from '@/api/types';
import { assert, passkeysWork } from '@/api/webauthn';
import { CodeForm } from '@/ui/CodeForm';
import { Icon } from '@/ui/icons';
import { Refusal } from '@/ui/States';

const params = { header: csrf };

export function SecondFactor({
  factors,
  onDone,
  onBack,
}: {
  factors: FactorKind[];
  onDone: (me: Me) => void;
  onBack: () => void;
}) {
  const { t } = useTranslation();
  const totp = useMutation({
    mutationFn: (code: string) =>
      call(api.POST('/api/v1/session/totp', { params, body: { code } })),
    onSuccess: onDone,
  });
  const passkey = useMutation({
    mutationFn: async () => {
      const options = await call(api.POST('/api/v1/session/webauthn/options', { params }));
      const body = await assert(options);
      return call(api.POST('/api/v1/session/webauthn', { params, body }));
    },
    onSuccess: onDone,
  });
  return (
    <div className="k-stack">
      {factors.includes('webauthn') && passkeysWork() && (
        <>
          <Button
            size="md"
            leftSection={<Icon name="key" />}
            loading={passkey.isPending}
            onClick={() => passkey.mutate()}
          >
            {t('app.factor.use-passkey')}
          </Button>
          <Refusal error={passkey.error} />
        </>
      )}
      {factors.includes('totp') && (
        <CodeForm
          label={t('app.factor.code')}
          submit={t('app.sign-in')}
          busy={totp.isPending}
          onCode={(code) => totp.mutate(code)}
        />
      )}
      <Refusal error={totp.error} />
      <Button variant="subtle" onClick={onBack}>
        {t('app.sign-in.other-account')}
      </Button>
    </div>
  );
}
