// The acts at the gate, with what is said when they are done.
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { api, call, csrf } from '@/api/client';
import { toastDone } from '@/ui/toast';

export type GateAct =
  | { kind: 'release'; id: number; inStages?: boolean }
  | { kind: 'advance'; id: number }
  | { kind: 'reject'; id: number; reason: string }
  | { kind: 'stop' }
  | { kind: 'resume' };

export function useGateAct() {
  const { t } = useTranslation();
  const client = useQueryClient();
  return useMutation({
    mutationFn: (act: GateAct) => {
      switch (act.kind) {
        case 'release':
          return call(
            api.POST('/api/v1/publication/gate/{held_id}/release', {
              params: { path: { held_id: act.id }, header: csrf },
              body: act.inStages === true ? { in_stages: true } : {},
            }),
          );
        case 'advance':
          return call(
            api.POST('/api/v1/publication/gate/{held_id}/advance', {
              params: { path: { held_id: act.id }, header: csrf },
              body: {},
            }),
          );
        case 'reject':
          return call(
            api.POST('/api/v1/publication/gate/{held_id}/reject', {
              params: { path: { held_id: act.id }, header: csrf },
              body: { reason: act.reason },
            }),
          );
        case 'stop':
          return call(api.POST('/api/v1/publication/stop', { params: { header: csrf }, body: {} }));
        case 'resume':
          return call(
            api.POST('/api/v1/publication/resume', { params: { header: csrf }, body: {} }),
          );
      }
    },
    onSuccess: ({ outcome, empty_stages: empty = [] }) => {
      const stages = empty.map((stage) => t(`app.publication.ring.${stage}`)).join(', ');
      toastDone(
        stages === ''
          ? t(`app.publication.gate.outcome.${outcome}`)
          : t('app.publication.gate.outcome.on_trial-empty', { stages }),
      );
      void client.invalidateQueries({ queryKey: ['publication'] });
    },
  });
}
