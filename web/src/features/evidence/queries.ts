// What the evidence screens read and change.
import { queryOptions } from '@tanstack/react-query';
import { api, call, csrf } from '@/api/client';
import type { EvidenceDetail } from '@/api/types';

export const evidenceQuery = (id: string) =>
  queryOptions({
    queryKey: ['evidence', 'one', id],
    queryFn: () =>
      call(api.GET('/api/v1/evidence/{evidence_id}', { params: { path: { evidence_id: id } } })),
  });

export const destructionsQuery = queryOptions({
  queryKey: ['evidence', 'destructions'],
  queryFn: () => call(api.GET('/api/v1/evidence-destructions')),
});

export type CustodyMove = 'hold' | 'release' | 'destroy';
export type Decision = 'confirm' | 'refuse';

export function send(id: string, move: CustodyMove, reason: string): Promise<EvidenceDetail> {
  const params = { path: { evidence_id: id }, header: csrf };
  const body = { reason };
  switch (move) {
    case 'hold':
      return call(api.POST('/api/v1/evidence/{evidence_id}/hold', { params, body }));
    case 'release':
      return call(api.POST('/api/v1/evidence/{evidence_id}/release', { params, body }));
    case 'destroy':
      return call(api.POST('/api/v1/evidence/{evidence_id}/destruction', { params, body }));
  }
}

export function decide(item: EvidenceDetail, decision: Decision): Promise<EvidenceDetail> {
  const params = { path: { evidence_id: item.id }, header: csrf };
  const body = { destruction_id: item.destruction?.id ?? '' };
  return decision === 'confirm'
    ? call(api.POST('/api/v1/evidence/{evidence_id}/destruction/confirm', { params, body }))
    : call(api.POST('/api/v1/evidence/{evidence_id}/destruction/refuse', { params, body }));
}
