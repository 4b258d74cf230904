import { screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { describe, expect, it } from 'vitest';
import { openApp, Refuse } from '@/test/app';
import { askedDestruction, evidenceDetail, id, me, oneCase } from '@/test/fixtures';

const path = `/cases/${id('case', 1)}`;
const custodian = {
  ...me,
  rights: ['case.read', 'evidence.read', 'evidence.download', 'evidence.confirm_destruction'],
};

async function openCustody() {
  const [button] = await screen.findAllByRole('button', { name: 'Nhật ký lưu giữ' });
  if (button === undefined) throw new Error('no button');
  await userEvent.click(button);
  return screen.findByRole('dialog', { name: 'Nhật ký lưu giữ' });
}

describe('evidence', () => {
  it('is put on hold with a reason', async () => {
    const sent = await openApp(path, {
      'POST /api/v1/evidence/*/hold': { ...evidenceDetail, holds: 1 },
    });
    const dialog = await openCustody();
    within(dialog).getByText('Tiếp nhận');
    await userEvent.click(within(dialog).getByRole('button', { name: 'Giữ lại' }));
    const why = await screen.findByRole('dialog', { name: 'Giữ lại' });
    await userEvent.click(within(why).getByRole('button', { name: /Đang điều tra/ }));
    await userEvent.click(within(why).getByRole('button', { name: 'Giữ lại' }));
    await screen.findByText(/không được hủy cho đến khi gỡ/);
    const move = sent.find(({ key }) => key === 'POST /api/v1/evidence/*/hold');
    expect(move?.body).toEqual({ reason: 'Đang điều tra' });
    expect(move?.headers.get('X-CSRF-Token')).toBe('token-of-the-test');
  });

  it('says why I may not', async () => {
    const denied = (['evidence.hold', 'evidence.destroy'] as const).map((action) => ({
      action,
      allowed: false,
      reason: action === 'evidence.hold' ? 'not_your_role' : 'order_rests_on_it',
    }));
    await openApp(path, { 'GET /api/v1/evidence/*': { ...evidenceDetail, actions: denied } });
    const dialog = await openCustody();
    expect(within(dialog).getByRole('button', { name: 'Giữ lại' })).toBeDisabled();
    expect(within(dialog).getByRole('button', { name: 'Đề nghị hủy' })).toBeDisabled();
    within(dialog).getByText(/lệnh chặn chưa kết thúc/);
  });

  it('is destroyed by a second person who saw which request it is', async () => {
    const sent = await openApp('/destructions', {
      'GET /api/v1/session': custodian,
      'POST /api/v1/evidence/*/destruction/confirm': { ...askedDestruction, destroyed: true },
    });
    await screen.findByText('Hết thời hạn lưu');
    await userEvent.click(screen.getByRole('button', { name: 'Xác nhận hủy' }));
    const dialog = await screen.findByRole('dialog');
    await userEvent.click(within(dialog).getByRole('button', { name: 'Xác nhận hủy' }));
    await screen.findByText(/Đã hủy\. Mã băm/);
    const move = sent.find(({ key }) => key === 'POST /api/v1/evidence/*/destruction/confirm');
    expect(move?.body).toEqual({ destruction_id: askedDestruction.destruction?.id });
  });

  it('tells who asked that another must confirm, and lets them take it back', async () => {
    const own = {
      ...askedDestruction,
      destruction: { ...askedDestruction.destruction, asked_by: custodian.account },
      actions: [
        { action: 'evidence.confirm_destruction', allowed: false, reason: 'own_destruction' },
      ],
    };
    const sent = await openApp('/destructions', {
      'GET /api/v1/session': custodian,
      'GET /api/v1/evidence-destructions': { items: [own] },
      'POST /api/v1/evidence/*/destruction/refuse': evidenceDetail,
    });
    await screen.findByText(/người khác phải xác nhận\.$/);
    expect(screen.queryByRole('button', { name: 'Xác nhận hủy' })).toBeNull();
    await userEvent.click(screen.getByRole('button', { name: 'Rút lại đề nghị' }));
    await waitFor(() =>
      expect(sent.some(({ key }) => key.endsWith('/destruction/refuse'))).toBe(true),
    );
  });

  it('shows what stood in the way', async () => {
    await openApp('/destructions', {
      'GET /api/v1/session': custodian,
      'POST /api/v1/evidence/*/destruction/confirm': new Refuse(409, {
        code: 'conflict',
        reason: 'held',
      }),
    });
    await userEvent.click(await screen.findByRole('button', { name: 'Xác nhận hủy' }));
    const dialog = await screen.findByRole('dialog');
    await userEvent.click(within(dialog).getByRole('button', { name: 'Xác nhận hủy' }));
    await within(dialog).findByText(/Hãy gỡ giữ lại trước/);
  });

  it('that is gone can be neither shown nor taken, and says so', async () => {
    const gone = { ...oneCase.evidence[0], destroyed: true };
    await openApp(path, {
      'GET /api/v1/session': custodian,
      'GET /api/v1/cases/*': { ...oneCase, evidence: [gone] },
    });
    await screen.findByText('Đã hủy');
    expect(screen.queryByRole('button', { name: 'Xem ảnh' })).toBeNull();
    expect(screen.queryByRole('link', { name: /Tải/ })).toBeNull();
  });
});
