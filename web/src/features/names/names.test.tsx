import { screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { describe, expect, it } from 'vitest';
import { openApp } from '@/test/app';
import { me, newNames } from '@/test/fixtures';

describe('newly seen names', () => {
  it('are listed with who told them and how many networks asked, and lead to cases', async () => {
    await openApp('/new-names');
    const table = await screen.findByRole('table', { name: 'Tên mới thấy' });
    const row = within(table).getByText('ngân-hàng-khẩn-cấp.example').closest('tr');
    expect(row).not.toBeNull();
    within(row as HTMLElement).getByText(newNames[0]?.name ?? '');
    within(row as HTMLElement).getByText('dns-tinh, dns-truong');
    within(row as HTMLElement).getByText('khoảng 1.240');
    expect(within(row as HTMLElement).getByRole('link', { name: 'Tìm vụ việc' })).toHaveAttribute(
      'href',
      `/app/cases?q=${newNames[0]?.name}`,
    );
  });

  it('are looked for by a part of the name', async () => {
    const sent = await openApp('/new-names');
    await userEvent.type(await screen.findByRole('searchbox'), 'ngan-hang');
    await waitFor(() => expect(sent.at(-1)).toMatchObject({ key: 'GET /api/v1/new-names' }));
    await waitFor(() => expect(sent.at(-1)?.query.get('q')).toBe('ngan-hang'));
  });

  it('are in the menu of who may read them, and of nobody else', async () => {
    await openApp('/cases');
    await screen.findAllByRole('link', { name: 'Tên mới thấy' });
  });

  it('offer no cases to who may not read them', async () => {
    const rights = me.rights.filter((right) => !right.startsWith('case.'));
    await openApp('/new-names', { 'GET /api/v1/session': { ...me, rights } });
    await screen.findByText('ngân-hàng-khẩn-cấp.example');
    expect(screen.queryByRole('link', { name: 'Tìm vụ việc' })).toBeNull();
  });

  it('say what to expect where there are none', async () => {
    const rights = me.rights.filter((right) => right !== 'new_name.read');
    await openApp('/new-names', {
      'GET /api/v1/new-names': { items: [], next_cursor: null },
      'GET /api/v1/session': { ...me, rights },
    });
    await screen.findByText('Chưa có tên nào');
    expect(screen.queryByRole('link', { name: 'Tên mới thấy' })).toBeNull();
  });
});
