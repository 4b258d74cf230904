import { screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { describe, expect, it } from 'vitest';
import { openApp } from '@/test/app';
import type { Objection } from '@/api/types';
import { appeals, id, me } from '@/test/fixtures';

describe('an appeal', () => {
  it('is decided with an outcome and a reason', async () => {
    const sent = await openApp(`/appeals/${id('app', 1)}`, {
      'GET /api/v1/appeals/*': { ...appeals[0], state: 'admitted' },
      'POST /api/v1/appeals/*/decide': { ...appeals[0], state: 'decided', outcome: 'upheld' },
    });
    await userEvent.click(await screen.findByRole('button', { name: 'Quyết định' }));
    const dialog = await screen.findByRole('dialog');
    await userEvent.type(within(dialog).getByLabelText(/^Lý do/), 'Nội dung đã được gỡ');
    await userEvent.click(within(dialog).getByRole('button', { name: 'Quyết định' }));
    await waitFor(() =>
      expect(sent.find(({ key }) => key === 'POST /api/v1/appeals/*/decide')?.body).toEqual({
        version: 1,
        outcome: 'upheld',
        reason: 'Nội dung đã được gỡ',
      }),
    );
  });
});

const objection: Objection = {
  id: id('obj', 1),
  version: 3,
  number: 'NB-26-D000001-4',
  state: 'lodged',
  name: 'cua-hang.example',
  text: 'Trang của tôi không lừa ai',
  lists: [{ id: id('feed', 1), name: 'Danh sách lừa đảo cộng đồng', category: 'phishing' }],
  lodged_at_ms: Date.UTC(2026, 10, 25),
  actions: [{ action: 'order.lift', allowed: true, reason: '' }],
};

describe('an objection to a list', () => {
  it('is upheld by a duty operator, who reads no appeals', async () => {
    const sent = await openApp('/appeals', {
      'GET /api/v1/session': { ...me, rights: ['order.read', 'order.lift'] },
      'GET /api/v1/objections': { items: [objection], next_cursor: null },
      'POST /api/v1/objections/*/uphold': { ...objection, state: 'upheld', actions: [] },
    });
    await screen.findByRole('link', { name: /Khiếu nại/ });
    const shown = await screen.findByRole('article', { name: objection.name });
    expect(within(shown).queryByRole('button', { name: 'Giữ nguyên' })).toBeNull();
    await userEvent.click(within(shown).getByRole('button', { name: 'Gỡ khỏi mọi danh sách' }));
    const dialog = await screen.findByRole('dialog');
    await userEvent.type(within(dialog).getByLabelText(/^Lý do/), 'Đã xác minh chủ trang');
    await userEvent.click(within(dialog).getByRole('button', { name: 'Gỡ khỏi mọi danh sách' }));
    await waitFor(() =>
      expect(sent.find(({ key }) => key === 'POST /api/v1/objections/*/uphold')?.body).toEqual({
        version: 3,
        reason: 'Đã xác minh chủ trang',
      }),
    );
    expect(sent.some(({ key }) => key.startsWith('GET /api/v1/appeals'))).toBe(false);
  });
});
