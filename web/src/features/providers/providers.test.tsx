import { screen, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { describe, expect, it } from 'vitest';
import { openApp } from '@/test/app';
import { enforcedOrder, me, oneProvider, providers } from '@/test/fixtures';

describe('providers', () => {
  it('are listed with share, times and what was heard last', async () => {
    await openApp('/providers');
    const table = await screen.findByRole('table', { name: 'Nhà mạng' });
    const row = within(table).getByRole('link', { name: 'Nhà mạng A' }).closest('tr');
    expect(row).not.toBeNull();
    const cells = within(row as HTMLElement);
    cells.getByText('96%');
    cells.getByText('48 trên 50 lệnh đã đến hạn');
    cells.getByText('một nửa trong 90 giây · 95% trong 40 phút · 99% trong 3 giờ');
    cells.getByText('Chưa gỡ: 1');
    expect(cells.getByRole('img')).toHaveAccessibleName(
      '53 lệnh đang có hiệu lực: 2 chưa chặn, 48 đã chặn, 3 chưa dò',
    );
    const other = within(table).getByRole('link', { name: 'Trường học' }).closest('tr');
    within(other as HTMLElement).getByText('Chưa máy dò nào báo về');
    within(other as HTMLElement).getByText('Chưa có lệnh nào đến hạn được dò');
  });

  it('lead to one, with what is not as ordered and every change', async () => {
    await openApp('/providers');
    await userEvent.click(await screen.findByRole('link', { name: 'Nhà mạng A' }));
    await screen.findByRole('heading', { level: 1, name: 'Nhà mạng A' });
    const problems = await screen.findByRole('table', { name: 'Chưa đúng lệnh' });
    within(problems).getByText('ngân-hàng-khẩn-cấp.example');
    within(problems).getByText('chưa chặn');
    expect(within(problems).getByRole('link')).toHaveAttribute(
      'href',
      `/app/orders/${oneProvider.problems[0]?.order_id}`,
    );
    const changes = await screen.findByRole('table', { name: 'Thay đổi' });
    within(changes).getByText('lời khai có chữ ký');
    screen.getByText('đường truyền tốt');
    screen.getByText('Phải chặn trong 120 phút, gỡ trong 60 phút');
  });

  it('dispute, and are answered by who may suspend an order', async () => {
    const rights = [...me.rights, 'order.suspend'];
    const task = oneProvider.task as NonNullable<typeof oneProvider.task>;
    const sent = await openApp(`/providers/${oneProvider.id}`, {
      'GET /api/v1/session': { ...me, rights },
      'POST /api/v1/provider-tasks/*/settle': { ...task, state: 'open' },
    });
    const part = await screen.findByRole('region', { name: 'Việc đang mở với nhà mạng' });
    within(part).getByText('Chúng tôi đo lúc 9 giờ: đã chặn');
    await userEvent.click(within(part).getByRole('button', { name: 'Không chấp nhận' }));
    const dialog = await screen.findByRole('dialog');
    await userEvent.type(within(dialog).getByRole('textbox'), 'Máy dò vẫn thấy mở');
    await userEvent.click(within(dialog).getByRole('button', { name: 'Không chấp nhận' }));
    const asked = sent.find(({ key }) => key === 'POST /api/v1/provider-tasks/*/settle');
    expect(asked?.body).toEqual({
      version: 3,
      outcome: 'rejected',
      words: 'Máy dò vẫn thấy mở',
    });
  });

  it('are answered by nobody else', async () => {
    await openApp(`/providers/${oneProvider.id}`);
    const part = await screen.findByRole('region', { name: 'Việc đang mở với nhà mạng' });
    expect(within(part).queryByRole('button')).toBeNull();
  });

  it('are asked why where good names are blocked', async () => {
    await openApp(`/providers/${oneProvider.id}`, {
      'GET /api/v1/providers/*': { ...oneProvider, canaries_blocked: 2, problems: [] },
    });
    await screen.findByText('Nhà mạng này chặn cả 2 tên lành dùng để thử. Hãy hỏi họ.');
    screen.getByText('Mọi tên đã dò đều đúng lệnh');
  });

  it('say what to do where there are none', async () => {
    await openApp('/providers', { 'GET /api/v1/providers': { items: [] } });
    await screen.findByText('Chưa có nhà mạng nào');
  });

  it('are in the menu of who may read them, and of nobody else', async () => {
    const rights = me.rights.filter((right) => right !== 'provider.read');
    await openApp('/cases', { 'GET /api/v1/session': { ...me, rights } });
    await screen.findAllByRole('link', { name: 'Vụ việc' });
    expect(screen.queryByRole('link', { name: 'Nhà mạng' })).toBeNull();
  });

  it('stand on the page of an order that is in force', async () => {
    await openApp(`/orders/${enforcedOrder.id}`, { 'GET /api/v1/orders/*': enforcedOrder });
    const part = await screen.findByRole('region', { name: 'Ở các nhà mạng' });
    expect(await within(part).findByRole('link', { name: providers[0]?.title })).toBeVisible();
    within(part).getByText('chặn quá rộng');
  });
});
