// What may be done with an order now. Lifting and suspending are one click and a reason, and
// suspending can be undone; blocking takes a signature. What is not allowed says why.
import { Button, NativeSelect, TextInput } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, call, csrf } from '@/api/client';
import { sessionQuery } from '@/api/queries';
import { findAction, type Order, type SignedMoveName } from '@/api/types';
import { addDays, endOfDay, toDay } from '@/i18n/format';
import { reasonText } from '@/i18n/problem';
import { Icon, type IconName } from '@/ui/icons';
import { ReasonDialog } from '@/ui/ReasonDialog';
import { toastDone, toastFailed } from '@/ui/toast';
import { useKeys } from '@/ui/useKeys';
import { useToday } from '@/ui/useToday';
import { reasonedMoves, signedMoves, type ReasonedMove } from './moves';

type Move = ReasonedMove;

const icons: Record<Move, IconName> = {
  lift: 'check',
  suspend: 'pause',
  resume: 'shield',
  keep: 'check',
  renew: 'clock',
  return: 'back',
  refuse: 'stop',
};

const hourMs = 3_600_000;
const pauses = ['1', '4', '24', ''] as const;

interface Choice {
  move: Move;
  reason: string;
  pauseHours: string;
  day: string;
}

function send(order: Order, { move, reason, pauseHours, day }: Choice): Promise<Order> {
  const params = { path: { order_id: order.id }, header: csrf };
  const body = { version: order.version, reason };
  switch (move) {
    case 'lift':
      return call(api.POST('/api/v1/orders/{order_id}/lift', { params, body }));
    case 'resume':
      return call(api.POST('/api/v1/orders/{order_id}/resume', { params, body }));
    case 'return':
      return call(api.POST('/api/v1/orders/{order_id}/return', { params, body }));
    case 'refuse':
      return call(api.POST('/api/v1/orders/{order_id}/refuse', { params, body }));
    case 'keep':
      return call(api.POST('/api/v1/orders/{order_id}/keep', { params, body }));
    case 'suspend': {
      const resume =
        pauseHours === '' ? {} : { resume_at_ms: Date.now() + Number(pauseHours) * hourMs };
      return call(
        api.POST('/api/v1/orders/{order_id}/suspend', { params, body: { ...body, ...resume } }),
      );
    }
    case 'renew':
      return call(
        api.POST('/api/v1/orders/{order_id}/renew', {
          params,
          body: { ...body, valid_until_ms: endOfDay(day) },
        }),
      );
  }
}

function MoveDialog({ order, move, onClose }: { order: Order; move: Move; onClose: () => void }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const navigate = useNavigate();
  const today = useToday();
  const [pauseHours, setPauseHours] = useState('4');
  const [day, setDay] = useState(() => toDay(addDays(today, 29)));

  const refresh = (changed: Order) => {
    client.setQueryData(['order', 'one', changed.id], changed);
    void client.invalidateQueries({ queryKey: ['order'] });
    void client.invalidateQueries({ queryKey: ['case'] });
    void client.invalidateQueries({ queryKey: ['overview'] });
  };
  const undo = (changed: Order) => ({
    label: t('app.undo'),
    run: () => {
      send(changed, { move: 'resume', reason: t('app.order.undone'), pauseHours: '', day })
        .then(refresh)
        .catch(toastFailed);
    },
  });
  const run = useMutation({
    mutationFn: (reason: string) => send(order, { move, reason, pauseHours, day }),
    onSuccess: (changed) => {
      refresh(changed);
      toastDone(t(`app.order.${move}.done`), move === 'suspend' ? undo(changed) : undefined);
      onClose();
      if (move === 'renew') {
        void navigate({
          to: '/orders/$orderId',
          params: { orderId: changed.id },
          search: { sign: 'propose' },
        });
      }
    },
  });
  const presets =
    move === 'lift' || move === 'suspend'
      ? [t('app.order.why.gone'), t('app.order.why.mistake'), t('app.order.why.harm')]
      : [];
  return (
    <ReasonDialog
      title={t(`app.order.${move}`)}
      explanation={
        <>
          <p className="k-name">{order.display}</p>
          <p>{t(`app.order.${move}.explained`)}</p>
        </>
      }
      presets={presets}
      confirm={t(`app.order.${move}`)}
      danger={move === 'refuse'}
      error={run.error}
      busy={run.isPending}
      opened
      onClose={onClose}
      onConfirm={(reason) => run.mutate(reason)}
    >
      {move === 'suspend' && (
        <NativeSelect
          label={t('app.order.suspend.until')}
          value={pauseHours}
          onChange={(event) => setPauseHours(event.currentTarget.value)}
          data={pauses.map((value) => ({
            value,
            label:
              value === ''
                ? t('app.order.suspend.open')
                : t('app.order.suspend.hours', { hours: value }),
          }))}
        />
      )}
      {move === 'renew' && (
        <TextInput
          type="date"
          label={t('app.order.end')}
          required
          min={toDay(today)}
          value={day}
          onChange={(event) => setDay(event.currentTarget.value)}
        />
      )}
    </ReasonDialog>
  );
}

