// What a verdict looks like, and what comes first.
import type { ProviderVerdict } from '@/api/types';
import type { Tone } from '@/ui/Tag';

export const verdictTones: Record<ProviderVerdict, Tone> = {
  not_enforced: 'bad',
  over_enforced: 'bad',
  lift_pending: 'bad',
  stale_serial: 'warn',
  contested: 'warn',
  probe_broken: 'plain',
  unseen: 'plain',
  enforced: 'good',
  lifted: 'good',
};
