// Which moves an order offers me now. The server judges rights; moves that share one are told apart by
// the order's state.
import { findAction, type Order, type SignedMoveName } from '@/api/types';

export type ReasonedMove = 'lift' | 'suspend' | 'resume' | 'return' | 'refuse' | 'keep' | 'renew';

export function signedMoves(order: Order): SignedMoveName[] {
  const moves: SignedMoveName[] = [];
  if (findAction(order, 'order.propose').allowed) moves.push('propose');
  if (findAction(order, 'order.approve').allowed) {
    moves.push(order.state === 'proposed' ? 'approve' : 'ratify');
  }
  if (findAction(order, 'order.emergency').allowed) moves.push('emergency');
  return moves;
}

/** `rights` are mine in general: what follows an order in force has no action of its own. */
export function reasonedMoves(order: Order, rights: readonly string[]): ReasonedMove[] {
  const moves: ReasonedMove[] = (['lift', 'suspend', 'resume'] as const).filter(
    (move) => findAction(order, `order.${move}`).allowed,
  );
  if (order.in_force && rights.includes('order.draft')) {
    if (order.state === 'verified' || order.state === 'due_review') moves.push('keep');
    moves.push('renew');
  }
  for (const move of ['return', 'refuse'] as const) {
    if (findAction(order, `order.${move}`).allowed) moves.push(move);
  }
  return moves;
}
