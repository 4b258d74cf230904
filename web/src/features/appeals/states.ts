// How an appeal's state looks.
import type { AppealState } from '@/api/types';
import type { Tone } from '@/ui/Tag';

export const appealTones: Record<AppealState, Tone> = {
  lodged: 'info',
  admitted: 'warn',
  assigned: 'warn',
  inadmissible: 'plain',
  decided: 'good',
  executed: 'good',
};

export const appealStates = Object.keys(appealTones) as AppealState[];
