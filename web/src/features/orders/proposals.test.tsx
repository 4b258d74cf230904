import { screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { describe, expect, it } from 'vitest';
import { openApp, Refuse } from '@/test/app';
import { enforcedOrder, id, me, orders } from '@/test/fixtures';
import { foundEntry, liftProposal, orderRechecks, recheckAnswers } from '@/test/rechecks';

const desk = {
  ...recheckAnswers,
  'GET /api/v1/session': { ...me, rights: [...me.rights, 'order.lift'] },
};

describe('proposed lifts', () => {
  it('says why and until when, and lifts with one click and a ready-made reason', async () => {
    const sent = await openApp('/orders/proposals', {
      ...desk,
      'POST /api/v1/orders/*/lift': enforcedOrder,
    });
    const list = await screen.findByRole('region', { name: 'Lệnh chặn' });
    await within(list).findByText(/ns1\.do-xe\.example của dịch vụ giữ chỗ, 3 lần xem/);
    within(list).getByText(/Lệnh tự hết hiệu lực vào/);
    await userEvent.click(within(list).getByRole('button', { name: 'Gỡ chặn' }));
    const dialog = await screen.findByRole('dialog');
    await userEvent.click(
      within(dialog).getByRole('button', { name: 'Tên miền chỉ còn đỗ ở dịch vụ giữ chỗ' }),
    );
    await userEvent.click(within(dialog).getByRole('button', { name: 'Gỡ chặn' }));
    await waitFor(() =>
      expect(sent.find(({ key }) => key === 'POST /api/v1/orders/*/lift')?.body).toEqual({
        version: orders[0]?.version,
        reason: 'Tên miền chỉ còn đỗ ở dịch vụ giữ chỗ',
      }),
    );
  });

  it('shows the refusal of somebody who was slower', async () => {
    await openApp('/orders/proposals', {
      ...desk,
      'POST /api/v1/orders/*/lift': new Refuse(409, { code: 'conflict', reason: 'stale_version' }),
    });
    await userEvent.click(await screen.findByRole('button', { name: 'Gỡ chặn' }));
    const dialog = await screen.findByRole('dialog');
    await userEvent.click(within(dialog).getByRole('button', { name: /^Tên miền chỉ còn đỗ/ }));
    await userEvent.click(within(dialog).getByRole('button', { name: 'Gỡ chặn' }));
    await within(dialog).findByRole('alert');
  });

  it('says when nobody looks, and when there is more than it shows', async () => {
    await openApp('/orders/proposals', {
      ...desk,
      'GET /api/v1/rechecks/proposals': {
        enabled: false,
        total: 201,
        items: [{ ...liftProposal, order: orders[0] }],
      },
    });
    await screen.findByText(/--recheck-resolver/);
    screen.getByText(/Hiện 1 trong 201 đề nghị/);
  });

  it('drops an entry of a list, and offers nothing to who may not', async () => {
    const sent = await openApp('/orders/proposals', {
      ...desk,
      'POST /api/v1/rechecks/entries/7/drop': { ...foundEntry, state: 'dropped' },
      'GET /api/v1/rechecks/entries': {
        items: [foundEntry, { ...foundEntry, id: '8', display: 'khac.example', actions: [] }],
        next_cursor: null,
      },
    });
    const other = await screen.findByRole('listitem', { name: 'khac.example' });
    expect(within(other).queryByRole('button')).toBeNull();
    const entry = screen.getByRole('listitem', { name: foundEntry.display });
    await userEvent.click(within(entry).getByRole('button', { name: 'Bỏ khỏi danh sách chặn' }));
    const dialog = await screen.findByRole('dialog');
    await userEvent.type(within(dialog).getByRole('textbox'), 'không còn tồn tại');
    await userEvent.click(within(dialog).getByRole('button', { name: 'Bỏ khỏi danh sách chặn' }));
    await waitFor(() =>
      expect(sent.find(({ key }) => key === 'POST /api/v1/rechecks/entries/7/drop')?.body).toEqual({
        reason: 'không còn tồn tại',
      }),
    );
  });
});

describe('the rechecks of an order', () => {
  const path = `/orders/${id('ord', 1)}`;

  it('shows looks and the open proposal', async () => {
    await openApp(path, { ...recheckAnswers, 'GET /api/v1/orders/*': enforcedOrder });
    const part = await screen.findByRole('region', { name: 'Tên còn tồn tại không' });
    await within(part).findByText('Đang đỗ');
    within(part).getByText(/2 lần xem gần đây/);
    within(part).getByText('Không có trả lời');
    within(part).getByText(/Lần xem tiếp theo/);
    expect(within(part).queryByText(/--recheck-pages/)).toBeNull();
  });

  it('shows what pages answered, as text and not as links', async () => {
    await openApp(path, {
      'GET /api/v1/orders/*': enforcedOrder,
      'GET /api/v1/orders/*/rechecks': {
        ...orderRechecks,
        proposals: [{ ...liftProposal, finding: 'content_gone', server: undefined }],
      },
    });
    const part = await screen.findByRole('region', { name: 'Tên còn tồn tại không' });
    await within(part).findByText('Trang không còn');
    within(part).getByText(/có thể chỉ ẩn với máy chủ này/);
    within(part).getByText('https://lua-dao.example/qua');
    within(part).getByText('Không còn (404)');
    within(part).getByText('Không tới được');
    expect(within(part).queryByRole('link')).toBeNull();
  });

  it('says when only names are looked at', async () => {
    await openApp(path, {
      'GET /api/v1/orders/*': enforcedOrder,
      'GET /api/v1/orders/*/rechecks': { ...orderRechecks, pages_enabled: false },
    });
    await screen.findByText(/--recheck-pages/);
  });

  it('says who kept it and why', async () => {
    await openApp(path, {
      'GET /api/v1/orders/*': enforcedOrder,
      'GET /api/v1/orders/*/rechecks': {
        ...orderRechecks,
        proposals: [
          {
            ...liftProposal,
            state: 'kept',
            settled_at_ms: liftProposal.proposed_at_ms,
            settled_by: { id: id('acc', 1), name: 'Nguyễn Thị Lan' },
            reason: 'Trang chỉ ẩn vào ban ngày',
          },
        ],
      },
    });
    const part = await screen.findByRole('region', { name: 'Tên còn tồn tại không' });
    await within(part).findByText('Trang chỉ ẩn vào ban ngày');
    within(part).getByText(/Nguyễn Thị Lan/);
  });
});
