// How an order's state and an impact look: colour and shape.
import type { Enforcement, Impact, OrderState } from '@/api/types';
import type { IconName } from '@/ui/icons';
import type { Tone } from '@/ui/Tag';

export const orderTones: Record<OrderState, Tone> = {
  draft: 'plain',
  impact_checked: 'plain',
  proposed: 'info',
  returned: 'warn',
  refused: 'plain',
  approved: 'info',
  published: 'good',
  enforced: 'good',
  verified: 'good',
  due_review: 'warn',
  suspended: 'warn',
  renewed: 'plain',
  lifted: 'plain',
  lapsed: 'plain',
  lift_published: 'plain',
  lift_verified: 'plain',
};

export const orderStates = Object.keys(orderTones) as OrderState[];

/** Of a finding, and of a whole check: its worst finding. */
export const impactLook: Record<Impact['verdict'], { tone: Tone; icon: IconName }> = {
  clear: { tone: 'good', icon: 'check' },
  info: { tone: 'info', icon: 'info' },
  caution: { tone: 'warn', icon: 'info' },
  serious: { tone: 'bad', icon: 'warn' },
  refuse: { tone: 'bad', icon: 'stop' },
};

export const enforcementTones: Record<Enforcement['state'], Tone> = {
  pending: 'plain',
  applied: 'info',
  verified: 'good',
  drifted: 'bad',
  lift_pending: 'warn',
  lift_verified: 'good',
};
