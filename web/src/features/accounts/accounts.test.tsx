import { screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { describe, expect, it } from 'vitest';
import { openApp } from '@/test/app';
import { accounts, changes } from '@/test/accounts';

describe('mail', () => {
  it('says what was not delivered and whom it does not reach', async () => {
    await openApp('/accounts');
    await screen.findByText(/^2 thư không gửi được/);
    screen.getByText(/^1 trong 3 người/);
  });

  it('says so where it is not set up', async () => {
    const none = { set_up: false, waiting: 0, undelivered: 0, signers: 3 };
    await openApp('/accounts', { 'GET /api/v1/mail': { ...none, signers_without_address: 0 } });
    await screen.findByText(/^Chưa cài đặt thư/);
  });
});

describe('accounts', () => {
  it('offers no change of one’s own account', async () => {
    await openApp('/accounts');
    const people = await screen.findByRole('region', { name: 'Mọi người' });
    await within(people).findByText('Trần Văn Minh');
    within(people).getByText('minh@khien.example');
    expect(within(people).getAllByText('chưa có địa chỉ thư')).toHaveLength(2);
    expect(within(people).getAllByRole('button', { name: 'Thay đổi' })).toHaveLength(
      accounts.length - 1,
    );
  });

  it('confirms a colleague’s change and shows a first password once', async () => {
    await openApp('/accounts', {
      'POST /api/v1/account-changes/*/confirm': { change: changes[0], password: 'mot-lan-thoi' },
    });
    await userEvent.click(await screen.findByRole('button', { name: 'Xác nhận' }));
    await screen.findByText('mot-lan-thoi');
    await userEvent.click(screen.getByRole('button', { name: 'Tôi đã ghi lại' }));
    await waitFor(() => expect(screen.queryByText('mot-lan-thoi')).toBeNull());
  });
});
