// Asks for a second factor that the person has: a code from the phone, or a passkey.
import { Button } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import type { FactorKind } from '@/api/types';
import { passkeysWork } from '@/api/webauthn';
import { CodeForm } from '@/ui/CodeForm';
import { Icon } from '@/ui/icons';
import { Refusal } from '@/ui/States';

export function FactorChoice<T>({
  factors,
  submit,
  sendCode,
  sendPasskey,
  onDone,
}: {
  factors: FactorKind[];
  /** What the code's button says. */
  submit: string;
  sendCode: (code: string) => Promise<T>;
  sendPasskey: () => Promise<T>;
  onDone: (answer: T) => void;
}) {
  const { t } = useTranslation();
  const totp = useMutation({ mutationFn: sendCode, onSuccess: onDone });
  const passkey = useMutation({ mutationFn: sendPasskey, onSuccess: onDone });
  return (
    <>
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
          submit={submit}
          busy={totp.isPending}
          onCode={(code) => totp.mutate(code)}
        />
      )}
      <Refusal error={totp.error} />
    </>
  );
}
