// The frame of the officers' app: menu with counts, who I am, language. One column on a phone.
import { ActionIcon, Button, Drawer, NativeSelect, useMantineColorScheme } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { Link, Outlet, useNavigate, useRouterState } from '@tanstack/react-router';
import { useEffect } from 'react';
import { useTranslation } from 'react-i18next';
import { ApiError, api, call, csrf, setCsrfToken } from '@/api/client';
import { followEvents } from '@/api/events';
import { metaQuery, overviewQuery, sessionQuery } from '@/api/queries';
import type { Overview } from '@/api/types';
import { StepUp } from '@/features/session/StepUp';
import { setLanguage } from '@/i18n';
import { useFormat } from '@/i18n/format';
import { Icon, type IconName } from '@/ui/icons';
import { toastFailed } from '@/ui/toast';
import { KeysHelp } from './KeysHelp';
import './shell.css';

interface Entry {
  to:
    | '/cases'
    | '/due'
    | '/orders'
    | '/orders/waiting'
    | '/orders/lapsing'
    | '/orders/proposals'
    | '/appeals'
    | '/destructions'
    | '/providers'
    | '/feeds'
    | '/new-names'
    | '/publication'
    | '/accounts';
  text:
    | 'app.nav.cases'
    | 'app.nav.due'
    | 'app.nav.orders'
    | 'app.nav.waiting'
    | 'app.nav.lapsing'
    | 'app.nav.proposals'
    | 'app.nav.appeals'
    | 'app.nav.destructions'
    | 'app.nav.providers'
    | 'app.nav.feeds'
    | 'app.nav.new-names'
    | 'app.nav.publication'
    | 'app.nav.accounts';
  icon: IconName;
  rights: string[]; // one of them opens it
  count?: keyof Overview;
}

const entries: Entry[] = [
  { to: '/cases', text: 'app.nav.cases', icon: 'inbox', rights: ['case.read'], count: 'cases_new' },
  {
    to: '/due',
    text: 'app.nav.due',
    icon: 'bell',
    rights: ['case.read', 'order.read', 'appeal.read'],
    count: 'due_soon',
  },
  {
    to: '/orders/waiting',
    text: 'app.nav.waiting',
    icon: 'pen',
    rights: ['order.approve'],
    count: 'orders_waiting',
  },
  {
    to: '/orders/lapsing',
    text: 'app.nav.lapsing',
    icon: 'clock',
    rights: ['order.read'],
    count: 'orders_lapsing',
  },
  {
    to: '/orders/proposals',
    text: 'app.nav.proposals',
    icon: 'check',
    rights: ['order.read'],
    count: 'lifts_proposed',
  },
  { to: '/orders', text: 'app.nav.orders', icon: 'shield', rights: ['order.read'] },
  {
    to: '/appeals',
    text: 'app.nav.appeals',
    icon: 'scale',
    // Objections to lists are upheld by who may lift an order.
    rights: ['appeal.read', 'order.lift'],
    count: 'appeals_open',
  },
  {
    to: '/destructions',
    text: 'app.nav.destructions',
    icon: 'file',
    rights: ['evidence.confirm_destruction'],
    count: 'destructions_waiting',
  },
  { to: '/providers', text: 'app.nav.providers', icon: 'check', rights: ['provider.read'] },
  { to: '/feeds', text: 'app.nav.feeds', icon: 'feed', rights: ['feed.read'] },
  {
    to: '/new-names',
    text: 'app.nav.new-names',
    icon: 'search',
    rights: ['new_name.read'],
  },
  {
    to: '/publication',
    text: 'app.nav.publication',
    icon: 'broadcast',
    rights: ['publication.read'],
  },
  {
    to: '/accounts',
    text: 'app.nav.accounts',
    icon: 'people',
    rights: ['account.change'],
    count: 'changes_pending',
  },
];

function opens({ rights }: Entry, held: string[]): boolean {
  return rights.some((right) => held.includes(right));
}

function Menu({ onChoose }: { onChoose?: () => void }) {
  const { t } = useTranslation();
  const path = useRouterState({ select: (state) => state.location.pathname });
  const me = useQuery(sessionQuery);
  const overview = useQuery(overviewQuery);
  const shown = entries.filter((entry) => opens(entry, me.data?.rights ?? []));
  const current = shown
    .filter(({ to }) => path === to || path.startsWith(`${to}/`))
    .sort((a, b) => b.to.length - a.to.length)[0];
  return (
    <nav aria-label={t('app.menu')}>
      <ul className="k-menu">
        {shown.map((entry) => {
          const count = entry.count === undefined ? 0 : (overview.data?.[entry.count] ?? 0);
          return (
            <li key={entry.to}>
              <Link
                to={entry.to}
                className="k-menu-link"
                aria-current={entry === current ? 'page' : undefined}
                onClick={onChoose}
              >
                <Icon name={entry.icon} />
                <span className="k-grow">{t(entry.text)}</span>
                {count > 0 && <span className="k-count">{count}</span>}
              </Link>
            </li>
          );
        })}
      </ul>
    </nav>
  );
}

