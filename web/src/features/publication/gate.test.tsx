import { screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { describe, expect, it } from 'vitest';
import { openApp } from '@/test/app';
import { gate, me } from '@/test/fixtures';

async function card(text: RegExp) {
  return (await screen.findByText(text)).closest('li') as HTMLElement;
}

describe('gate', () => {
  it('says what waits, why, and who has agreed', async () => {
    await openApp('/publication');
    const first = await card(/Chạm đến tên mà nhiều người cần/);
    within(first).getByText('Phạm Văn Minh đã đồng ý, cần thêm một người');
    within(first).getByText(/bank-website/);
    const second = await card(/Đã rút khi quay lui về số hiệu 88/);
    within(second).getByText('4.120 tên');
    within(second).getByText('và 4.118 tên nữa');
    screen.getByText(/Đang dừng phát hành: Danh sách: Phần mềm độc hại/);
  });

  it('releases, and says that another person is needed', async () => {
    const path = 'POST /api/v1/publication/gate/7/release';
    const sent = await openApp('/publication', { [path]: { outcome: 'waits_for_other' } });
    const first = await card(/Chạm đến tên mà nhiều người cần/);
    await userEvent.click(within(first).getByRole('button', { name: 'Cho qua' }));
    await screen.findByText('Đã ghi nhận, cần thêm một người cho qua.');
    expect(sent.filter(({ key }) => key === path)).toHaveLength(1);
  });

  it('rejects with a reason', async () => {
    const path = 'POST /api/v1/publication/gate/7/reject';
    const sent = await openApp('/publication', { [path]: { outcome: 'rejected' } });
    const first = await card(/Chạm đến tên mà nhiều người cần/);
    await userEvent.click(within(first).getByRole('button', { name: 'Từ chối' }));
    const dialog = await screen.findByRole('dialog');
    await userEvent.type(within(dialog).getByRole('textbox', { name: /Lý do/ }), 'nhầm tên tốt');
    await userEvent.click(within(dialog).getByRole('button', { name: 'Từ chối' }));
    await waitFor(() =>
      expect(sent.find(({ key }) => key === path)?.body).toEqual({ reason: 'nhầm tên tốt' }),
    );
  });

  it('rolls a zone back', async () => {
    const path = 'POST /api/v1/publication/rollback';
    const sent = await openApp('/publication', { [path]: { serial: 1204, withdrawn: 12 } });
    await userEvent.click(await screen.findByRole('button', { name: 'Quay lui một vùng' }));
    const dialog = await screen.findByRole('dialog');
    within(dialog).getByRole('option', { name: /^Địa chỉ: Giả mạo.*\(12\)$/ });
    await userEvent.selectOptions(within(dialog).getByLabelText('Vùng'), 'orders-phishing');
    await userEvent.type(within(dialog).getByLabelText(/Số hiệu tốt cuối cùng/), '40');
    await userEvent.type(within(dialog).getByRole('textbox', { name: /Lý do/ }), 'nhầm');
    await userEvent.click(within(dialog).getByRole('button', { name: 'Quay lui một vùng' }));
    await screen.findByText('Đã rút 12 tên, vùng nay có số hiệu 1204.');
    expect(sent.find(({ key }) => key === path)?.body).toEqual({
      zone: 'orders-phishing',
      serial: 40,
      reason: 'nhầm',
    });
  });

  it('shows who may only read everything but the buttons', async () => {
    const rights = me.rights.filter((right) => right !== 'publication.decide');
    await openApp('/publication', {
      'GET /api/v1/session': { ...me, rights },
      'GET /api/v1/publication/gate': { ...gate, stopped: ['*'] },
    });
    await screen.findByText(/Đang dừng phát hành: Mọi vùng/);
    expect(screen.queryByRole('button', { name: 'Cho qua' })).toBeNull();
    expect(screen.queryByRole('button', { name: 'Tiếp tục phát hành' })).toBeNull();
  });
});
