// What is published, who has it, and what waits at the gate, in the small world of fixtures.ts.
import type { Gate, Publication } from '../api/types.ts';
import { day, hour, minute, now } from './world.ts';

const servedZone = (id: string, serial: number, names: number): Publication['zones'][number] => ({
  id,
  name: `${id}.rpz.khien`,
  serial,
  names,
  records: 2 * names + 2,
  changed_at_ms: now - 41_000,
  expire_ms: id === 'emergency' ? 4 * hour : 30 * day,
  keys_only: id.endsWith('child-abuse'),
});
const upToDate = (
  zone: string,
  serial: number,
): Publication['followers'][number]['zones'][number] => ({
  zone,
  state: 'current',
  serials_behind: 0,
  behind_ms: 0,
  failed: 0,
  acknowledged_at_ms: now - 40_000,
  servers: [
    {
      address: '192.0.2.53',
      state: 'current',
      serials_behind: 0,
      behind_ms: 0,
      heard_at_ms: now - 20_000,
      serial,
      how: 'changes',
      took_at_ms: now - 40_000,
    },
  ],
});
const behind = { state: 'behind', serials_behind: 3, behind_ms: 41_000 } as const;

export const gate: Gate = {
  here: true,
  stopped: ['feeds-malware'],
  untold: 0,
  items: [
    {
      id: 7,
      zone: 'orders-phishing',
      reason: 'good_names',
      at_ms: now - 20 * minute,
      serial: 1203,
      count: 1,
      source: '',
      names: [
        {
          name: 'ngan-hang.example',
          source: 'order:01JD8Z7Q4M3T9X2V5B6C7D8E9F',
          scope: 'host',
          detail: 'ngan-hang.example (never_block: bank-website)',
        },
      ],
      examples: [],
      first_by: { id: '01JD8Z7Q4M3T9X2V5B6C7D8E9A', name: 'Phạm Văn Minh' },
      first_name: '',
      first_in_stages: false,
      needs_two: true,
      rejected: false,
      trial: null,
    },
    {
      id: 9,
      zone: 'feeds-malware',
      reason: 'rolled_back',
      at_ms: now - 5 * minute,
      serial: 88,
      count: 4120,
      source: 'feed:01JD8Z7Q4M3T9X2V5B6C7D8E9B:domain',
      names: [],
      examples: ['mot.example', 'hai.example'],
      first_by: null,
      first_name: '',
      first_in_stages: false,
      needs_two: false,
      rejected: false,
      trial: null,
    },
    {
      id: 11,
      zone: 'orders-fraud',
      reason: 'canary',
      at_ms: now - hour,
      serial: 31,
      count: 2,
      source: '',
      names: [
        {
          name: 'cho-tot.example',
          source: 'order:01JD8Z7Q4M3T9X2V5B6C7D8E9G',
          scope: 'domain',
          detail: 'cho-tot.example (popular)',
        },
      ],
      examples: [],
      first_by: null,
      first_name: '',
      first_in_stages: false,
      needs_two: true,
      rejected: false,
      trial: {
        stage: 'own',
        since_ms: now - 25 * minute,
        zone: 'trial-own-fraud',
        serial: 6,
        names: 2,
        followers: [
          { name: 'khien-dnsd', has_it: true },
          { name: 'dns-truong', has_it: false },
        ],
      },
    },
  ],
};

export const publication: Publication = {
  here: true,
  at_ms: now,
  zones: [
    servedZone('pass', 4, 12),
    servedZone('emergency', 7, 1),
    servedZone('orders-phishing', 1_203, 4_120),
    servedZone('orders-child-abuse', 9, 30),
    servedZone('feeds-malware', 77, 812_345),
    servedZone('feeds-spam', 1, 0),
  ],
  sets: [
    { id: 'addresses-phishing', serial: 12, entries: 3 },
    { id: 'urls-fraud', serial: 1, entries: 0 },
  ],
  followers: [
    {
      name: 'khien-dnsd',
      ring: 'own',
      zones: [
        upToDate('pass', 4),
        upToDate('emergency', 7),
        upToDate('orders-phishing', 1_203),
        upToDate('orders-child-abuse', 9),
        upToDate('feeds-malware', 77),
        {
          zone: 'feeds-spam',
          state: 'never',
          serials_behind: 0,
          behind_ms: 0,
          failed: 0,
          servers: [],
        },
      ],
    },
    {
      name: 'isp-a',
      ring: 'all',
      zones: [
        upToDate('pass', 4),
        upToDate('emergency', 7),
        {
          zone: 'orders-phishing',
          ...behind,
          failed: 2,
          failed_at_ms: now - 30_000,
          given_up_at_ms: now - 10_000,
          servers: [
            {
              address: '198.51.100.7',
              ...behind,
              serial: 1_200,
              how: 'whole',
              heard_at_ms: now - 35_000,
              took_at_ms: now - hour,
            },
            {
              address: '2001:db8::7',
              state: 'unknown',
              serials_behind: 0,
              behind_ms: 0,
              heard_at_ms: now - 5_000,
            },
          ],
        },
        {
          zone: 'orders-child-abuse',
          state: 'expired',
          serials_behind: 0,
          behind_ms: 0,
          failed: 0,
          servers: [
            {
              address: '198.51.100.7',
              state: 'expired',
              serials_behind: 0,
              behind_ms: 0,
              serial: 9,
              how: 'claimed',
              heard_at_ms: now - 31 * day,
            },
          ],
        },
      ],
    },
  ],
};
