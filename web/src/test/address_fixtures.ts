// An order on an address, and one on a web page, for tests.
import type { Order } from '@/api/types';
import { me, proposedOrder } from './fixtures';

/** An address that two people have signed: it waits for a third. */
export const addressOrder: Order = {
  ...proposedOrder,
  name: '203.0.113.9',
  display: '203.0.113.9',
  scope: 'address',
  signatures_needed: 3,
  co_approved_by: me.account,
  step_reason: 'Không có tên miền nào để chặn',
  names_told: 1,
  told_source: 'passive DNS',
};

/** A page on a shared host, proposed. */
export const urlOrder: Order = {
  ...proposedOrder,
  name: 'dang-nhap.ngan-hang-vi-du.example/otp',
  display: 'dang-nhap.ngan-hang-vi-du.example/otp',
  scope: 'url',
};
