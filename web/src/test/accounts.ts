// Accounts and their changes, in the small world of fixtures.ts.
import type { Account, AccountChange } from '../api/types.ts';
import { allow, day, hoa, hour, id, lan, minh, now } from './world.ts';

export const accounts: Account[] = [
  {
    ...lan,
    login: 'lan',
    unit: 'Phòng An ninh mạng',
    roles: [{ role: 'analyst' }, { role: 'approver' }],
    locked: false,
    factors: ['totp', 'webauthn'],
    signed_in_at_ms: now - hour,
  },
  {
    ...minh,
    login: 'minh',
    email: 'minh@khien.example',
    unit: 'Sở Ví Dụ',
    roles: [{ role: 'duty_operator', until_ms: now + 30 * day }],
    locked: false,
    factors: ['webauthn'],
    signed_in_at_ms: now - day,
  },
  { ...hoa, login: 'hoa', roles: [], locked: true, factors: [] },
];

export const changes: AccountChange[] = [
  {
    id: id('chg', 1),
    version: 1,
    account: hoa,
    kind: 'grant_role',
    role: 'appeals_officer',
    state: 'pending',
    reason: 'Phân công theo quyết định số 12',
    proposed_by: minh,
    proposed_at_ms: now - 2 * hour,
    actions: allow('account.confirm', 'account.refuse'),
  },
];
