import { screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { describe, expect, it } from 'vitest';
import { openApp } from '@/test/app';
import { accounts, changes } from '@/test/fixtures';

describe('accounts', () => {
  it('offers no change of one’s own account', async () => {
    await openApp('/accounts');
    const people = await screen.findByRole('region', { name: 'Mọi người' });
    await within(people).findByText('Trần Văn Minh');
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
