// One change that waits: why, which names, and what may be done with it.
import { Button } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { HeldChange } from '@/api/types';
import { useFormat } from '@/i18n/format';
import { ReasonDialog } from '@/ui/ReasonDialog';
import { Tag } from '@/ui/Tag';
import { toastFailed } from '@/ui/toast';
import { useGateAct } from './useGateAct';
import { useZoneTitle } from './zoneTitle';

function Names({ change }: { change: HeldChange }) {
  const { t } = useTranslation();
  const format = useFormat();
  const lines = [
    ...change.names.map(({ name, detail }) => (detail === '' ? name : `${name} → ${detail}`)),
    ...change.examples,
  ];
  if (lines.length === 0) return null;
  const more = change.count - lines.length;
  return (
    <details>
      <summary className="k-small">{t('app.publication.gate.examples')}</summary>
      <ul>
        {lines.map((line) => (
          <li key={line} className="k-mono k-small">
            {line}
          </li>
        ))}
        {more > 0 && <li>{t('app.publication.gate.more', { names: format.number(more) })}</li>}
      </ul>
    </details>
  );
}

export function HeldCard({ change, may }: { change: HeldChange; may: boolean }) {
  const { t } = useTranslation();
  const format = useFormat();
  const title = useZoneTitle();
  const act = useGateAct();
  const [rejecting, setRejecting] = useState(false);
  const { id, first_by: first } = change;
  const why = t(`app.publication.gate.reason.${change.reason}`, { serial: change.serial });
  return (
    <li className="k-item k-stack">
      <div className="k-row k-between">
        <strong>{why}</strong>
        <Tag tone={change.rejected ? 'plain' : 'warn'}>
          {change.rejected
            ? t('app.publication.gate.rejected')
            : t('app.publication.gate.count', { names: format.number(change.count) })}
        </Tag>
      </div>
      <span className="k-dim k-small">
        {title(change.zone)} ·{' '}
        {change.source === ''
          ? t('app.publication.gate.of-orders')
          : t('app.publication.gate.of-list', { source: change.source })}{' '}
        · {t('app.publication.gate.since', { time: format.dateTime(change.at_ms) })}
      </span>
      {change.needs_two && !change.rejected && (
        <span className="k-small">
          {first === null
            ? t('app.publication.gate.two')
            : t('app.publication.gate.first', { name: first.name })}
        </span>
      )}
      <Names change={change} />
      {may && (
        <div className="k-row k-end">
          <Button
            size="xs"
            variant="default"
            loading={act.isPending}
            onClick={() => act.mutate({ kind: 'release', id }, { onError: toastFailed })}
          >
            {t('app.publication.gate.release')}
          </Button>
          {!change.rejected && (
            <Button size="xs" variant="default" onClick={() => setRejecting(true)}>
              {t('app.publication.gate.reject')}
            </Button>
          )}
        </div>
      )}
      {rejecting && (
        <ReasonDialog
          title={t('app.publication.gate.reject')}
          explanation={t('app.publication.gate.reject.explained')}
          confirm={t('app.publication.gate.reject')}
          error={act.error}
          busy={act.isPending}
          opened
          onClose={() => setRejecting(false)}
          onConfirm={(reason) =>
            act.mutate({ kind: 'reject', id, reason }, { onSuccess: () => setRejecting(false) })
          }
        />
      )}
    </li>
  );
}
