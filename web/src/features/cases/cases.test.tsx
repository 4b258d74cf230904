import { act, fireEvent, screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { describe, expect, it } from 'vitest';
import { FakeEvents, openApp, Refuse } from '@/test/app';
import { cases, id, me, oneCase } from '@/test/fixtures';

describe('the queue', () => {
  it('waits for a pause in typing, then searches once', async () => {
    const sent = await openApp('/cases');
    await screen.findByRole('link', { name: 'qua-tang-tri-an.example' });
    const box = screen.getByLabelText('Tìm kiếm');
    // At once, not key by key: how fast a loaded machine types must not matter.
    for (const value of ['n', 'ngan', 'ngan hang']) fireEvent.change(box, { target: { value } });
    await waitFor(() =>
      expect(sent.some(({ query }) => query.get('q') === 'ngan hang')).toBe(true),
    );
    const searches = sent.filter(({ key, query }) => key === 'GET /api/v1/cases' && query.has('q'));
    expect(searches).toHaveLength(1);
  });

  it('moves with j and k, and opens with Enter', async () => {
    await openApp('/cases');
    const first = await screen.findByRole('link', { name: cases[0]?.title });
    const second = screen.getByRole('link', { name: cases[1]?.title });
    await userEvent.keyboard('j');
    expect(first).toHaveFocus();
    await userEvent.keyboard('j');
    expect(second).toHaveFocus();
    await userEvent.keyboard('k{Enter}');
    await screen.findByRole('heading', { level: 1, name: oneCase.title });
  });

  it('gives a case to a colleague from its row', async () => {
    const sent = await openApp('/cases', { 'POST /api/v1/cases/*/assign': oneCase });
    const title = cases[0]?.title ?? '';
    const choice = await screen.findByLabelText(`Người xử lý vụ ${title}`);
    await userEvent.selectOptions(choice, 'Trần Văn Minh');
    await screen.findByText(/Đã giao/);
    const asked = sent.find(({ key }) => key === 'POST /api/v1/cases/*/assign');
    expect(asked?.body).toEqual({ version: cases[0]?.version, account_id: id('acc', 2) });
  });

  it('shows names without a choice to who may not assign, and asks for no list', async () => {
    const sent = await openApp('/cases', {
      'GET /api/v1/session': { ...me, rights: ['case.read'] },
    });
    await screen.findByRole('link', { name: cases[0]?.title });
    expect(screen.queryByLabelText(`Người xử lý vụ ${cases[0]?.title}`)).toBeNull();
    expect(sent.some(({ key }) => key === 'GET /api/v1/cases/assignees')).toBe(false);
  });

  it('asks for the next page by cursor and comes back', async () => {
    const sent = await openApp('/cases');
    await screen.findByRole('link', { name: cases[0]?.title });
    await userEvent.click(screen.getByRole('button', { name: 'Trang sau' }));
    await waitFor(() => expect(sent.some((s) => s.query.get('cursor') === 'page-2')).toBe(true));
    await userEvent.click(screen.getByRole('button', { name: 'Trang trước' }));
    await screen.findByText('Trang 1');
  });

  it('fetches again when the server says that a report came', async () => {
    const sent = await openApp('/cases');
    await screen.findByRole('link', { name: cases[0]?.title });
    const count = () => sent.filter(({ key }) => key === 'GET /api/v1/cases').length;
    const before = count();
    act(() => FakeEvents.last?.emit({ kind: 'report', id: id('rep', 9) }));
    await waitFor(() => expect(count()).toBe(before + 1));
  });

  it('says what to do when nothing is found and when the server is away', async () => {
    await openApp('/cases?q=khong-co', { 'GET /api/v1/cases': { items: [], next_cursor: null } });
    await screen.findByText('Không tìm thấy vụ việc nào');
    screen.getByText(/bớt điều kiện lọc/);
  });
});

describe('a case', () => {
  const path = `/cases/${id('case', 1)}`;

  it('takes up a report with the version that was seen', async () => {
    const sent = await openApp(path, { 'POST /api/v1/reports/*/triage': oneCase.reports[0] });
    await userEvent.click(await screen.findByRole('button', { name: 'Tiếp nhận' }));
    await screen.findByText('Đã tiếp nhận tin báo.');
    const move = sent.find(({ key }) => key === 'POST /api/v1/reports/*/triage');
    expect(move?.body).toMatchObject({ version: 1, decision: 'accept' });
    expect(move?.headers.get('X-CSRF-Token')).toBe('token-of-the-test');
  });

  it('tells the person when someone else was faster', async () => {
    await openApp(path, {
      'POST /api/v1/cases/*/assign': new Refuse(409, { code: 'conflict', reason: 'stale_version' }),
    });
    const select = await screen.findByLabelText('Người xử lý');
    await screen.findByRole('option', { name: 'Trần Văn Minh' });
    await userEvent.selectOptions(select, 'Trần Văn Minh');
    await screen.findByText(/Người khác vừa thay đổi mục này/);
  });

  it('uploads evidence as a form', async () => {
    const sent = await openApp(path, { 'POST /api/v1/cases/*/evidence': oneCase.evidence[0] });
    await screen.findByRole('heading', { level: 1, name: oneCase.title });
    const input = document.querySelector('input[type=file]');
    if (!(input instanceof HTMLInputElement)) throw new Error('no file input');
    await userEvent.upload(input, new File(['bytes'], 'anh.png', { type: 'image/png' }));
    await userEvent.click(await screen.findByRole('button', { name: 'Lưu làm chứng cứ' }));
    await waitFor(() => {
      const upload = sent.find(({ key }) => key === 'POST /api/v1/cases/*/evidence');
      expect(upload?.headers.get('content-type')).toMatch(/^multipart\/form-data; boundary=/);
    });
  });

  it('closes only with a reason', async () => {
    const sent = await openApp(path, { 'POST /api/v1/cases/*/close': oneCase });
    await userEvent.click(await screen.findByRole('button', { name: 'Đóng vụ việc' }));
    const dialog = await screen.findByRole('dialog');
    const confirm = within(dialog).getByRole('button', { name: 'Đóng vụ việc' });
    expect(confirm).toBeDisabled();
    await userEvent.type(within(dialog).getByLabelText(/^Lý do/), 'Không phải lừa đảo');
    await userEvent.click(confirm);
    await waitFor(() =>
      expect(sent.find(({ key }) => key === 'POST /api/v1/cases/*/close')?.body).toMatchObject({
        outcome: 'no_abuse',
        reason: 'Không phải lừa đảo',
      }),
    );
  });

  it('shows what people wrote as text, never as markup', async () => {
    const [first, ...rest] = oneCase.reports;
    if (first === undefined) throw new Error('no report');
    const reports = [{ ...first, text: '<img src=x onerror="alert(1)"><b>đậm</b>' }, ...rest];
    await openApp(path, { 'GET /api/v1/cases/*': { ...oneCase, reports } });
    await screen.findByText('<img src=x onerror="alert(1)"><b>đậm</b>');
    expect(document.querySelector('img[src=x]')).toBeNull();
  });
});
