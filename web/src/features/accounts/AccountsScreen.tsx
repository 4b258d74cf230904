// People, their roles, and the changes that wait for a second administrator.
import { Button } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { accountsQuery, sessionQuery } from '@/api/queries';
import type { Account } from '@/api/types';
import { useFormat } from '@/i18n/format';
import { Icon } from '@/ui/icons';
import { Page, Section } from '@/ui/Page';
import { Loaded } from '@/ui/States';
import { Tag } from '@/ui/Tag';
import { Changes } from './Changes';
import { ChangeForm } from './ChangeForm';
import { CreateAccount } from './CreateAccount';
import { MailState } from './MailState';

function Person({
  account,
  mine,
  onChange,
}: {
  account: Account;
  mine: boolean;
  onChange: () => void;
}) {
  const { t } = useTranslation();
  const format = useFormat();
  return (
    <li className="k-item k-row k-between k-top">
      <div className="k-grow">
        <span className="k-name">{account.name}</span>{' '}
        <span className="k-mono k-dim">{account.login}</span>
        {account.locked && <Tag tone="bad">{t('app.account.locked')}</Tag>}
        {account.unit !== undefined && <div className="k-dim k-small">{account.unit}</div>}
        <div className="k-dim k-small">{account.email || t('app.account.no-email')}</div>
        <div className="k-row">
          {account.roles.map(({ role, until_ms }) => (
            <Tag key={role} tone="info">
              {t(`role.${role}`)}
              {until_ms !== undefined && ` (${t('app.until', { date: format.date(until_ms) })})`}
            </Tag>
          ))}
          {account.roles.length === 0 && <span className="k-dim">{t('app.account.no-role')}</span>}
        </div>
        <div className="k-dim k-small">
          {account.factors.length === 0
            ? t('app.account.no-factor')
            : account.factors.map((kind) => t(`factor.${kind}`)).join(', ')}
          {account.signed_in_at_ms !== undefined &&
            ` · ${t('app.account.seen', { when: format.relative(account.signed_in_at_ms) })}`}
        </div>
      </div>
      {mine ? (
        <Tag>{t('app.account.you')}</Tag>
      ) : (
        <Button variant="default" size="xs" onClick={onChange}>
          {t('app.account.change')}
        </Button>
      )}
    </li>
  );
}

export function AccountsScreen() {
  const { t } = useTranslation();
  const me = useQuery(sessionQuery);
  const query = useQuery(accountsQuery);
  const [creating, setCreating] = useState(false);
  const [changing, setChanging] = useState<Account>();
  return (
    <Page
      title={t('app.nav.accounts')}
      lead={t('app.accounts.lead')}
      aside={
        me.data?.rights.includes('account.create') && (
          <Button leftSection={<Icon name="plus" />} onClick={() => setCreating(true)}>
            {t('app.account.create')}
          </Button>
        )
      }
    >
      <Changes />
      <MailState />
      <Section title={t('app.account.people')}>
        <Loaded query={query}>
          {({ items }) => (
            <ul className="k-list">
              {items.map((account) => (
                <Person
                  key={account.id}
                  account={account}
                  mine={account.id === me.data?.account.id}
                  onChange={() => setChanging(account)}
                />
              ))}
            </ul>
          )}
        </Loaded>
      </Section>
      {creating && <CreateAccount onClose={() => setCreating(false)} />}
      {changing !== undefined && (
        <ChangeForm account={changing} onClose={() => setChanging(undefined)} />
      )}
    </Page>
  );
}
