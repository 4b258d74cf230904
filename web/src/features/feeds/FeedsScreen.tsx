// Lists of third parties: what each brings in, under whose approval, and when it last ran.
import { Button } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, call, csrf } from '@/api/client';
import { feedsQuery, sessionQuery } from '@/api/queries';
import { findAction, type Feed } from '@/api/types';
import { useFormat } from '@/i18n/format';
import { problemText, reasonText } from '@/i18n/problem';
import { ApiError } from '@/api/client';
import { Icon } from '@/ui/icons';
import { Facts, Page, Section } from '@/ui/Page';
import { ReasonDialog } from '@/ui/ReasonDialog';
import { Empty, Loaded } from '@/ui/States';
import { Tag, type Tone } from '@/ui/Tag';
import { toastDone, toastFailed } from '@/ui/toast';
import { FeedForm } from './FeedForm';

const tones: Record<Feed['state'], Tone> = {
  proposed: 'info',
  active: 'good',
  stopped: 'bad',
  suspended: 'warn',
  lapsed: 'plain',
};

type Move = 'approve' | 'run' | 'suspend' | 'resume';

function useMove(feed: Feed) {
  const { t } = useTranslation();
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ move, reason = '' }: { move: Move; reason?: string }) => {
      const params = { path: { feed_id: feed.id }, header: csrf };
      const body = { version: feed.version };
      switch (move) {
        case 'approve':
          return call(api.POST('/api/v1/feeds/{feed_id}/approve', { params, body }));
        case 'run':
          return call(api.POST('/api/v1/feeds/{feed_id}/run', { params, body }));
        case 'suspend':
          return call(
            api.POST('/api/v1/feeds/{feed_id}/suspend', { params, body: { ...body, reason } }),
          );
        case 'resume':
          return call(
            api.POST('/api/v1/feeds/{feed_id}/resume', { params, body: { ...body, reason } }),
          );
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
      <Facts
        items={(['read', 'added', 'removed', 'duplicate', 'redundant', 'refused'] as const).map(
          (name) => [t(`app.feed.count.${name}`), format.number(counts[name])],
        )}
      />
      {why.length > 0 && (
        <details>
          <summary className="k-small">{t('app.feed.refused-why')}</summary>
          <ul>
            {why.map(([reason, count]) => (
              <li key={reason}>
                {reasonText(reason) || reason}: {format.number(count)}
              </li>
            ))}
          </ul>
        </details>
      )}
    </div>
  );
}

function FeedCard({ feed }: { feed: Feed }) {
  const { t } = useTranslation();
  const format = useFormat();
  const move = useMove(feed);
  const [asking, setAsking] = useState<'suspend' | 'resume'>();
  const approve = findAction(feed, 'feed.approve'); // its right also lets a feed go on
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
        <Facts
          items={[
            [
              t('app.feed.source'),
              <span key="source" className="k-mono">
                {feed.source}
              </span>,
            ],
            [t('app.feed.format'), t(`format.${feed.format}`)],
            [
              t('app.feed.entries'),
              t('app.feed.entries-of', {
                entries: format.number(feed.entries),
                max: format.number(feed.entries_max),
              }),
            ],
            [t('app.feed.end'), format.date(feed.valid_until_ms)],
            [t('app.proposed-by'), feed.proposed_by.name],
            [t('app.approved-by'), feed.approved_by?.name ?? t('app.nobody-yet')],
            [t('app.feed.licence'), feed.licence ?? '–'],
          ]}
        />
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
          {findAction(feed, 'feed.suspend').allowed && (
            <Button variant="default" onClick={() => setAsking('suspend')}>
              {t('app.feed.suspend')}
            </Button>
          )}
        </div>
      </div>
      {asking !== undefined && (
        <ReasonDialog
          title={t(`app.feed.${asking}`)}
          explanation={t(`app.feed.${asking}.explained`, { name: feed.name })}
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

export function FeedsScreen() {
  const { t } = useTranslation();
  const me = useQuery(sessionQuery);
  const query = useQuery(feedsQuery);
  const [proposing, setProposing] = useState(false);
  return (
    <Page
      title={t('app.nav.feeds')}
      lead={t('app.feeds.lead')}
      aside={
        me.data?.rights.includes('feed.propose') && (
          <Button leftSection={<Icon name="plus" />} onClick={() => setProposing(true)}>
            {t('app.feed.propose')}
          </Button>
        )
      }
    >
      <Loaded query={query} rows={4}>
        {({ items }) =>
          items.length === 0 ? (
            <Empty title={t('app.feeds.none')}>{t('app.feeds.none-next')}</Empty>
          ) : (
            <div className="k-stack">
              {items.map((feed) => (
                <FeedCard key={feed.id} feed={feed} />
              ))}
            </div>
          )
        }
      </Loaded>
      {proposing && <FeedForm onClose={() => setProposing(false)} />}
    </Page>
  );
}
