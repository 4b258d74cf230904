// Entries of lists that rechecks found to be no more: dropped or kept by one person, or by their date.
import { Button } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, call, csrf } from '@/api/client';
import { foundEntriesQuery } from '@/api/queries';
import { findAction, type FoundEntry } from '@/api/types';
import { useFormat } from '@/i18n/format';
import { ReasonDialog } from '@/ui/ReasonDialog';
import { Section } from '@/ui/Page';
import { Loaded } from '@/ui/States';
import { toastDone } from '@/ui/toast';
import { usePages } from '@/ui/usePages';
import { FindingTag, Grounds } from './findings';

type Move = 'drop' | 'keep';

function movesOf(entry: FoundEntry): Move[] {
  const moves: Move[] = [];
  if (findAction(entry, 'order.lift').allowed) moves.push('drop');
  if (findAction(entry, 'feed.approve').allowed) moves.push('keep');
  return moves;
}

function MoveDialog({
  entry,
  move,
  onClose,
}: {
  entry: FoundEntry;
  move: Move;
  onClose: () => void;
}) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const run = useMutation({
    mutationFn: (reason: string) => {
      const request = {
        params: { path: { entry_id: Number(entry.id) }, header: csrf },
        body: { reason },
      };
      return move === 'drop'
        ? call(api.POST('/api/v1/rechecks/entries/{entry_id}/drop', request))
        : call(api.POST('/api/v1/rechecks/entries/{entry_id}/keep', request));
    },
    onSuccess: () => {
      void client.invalidateQueries({ queryKey: ['order', 'found'] });
      toastDone(t(`app.found.${move}.done`));
      onClose();
    },
  });
  return (
    <ReasonDialog
      title={t(`app.found.${move}`)}
      explanation={t(`app.found.${move}.explained`, { name: entry.display })}
      presets={move === 'drop' ? [t('app.order.why.gone')] : [t('app.proposals.why.hiding')]}
      confirm={t(`app.found.${move}`)}
      error={run.error}
      busy={run.isPending}
      opened
      onClose={onClose}
      onConfirm={(reason) => run.mutate(reason)}
    />
  );
}

function OneEntry({ entry }: { entry: FoundEntry }) {
  const { t } = useTranslation();
  const format = useFormat();
  const [move, setMove] = useState<Move>();
  return (
    <li className="k-item" aria-label={entry.display}>
      <span className="k-row">
        <strong className="k-name">{entry.display}</strong>
        <FindingTag finding={entry.finding} />
      </span>
      <p className="k-dim k-small">
        {entry.feed_name} · {t('app.found.lapses', { when: format.dateTime(entry.lapses_at_ms) })}
      </p>
      <Grounds of={entry} />
      <span className="k-row">
        {movesOf(entry).map((name) => (
          <Button
            key={name}
            size="xs"
            variant={name === 'keep' ? 'default' : 'filled'}
            onClick={() => setMove(name)}
          >
            {t(`app.found.${name}`)}
          </Button>
        ))}
      </span>
      {move !== undefined && (
        <MoveDialog entry={entry} move={move} onClose={() => setMove(undefined)} />
      )}
    </li>
  );
}

export function FoundEntries() {
  const { t } = useTranslation();
  const pages = usePages('');
  const query = useQuery(foundEntriesQuery(pages.cursor));
  return (
    <Section title={t('app.found.title')}>
      <p className="k-dim k-small">{t('app.found.lead')}</p>
      <Loaded query={query}>
        {({ items, next_cursor }) => {
          const { onBack, onNext } = pages.pager(next_cursor);
          return (
            <>
              {items.length === 0 && <p className="k-dim">{t('app.found.none')}</p>}
              <ul className="k-list">
                {items.map((entry) => (
                  <OneEntry key={entry.id} entry={entry} />
                ))}
              </ul>
              {(onBack !== undefined || onNext !== undefined) && (
                <span className="k-row">
                  <Button variant="default" size="xs" disabled={!onBack} onClick={onBack}>
                    {t('app.objection.newer')}
                  </Button>
                  <Button variant="default" size="xs" disabled={!onNext} onClick={onNext}>
                    {t('app.objection.more')}
                  </Button>
                </span>
              )}
            </>
          );
        }}
      </Loaded>
    </Section>
  );
}
