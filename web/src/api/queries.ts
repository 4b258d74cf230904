// What the app reads, one query a question. The first part of a key is the kind that the server's
// events name, so that an event finds everything it makes stale.
import { keepPreviousData, queryOptions } from '@tanstack/react-query';
import { api, call, setCsrfToken } from './client';
import type { AppealState, CaseState, Category, Feed, OrderState } from './types';

export const pageSize = 50;

export const sessionQuery = queryOptions({
  queryKey: ['session'],
  queryFn: async () => {
    const me = await call(api.GET('/api/v1/session'));
    setCsrfToken(me.csrf_token);
    return me;
  },
  staleTime: 60_000,
  retry: false,
});

export const metaQuery = queryOptions({
  queryKey: ['meta'],
  queryFn: () => call(api.GET('/api/v1/meta')),
  staleTime: Infinity,
});

export const overviewQuery = queryOptions({
  queryKey: ['overview'],
  queryFn: () => call(api.GET('/api/v1/overview')),
});

export interface CaseFilter {
  q?: string | undefined;
  state?: CaseState | undefined;
  category?: Category | undefined;
  assignee?: string | undefined;
  cursor?: string | undefined;
}

export const casesQuery = (filter: CaseFilter) =>
  queryOptions({
    queryKey: ['case', 'list', filter],
    queryFn: () =>
      call(api.GET('/api/v1/cases', { params: { query: { ...filter, limit: pageSize } } })),
    placeholderData: keepPreviousData,
  });

export const caseQuery = (id: string) =>
  queryOptions({
    queryKey: ['case', 'one', id],
    queryFn: () => call(api.GET('/api/v1/cases/{case_id}', { params: { path: { case_id: id } } })),
  });

export const timelineQuery = (id: string, cursor?: string) =>
  queryOptions({
    queryKey: ['case', 'timeline', id, cursor ?? ''],
    queryFn: () =>
      call(
        api.GET('/api/v1/cases/{case_id}/timeline', {
          params: { path: { case_id: id }, query: { cursor, limit: pageSize } },
        }),
      ),
  });

export const groundsQuery = (category: Category | undefined) =>
  queryOptions({
    queryKey: ['grounds', category ?? ''],
    queryFn: () => call(api.GET('/api/v1/legal-grounds', { params: { query: { category } } })),
    staleTime: 300_000,
  });

// Under "case" so that every change of a case, a report or an order makes it stale.
export const dueQuery = (hours: number) =>
  queryOptions({
    queryKey: ['case', 'due', hours],
    queryFn: () =>
      call(api.GET('/api/v1/deadlines', { params: { query: { within_hours: hours } } })),
    placeholderData: keepPreviousData,
    refetchInterval: 60_000,
  });

export interface OrderFilter {
  q?: string | undefined;
  state?: OrderState | undefined;
  category?: Category | undefined;
  cursor?: string | undefined;
}

export const ordersQuery = (filter: OrderFilter) =>
  queryOptions({
    queryKey: ['order', 'list', filter],
    queryFn: () =>
      call(api.GET('/api/v1/orders', { params: { query: { ...filter, limit: pageSize } } })),
    placeholderData: keepPreviousData,
  });

export const waitingQuery = (cursor?: string) =>
  queryOptions({
    queryKey: ['order', 'waiting', cursor ?? ''],
    queryFn: () =>
      call(api.GET('/api/v1/orders/waiting', { params: { query: { cursor, limit: pageSize } } })),
    placeholderData: keepPreviousData,
  });

export const lapsingQuery = (days: number, cursor?: string) =>
  queryOptions({
    queryKey: ['order', 'lapsing', days, cursor ?? ''],
    queryFn: () =>
      call(
        api.GET('/api/v1/orders/lapsing', {
          params: { query: { within_days: days, cursor, limit: pageSize } },
        }),
      ),
    placeholderData: keepPreviousData,
  });

export const proposalsQuery = queryOptions({
  queryKey: ['order', 'proposals'],
  queryFn: () => call(api.GET('/api/v1/rechecks/proposals')),
});

export const foundEntriesQuery = (cursor?: string) =>
  queryOptions({
    queryKey: ['order', 'found', cursor ?? ''],
    queryFn: () =>
      call(api.GET('/api/v1/rechecks/entries', { params: { query: { cursor, limit: pageSize } } })),
    placeholderData: keepPreviousData,
  });

export const orderRechecksQuery = (id: string) =>
  queryOptions({
    queryKey: ['order', 'rechecks', id],
    queryFn: () =>
      call(api.GET('/api/v1/orders/{order_id}/rechecks', { params: { path: { order_id: id } } })),
  });

export const orderQuery = (id: string) =>
  queryOptions({
    queryKey: ['order', 'one', id],
    queryFn: () =>
      call(api.GET('/api/v1/orders/{order_id}', { params: { path: { order_id: id } } })),
  });

