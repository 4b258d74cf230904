// How a case's state looks.
import type { CaseState, Verdict } from '@/api/types';
import type { Tone } from '@/ui/Tag';

export const caseTones: Record<CaseState, Tone> = {
  open: 'info',
  triaged: 'info',
  assessing: 'info',
  acting: 'warn',
  monitoring: 'good',
  on_hold: 'plain',
  closed: 'plain',
};

export const caseStates = Object.keys(caseTones) as CaseState[];

export const verdictTones: Record<Verdict, Tone> = {
  unknown: 'plain',
  suspected: 'warn',
  confirmed: 'bad',
  benign: 'good',
  gone: 'plain',
};
