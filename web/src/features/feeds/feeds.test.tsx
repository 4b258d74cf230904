import { screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { describe, expect, it } from 'vitest';
import { openApp } from '@/test/app';
import { feeds } from '@/test/fixtures';

describe('feeds', () => {
  it('shows counts with the reasons of refusals, and why I may not approve my own', async () => {
    await openApp('/feeds');
    await screen.findByText('Danh sách lừa đảo cộng đồng');
    screen.getByText('52.004');
    screen.getByText(/Tên này thuộc danh sách không bao giờ chặn\.: 12/);
    screen.getByText(/Bạn đã đề xuất danh sách này/);
  });

  it('suspends with a reason', async () => {
    const sent = await openApp('/feeds', { 'POST /api/v1/feeds/*/suspend': feeds[0] });
    await userEvent.click(await screen.findByRole('button', { name: 'Tạm dừng' }));
    const dialog = await screen.findByRole('dialog');
    await userEvent.type(within(dialog).getByLabelText(/^Lý do/), 'Chặn nhầm nhiều tên');
    await userEvent.click(within(dialog).getByRole('button', { name: 'Tạm dừng' }));
    await waitFor(() =>
      expect(sent.find(({ key }) => key === 'POST /api/v1/feeds/*/suspend')?.body).toEqual({
        version: 2,
        reason: 'Chặn nhầm nhiều tên',
      }),
    );
  });
});
