// What rechecks saw and propose, in the small world of fixtures.ts.
import type { FoundEntry, LiftProposal, OrderRechecks } from '../api/types.ts';
import { id, now, orders } from './fixtures.ts';

const hour = 3_600_000;
const day = 24 * hour;

export const liftProposal: LiftProposal = {
  finding: 'parked',
  looks: 3,
  since_ms: now - 3 * day,
  server: 'ns1.do-xe.example',
  state: 'open',
  proposed_at_ms: now - day,
  lapses_at_ms: now + 13 * day,
};

export const orderRechecks: OrderRechecks = {
  enabled: true,
  pages_enabled: true,
  next_at_ms: now + day,
  looks: [
    {
      at_ms: now - hour,
      outcome: 'exists',
      servers: ['ns1.do-xe.example'],
      pages: [
        { page: 'https://lua-dao.example/qua', outcome: 'gone', status: 404 },
        { page: 'https://lua-dao.example/dang-nhap', outcome: 'unreachable' },
      ],
    },
    { at_ms: now - day, outcome: 'failed', servers: [], pages: [] },
  ],
  proposals: [liftProposal],
};

export const foundEntry: FoundEntry = {
  id: '7',
  feed_id: id('feed', 1),
  feed_name: 'Danh sách mẫu',
  name: 'da-chet.example',
  display: 'da-chet.example',
  finding: 'dead',
  looks: 4,
  since_ms: now - 4 * day,
  state: 'open',
  found_at_ms: now - day,
  lapses_at_ms: now + 13 * day,
  actions: [
    { action: 'order.lift', allowed: true, reason: '' },
    { action: 'feed.approve', allowed: true, reason: '' },
  ],
};

/** Answers of a desk with something to decide. */
export const recheckAnswers = {
  'GET /api/v1/orders/*/rechecks': orderRechecks,
  'GET /api/v1/rechecks/proposals': {
    enabled: true,
    total: 1,
    items: [{ ...liftProposal, order: orders[0] }],
  },
  'GET /api/v1/rechecks/entries': { items: [foundEntry], next_cursor: null },
};
