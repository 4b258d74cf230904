// Changes that one administrator proposed and another confirms.
import { Button } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, call, csrf } from '@/api/client';
import { changesQuery } from '@/api/queries';
import { findAction, type AccountChange } from '@/api/types';
import { useFormat } from '@/i18n/format';
import { reasonText } from '@/i18n/problem';
import { Pager } from '@/ui/DataTable';
import { Section } from '@/ui/Page';
import { Loaded } from '@/ui/States';
import { Tag, type Tone } from '@/ui/Tag';
import { toastDone, toastFailed } from '@/ui/toast';
import { usePages } from '@/ui/usePages';
import { OneTimePassword } from './OneTimePassword';

const tones: Record<AccountChange['state'], Tone> = {
  pending: 'warn',
  confirmed: 'good',
  refused: 'plain',
  lapsed: 'plain',
};

function Change({
  change,
  onPassword,
}: {
  change: AccountChange;
  onPassword: (password: string) => void;
}) {
  const { t } = useTranslation();
  const format = useFormat();
  const client = useQueryClient();
  const params = { path: { change_id: change.id }, header: csrf };
  const body = { version: change.version };
  const refresh = () => {
    void client.invalidateQueries({ queryKey: ['account'] });
    void client.invalidateQueries({ queryKey: ['overview'] });
  };
  const confirm = useMutation({
    mutationFn: () =>
      call(api.POST('/api/v1/account-changes/{change_id}/confirm', { params, body })),
    onSuccess: ({ password }) => {
      refresh();
      toastDone(t('app.change.confirmed'));
      if (password !== undefined) onPassword(password);
    },
    onError: toastFailed,
  });
  const refuse = useMutation({
    mutationFn: () =>
      call(api.POST('/api/v1/account-changes/{change_id}/refuse', { params, body })),
    onSuccess: () => {
      refresh();
      toastDone(t('app.change.refused'));
    },
    onError: toastFailed,
  });
  const may = findAction(change, 'account.confirm');
  return (
    <li className="k-item k-row k-between k-top">
      <div className="k-grow">
        <div className="k-row">
          <span className="k-name">{change.account.name}</span>
          <span>
            {t(`change.${change.kind}`)}
            {change.role !== undefined && `: ${t(`role.${change.role}`)}`}
          </span>
          <Tag tone={tones[change.state]}>{t(`state.change.${change.state}`)}</Tag>
        </div>
        <p className="k-quote">{change.reason}</p>
        <div className="k-dim k-small">
          {t('app.change.proposed', {
            name: change.proposed_by.name,
            when: format.relative(change.proposed_at_ms),
          })}
        </div>
        {change.state === 'pending' && !may.allowed && (
          <div className="k-small">{reasonText(may.reason)}</div>
        )}
      </div>
      <div className="k-row">
        {findAction(change, 'account.refuse').allowed && (
          <Button
            size="xs"
            variant="default"
            loading={refuse.isPending}
            onClick={() => refuse.mutate()}
          >
            {t('app.change.refuse')}
          </Button>
        )}
        {may.allowed && (
          <Button size="xs" loading={confirm.isPending} onClick={() => confirm.mutate()}>
            {t('app.change.confirm')}
          </Button>
        )}
      </div>
    </li>
  );
}

export function Changes() {
  const { t } = useTranslation();
  const pages = usePages('');
  const query = useQuery(changesQuery(pages.cursor));
  const [password, setPassword] = useState('');
  return (
    <Section title={t('app.change.title')}>
      <Loaded query={query} rows={2}>
        {({ items, next_cursor }) =>
          items.length === 0 ? (
            <p className="k-dim">{t('app.change.none')}</p>
          ) : (
            <>
              <ul className="k-list">
                {items.map((change) => (
                  <Change key={change.id} change={change} onPassword={setPassword} />
                ))}
              </ul>
              <Pager {...pages.pager(next_cursor)} />
            </>
          )
        }
      </Loaded>
      {password !== '' && <OneTimePassword password={password} onClose={() => setPassword('')} />}
    </Section>
  );
}
