// What all parts of the small world of fixtures.ts share: its time, its people, its ids.
import type { Action } from '../api/types.ts';

export const now = Date.UTC(2026, 10, 24, 3, 0, 0);
export const minute = 60_000;
export const hour = 60 * minute;
export const day = 24 * hour;

/** A ULID that says what it is: id('case', 1). */
export function id(kind: string, index: number): string {
  const tail = `${kind.toUpperCase().replaceAll(/[ILOU]/g, 'X')}${index}`;
  return `01JD8Z7Q4M${'0'.repeat(16 - tail.length)}${tail}`;
}

export const hash = (seed: string) => seed.repeat(64).slice(0, 64);
export const allow = (...actions: Action['action'][]): Action[] =>
  actions.map((action) => ({ action, allowed: true, reason: '' }));
export const deny = (action: Action['action'], reason: string): Action => ({
  action,
  allowed: false,
  reason,
});

export const lan = { id: id('acc', 1), name: 'Nguyễn Thị Lan' };
export const minh = { id: id('acc', 2), name: 'Trần Văn Minh' };
export const hoa = { id: id('acc', 3), name: 'Phạm Quỳnh Hoa' };
