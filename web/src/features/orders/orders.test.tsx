import { screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { describe, expect, it } from 'vitest';
import { openApp, Refuse } from '@/test/app';
import { addressOrder, urlOrder } from '@/test/address_fixtures';
import {
  challenge,
  enforcedOrder,
  evidence,
  ground,
  id,
  meta,
  oneCase,
  orderHits,
  ownOrder,
  proposedOrder,
  refusedImpact,
} from '@/test/fixtures';
import { blockableNames, blockablePages, nameForScope } from './names';

describe('blockableNames', () => {
  it('takes hosts and the hosts of links once, and leaves out what was judged benign', () => {
    expect(blockableNames(oneCase).map(({ value }) => value)).toEqual([
      'dang-nhap.ngan-hang-vi-du.example',
    ]);
    const benign = oneCase.subjects.map((subject) => ({ ...subject, verdict: 'benign' as const }));
    expect(blockableNames({ ...oneCase, subjects: benign })).toEqual([]);
  });
});

describe('blockablePages', () => {
  it('takes links without query, and no whole site', () => {
    const link = oneCase.subjects.find(({ kind }) => kind === 'url');
    if (link === undefined) throw new Error('the fixture has a link');
    const subjects = [
      'https://sites.example/scam/?token=1',
      'http://sites.example/scam',
      'https://sites.example:8443/a',
      'https://sites.example/?q=1',
      'no link',
    ].map((value) => ({ ...link, value }));
    const pages = blockablePages({ ...oneCase, subjects });
    expect(pages).toEqual(['sites.example/scam', 'sites.example:8443/a']);
    const benign = subjects.map((subject) => ({ ...subject, verdict: 'benign' as const }));
    expect(blockablePages({ ...oneCase, subjects: benign })).toEqual([]);
    expect(nameForScope('other.example', true, pages)).toBe('sites.example/scam');
    expect(nameForScope('sites.example/mine', true, pages)).toBe('sites.example/mine');
    expect(nameForScope('https://sites.example/mine', false, pages)).toBe('sites.example');
    expect(nameForScope('', true, [])).toBe('');
  });
});

describe('the order form', () => {
  const path = `/orders/new?caseId=${id('case', 1)}`;

  it('drafts with the category’s usual end date and all evidence', async () => {
    const sent = await openApp(path, { 'POST /api/v1/orders': proposedOrder });
    const reason = await screen.findByLabelText(/^Lập luận của lệnh/);
    await userEvent.type(reason, 'Trang giả mạo ngân hàng');
    await screen.findByRole('option', { name: /Luật mẫu/ });
    await userEvent.click(screen.getByRole('button', { name: 'Soạn và xem để ký' }));
    await waitFor(() => {
      const draft = sent.find(({ key }) => key === 'POST /api/v1/orders')?.body as
        Record<string, unknown> | undefined;
      expect(draft).toMatchObject({
        case_id: id('case', 1),
        category: 'phishing',
        ground_id: ground.id,
        scope: 'host',
        evidence_ids: evidence.map((item) => item.id),
      });
      const days = (Number(draft?.valid_until_ms) - Date.now()) / 86_400_000;
      expect(days).toBeGreaterThan(29);
      expect(days).toBeLessThan(31);
    });
  });

  it('goes from a name to the page that was reported, and back', async () => {
    const sent = await openApp(path, { 'POST /api/v1/orders': urlOrder });
    const field = () => screen.getByLabelText(/^(Tên|Trang) bị chặn/, { selector: 'input' });
    await userEvent.click(await screen.findByLabelText('Chỉ trang này và các trang bên dưới'));
    expect(field()).toHaveValue('dang-nhap.ngan-hang-vi-du.example/otp');
    // Each choice says what it would block.
    screen.getByText(/^Chỉ chặn đúng dang-nhap\.ngan-hang-vi-du\.example\. /);
    await userEvent.click(screen.getByLabelText('Đúng tên này'));
    expect(field()).toHaveValue('dang-nhap.ngan-hang-vi-du.example');
    await userEvent.click(screen.getByLabelText('Chỉ trang này và các trang bên dưới'));
    await userEvent.type(
      screen.getByLabelText(/^Lập luận của lệnh/),
      'Trang giả mạo trên máy chủ dùng chung',
    );
    await screen.findByRole('option', { name: /Luật mẫu/ });
    await userEvent.click(screen.getByRole('button', { name: 'Soạn và xem để ký' }));
    await waitFor(() => {
      const draft = sent.find(({ key }) => key === 'POST /api/v1/orders')?.body;
      expect(draft).toMatchObject({
        name: 'dang-nhap.ngan-hang-vi-du.example/otp',
        scope: 'url',
      });
      expect(draft).not.toHaveProperty('step_reason');
    });
  });

  it('opens for a page where one is asked for', async () => {
    await openApp(`${path}&name=dang-nhap.ngan-hang-vi-du.example%2Fotp`);
    expect(await screen.findByLabelText('Chỉ trang này và các trang bên dưới')).toBeChecked();
    expect(screen.getByLabelText(/^Trang bị chặn/, { selector: 'input' })).toHaveValue(
      'dang-nhap.ngan-hang-vi-du.example/otp',
    );
  });

  it('offers addresses only where the authority has turned them on', async () => {
    await openApp(path);
    await screen.findByLabelText('Đúng tên này');
    expect(screen.queryByLabelText('Một địa chỉ IP')).toBeNull();
  });

  it('asks of an address why, and how many names use it', async () => {
    const sent = await openApp(path, {
      'GET /api/v1/meta': { ...meta, address_orders: true },
      'POST /api/v1/orders': addressOrder,
    });
    await userEvent.click(await screen.findByLabelText('Một địa chỉ IP'));
    const fill = async (label: RegExp, text: string) => {
      const field = screen.getByLabelText(label, { selector: 'input, textarea' });
      await userEvent.clear(field);
      await userEvent.click(field);
      await userEvent.paste(text);
    };
    await fill(/^Tên bị chặn/, '203.0.113.9');
    await fill(/^Vì sao không có biện pháp hẹp hơn/, 'Không có tên');
    await fill(/^Số tên máy chủ dùng địa chỉ này/, '1');
    await fill(/^Nguồn và ngày của số lượng/, 'passive DNS');
    await fill(/^Lập luận của lệnh/, 'Máy chủ lừa đảo');
    await screen.findByRole('option', { name: /Luật mẫu/ });
    await userEvent.click(screen.getByRole('button', { name: 'Soạn và xem để ký' }));
    await waitFor(() =>
      expect(sent.find(({ key }) => key === 'POST /api/v1/orders')?.body).toMatchObject({
        name: '203.0.113.9',
        scope: 'address',
        step_reason: 'Không có tên',
        names_told: 1,
        told_source: 'passive DNS',
      }),
    );
  });

  it('cannot be sent for a name that may not be blocked, and says why', async () => {
    await openApp(`${path}&name=com.vn`, { 'POST /api/v1/impact': refusedImpact });
    await screen.findByText('Không được phép chặn tên này');
    screen.getByText(/đuôi tên miền do nhà đăng ký quản lý/);
    expect(screen.getByRole('button', { name: 'Soạn và xem để ký' })).toBeDisabled();
  });
});

describe('an order', () => {
  const path = `/orders/${id('ord', 1)}`;

  it('is signed over the digest that was shown', async () => {
    const sent = await openApp(path, { 'POST /api/v1/orders/*/approve': enforcedOrder });
    await userEvent.click(await screen.findByRole('button', { name: 'Ký duyệt' }));
    const dialog = await screen.findByRole('dialog');
    const digest = await within(dialog).findByTestId('digest');
    expect(digest.textContent?.replaceAll(' ', '')).toBe(challenge.digest);
    await userEvent.type(within(dialog).getByLabelText(/^Mã 6 số/), '123456');
    await userEvent.click(within(dialog).getByRole('button', { name: 'Ký bằng mã' }));
    await screen.findByText(/Đã ký duyệt/);
    expect(sent.find(({ key }) => key === 'POST /api/v1/orders/*/approve')?.body).toEqual({
      version: proposedOrder.version,
      signature: { method: 'totp', challenge_id: challenge.id, code: '123456' },
    });
  });

  it('on an address says that it waits for a third, and what the signature does', async () => {
    await openApp(path, { 'GET /api/v1/orders/*': addressOrder });
    await screen.findByText(/Chờ chữ ký thứ ba/);
    screen.getByText('Không có tên miền nào để chặn');
    expect(screen.queryByRole('region', { name: 'Số lần áp dụng' })).toBeNull();
    await userEvent.click(await screen.findByRole('button', { name: 'Ký duyệt' }));
    const dialog = await screen.findByRole('dialog');
    await within(dialog).findByText(/Chữ ký thứ ba. Lệnh có hiệu lực/);
  });

  it('on an address in force is given out in lists and asked of no resolver', async () => {
    await openApp(path, {
      'GET /api/v1/orders/*': { ...addressOrder, state: 'published', in_force: true },
    });
    await screen.findByText(/danh sách đã ký “addresses-phishing”/);
  });

  it('on a page in force is given out in the list for proxies', async () => {
    await openApp(path, {
      'GET /api/v1/orders/*': { ...urlOrder, state: 'published', in_force: true },
    });
    await screen.findByText(/danh sách đã ký “urls-phishing”/);
    expect(screen.queryByRole('region', { name: 'Số lần áp dụng' })).toBeNull();
  });

  it('on a page as an emergency is in the list of emergencies until it is ratified', async () => {
    const emergency = { ...urlOrder, state: 'published' as const, in_force: true, emergency: true };
    await openApp(path, { 'GET /api/v1/orders/*': emergency });
    await screen.findByText(/danh sách đã ký “urls-emergency”/);
  });

  it('takes a fresh challenge after a code that was wrong', async () => {
    const sent = await openApp(path, {
      'POST /api/v1/orders/*/approve': new Refuse(403, { reason: 'bad_code' }),
    });
    await userEvent.click(await screen.findByRole('button', { name: 'Ký duyệt' }));
    const dialog = await screen.findByRole('dialog');
    await userEvent.type(await within(dialog).findByLabelText(/^Mã 6 số/), '000000');
    await userEvent.click(within(dialog).getByRole('button', { name: 'Ký bằng mã' }));
    await within(dialog).findByText(/Mã không đúng/);
    const asked = sent.filter(({ key }) => key === 'POST /api/v1/orders/*/challenge');
    expect(asked).toHaveLength(2);
  });

  it('offers its proposer no second signature, and says why', async () => {
    await openApp(path, { 'GET /api/v1/orders/*': ownOrder });
    await screen.findByText(/Bạn đã đề xuất lệnh này/);
    expect(screen.queryByRole('button', { name: 'Ký duyệt' })).toBeNull();
  });

  it('is suspended with one ready-made reason, and that can be undone', async () => {
    const suspended = { ...enforcedOrder, version: 7, state: 'suspended' as const };
    const sent = await openApp(path, {
      'GET /api/v1/orders/*': enforcedOrder,
      'POST /api/v1/orders/*/suspend': suspended,
      'POST /api/v1/orders/*/resume': enforcedOrder,
    });
    await userEvent.click(await screen.findByRole('button', { name: 'Tạm dừng' }));
    const dialog = await screen.findByRole('dialog');
    await userEvent.click(within(dialog).getByRole('button', { name: 'Chặn nhầm' }));
    await userEvent.click(within(dialog).getByRole('button', { name: 'Tạm dừng' }));
    await userEvent.click(await screen.findByRole('button', { name: 'Hoàn tác' }));
    await waitFor(() =>
      expect(sent.find(({ key }) => key === 'POST /api/v1/orders/*/resume')?.body).toMatchObject({
        version: 7,
      }),
    );
  });

  it('shows how often it was applied, as bars and as numbers', async () => {
    await openApp(path, { 'GET /api/v1/orders/*': enforcedOrder });
    const part = await screen.findByRole('region', { name: 'Số lần áp dụng' });
    await within(part).findByText('1.860');
    const bars = within(part).getByRole('img', { name: /nhiều nhất 640 lần vào ngày/ });
    expect(bars.querySelectorAll('rect')).toHaveLength(30);
    // The days without hits are no rows: 18 of 30 have some.
    expect(within(part).getAllByRole('row', { hidden: true })).toHaveLength(1 + 18);
    within(part).getByText(/Không ai biết ai đã truy cập/);
  });

  it('says when nobody counts, which is not the same as never applied', async () => {
    const none = {
      ...orderHits,
      total: 0,
      days: orderHits.days.map((day) => ({ ...day, hits: 0 })),
    };
    delete none.last_hour_ms;
    await openApp(path, {
      'GET /api/v1/orders/*': enforcedOrder,
      'GET /api/v1/orders/*/hits': { ...none, resolvers: 0 },
    });
    await screen.findByText(/không có máy chủ DNS nào báo số liệu/);
    expect(screen.queryByText(/Chưa có máy chủ DNS nào báo lệnh này/)).toBeNull();
  });

  it('asks for no hits before it was in force', async () => {
    const sent = await openApp(path);
    await screen.findByRole('button', { name: 'Ký duyệt' });
    expect(sent.some(({ key }) => key === 'GET /api/v1/orders/*/hits')).toBe(false);
    expect(screen.queryByRole('region', { name: 'Số lần áp dụng' })).toBeNull();
  });

  it('shows both signers and where it is enforced', async () => {
    await openApp(path, { 'GET /api/v1/orders/*': enforcedOrder });
    await screen.findByText('khien-dnsd');
    const signers = within(screen.getByRole('region', { name: 'Chữ ký' }));
    signers.getByText('Nguyễn Thị Lan');
    signers.getByText('Trần Văn Minh');
  });
});

describe('waiting for my signature', () => {
  it('says so when nothing waits', async () => {
    await openApp('/orders/waiting', {
      'GET /api/v1/orders/waiting': { items: [], next_cursor: null },
    });
    await screen.findByText('Không có lệnh nào chờ bạn ký');
  });
});
