import { screen } from '@testing-library/react';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { openApp } from '@/test/app';
import { id, now } from '@/test/fixtures';

// Only the date stands still; everything that waits goes on.
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'], now });
});
afterEach(() => {
  vi.useRealTimers();
});

describe('what is due', () => {
  it('says in words what is overdue and what is soon, with the way there', async () => {
    await openApp('/due');
    const rows = (await screen.findAllByRole('row')).slice(1).map((row) => row.textContent);
    expect(rows[0]).toMatch(/Quá hạn.*Sàng lọc tin báo.*5 phút trước/);
    expect(rows[1]).toMatch(/Sắp đến hạn.*Kiểm chứng lệnh chặn.*12 phút nữa/);
    const links = screen.getAllByRole('link', { name: 'dang-nhap.ngan-hang-vi-du.example' });
    expect(links.map((link) => link.getAttribute('href'))).toEqual([
      `/app/cases/${id('case', 1)}`,
      `/app/orders/${id('ord', 1)}`,
    ]);
  });

  it('says so when nothing is', async () => {
    await openApp('/due', { 'GET /api/v1/deadlines': { items: [] } });
    await screen.findByText('Không có việc nào đến hạn');
  });

  it('stands on the case, the order and in the queue', async () => {
    await openApp(`/orders/${id('ord', 1)}`);
    await screen.findByText(/Ký duyệt lệnh/);
    screen.getByText('Sắp đến hạn');
  });
});
