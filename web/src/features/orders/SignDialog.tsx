// A signature: the person sees exactly what it covers (digest, impact as checked, the canonical text),
// then proves who they are with a fresh factor. With a passkey the browser signs that very digest.
import { Button, Textarea } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, call, csrf } from '@/api/client';
import type { Challenge, Order, Signature, SignedMoveName } from '@/api/types';
import { assert, passkeysWork } from '@/api/webauthn';
import { useFormat } from '@/i18n/format';
import { CodeForm } from '@/ui/CodeForm';
import { Dialog } from '@/ui/Dialog';
import { Icon } from '@/ui/icons';
import { Facts } from '@/ui/Page';
import { Loaded, Refusal } from '@/ui/States';
import { toastDone } from '@/ui/toast';
import { ImpactPanel } from './ImpactPanel';

function sendMove(order: Order, move: SignedMoveName, signature: Signature, reason: string) {
  const params = { path: { order_id: order.id }, header: csrf };
  const body = { version: order.version, signature };
  switch (move) {
    case 'propose':
      return call(api.POST('/api/v1/orders/{order_id}/propose', { params, body }));
    case 'approve':
      return call(api.POST('/api/v1/orders/{order_id}/approve', { params, body }));
    case 'ratify':
      return call(api.POST('/api/v1/orders/{order_id}/ratify', { params, body }));
    case 'emergency':
      return call(
        api.POST('/api/v1/orders/{order_id}/emergency', { params, body: { ...body, reason } }),
      );
  }
}

/** What this signature does: of three, the second only lets the order wait for one more person. */
function lead(order: Order, move: SignedMoveName) {
  if (move !== 'approve' || order.signatures_needed === 2) return `app.sign.${move}` as const;
  return order.co_approved_by === undefined ? 'app.sign.approve-second' : 'app.sign.approve-third';
}

function Covered({ order, challenge }: { order: Order; challenge: Challenge }) {
  const { t } = useTranslation();
  const format = useFormat();
  return (
    <>
      <Facts
        items={[
          [
            t('app.order.name'),
            <span key="name" className="k-name">
              {order.display}
            </span>,
          ],
          [t('app.scope'), t(`scope.${order.scope}`)],
          [t('app.category'), t(`category.${order.category}`)],
          [t('app.ground'), format.text(order.ground.title)],
          [t('app.order.end'), format.date(order.valid_until_ms)],
          ...(order.step_reason === undefined
            ? []
            : [[t('app.order.step-reason'), order.step_reason] as [string, string]]),
        ]}
      />
      <ImpactPanel impact={challenge.impact} />
      <div>
        <p className="k-small k-dim">{t('app.sign.digest')}</p>
        <code className="k-digest" data-testid="digest">
          {challenge.digest.replaceAll(/(.{8})(?=.)/g, '$1 ')}
        </code>
        <details>
          <summary className="k-small">{t('app.sign.canonical')}</summary>
          <pre className="k-digest k-code">{challenge.canonical}</pre>
        </details>
      </div>
    </>
  );
}

function Sign({
  order,
  move,
  onSigned,
}: {
  order: Order;
  move: SignedMoveName;
  onSigned: (order: Order) => void;
}) {
  const { t } = useTranslation();
  const [reason, setReason] = useState('');
  const challenge = useQuery({
    queryKey: ['challenge', order.id, order.version, move],
    queryFn: () =>
      call(
        api.POST('/api/v1/orders/{order_id}/challenge', {
          params: { path: { order_id: order.id }, header: csrf },
          body: { version: order.version, move },
        }),
      ),
    staleTime: Infinity,
    gcTime: 0,
    retry: false,
  });
  const sign = useMutation({
    mutationFn: async (code: string | undefined) => {
      const of = challenge.data;
      if (of === undefined) throw new Error('no challenge');
      const signature: Signature =
        code !== undefined || of.webauthn === undefined
          ? { method: 'totp', challenge_id: of.id, code: code ?? '' }
          : { method: 'webauthn', challenge_id: of.id, assertion: await assert(of.webauthn) };
      return sendMove(order, move, signature, reason.trim());
    },
    onSuccess: onSigned,
    // A challenge is good for one try.
    onError: () => void challenge.refetch(),
  });
  const needsReason = move === 'emergency' && reason.trim().length < 3;
  return (
    <Loaded query={challenge} rows={5}>
      {(of) => (
        <div className="k-stack">
          <p className="k-dim">{t(lead(order, move))}</p>
          <Covered order={order} challenge={of} />
          {move === 'emergency' && (
            <Textarea
              label={t('app.sign.emergency-reason')}
              required
              rows={2}
              maxLength={2000}
              value={reason}
              onChange={(event) => setReason(event.currentTarget.value)}
            />
          )}
          {of.factors.includes('webauthn') && of.webauthn !== undefined && passkeysWork() && (
            <Button
              size="md"
              leftSection={<Icon name="key" />}
              disabled={needsReason}
              loading={sign.isPending}
              onClick={() => sign.mutate(undefined)}
            >
              {t('app.sign.passkey')}
            </Button>
          )}
          {of.factors.includes('totp') && (
            <CodeForm
              label={t('app.factor.code')}
              description={t('app.sign.totp-hint')}
              submit={t('app.sign.totp')}
              busy={sign.isPending || needsReason}
              onCode={(code) => sign.mutate(code)}
            />
          )}
          {of.factors.length === 0 && <p className="k-note k-warn">{t('app.sign.no-factor')}</p>}
          <Refusal error={sign.error} />
        </div>
      )}
    </Loaded>
  );
}

export function SignDialog({
  order,
  move,
  onClose,
}: {
  order: Order;
  move: SignedMoveName | undefined;
  onClose: () => void;
}) {
  const { t } = useTranslation();
  const client = useQueryClient();
  if (move === undefined) return null;
  return (
    <Dialog title={t(`app.sign.title.${move}`)} opened onClose={onClose} size="lg">
      <Sign
        order={order}
        move={move}
        onSigned={(signed) => {
          client.setQueryData(['order', 'one', order.id], signed);
          void client.invalidateQueries({ queryKey: ['order'] });
          void client.invalidateQueries({ queryKey: ['case'] });
          void client.invalidateQueries({ queryKey: ['overview'] });
          toastDone(t(`app.sign.done.${move}`));
          onClose();
        }}
      />
    </Dialog>
  );
}
