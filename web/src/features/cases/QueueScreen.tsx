// The queue: one list of cases, searched and filtered by its address, moved through by keyboard.
import { NativeSelect, TextInput } from '@mantine/core';
import { useDebouncedCallback } from '@mantine/hooks';
import { useQuery } from '@tanstack/react-query';
import { Link, useNavigate, useSearch } from '@tanstack/react-router';
import { useMemo, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { casesQuery } from '@/api/queries';
import { categories, type CaseState, type CaseSummary, type Category } from '@/api/types';
import { useFormat } from '@/i18n/format';
import { DataTable, type Column } from '@/ui/DataTable';
import { Due } from '@/ui/Due';
import { Icon } from '@/ui/icons';
import { Page } from '@/ui/Page';
import { Empty, Failed, Loading } from '@/ui/States';
import { Tag } from '@/ui/Tag';
import { useKeys } from '@/ui/useKeys';
import { usePages } from '@/ui/usePages';
import { Assignment, useAssignees } from './Assignment';
import { caseStates, caseTones } from './states';

const typingPauseMs = 250;

function useColumns(mayAssign: boolean): Column<CaseSummary>[] {
  const { t } = useTranslation();
  const format = useFormat();
  return useMemo(
    () => [
      {
        id: 'title',
        header: t('app.case'),
        cell: ({ row: { original } }) => (
          <div>
            <Link to="/cases/$caseId" params={{ caseId: original.id }} className="k-name">
              {original.title}
            </Link>
            <div className="k-dim k-small">
              {original.number}
              {original.main_subject !== undefined && original.main_subject !== original.title
                ? ` · ${original.main_subject}`
                : ''}
              {' · '}
              {t('app.changed-when', { when: format.relative(original.changed_at_ms) })}
            </div>
          </div>
        ),
      },
      {
        id: 'state',
        header: t('app.state'),
        cell: ({ row: { original } }) => (
          <Tag tone={caseTones[original.state]}>{t(`state.case.${original.state}`)}</Tag>
        ),
      },
      {
        id: 'category',
        header: t('app.category'),
        cell: ({ row: { original } }) =>
          original.category == null ? '–' : t(`category.${original.category}`),
      },
      {
        id: 'reports',
        header: t('app.reports'),
        cell: ({ row: { original } }) => (
          <span className="k-row">
            {format.number(original.report_count)}
            {(original.reports_waiting ?? 0) > 0 && (
              <Tag tone="info">{t('app.reports-new', { count: original.reports_waiting })}</Tag>
            )}
          </span>
        ),
      },
      {
        id: 'assignee',
        header: t('app.assignee'),
        cell: ({ row: { original } }) =>
          mayAssign && original.state !== 'closed' ? (
            <Assignment record={original} allowed inTable />
          ) : (
            (original.assignee?.name ?? t('app.nobody'))
          ),
      },
      {
        id: 'due',
        header: t('app.due'),
        cell: ({ row: { original } }) =>
          original.due_at_ms === undefined || original.due_kind === undefined ? (
            '–'
          ) : (
            <Due atMs={original.due_at_ms} kind={original.due_kind} />
          ),
      },
    ],
    [t, format, mayAssign],
  );
}

function SearchBox({ value, onSearch }: { value: string; onSearch: (q: string) => void }) {
  const { t } = useTranslation();
  const [text, setText] = useState(value);
  const input = useRef<HTMLInputElement>(null);
  const search = useDebouncedCallback(onSearch, typingPauseMs);
  useKeys({ '/': () => input.current?.focus() });
  return (
    <TextInput
      ref={input}
      className="k-wide"
      type="search"
      label={t('app.search')}
      placeholder={t('app.search-hint')}
      leftSection={<Icon name="search" />}
      value={text}
      onChange={(event) => {
        setText(event.currentTarget.value);
        search(event.currentTarget.value.trim());
      }}
    />
  );
}

export function QueueScreen() {
  const { t } = useTranslation();
  const search = useSearch({ from: '/officer/cases' });
  const navigate = useNavigate({ from: '/cases' });
  const assignees = useAssignees();
  const columns = useColumns(assignees.may);
  const pages = usePages(JSON.stringify(search));
  const query = useQuery(
    casesQuery({
      q: search.q,
      state: search.state as CaseState | undefined,
      category: search.category as Category | undefined,
      assignee: search.assignee,
      cursor: pages.cursor,
    }),
  );
  const change = (part: Partial<typeof search>) =>
    void navigate({ search: (old) => ({ ...old, ...part }), replace: true });
  const filtered = Object.values(search).some((value) => value !== undefined);

  return (
    <Page title={t('app.nav.cases')} lead={t('app.queue.lead')}>
      <div className="k-card k-filters" role="search">
        <SearchBox value={search.q ?? ''} onSearch={(q) => change({ q: q || undefined })} />
        <NativeSelect
          label={t('app.state')}
          value={search.state ?? ''}
          onChange={(event) => change({ state: event.currentTarget.value || undefined })}
          data={[
            { value: '', label: t('app.any') },
            ...caseStates.map((value) => ({ value, label: t(`state.case.${value}`) })),
          ]}
        />
        <NativeSelect
          label={t('app.category')}
          value={search.category ?? ''}
          onChange={(event) => change({ category: event.currentTarget.value || undefined })}
          data={[
            { value: '', label: t('app.any') },
            ...categories.map((value) => ({ value, label: t(`category.${value}`) })),
          ]}
        />
        <NativeSelect
          label={t('app.assignee')}
          value={search.assignee ?? ''}
          onChange={(event) => change({ assignee: event.currentTarget.value || undefined })}
          data={[
            { value: '', label: t('app.any') },
            { value: 'me', label: t('app.assigned-me') },
            { value: 'none', label: t('app.nobody') },
            ...assignees.others.map(({ id, name }) => ({ value: id, label: name })),
          ]}
        />
      </div>
      <section className="k-card" aria-busy={query.isFetching} aria-label={t('app.nav.cases')}>
        {query.data === undefined && query.isPending && <Loading rows={10} />}
        {query.data === undefined && query.isError && (
          <Failed error={query.error} onRetry={() => void query.refetch()} />
        )}
        {query.data?.items.length === 0 && (
          <Empty
            title={t(filtered ? 'app.queue.none-found' : 'app.queue.empty')}
            icon={filtered ? 'search' : 'check'}
          >
            {t(filtered ? 'app.queue.none-found-next' : 'app.queue.empty-next')}
          </Empty>
        )}
        {query.data !== undefined && query.data.items.length > 0 && (
          <DataTable
            label={t('app.nav.cases')}
            columns={columns}
            rows={query.data.items}
            pager={pages.pager(query.data.next_cursor)}
          />
        )}
      </section>
      <p className="k-dim k-small k-keys">{t('app.queue.keys')}</p>
    </Page>
  );
}
