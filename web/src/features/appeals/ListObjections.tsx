// Objections to names that lists block: one officer takes the name off all lists at once, or the list stays.
import { Button } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, call, csrf } from '@/api/client';
import { objectionsQuery } from '@/api/queries';
import { findAction, type Objection } from '@/api/types';
import { useFormat } from '@/i18n/format';
import type { PagerProps } from '@/ui/DataTable';
import { ReasonDialog } from '@/ui/ReasonDialog';
import { Section } from '@/ui/Page';
import { Loaded } from '@/ui/States';
import { Tag, type Tone } from '@/ui/Tag';
import { toastDone } from '@/ui/toast';
import { usePages } from '@/ui/usePages';

type Move = 'uphold' | 'deny';
const tones: Record<Objection['state'], Tone> = { lodged: 'info', upheld: 'good', denied: 'plain' };

function movesOf(objection: Objection): Move[] {
  const moves: Move[] = [];
  if (findAction(objection, 'order.lift').allowed) moves.push('uphold');
  if (findAction(objection, 'appeal.decide').allowed) moves.push('deny');
  return moves;
}

function MoveDialog({
  objection,
  move,
  onClose,
}: {
  objection: Objection;
  move: Move;
  onClose: () => void;
}) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const run = useMutation({
    mutationFn: (reason: string) => {
      const request = {
        params: { path: { objection_id: objection.id }, header: csrf },
        body: { version: objection.version, reason },
      };
      return move === 'uphold'
        ? call(api.POST('/api/v1/objections/{objection_id}/uphold', request))
        : call(api.POST('/api/v1/objections/{objection_id}/deny', request));
    },
    onSuccess: () => {
      void client.invalidateQueries({ queryKey: ['objection'] });
      void client.invalidateQueries({ queryKey: ['overview'] });
      toastDone(t('app.appeal.kept'));
      onClose();
    },
  });
  return (
    <ReasonDialog
      title={t(`app.objection.${move}`)}
      explanation={t(`app.objection.${move}.explained`, { name: objection.name })}
      confirm={t(`app.objection.${move}`)}
      error={run.error}
      busy={run.isPending}
      opened
      onClose={onClose}
      onConfirm={(reason) => run.mutate(reason)}
    />
  );
}

function OneObjection({ objection }: { objection: Objection }) {
  const { t } = useTranslation();
  const format = useFormat();
  const [move, setMove] = useState<Move>();
  return (
    <article className="k-stack" aria-label={objection.name}>
      <span className="k-row">
        <strong className="k-name">{objection.name}</strong>
        <Tag tone={tones[objection.state]}>{t(`state.objection.${objection.state}`)}</Tag>
        <span className="k-dim k-small">
          {objection.number} · {format.dateTime(objection.lodged_at_ms)}
          {objection.answer_due_ms !== undefined &&
            ` · ${t('app.appeal.due')}: ${format.relative(objection.answer_due_ms)}`}
        </span>
      </span>
      <span className="k-dim k-small">
        {objection.lists.map(({ name }) => name).join(' · ') || t('app.objection.lists-unknown')}
      </span>
      <p className="k-quote">{objection.text}</p>
      {objection.reason !== undefined && <p className="k-quote">{objection.reason}</p>}
      <span className="k-row">
        {movesOf(objection).map((name) => (
          <Button
            key={name}
            size="xs"
            variant={name === 'deny' ? 'default' : 'filled'}
            onClick={() => setMove(name)}
          >
            {t(`app.objection.${name}`)}
          </Button>
        ))}
      </span>
      {move !== undefined && (
        <MoveDialog objection={objection} move={move} onClose={() => setMove(undefined)} />
      )}
    </article>
  );
}

function Pager({ onBack, onNext }: PagerProps) {
  const { t } = useTranslation();
  if (onBack === undefined && onNext === undefined) return null;
  return (
    <span className="k-row">
      <Button variant="default" size="xs" disabled={onBack === undefined} onClick={onBack}>
        {t('app.objection.newer')}
      </Button>
      <Button variant="default" size="xs" disabled={onNext === undefined} onClick={onNext}>
        {t('app.objection.more')}
      </Button>
    </span>
  );
}

export function ListObjections() {
  const { t } = useTranslation();
  const pages = usePages('');
  const query = useQuery(objectionsQuery(pages.cursor));
  return (
    <Section title={t('app.objection.title')}>
      <Loaded query={query}>
        {({ items, next_cursor }) => (
          <>
            {items.length === 0 && <p className="k-dim">{t('app.objection.none')}</p>}
            {items.map((objection) => (
              <OneObjection key={objection.id} objection={objection} />
            ))}
            <Pager {...pages.pager(next_cursor)} />
          </>
        )}
      </Loaded>
    </Section>
  );
}