function Corner() {
  const { t, i18n } = useTranslation();
  const client = useQueryClient();
  const navigate = useNavigate();
  const me = useQuery(sessionQuery);
  const { colorScheme, setColorScheme } = useMantineColorScheme({ keepTransitions: true });

  const signOut = async () => {
    try {
      await call(api.DELETE('/api/v1/session', { params: { header: csrf } }));
    } catch (error) {
      if (!(error instanceof ApiError && error.status === 401)) {
        toastFailed(error);
        return;
      }
    }
    setCsrfToken('');
    client.clear();
    await navigate({ to: '/sign-in', search: {} });
  };

  return (
    <div className="k-corner">
      <Link to="/me" className="k-menu-link">
        <Icon name="person" />
        <span className="k-grow">{me.data?.account.name}</span>
      </Link>
      <div className="k-row">
        <NativeSelect
          className="k-grow"
          aria-label={t('app.language')}
          value={i18n.language}
          onChange={(event) => setLanguage(event.currentTarget.value === 'en' ? 'en' : 'vi')}
          data={[
            { value: 'vi', label: 'Tiếng Việt' },
            { value: 'en', label: 'English' },
          ]}
        />
        <ActionIcon
          size={36}
          variant="default"
          aria-label={t('app.scheme')}
          onClick={() => setColorScheme(colorScheme === 'dark' ? 'light' : 'dark')}
        >
          <Icon name="sun" />
        </ActionIcon>
      </div>
      <Button
        fullWidth
        variant="default"
        leftSection={<Icon name="out" />}
        onClick={() => void signOut()}
      >
        {t('app.sign-out')}
      </Button>
    </div>
  );
}

function Brand() {
  const { t } = useTranslation();
  const format = useFormat();
  const meta = useQuery(metaQuery);
  return (
    <Link to="/" className="k-brand">
      <Icon name="shield" size={26} />
      <span>
        <strong>{t('app.name')}</strong>
        {meta.data !== undefined && <small>{format.text(meta.data.authority)}</small>}
      </span>
    </Link>
  );
}

/** The password that an administrator handed over ends by itself; the person sets an own one. */
function TemporaryPassword() {
  const { t } = useTranslation();
  const me = useQuery(sessionQuery);
  if (me.data?.password_is_temporary !== true) return null;
  return (
    <div className="k-note k-warn" role="status">
      <Icon name="warn" />
      <span>
        {t('app.password.temporary')} <Link to="/me">{t('app.password.set-own')}</Link>
      </span>
    </div>
  );
}

/** Follows the server's events, and leaves when the session has ended. */
function useLiveSession() {
  const client = useQueryClient();
  const navigate = useNavigate();
  const me = useQuery(sessionQuery);
  const ended = me.error instanceof ApiError && me.error.status === 401;
  useEffect(() => followEvents(client), [client]);
  useEffect(() => {
    if (!ended) return;
    const next = window.location.pathname.replace(/^\/app/, '');
    client.clear();
    void navigate({ to: '/sign-in', search: next.length > 1 ? { next } : {} });
  }, [client, ended, navigate]);
}

export function Shell() {
  const { t } = useTranslation();
  const [opened, menu] = useDisclosure(false);
  useLiveSession();
  return (
    <div className="k-shell">
      <StepUp />
      <a className="k-skip" href="#main">
        {t('app.skip')}
      </a>
      <header className="k-bar">
        <ActionIcon size={40} variant="subtle" aria-label={t('app.menu')} onClick={menu.open}>
          <Icon name="menu" size={22} />
        </ActionIcon>
        <Brand />
      </header>
      <aside className="k-side" aria-label={t('app.side')}>
        <Brand />
        <Menu />
        <KeysHelp />
        <Corner />
      </aside>
      <Drawer
        opened={opened}
        onClose={menu.close}
        title={t('app.menu')}
        lockScroll={false}
        size="xs"
        closeButtonProps={{ 'aria-label': t('app.close') }}
      >
        <div className="k-stack">
          <Menu onChoose={menu.close} />
          <Corner />
        </div>
      </Drawer>
      <main id="main" className="k-main" tabIndex={-1}>
        <TemporaryPassword />
        <Outlet />
      </main>
    </div>
  );
}
