// Withdraws what came into a zone or set after a serial. No fresh factor is asked for: it only unblocks.
import { NativeSelect, NumberInput } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, call, csrf } from '@/api/client';
import type { PublicationSet, PublicationZone } from '@/api/types';
import { useFormat } from '@/i18n/format';
import { ReasonDialog } from '@/ui/ReasonDialog';
import { toastDone } from '@/ui/toast';
import { useZoneTitle } from './zoneTitle';

export function RollbackDialog({
  zones: all,
  onClose,
}: {
  zones: (PublicationZone | PublicationSet)[];
  onClose: () => void;
}) {
  const { t } = useTranslation();
  const format = useFormat();
  const title = useZoneTitle();
  const client = useQueryClient();
  // Nothing stands in a trial zone by itself: it goes with the zone that it is tried for.
  const zones = all.filter(({ id }) => !id.startsWith('trial-'));
  const [zone, setZone] = useState(zones[0]?.id ?? '');
  const now = zones.find(({ id }) => id === zone)?.serial ?? 0;
  const [serial, setSerial] = useState<number | string>('');
  const rollBack = useMutation({
    mutationFn: (reason: string) =>
      call(
        api.POST('/api/v1/publication/rollback', {
          params: { header: csrf },
          body: { zone, serial: Number(serial), reason },
        }),
      ),
    onSuccess: ({ withdrawn, serial: served }) => {
      toastDone(
        t('app.publication.gate.rollback.done', {
          withdrawn: format.number(withdrawn),
          serial: served,
        }),
      );
      void client.invalidateQueries({ queryKey: ['publication'] });
      onClose();
    },
  });
  return (
    <ReasonDialog
      title={t('app.publication.gate.rollback')}
      explanation={t('app.publication.gate.rollback.explained')}
      confirm={t('app.publication.gate.rollback')}
      danger
      error={rollBack.error}
      busy={rollBack.isPending}
      opened
      onClose={onClose}
      onConfirm={(reason) => rollBack.mutate(reason)}
    >
      <NativeSelect
        label={t('app.publication.zone')}
        value={zone}
        onChange={(event) => setZone(event.currentTarget.value)}
        data={zones.map(({ id, serial: at }) => ({ value: id, label: `${title(id)} (${at})` }))}
      />
      <NumberInput
        label={t('app.publication.gate.rollback.serial')}
        required
        min={0}
        max={now}
        allowDecimal={false}
        value={serial}
        onChange={setSerial}
      />
    </ReasonDialog>
  );
}
