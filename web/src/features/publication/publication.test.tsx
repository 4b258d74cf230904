import { act, screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { describe, expect, it } from 'vitest';
import { FakeEvents, openApp } from '@/test/app';
import { me, publication } from '@/test/fixtures';
import { isTrouble, worstCell } from './standing';

const none = { ...publication, zones: [], followers: [] };

describe('publication', () => {
  it('says at once who is in trouble, and where', async () => {
    await openApp('/publication');
    await screen.findByText(/Cần xem ngay.*: isp-a$/);
    const table = screen.getByRole('table', { name: 'Nơi nhận' });
    const row = within(table).getByText('isp-a').closest('tr') as HTMLElement;
    within(row).getByText('Đã hết hạn');
    within(row).getByText('Lệnh: Xâm hại trẻ em');
    within(row).getByText('2 trên 4');
  });

  it('says that all is well when it is', async () => {
    const followers = publication.followers.slice(0, 1);
    await openApp('/publication', { 'GET /api/v1/publication': { ...publication, followers } });
    await screen.findByText('Mọi máy chủ đang theo dõi đều có bản mới nhất.');
  });

  it('says which of two publishers leads, and how far the other is', async () => {
    const other = {
      name: 'hai-phong-b',
      address: '192.0.2.2:53',
      heard_ago_ms: 300,
      behind: 2,
      stopped: false,
      followers_differ: false,
    };
    const pair = { name: 'a', role: 'leads' as const, leader: 'a', behind: 0, others: [other] };
    await openApp('/publication', { 'GET /api/v1/publication': { ...publication, pair } });
    await screen.findByText('“a” (máy này) đang dẫn.');
    screen.getByText(/hai-phong-b.*192\.0\.2\.2:53.*còn thiếu 2 lô/);
  });

  it('says where acts are done, and that the other publisher is missing', async () => {
    const other = {
      name: 'a',
      address: '192.0.2.1:53',
      heard_ago_ms: 65_000,
      behind: 0,
      stopped: false,
      followers_differ: true,
    };
    const pair = { name: 'b', role: 'follows' as const, leader: 'a', behind: 0, others: [other] };
    await openApp('/publication', { 'GET /api/v1/publication': { ...publication, pair } });
    await screen.findByText(/Các thao tác phát hành làm ở “a”/);
    screen.getByText(/không nghe thấy.*; danh sách nơi nhận khác nhau/);
  });

  it('shows sets that no resolver takes, apart from the zones', async () => {
    await openApp('/publication');
    const sets = await screen.findByRole('region', { name: 'Địa chỉ IP và trang web' });
    const item = within(sets).getByRole('listitem');
    within(item).getByText('Địa chỉ: Giả mạo để lừa lấy thông tin');
    within(item).getByText('Số hiệu 12 · 3 mục');
    expect(within(sets).getByRole('link').getAttribute('href')).toBe('/lists/');
  });

  it('shows each zone with each follower, and its servers on demand', async () => {
    await openApp('/publication');
    const table = await screen.findByRole('table', { name: 'Vùng và nơi nhận' });
    const row = within(table).getByText('orders-phishing.rpz.khien').closest('tr') as HTMLElement;
    within(row).getByText(/Số hiệu 1203 · 4.120 tên/);
    await userEvent.click(within(row).getByRole('button', { name: 'Chậm 3 bản, 41 giây' }));
    const dialog = await screen.findByRole('dialog');
    within(dialog).getByText('198.51.100.7');
    within(dialog).getByText('1200');
    within(dialog).getByText('2001:db8::7');
    within(dialog).getByText(/Hãy kiểm tra đường mạng/);
  });

  it('leaves out zones that nobody uses until asked', async () => {
    await openApp('/publication');
    const table = await screen.findByRole('table', { name: 'Vùng và nơi nhận' });
    expect(within(table).queryByText('feeds-spam.rpz.khien')).toBeNull();
    await userEvent.click(screen.getByRole('switch', { name: 'Hiện mọi vùng' }));
    const row = within(table).getByText('feeds-spam.rpz.khien').closest('tr') as HTMLElement;
    within(row).getByText('Không được lấy');
    within(row).getByRole('button', { name: 'Chưa từng hỏi' });
  });

  it('asks again when the server says that something moved', async () => {
    const sent = await openApp('/publication');
    await screen.findByRole('table', { name: 'Nơi nhận' });
    const asked = () => sent.filter(({ key }) => key === 'GET /api/v1/publication').length;
    const before = asked();
    act(() => FakeEvents.last?.emit({ kind: 'publication', id: 'followers' }));
    await waitFor(() => expect(asked()).toBe(before + 1));
  });

  it('says what to do where nobody follows, and where the publisher runs elsewhere', async () => {
    await openApp('/publication', { 'GET /api/v1/publication': none });
    await screen.findByText('Chưa có nơi nhận nào');
    await screen.findByText(/khienctl zone follower add/);
  });

  it('says so where another process publishes', async () => {
    await openApp('/publication', { 'GET /api/v1/publication': { ...none, here: false } });
    await screen.findByText('Tiến trình này không phát vùng');
  });

  it('is in the menu of who may read it, and of nobody else', async () => {
    const rights = me.rights.filter((right) => right !== 'publication.read');
    await openApp('/cases', { 'GET /api/v1/session': { ...me, rights } });
    await screen.findAllByRole('link', { name: 'Tên mới thấy' });
    expect(screen.queryByRole('link', { name: 'Phát hành' })).toBeNull();
  });
});

describe('standing', () => {
  it('is no trouble while a transfer is under way', () => {
    expect(isTrouble({ state: 'behind', behind_ms: 2_000 })).toBe(false);
    expect(isTrouble({ state: 'behind', behind_ms: 30_000 })).toBe(true);
    expect(isTrouble({ state: 'silent', behind_ms: 0 })).toBe(true);
    expect(isTrouble({ state: 'unknown', behind_ms: 0 })).toBe(false);
  });

  it('of a follower is that of its worst zone', () => {
    expect(publication.followers.map((one) => worstCell(one)?.zone)).toEqual([
      'pass',
      'orders-child-abuse',
    ]);
  });
});
