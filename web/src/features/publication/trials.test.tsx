import { screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { describe, expect, it } from 'vitest';
import { openApp } from '@/test/app';
import { gate, me, publication } from '@/test/fixtures';

const onTrial = gate.items.filter(({ trial }) => trial !== null);
const [first] = onTrial;

async function card(text: RegExp | string) {
  return (await screen.findByText(text)).closest('li.k-item') as HTMLElement;
}

function withTrial(change: object) {
  return {
    'GET /api/v1/publication/gate': {
      ...gate,
      items: [{ ...first, trial: { ...first?.trial, ...change } }],
    },
  };
}

describe('trials', () => {
  it('says at which stage it is, since when, and who has it', async () => {
    await openApp('/publication');
    const trial = await card('Lệnh: Lừa đảo chiếm đoạt tài sản');
    expect(within(trial).getByText('Máy của ta').getAttribute('aria-current')).toBe('step');
    within(trial).getByText('1 trên 2 nơi đã có');
    within(trial).getByText('Chưa có: dns-truong');
    within(trial).getByText(/Ở bước này từ/);
    within(trial).getByText('Cần hai người cùng cho sang bước tiếp');
    // It is not among what waits for a release.
    expect(screen.getAllByRole('button', { name: 'Cho qua' })).toHaveLength(2);
  });

  it('goes on to the next stage once it is confirmed, by keyboard', async () => {
    const path = 'POST /api/v1/publication/gate/11/advance';
    const sent = await openApp('/publication', { [path]: { outcome: 'waits_for_other' } });
    const trial = await card('Lệnh: Lừa đảo chiếm đoạt tài sản');
    within(trial).getByRole('button', { name: 'Sang bước tiếp' }).focus();
    await userEvent.keyboard('{Enter}');
    const dialog = await screen.findByRole('dialog');
    within(dialog).getByText(/đến thêm các máy đối tác/);
    expect(sent.filter(({ key }) => key === path)).toHaveLength(0);
    await userEvent.click(within(dialog).getByRole('button', { name: 'Sang bước tiếp' }));
    await screen.findByText('Đã ghi nhận, cần thêm một người cho qua.');
    expect(sent.filter(({ key }) => key === path)).toHaveLength(1);
  });

  it('says that the last stage is for everybody', async () => {
    await openApp('/publication', withTrial({ stage: 'partner' }));
    const trial = await card('Lệnh: Lừa đảo chiếm đoạt tài sản');
    await userEvent.click(within(trial).getByRole('button', { name: 'Sang bước tiếp' }));
    await screen.findByText(
      'Tên sẽ vào vùng Lệnh: Lừa đảo chiếm đoạt tài sản: mọi nơi nhận đều chặn.',
    );
  });

  it('ends a trial with a reason', async () => {
    const path = 'POST /api/v1/publication/gate/11/reject';
    const sent = await openApp('/publication', { [path]: { outcome: 'rejected' } });
    const trial = await card('Lệnh: Lừa đảo chiếm đoạt tài sản');
    await userEvent.click(within(trial).getByRole('button', { name: 'Dừng thử' }));
    const dialog = await screen.findByRole('dialog');
    await userEvent.type(within(dialog).getByRole('textbox', { name: /Lý do/ }), 'chặn nhầm');
    await userEvent.click(within(dialog).getByRole('button', { name: 'Dừng thử' }));
    await waitFor(() =>
      expect(sent.find(({ key }) => key === path)?.body).toEqual({ reason: 'chặn nhầm' }),
    );
  });

  it('waits until a list has brought its names, and says where nobody is', async () => {
    await openApp('/publication', withTrial({ names: 0 }));
    const trial = await card('Lệnh: Lừa đảo chiếm đoạt tài sản');
    within(trial).getByText(/Danh sách chưa đưa tên vào thử/);
    expect(
      within(trial).getByRole<HTMLButtonElement>('button', { name: 'Sang bước tiếp' }).disabled,
    ).toBe(true);
  });

  it('says that nobody is at the stage', async () => {
    await openApp('/publication', withTrial({ followers: [] }));
    const trial = await card('Lệnh: Lừa đảo chiếm đoạt tài sản');
    within(trial).getByText(/Không có nơi nhận nào ở bước này/);
  });

  it('releases in stages, and says before which stage is empty', async () => {
    const path = 'POST /api/v1/publication/gate/7/release';
    const outcome = { outcome: 'on_trial', empty_stages: ['partner'] };
    const sent = await openApp('/publication', { [path]: outcome });
    const held = await card(/Phạm Văn Minh đã đồng ý/);
    await userEvent.click(within(held).getByRole('button', { name: 'Cho qua từng bước' }));
    const dialog = await screen.findByRole('dialog');
    within(dialog).getByText('Máy của ta: 1 nơi nhận');
    expect(within(dialog).getAllByText(/Không có nơi nhận nào/)).toHaveLength(1);
    await userEvent.click(within(dialog).getByRole('button', { name: 'Cho qua từng bước' }));
    await screen.findByText('Đang thử, nhưng chưa có nơi nhận nào ở bước: Máy đối tác.');
    expect(sent.find(({ key }) => key === path)?.body).toEqual({ in_stages: true });
  });

  it('offers no stages where nothing can be tried', async () => {
    await openApp('/publication');
    const held = await card(/Đã rút khi quay lui về số hiệu 88/);
    expect(within(held).queryByRole('button', { name: 'Cho qua từng bước' })).toBeNull();
  });

  it('shows who may only read everything but the buttons', async () => {
    const rights = me.rights.filter((right) => right !== 'publication.decide');
    await openApp('/publication', { 'GET /api/v1/session': { ...me, rights } });
    await card('Lệnh: Lừa đảo chiếm đoạt tài sản');
    expect(screen.queryByRole('button', { name: 'Sang bước tiếp' })).toBeNull();
  });

  it('has a trial zone in the table only while it has names, or on demand', async () => {
    const [zone] = publication.zones;
    const trialZone = { ...zone, id: 'trial-own-fraud', name: 'trial-own-fraud.rpz.khien' };
    await openApp('/publication', {
      'GET /api/v1/publication': { ...publication, zones: [{ ...trialZone, names: 0 }] },
    });
    await userEvent.click(await screen.findByLabelText('Hiện mọi vùng'));
    await screen.findByText('trial-own-fraud.rpz.khien');
    await userEvent.click(screen.getByLabelText('Hiện mọi vùng'));
    expect(screen.queryByText('trial-own-fraud.rpz.khien')).toBeNull();
  });

  it('shows each follower with its ring', async () => {
    await openApp('/publication');
    const table = await screen.findByRole('table', { name: 'Nơi nhận' });
    const row = within(table).getByText('isp-a').closest('tr') as HTMLElement;
    within(row).getByText('Mọi nơi');
    expect(publication.followers[1]?.ring).toBe('all');
  });
});
