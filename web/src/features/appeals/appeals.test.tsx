import { screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { describe, expect, it } from 'vitest';
import { openApp } from '@/test/app';
import { appeals, id } from '@/test/fixtures';

describe('an appeal', () => {
  it('is decided with an outcome and a reason', async () => {
    const sent = await openApp(`/appeals/${id('app', 1)}`, {
      'GET /api/v1/appeals/*': { ...appeals[0], state: 'admitted' },
      'POST /api/v1/appeals/*/decide': { ...appeals[0], state: 'decided', outcome: 'upheld' },
    });
    await userEvent.click(await screen.findByRole('button', { name: 'Quyết định' }));
    const dialog = await screen.findByRole('dialog');
    await userEvent.type(within(dialog).getByLabelText(/^Lý do/), 'Nội dung đã được gỡ');
    await userEvent.click(within(dialog).getByRole('button', { name: 'Quyết định' }));
    await waitFor(() =>
      expect(sent.find(({ key }) => key === 'POST /api/v1/appeals/*/decide')?.body).toEqual({
        version: 1,
        outcome: 'upheld',
        reason: 'Nội dung đã được gỡ',
      }),
    );
  });
});
