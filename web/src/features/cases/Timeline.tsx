// What happened in the case, newest first, and a place for a comment.
import { Button, Textarea } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, call, csrf } from '@/api/client';
import { timelineQuery } from '@/api/queries';
import type { TimelineEntry } from '@/api/types';
import { useFormat } from '@/i18n/format';
import { Pager } from '@/ui/DataTable';
import { Section } from '@/ui/Page';
import { Loaded, Refusal } from '@/ui/States';
import { usePages } from '@/ui/usePages';

function Entry({ entry }: { entry: TimelineEntry }) {
  const { t, i18n } = useTranslation();
  const format = useFormat();
  const key = `event.${entry.kind}`;
  return (
    <li>
      <strong>{i18n.exists(key) ? t(key as 'event.comment') : entry.kind}</strong>
      <div className="k-dim k-small">
        {entry.actor?.name ?? t('app.timeline.nobody')} ·{' '}
        <time dateTime={new Date(entry.at_ms).toISOString()}>{format.dateTime(entry.at_ms)}</time>
      </div>
      {entry.text !== '' && <p className="k-quote">{entry.text}</p>}
    </li>
  );
}

export function Timeline({ id }: { id: string }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const [text, setText] = useState('');
  const pages = usePages(id);
  const query = useQuery(timelineQuery(id, pages.cursor));
  const comment = useMutation({
    mutationFn: () =>
      call(
        api.POST('/api/v1/cases/{case_id}/comments', {
          params: { path: { case_id: id }, header: csrf },
          body: { text },
        }),
      ),
    onSuccess: () => {
      setText('');
      void client.invalidateQueries({ queryKey: ['case', 'timeline', id] });
    },
  });
  return (
    <Section title={t('app.timeline')}>
      <div className="k-stack">
        <form
          className="k-stack"
          onSubmit={(event) => {
            event.preventDefault();
            comment.mutate();
          }}
        >
          <Textarea
            aria-label={t('app.comment')}
            placeholder={t('app.comment-hint')}
            rows={2}
            maxLength={4000}
            value={text}
            onChange={(event) => setText(event.currentTarget.value)}
          />
          <Refusal error={comment.error} />
          {text.trim() !== '' && (
            <div className="k-row k-end">
              <Button type="submit" variant="default" loading={comment.isPending}>
                {t('app.comment.write')}
              </Button>
            </div>
          )}
        </form>
        <Loaded query={query} rows={3}>
          {({ items, next_cursor }) => (
            <>
              <ol className="k-timeline">
                {items.map((entry) => (
                  <Entry key={entry.id} entry={entry} />
                ))}
              </ol>
              <Pager {...pages.pager(next_cursor)} />
            </>
          )}
        </Loaded>
      </div>
    </Section>
  );
}
