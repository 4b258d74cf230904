// One subscription: what was decided, how its last run went, and what may be done with it.
import { Button, Loader } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { api, ApiError, call, csrf } from '@/api/client';
import { findAction, type Feed } from '@/api/types';
import { useFormat } from '@/i18n/format';
import { problemText, reasonText, refusalText } from '@/i18n/problem';
import { Icon } from '@/ui/icons';
import { Facts, Section } from '@/ui/Page';
import { ReasonDialog } from '@/ui/ReasonDialog';
import { Tag, type Tone } from '@/ui/Tag';
import { toastDone, toastFailed } from '@/ui/toast';

const tones: Record<Feed['state'], Tone> = {
  proposed: 'info',
  active: 'good',
  stopped: 'bad',
  suspended: 'warn',
  lapsed: 'plain',
};

type Move = 'approve' | 'run' | 'suspend' | 'resume' | 'end';

function useMove(feed: Feed) {
  const { t } = useTranslation();
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ move, reason = '' }: { move: Move; reason?: string }) => {
      const params = { path: { feed_id: feed.id }, header: csrf };
      const body = { version: feed.version };
      const said = { ...body, reason };
      switch (move) {
        case 'approve':
          return call(api.POST('/api/v1/feeds/{feed_id}/approve', { params, body }));
        case 'run':
          return call(api.POST('/api/v1/feeds/{feed_id}/run', { params, body }));
        case 'suspend':
          return call(api.POST('/api/v1/feeds/{feed_id}/suspend', { params, body: said }));
        case 'resume':
          return call(api.POST('/api/v1/feeds/{feed_id}/resume', { params, body: said }));
        case 'end':
          return call(api.POST('/api/v1/feeds/{feed_id}/end', { params, body: said }));
      }
    },
    onSuccess: (_, { move }) => {
      toastDone(t(`app.feed.${move}.done`));
      void client.invalidateQueries({ queryKey: ['feed'] });
    },
  });
}

function LastRun({ feed }: { feed: Feed }) {
  const { t } = useTranslation();
  const format = useFormat();
  const run = feed.last_run;
  if (run === undefined) return <p className="k-dim">{t('app.feed.never-ran')}</p>;
  const { counts } = run;
  const why = Object.entries(counts.refused_reasons ?? {}).sort((a, b) => b[1] - a[1]);
  return (
    <div className="k-stack">
      <div className="k-row">
        <Tag tone={run.state === 'failed' || run.state === 'stopped' ? 'bad' : 'plain'}>
          {t(`run.${run.state}`)}
        </Tag>
        <span className="k-dim k-small">{format.dateTime(run.started_at_ms)}</span>
      </div>
      {run.problem !== undefined && (
        <p className="k-note k-bad">{problemText(new ApiError(0, run.problem))}</p>
      )}
      {run.state === 'running' ? (
        <div className="k-row" role="status">
          <Loader size="sm" />
          {t('app.feed.reading', {
            read: format.number(counts.read),
            refused: format.number(counts.refused),
          })}
        </div>
      ) : (
        <Facts
          items={(['read', 'added', 'removed', 'duplicate', 'redundant', 'refused'] as const).map(
            (name) => [t(`app.feed.count.${name}`), format.number(counts[name])],
          )}
        />
      )}
      {why.length > 0 && (
        <details>
          <summary className="k-small">{t('app.feed.refused-why')}</summary>
          <ul>
            {why.map(([reason, count]) => (
              <li key={reason}>
                {refusalText(reason)}: {format.number(count)}
              </li>
            ))}
          </ul>
        </details>
      )}
    </div>
  );
}