/** Checks the impact again: needed when the stored one is older than 24 hours. */
function Recheck({ order }: { order: Order }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const recheck = useMutation({
    mutationFn: () =>
      call(
        api.POST('/api/v1/orders/{order_id}/impact', {
          params: { path: { order_id: order.id }, header: csrf },
          body: { version: order.version },
        }),
      ),
    onSuccess: (changed) => client.setQueryData(['order', 'one', order.id], changed),
    onError: toastFailed,
  });
  return (
    <div className="k-note k-warn k-between">
      <span>{t('app.impact.stale')}</span>
      <Button variant="default" loading={recheck.isPending} onClick={() => recheck.mutate()}>
        {t('app.impact.again')}
      </Button>
    </div>
  );
}

export function OrderActions({
  order,
  onSign,
}: {
  order: Order;
  onSign: (move: SignedMoveName) => void;
}) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const [move, setMove] = useState<Move>();
  const me = useQuery(sessionQuery);
  const denied = reasonText(findAction(order, 'order.approve').reason);
  const signable = signedMoves(order);
  const possible = reasonedMoves(order, me.data?.rights ?? []);
  const [firstMove] = signable;
  useKeys({
    s: firstMove === undefined ? undefined : () => onSign(firstMove),
    l: possible.includes('lift') ? () => setMove('lift') : undefined,
    u: () => void navigate({ to: '/orders' }),
  });
  return (
    <div className="k-stack">
      {order.impact_fresh === false && signable.length > 0 && <Recheck order={order} />}
      {(signable.length > 0 || possible.length > 0) && (
        <div className="k-card k-row" role="group" aria-label={t('app.order.actions')}>
          {signable.map((name) => (
            <Button
              key={name}
              size="md"
              color={name === 'emergency' ? 'red.8' : undefined}
              variant={name === 'emergency' ? 'outline' : 'filled'}
              leftSection={<Icon name="pen" />}
              onClick={() => onSign(name)}
            >
              {t(`app.sign.title.${name}`)}
            </Button>
          ))}
          {possible.map((name) => (
            <Button
              key={name}
              variant="default"
              size="md"
              leftSection={<Icon name={icons[name]} />}
              onClick={() => setMove(name)}
            >
              {t(`app.order.${name}`)}
            </Button>
          ))}
        </div>
      )}
      {order.state === 'proposed' && signable.length === 0 && denied !== '' && (
        <div className="k-note k-info">
          <Icon name="info" />
          <span>{denied}</span>
        </div>
      )}
      {move !== undefined && (
        <MoveDialog key={move} order={order} move={move} onClose={() => setMove(undefined)} />
      )}
    </div>
  );
}
