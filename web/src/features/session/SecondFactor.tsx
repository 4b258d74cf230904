// The second step of signing in, and the way back to the first.
import { Button } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { api, call, csrf } from '@/api/client';
import type { FactorKind, Me } from '@/api/types';
import { assert } from '@/api/webauthn';
import { FactorChoice } from './FactorChoice';

const params = { header: csrf };

const sendCode = (code: string) =>
  call(api.POST('/api/v1/session/totp', { params, body: { code } }));
async function sendPasskey() {
  const options = await call(api.POST('/api/v1/session/webauthn/options', { params }));
  const body = await assert(options);
  return call(api.POST('/api/v1/session/webauthn', { params, body }));
}

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
  return (
    <div className="k-stack">
      <FactorChoice
        factors={factors}
        submit={t('app.sign-in')}
        sendCode={sendCode}
        sendPasskey={sendPasskey}
        onDone={onDone}
      />
      <Button variant="subtle" onClick={onBack}>
        {t('app.sign-in.other-account')}
      </Button>
    </div>
  );
}