function Decision({ feed }: { feed: Feed }) {
  const { t } = useTranslation();
  const format = useFormat();
  const items: [string, ReactNode][] = [
    [
      t('app.feed.source'),
      <span key="source" className="k-mono">
        {feed.source}
      </span>,
    ],
    [t('app.feed.format'), t(`format.${feed.format}`)],
    [t('app.feed.scope'), t(`scope.${feed.scope}`)],
  ];
  if (feed.format === 'csv') items.push([t('app.feed.column'), feed.column]);
  items.push(
    [
      t('app.feed.entries'),
      t('app.feed.entries-of', {
        entries: format.number(feed.entries),
        max: format.number(feed.entries_max),
      }),
    ],
    [t('app.feed.change-max'), format.number(feed.change_max_percent ?? 0)],
    [t('app.feed.end-date'), format.date(feed.valid_until_ms)],
  );
  if (feed.state === 'active' && feed.next_run_at_ms !== undefined) {
    items.push([t('app.feed.next-run'), format.dateTime(feed.next_run_at_ms)]);
  }
  items.push(
    [t('app.reason'), feed.reason ?? '–'],
    [t('app.proposed-by'), feed.proposed_by.name],
    [t('app.approved-by'), feed.approved_by?.name ?? t('app.nobody-yet')],
    [t('app.feed.licence'), feed.licence || '–'],
  );
  return <Facts items={items} />;
}

/** What somebody is told before giving the reason for a move. */
function useExplanation(feed: Feed): Record<'suspend' | 'resume' | 'end', string> {
  const { t } = useTranslation();
  const format = useFormat();
  const { name, last_run: run } = feed;
  return {
    suspend: t('app.feed.suspend.explained', { name }),
    resume:
      feed.state === 'stopped' && run !== undefined
        ? t('app.feed.resume-held.explained', {
            name,
            added: format.number(run.counts.added),
            removed: format.number(run.counts.removed),
            refused: format.number(run.counts.refused),
          })
        : t('app.feed.resume.explained', { name }),
    end: t(
      feed.state === 'proposed' ? 'app.feed.end-proposal.explained' : 'app.feed.end.explained',
      {
        name,
      },
    ),
  };
}

export function FeedCard({ feed }: { feed: Feed }) {
  const { t } = useTranslation();
  const move = useMove(feed);
  const explanation = useExplanation(feed);
  const [asking, setAsking] = useState<'suspend' | 'resume' | 'end'>();
  const approve = findAction(feed, 'feed.approve'); // its right also lets a feed go on
  const mayStop = findAction(feed, 'feed.suspend').allowed; // and this one also ends it
  return (
    <Section
      title={feed.name}
      aside={
        <>
          <Tag tone={tones[feed.state]}>{t(`state.feed.${feed.state}`)}</Tag>
          <Tag>{t(`category.${feed.category}`)}</Tag>
        </>
      }
    >
      <div className="k-stack">
        <Decision feed={feed} />
        <LastRun feed={feed} />
        {!approve.allowed && feed.state === 'proposed' && reasonText(approve.reason) !== '' && (
          <div className="k-note k-info">
            <Icon name="info" />
            <span>{reasonText(approve.reason)}</span>
          </div>
        )}
        <div className="k-row k-end">
          {approve.allowed && feed.state === 'proposed' && (
            <Button
              loading={move.isPending}
              onClick={() => move.mutate({ move: 'approve' }, { onError: toastFailed })}
            >
              {t('app.feed.approve')}
            </Button>
          )}
          {findAction(feed, 'feed.run').allowed && (
            <Button
              variant="default"
              loading={move.isPending}
              onClick={() => move.mutate({ move: 'run' }, { onError: toastFailed })}
            >
              {t('app.feed.run')}
            </Button>
          )}
          {approve.allowed && feed.state !== 'proposed' && (
            <Button variant="default" onClick={() => setAsking('resume')}>
              {t('app.feed.resume')}
            </Button>
          )}
          {mayStop && (feed.state === 'active' || feed.state === 'stopped') && (
            <Button variant="default" onClick={() => setAsking('suspend')}>
              {t('app.feed.suspend')}
            </Button>
          )}
          {mayStop && (
            <Button variant="default" onClick={() => setAsking('end')}>
              {t('app.feed.end')}
            </Button>
          )}
        </div>
      </div>
      {asking !== undefined && (
        <ReasonDialog
          title={t(`app.feed.${asking}`)}
          explanation={explanation[asking]}
          confirm={t(`app.feed.${asking}`)}
          error={move.error}
          busy={move.isPending}
          opened
          onClose={() => setAsking(undefined)}
          onConfirm={(reason) =>
            move.mutate({ move: asking, reason }, { onSuccess: () => setAsking(undefined) })
          }
        />
      )}
    </Section>
  );
}
