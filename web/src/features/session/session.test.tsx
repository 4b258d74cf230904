import { screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { describe, expect, it } from 'vitest';
import { openApp, Refuse, type Sent } from '@/test/app';
import { cases, me } from '@/test/fixtures';

const signedOut = new Refuse(401, { reason: 'not_signed_in' });

async function typePassword() {
  await userEvent.type(await screen.findByLabelText('Tên đăng nhập'), 'lan');
  await userEvent.type(screen.getByLabelText('Mật khẩu'), 'mat-khau-rat-dai');
  await userEvent.click(screen.getByRole('button', { name: 'Tiếp tục' }));
}

describe('signing in', () => {
  it('leads a stranger to the sign-in, and with password and code back to where they were', async () => {
    const sent = await openApp('/cases?q=otp', {
      'GET /api/v1/session': signedOut,
      'POST /api/v1/session': { next: 'factor', factors: ['totp'], csrf_token: 'half' },
      'POST /api/v1/session/totp': me,
    });
    await typePassword();
    await userEvent.type(await screen.findByLabelText(/^Mã 6 số/), '123456');
    await userEvent.click(screen.getByRole('button', { name: 'Đăng nhập' }));
    await screen.findByRole('link', { name: cases[0]?.title });
    expect(window.location.pathname + window.location.search).toBe('/app/cases?q=otp');
    const second = sent.find(({ key }) => key === 'POST /api/v1/session/totp');
    expect(second?.headers.get('X-CSRF-Token')).toBe('half');
  });

  it('says what to do after a wrong password', async () => {
    await openApp('/sign-in', {
      'POST /api/v1/session': new Refuse(403, { reason: 'wrong_credentials' }),
    });
    await typePassword();
    await screen.findByText(/Tên đăng nhập hoặc mật khẩu không đúng/);
  });

  it.each([
    [['order.read', 'order.lift'], '/app/orders/lapsing'],
    [['account.read', 'account.change'], '/app/accounts'],
    [[], '/app/me'],
  ])('leads a person with the rights %j to %s', async (rights, path) => {
    const person = { ...me, rights };
    await openApp('/sign-in', {
      'GET /api/v1/session': person,
      'POST /api/v1/session': { next: 'factor', factors: ['totp'], csrf_token: 'half' },
      'POST /api/v1/session/totp': person,
    });
    await typePassword();
    await userEvent.type(await screen.findByLabelText(/^Mã 6 số/), '123456');
    await userEvent.click(screen.getByRole('button', { name: 'Đăng nhập' }));
    await waitFor(() => expect(window.location.pathname).toBe(path));
  });

  it('never leads to another site', async () => {
    await openApp('/sign-in?next=//evil.example/', {
      'POST /api/v1/session': { next: 'factor', factors: ['totp'], csrf_token: 'half' },
      'POST /api/v1/session/totp': me,
    });
    await typePassword();
    await userEvent.type(await screen.findByLabelText(/^Mã 6 số/), '123456');
    await userEvent.click(screen.getByRole('button', { name: 'Đăng nhập' }));
    await waitFor(() => expect(window.location.pathname).toBe('/app/cases'));
  });

  it('sets up a first factor', async () => {
    await openApp('/sign-in', {
      'POST /api/v1/session': { next: 'factor_setup', factors: [], csrf_token: 'half' },
      'POST /api/v1/session/factors/totp': { secret: 'JBSWY3DPEHPK3PXP', uri: 'otpauth://totp/x' },
      'POST /api/v1/session/factors/totp/confirm': me,
    });
    await typePassword();
    await userEvent.click(await screen.findByRole('button', { name: 'Dùng mã trên điện thoại' }));
    await screen.findByText('JBSW Y3DP EHPK 3PXP');
    expect(screen.getByRole('img', { name: /Mã QR/ }).querySelectorAll('path')).not.toHaveLength(0);
    await userEvent.type(screen.getByLabelText(/^Mã 6 số/), '123456');
    await userEvent.click(screen.getByRole('button', { name: 'Xác nhận' }));
    await screen.findByRole('link', { name: cases[0]?.title });
  });
});

describe('a stale second factor', () => {
  const refused = new Refuse(403, { reason: 'step_up_needed' });
  const change = {
    'PATCH /api/v1/session/account': (sent: Sent) =>
      shown ? { ...me, ...(sent.body as object) } : refused,
    'POST /api/v1/session/step-up/totp': () => {
      shown = true;
      return null;
    },
  };
  let shown = false;
  const begin = async () => {
    shown = false;
    const sent = await openApp('/me', change);
    const box = await screen.findByLabelText('Thư điện tử');
    await userEvent.clear(box);
    await userEvent.type(box, 'lan@tinh.example');
    await userEvent.click(screen.getByRole('button', { name: 'Lưu' }));
    return { sent, dialog: await screen.findByRole('dialog', { name: 'Xác thực lại' }) };
  };
  const edits = (sent: Sent[]) =>
    sent.filter(({ key }) => key === 'PATCH /api/v1/session/account').map(({ body }) => body);

  it('is asked for, and what was refused goes on by itself', async () => {
    const { sent, dialog } = await begin();
    await userEvent.type(within(dialog).getByLabelText(/^Mã 6 số/), '123456');
    await userEvent.click(within(dialog).getByRole('button', { name: 'Xác nhận' }));
    await screen.findByText('Đã lưu.');
    const body = { email: 'lan@tinh.example', language: 'vi' };
    expect(edits(sent)).toEqual([body, body]);
    const again = sent.filter(({ key }) => key === 'PATCH /api/v1/session/account')[1];
    expect(again?.headers.get('X-CSRF-Token')).toBe(me.csrf_token);
    await waitFor(() => expect(screen.queryByRole('dialog')).toBeNull());
  });

  it('may be declined: the refusal stands and nothing is repeated', async () => {
    const { sent, dialog } = await begin();
    await userEvent.click(within(dialog).getByRole('button', { name: 'Đóng' }));
    await screen.findByText('Cần xác thực lại trước khi làm việc này.');
    expect(edits(sent)).toHaveLength(1);
    expect(screen.getByLabelText('Thư điện tử')).toHaveValue('lan@tinh.example');
  });
});

describe('the session', () => {
  it('reminds of a temporary password until there is an own one', async () => {
    await openApp('/cases', { 'GET /api/v1/session': { ...me, password_is_temporary: true } });
    await screen.findByText(/mật khẩu tạm/);
  });

  it('shows only the menu entries that its rights open', async () => {
    await openApp('/cases', { 'GET /api/v1/session': { ...me, rights: ['case.read'] } });
    await screen.findByRole('link', { name: cases[0]?.title });
    expect(screen.queryByRole('link', { name: /Tài khoản$/ })).toBeNull();
    expect(screen.queryByRole('link', { name: /Chờ tôi ký/ })).toBeNull();
  });

  it('ends in the sign-in when the server has ended it', async () => {
    let ended = false;
    await openApp('/cases', {
      'GET /api/v1/session': () => (ended ? signedOut : me),
      'GET /api/v1/feeds': () => {
        ended = true;
        return signedOut;
      },
    });
    await userEvent.click(await screen.findByRole('link', { name: /Danh sách ngoài/ }));
    await screen.findByLabelText('Mật khẩu');
  });
});