// Resolvers tell hours, so a minute old is new.
export const orderHitsQuery = (id: string) =>
  queryOptions({
    queryKey: ['order', 'hits', id],
    queryFn: () =>
      call(api.GET('/api/v1/orders/{order_id}/hits', { params: { path: { order_id: id } } })),
    staleTime: 60_000,
  });

export const newNamesQuery = (q: string | undefined, cursor?: string) =>
  queryOptions({
    queryKey: ['new-name', 'list', q ?? '', cursor ?? ''],
    queryFn: () =>
      call(api.GET('/api/v1/new-names', { params: { query: { q, cursor, limit: pageSize } } })),
    placeholderData: keepPreviousData,
  });

// Probes look every five minutes.
export const providersQuery = queryOptions({
  queryKey: ['provider', 'list'],
  queryFn: () => call(api.GET('/api/v1/providers')),
  staleTime: 60_000,
});

export const providerQuery = (id: string) =>
  queryOptions({
    queryKey: ['provider', 'one', id],
    queryFn: () =>
      call(api.GET('/api/v1/providers/{provider_id}', { params: { path: { provider_id: id } } })),
    staleTime: 60_000,
  });

export const providerChangesQuery = (id: string, cursor?: string) =>
  queryOptions({
    queryKey: ['provider', 'changes', id, cursor ?? ''],
    queryFn: () =>
      call(
        api.GET('/api/v1/providers/{provider_id}/changes', {
          params: { path: { provider_id: id }, query: { cursor, limit: pageSize } },
        }),
      ),
    placeholderData: keepPreviousData,
  });

export const orderAtProvidersQuery = (id: string) =>
  queryOptions({
    queryKey: ['order', 'providers', id],
    queryFn: () =>
      call(api.GET('/api/v1/orders/{order_id}/providers', { params: { path: { order_id: id } } })),
    staleTime: 60_000,
  });

export const appealsQuery = (state: AppealState | undefined, cursor?: string) =>
  queryOptions({
    queryKey: ['appeal', 'list', state ?? '', cursor ?? ''],
    queryFn: () =>
      call(api.GET('/api/v1/appeals', { params: { query: { state, cursor, limit: pageSize } } })),
    placeholderData: keepPreviousData,
  });

export const objectionsQuery = (cursor?: string) =>
  queryOptions({
    queryKey: ['objection', 'list', cursor ?? ''],
    queryFn: () =>
      call(api.GET('/api/v1/objections', { params: { query: { cursor, limit: pageSize } } })),
    placeholderData: keepPreviousData,
  });

export const appealQuery = (id: string) =>
  queryOptions({
    queryKey: ['appeal', 'one', id],
    queryFn: () =>
      call(api.GET('/api/v1/appeals/{appeal_id}', { params: { path: { appeal_id: id } } })),
  });

/** While a feed runs, or is about to, how far it is changes every two seconds (runner.h). */
const runPollMs = 2_000;
const isRunning = (feed: Feed) =>
  feed.last_run?.state === 'running' ||
  (feed.state === 'active' && (feed.next_run_at_ms ?? Infinity) <= Date.now());

export const feedsQuery = queryOptions({
  queryKey: ['feed', 'list'],
  queryFn: () => call(api.GET('/api/v1/feeds')),
  refetchInterval: (query) => (query.state.data?.items.some(isRunning) ? runPollMs : false),
});

/** Events tell of every serial; the times at which servers last asked grow old by themselves. */
export const publicationQuery = queryOptions({
  queryKey: ['publication'],
  queryFn: () => call(api.GET('/api/v1/publication')),
  refetchInterval: 30_000,
});

export const gateQuery = queryOptions({
  queryKey: ['publication', 'gate'],
  queryFn: () => call(api.GET('/api/v1/publication/gate')),
  refetchInterval: 30_000,
});

export const accountsQuery = queryOptions({
  queryKey: ['account', 'list'],
  queryFn: () => call(api.GET('/api/v1/accounts')),
});

export const mailQuery = queryOptions({
  queryKey: ['account', 'mail'],
  queryFn: () => call(api.GET('/api/v1/mail')),
});

/** Whom a case can be given to. Only with the right case.assign. */
export const assigneesQuery = queryOptions({
  queryKey: ['account', 'assignees'],
  queryFn: () => call(api.GET('/api/v1/cases/assignees')),
  staleTime: 300_000,
});

export const changesQuery = (cursor?: string) =>
  queryOptions({
    queryKey: ['account', 'changes', cursor ?? ''],
    queryFn: () =>
      call(api.GET('/api/v1/account-changes', { params: { query: { cursor, limit: pageSize } } })),
  });

export const factorsQuery = queryOptions({
  queryKey: ['session', 'factors'],
  queryFn: () => call(api.GET('/api/v1/session/factors')),
});
