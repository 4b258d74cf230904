// Shows the second factor again when the server asks for a fresh one, then lets what was refused go
// on by itself: what the person had typed stays.
import { useQuery } from '@tanstack/react-query';
import { useCallback, useEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, call, csrf, onStepUpNeeded } from '@/api/client';
import { sessionQuery } from '@/api/queries';
import { assert } from '@/api/webauthn';
import { Dialog } from '@/ui/Dialog';
import { FactorChoice } from './FactorChoice';

const params = { header: csrf };

const sendCode = (code: string) =>
  call(api.POST('/api/v1/session/step-up/totp', { params, body: { code } }));
async function sendPasskey() {
  const options = await call(api.POST('/api/v1/session/step-up/webauthn/options', { params }));
  const body = await assert(options);
  return call(api.POST('/api/v1/session/step-up/webauthn', { params, body }));
}

function Prove({ onDone }: { onDone: () => void }) {
  const { t } = useTranslation();
  const me = useQuery(sessionQuery);
  return (
    <div className="k-stack">
      <p className="k-dim">{t('app.step-up.why')}</p>
      <FactorChoice
        factors={me.data?.factors ?? []}
        submit={t('app.factor.confirm')}
        sendCode={sendCode}
        sendPasskey={sendPasskey}
        onDone={onDone}
      />
    </div>
  );
}

/** Stands once in the frame, before what it is asked for. Two refusals at once share one dialog. */
export function StepUp() {
  const { t } = useTranslation();
  const [asking, setAsking] = useState(false);
  const waiting = useRef<((shown: boolean) => void)[]>([]);
  const answer = useCallback((shown: boolean) => {
    setAsking(false);
    for (const resolve of waiting.current.splice(0)) resolve(shown);
  }, []);
  useEffect(() => {
    onStepUpNeeded(
      () =>
        new Promise((resolve) => {
          waiting.current.push(resolve);
          setAsking(true);
        }),
    );
    // Escape is for this dialog alone: the one below keeps what the person typed. Registered before
    // any other dialog's listener, so that it can keep the key from them.
    const onKey = (event: KeyboardEvent) => {
      if (event.key !== 'Escape' || waiting.current.length === 0) return;
      event.stopImmediatePropagation();
      answer(false);
    };
    window.addEventListener('keydown', onKey, { capture: true });
    return () => {
      onStepUpNeeded(undefined);
      window.removeEventListener('keydown', onKey, { capture: true });
    };
  }, [answer]);
  return (
    <Dialog title={t('app.step-up')} opened={asking} onClose={() => answer(false)} above>
      <Prove onDone={() => answer(true)} />
    </Dialog>
  );
}
