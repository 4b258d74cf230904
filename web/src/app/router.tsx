// The app's addresses. A screen's code is fetched when it is first opened. This file alone knows
// all features, and puts one's parts into another's screen.
import type { QueryClient } from '@tanstack/react-query';
import {
  createRootRouteWithContext,
  createRoute,
  createRouter,
  lazyRouteComponent,
  redirect,
} from '@tanstack/react-router';
import { ApiError } from '@/api/client';
import { sessionQuery } from '@/api/queries';
import { NotFound, RouteFailed } from './Fallbacks';
import { homeOf } from './home';
import { Shell } from './Shell';

interface Context {
  client: QueryClient;
}

const root = createRootRouteWithContext<Context>()({ notFoundComponent: NotFound });

const text = (value: unknown) => (typeof value === 'string' && value !== '' ? value : undefined);

const signIn = createRoute({
  getParentRoute: () => root,
  path: '/sign-in',
  // Only a path of ours, never another site's address. A key left out would keep the raw value.
  validateSearch: (search: Record<string, unknown>): { next?: string | undefined } => {
    const next = text(search.next);
    return { next: next !== undefined && /^\/[a-z]/.test(next) ? next : undefined };
  },
  component: lazyRouteComponent(() => import('@/features/session/SignInScreen'), 'SignInScreen'),
});

const officer = createRoute({
  getParentRoute: () => root,
  id: 'officer',
  component: Shell,
  errorComponent: RouteFailed,
  beforeLoad: async ({ context, location }) => {
    try {
      await context.client.ensureQueryData({ ...sessionQuery, revalidateIfStale: true });
    } catch (error) {
      if (error instanceof ApiError && error.status === 401) {
        throw redirect({ to: '/sign-in', search: { next: location.href } });
      }
      throw error;
    }
  },
});

const home = createRoute({
  getParentRoute: () => officer,
  path: '/',
  beforeLoad: async ({ context }) => {
    const me = await context.client.ensureQueryData(sessionQuery);
    throw redirect({ to: homeOf(me.rights), search: {} });
  },
});

export interface CasesSearch {
  q?: string | undefined;
  state?: string | undefined;
  category?: string | undefined;
  assignee?: string | undefined;
}

const cases = createRoute({
  getParentRoute: () => officer,
  path: '/cases',
  validateSearch: (search: Record<string, unknown>): CasesSearch => ({
    q: text(search.q),
    state: text(search.state),
    category: text(search.category),
    assignee: text(search.assignee),
  }),
  component: lazyRouteComponent(() => import('@/features/cases/QueueScreen'), 'QueueScreen'),
});

const oneCase = createRoute({
  getParentRoute: () => officer,
  path: '/cases/$caseId',
  component: lazyRouteComponent(() => import('./CaseRoute'), 'CaseRoute'),
});

const due = createRoute({
  getParentRoute: () => officer,
  path: '/due',
  component: lazyRouteComponent(() => import('@/features/due/DueScreen'), 'DueScreen'),
});

const orderNew = createRoute({
  getParentRoute: () => officer,
  path: '/orders/new',
  validateSearch: (
    search: Record<string, unknown>,
  ): { caseId: string; name?: string | undefined } => ({
    caseId: text(search.caseId) ?? '',
    name: text(search.name),
  }),
  component: lazyRouteComponent(
    () => import('@/features/orders/OrderFormScreen'),
    'OrderFormScreen',
  ),
});

const orders = createRoute({
  getParentRoute: () => officer,
  path: '/orders',
  component: lazyRouteComponent(() => import('@/features/orders/OrdersScreen'), 'OrdersScreen'),
});

const waiting = createRoute({
  getParentRoute: () => officer,
  path: '/orders/waiting',
  component: lazyRouteComponent(() => import('@/features/orders/WaitingScreen'), 'WaitingScreen'),
});

const lapsing = createRoute({
  getParentRoute: () => officer,
  path: '/orders/lapsing',
  component: lazyRouteComponent(() => import('@/features/orders/LapsingScreen'), 'LapsingScreen'),
});

const proposals = createRoute({
  getParentRoute: () => officer,
  path: '/orders/proposals',
  component: lazyRouteComponent(
    () => import('@/features/orders/ProposalsScreen'),
    'ProposalsScreen',
  ),
});

const oneOrder = createRoute({
  getParentRoute: () => officer,
  path: '/orders/$orderId',
  validateSearch: (search: Record<string, unknown>): { sign?: 'propose' | undefined } => ({
    sign: search.sign === 'propose' ? 'propose' : undefined,
  }),
  component: lazyRouteComponent(() => import('@/features/orders/OrderScreen'), 'OrderScreen'),
});

const destructions = createRoute({
  getParentRoute: () => officer,
  path: '/destructions',
  component: lazyRouteComponent(
    () => import('@/features/evidence/DestructionsScreen'),
    'DestructionsScreen',
  ),
});

const appeals = createRoute({
  getParentRoute: () => officer,
  path: '/appeals',
  component: lazyRouteComponent(() => import('@/features/appeals/AppealsScreen'), 'AppealsScreen'),
});

const oneAppeal = createRoute({
  getParentRoute: () => officer,
  path: '/appeals/$appealId',
  component: lazyRouteComponent(() => import('@/features/appeals/AppealScreen'), 'AppealScreen'),
});

const providers = createRoute({
  getParentRoute: () => officer,
  path: '/providers',
  component: lazyRouteComponent(
    () => import('@/features/providers/ProvidersScreen'),
    'ProvidersScreen',
  ),
});

const oneProvider = createRoute({
  getParentRoute: () => officer,
  path: '/providers/$providerId',
  component: lazyRouteComponent(
    () => import('@/features/providers/ProviderScreen'),
    'ProviderScreen',
  ),
});

const feeds = createRoute({
  getParentRoute: () => officer,
  path: '/feeds',
  component: lazyRouteComponent(() => import('@/features/feeds/FeedsScreen'), 'FeedsScreen'),
});

const newNames = createRoute({
  getParentRoute: () => officer,
  path: '/new-names',
  component: lazyRouteComponent(() => import('@/features/names/NewNamesScreen'), 'NewNamesScreen'),
});

const publication = createRoute({
  getParentRoute: () => officer,
  path: '/publication',
  component: lazyRouteComponent(
    () => import('@/features/publication/PublicationScreen'),
    'PublicationScreen',
  ),
});

const accounts = createRoute({
  getParentRoute: () => officer,
  path: '/accounts',
  component: lazyRouteComponent(
    () => import('@/features/accounts/AccountsScreen'),
    'AccountsScreen',
  ),
});

const me = createRoute({
  getParentRoute: () => officer,
  path: '/me',
  component: lazyRouteComponent(() => import('@/features/session/MeScreen'), 'MeScreen'),
});

const tree = root.addChildren([
  signIn,
  officer.addChildren([
    home,
    cases,
    due,
    oneCase,
    orderNew,
    orders,
    waiting,
    lapsing,
    proposals,
    oneOrder,
    destructions,
    appeals,
    oneAppeal,
    providers,
    oneProvider,
    feeds,
    newNames,
    publication,
    accounts,
    me,
  ]),
]);

export function makeRouter(client: QueryClient) {
  return createRouter({
    routeTree: tree,
    basepath: '/app',
    context: { client },
    defaultPreload: false,
    scrollRestoration: false, // it writes an inline script when rendered on a server
    defaultErrorComponent: RouteFailed,
  });
}

declare module '@tanstack/react-router' {
  interface Register {
    router: ReturnType<typeof makeRouter>;
  }
}
