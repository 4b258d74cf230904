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
    screen.getByText(/Tên không bao giờ chặn: 12/);
    screen.getByText(/Không phải tên máy chủ hợp lệ: 299/);
    screen.getByText(/Bạn đã đề xuất danh sách này/);
  });

  it('tells how far a run is', async () => {
    const { last_run: run, ...rest } = feeds[0]!;
    const running = {
      ...rest,
      last_run: {
        ...run!,
        state: 'running',
        counts: { ...run!.counts, read: 120_500, refused: 7 },
      },
    };
    await openApp('/feeds', { 'GET /api/v1/feeds': { items: [running] } });
    await screen.findByText('Đang đọc: 120.500 tên, từ chối 7.');
  });

  it('says what the breaker held back before it is released, and why it stopped', async () => {
    const stopped = {
      ...feeds[0]!,
      state: 'stopped',
      last_run: {
        ...feeds[0]!.last_run!,
        state: 'stopped',
        problem: { code: 'limit_exceeded', reason: 'change_too_large', message: 'held' },
      },
      actions: [
        { action: 'feed.approve', allowed: true, reason: '' },
        { action: 'feed.suspend', allowed: true, reason: '' },
      ],
    };
    await openApp('/feeds', { 'GET /api/v1/feeds': { items: [stopped] } });
    await screen.findByText(/Danh sách thay đổi quá nhiều nên đã tự dừng/);
    await userEvent.click(screen.getByRole('button', { name: 'Tiếp tục' }));
    const dialog = await screen.findByRole('dialog');
    within(dialog).getByText(/thêm 311, bỏ ra 92, từ chối 311/);
  });

  it('asks for scope and column where the format does not say them', async () => {
    const sent = await openApp('/feeds', { 'POST /api/v1/feeds': feeds[1] });
    await userEvent.click(await screen.findByRole('button', { name: 'Đề xuất danh sách' }));
    const dialog = await screen.findByRole('dialog');
    const form = within(dialog);
    await userEvent.type(form.getByLabelText(/^Tên/), 'Bảng');
    await userEvent.type(form.getByLabelText(/^Nguồn/), 'bang.csv');
    expect(form.queryByLabelText(/^Cột/)).toBeNull();
    await userEvent.selectOptions(form.getByLabelText(/^Định dạng/), 'csv');
    await userEvent.clear(form.getByLabelText(/^Cột/));
    await userEvent.type(form.getByLabelText(/^Cột/), 'ten_mien');
    await userEvent.selectOptions(form.getByLabelText(/^Phạm vi/), 'domain');
    await userEvent.type(form.getByLabelText(/^Lý do/), 'Nguồn tin cậy');
    await userEvent.click(form.getByRole('button', { name: 'Đề xuất danh sách' }));
    await waitFor(() =>
      expect(sent.find(({ key }) => key === 'POST /api/v1/feeds')?.body).toMatchObject({
        format: 'csv',
        scope: 'domain',
        column: 'ten_mien',
      }),
    );
  });

  it('ends a feed with a reason', async () => {
    const sent = await openApp('/feeds', { 'POST /api/v1/feeds/*/end': feeds[0] });
    await userEvent.click(await screen.findByRole('button', { name: 'Kết thúc' }));
    const dialog = await screen.findByRole('dialog');
    within(dialog).getByText(/không khôi phục được/);
    await userEvent.type(within(dialog).getByLabelText(/^Lý do/), 'Nguồn đã ngừng');
    await userEvent.click(within(dialog).getByRole('button', { name: 'Kết thúc' }));
    await waitFor(() =>
      expect(sent.find(({ key }) => key === 'POST /api/v1/feeds/*/end')?.body).toEqual({
        version: 2,
        reason: 'Nguồn đã ngừng',
      }),
    );
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
