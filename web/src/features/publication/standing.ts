// How followers stand, as colour and order: the worst first, and never colour alone.
import type { Follower, FollowerState, FollowerZone } from '@/api/types';
import type { IconName } from '@/ui/icons';
import type { Tone } from '@/ui/Tag';

/** From good to bad, as the server orders them (src/publish/follower_standing.h). */
const order: readonly FollowerState[] = [
  'never',
  'current',
  'unknown',
  'behind',
  'silent',
  'ahead',
  'expired',
];

/** A transfer takes a second or two; who is behind for longer is in trouble. */
export const troubleAfterMs = 30_000;

export function isTrouble({ state, behind_ms }: Pick<FollowerZone, 'state' | 'behind_ms'>) {
  return state === 'behind'
    ? behind_ms >= troubleAfterMs
    : state === 'silent' || state === 'ahead' || state === 'expired';
}

export function toneOf(cell: Pick<FollowerZone, 'state' | 'behind_ms'>): Tone {
  switch (cell.state) {
    case 'current':
      return 'good';
    case 'behind':
      return isTrouble(cell) ? 'bad' : 'info';
    case 'silent':
      return 'warn';
    case 'ahead':
    case 'expired':
      return 'bad';
    default:
      return 'plain';
  }
}

export const icons: Record<FollowerState, IconName> = {
  never: 'pause',
  current: 'check',
  unknown: 'info',
  behind: 'clock',
  silent: 'warn',
  ahead: 'stop',
  expired: 'stop',
};

export function compareStates(a: FollowerState, b: FollowerState): number {
  return order.indexOf(a) - order.indexOf(b);
}

/** The cell that speaks for a follower: trouble before all else, then the state, then the lag. */
export function worstCell(follower: Follower): FollowerZone | undefined {
  return [...follower.zones].sort(
    (a, b) =>
      Number(isTrouble(b)) - Number(isTrouble(a)) ||
      compareStates(b.state, a.state) ||
      b.behind_ms - a.behind_ms,
  )[0];
}

/** When any of a follower's servers last asked for anything; 0 if none ever did. */
export function lastHeardMs(follower: Follower): number {
  return Math.max(
    0,
    ...follower.zones.flatMap(({ servers }) => servers.map(({ heard_at_ms }) => heard_at_ms)),
  );
}
