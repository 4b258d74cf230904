// A typical report is decided by keyboard alone, in at most four actions.
import { screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { describe, expect, it } from 'vitest';
import { openApp } from '@/test/app';
import { cases, id, oneCase, reports } from '@/test/fixtures';

const triage = 'POST /api/v1/reports/*/triage';

describe('the keyboard', () => {
  it('accepts the first report in two actions', async () => {
    const sent = await openApp('/cases', { [triage]: reports[0] });
    await screen.findByRole('link', { name: cases[0]?.title });
    await userEvent.keyboard('{Enter}');
    await screen.findByRole('button', { name: 'Tiếp nhận' });
    await userEvent.keyboard('a');
    await waitFor(() =>
      expect(sent.find(({ key }) => key === triage)?.body).toMatchObject({ decision: 'accept' }),
    );
  });

  it('rejects it with a ready-made reason in four', async () => {
    const sent = await openApp('/cases', { [triage]: reports[0] });
    await screen.findByRole('link', { name: cases[0]?.title });
    await userEvent.keyboard('{Enter}');
    await screen.findByRole('button', { name: 'Tiếp nhận' });
    await userEvent.keyboard('x');
    const dialog = await screen.findByRole('dialog');
    await waitFor(() => expect(dialog).toContainElement(document.activeElement as HTMLElement));
    await userEvent.keyboard('2');
    const confirm = dialog.querySelector('button[type=submit]');
    await waitFor(() => expect(confirm).toHaveFocus());
    await userEvent.keyboard('{Enter}');
    await waitFor(() =>
      expect(sent.find(({ key }) => key === triage)?.body).toMatchObject({ decision: 'reject' }),
    );
  });

  it('does nothing while a person types or may not', async () => {
    const sent = await openApp(`/cases/${id('case', 1)}`, {
      'GET /api/v1/cases/*': {
        ...oneCase,
        reports: oneCase.reports.map((report) => ({ ...report, actions: [] })),
      },
      [triage]: reports[0],
    });
    await screen.findByRole('heading', { level: 1, name: oneCase.title });
    await userEvent.keyboard('a');
    await userEvent.click(screen.getByLabelText('Ghi chú mới'));
    await userEvent.keyboard('axo?');
    expect(sent.some(({ key }) => key === triage)).toBe(false);
    expect(screen.queryByRole('dialog')).toBeNull();
  });

  it('opens its list with a question mark', async () => {
    await openApp('/cases');
    await screen.findByRole('link', { name: cases[0]?.title });
    await userEvent.keyboard('?');
    const dialog = await screen.findByRole('dialog', { name: 'Phím tắt' });
    within(dialog).getByText('tiếp nhận tin báo đầu tiên đang chờ');
  });
});
