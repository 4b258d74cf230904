// One item's chain of custody, and what a custodian may do with it. What I may not do says why.
import { Button } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { findAction, type Action, type EvidenceDetail } from '@/api/types';
import { useFormat } from '@/i18n/format';
import { reasonText } from '@/i18n/problem';
import { Dialog } from '@/ui/Dialog';
import { ReasonDialog } from '@/ui/ReasonDialog';
import { Loaded } from '@/ui/States';
import { toastDone } from '@/ui/toast';
import { Destruction } from './Destruction';
import { evidenceQuery, send, type CustodyMove } from './queries';

const rights: Record<CustodyMove, Action['action']> = {
  hold: 'evidence.hold',
  release: 'evidence.hold',
  destroy: 'evidence.destroy',
};

function Events({ item }: { item: EvidenceDetail }) {
  const { t } = useTranslation();
  const format = useFormat();
  return (
    <ol className="k-timeline">
      {[...item.custody].reverse().map((event, index) => (
        <li key={item.custody.length - index}>
          <strong>{t(`custody.${event.event}`)}</strong>
          <div className="k-dim k-small">
            {event.actor?.name ?? t('app.timeline.nobody')} ·{' '}
            <time dateTime={new Date(event.at_ms).toISOString()}>
              {format.dateTime(event.at_ms)}
            </time>
          </div>
          {event.reason !== undefined && event.reason !== '' && (
            <p className="k-quote">{event.reason}</p>
          )}
        </li>
      ))}
    </ol>
  );
}

function Moves({
  item,
  onChoose,
}: {
  item: EvidenceDetail;
  onChoose: (move: CustodyMove) => void;
}) {
  const { t } = useTranslation();
  const moves: CustodyMove[] =
    item.holds > 0 ? ['hold', 'release', 'destroy'] : ['hold', 'destroy'];
  const denied = new Set(
    moves
      .map((move) => findAction(item, rights[move]))
      .filter(({ allowed }) => !allowed)
      .map(({ reason }) => reasonText(reason)),
  );
  denied.delete('');
  return (
    <>
      <div className="k-row" role="group" aria-label={t('app.custody.actions')}>
        {moves.map((move) => (
          <Button
            key={move}
            variant="default"
            disabled={!findAction(item, rights[move]).allowed}
            onClick={() => onChoose(move)}
          >
            {t(`app.custody.${move}`)}
          </Button>
        ))}
      </div>
      {[...denied].map((text) => (
        <p key={text} className="k-dim k-small">
          {text}
        </p>
      ))}
    </>
  );
}

function Detail({ item }: { item: EvidenceDetail }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const [move, setMove] = useState<CustodyMove>();
  const run = useMutation({
    mutationFn: ({ chosen, reason }: { chosen: CustodyMove; reason: string }) =>
      send(item.id, chosen, reason),
    onSuccess: (changed, { chosen }) => {
      setMove(undefined);
      client.setQueryData(evidenceQuery(item.id).queryKey, changed);
      void client.invalidateQueries({ queryKey: ['case'] });
      void client.invalidateQueries({ queryKey: ['overview'] });
      void client.invalidateQueries({ queryKey: ['evidence', 'destructions'] });
      toastDone(t(`app.custody.${chosen}.done`));
    },
  });
  return (
    <div className="k-stack">
      <p className="k-name">{item.file_name}</p>
      {item.destroyed ? (
        <p className="k-note k-info">{t('app.evidence.destroyed-explained')}</p>
      ) : (
        <>
          {item.holds > 0 && <p>{t('app.custody.holds', { count: item.holds })}</p>}
          <Destruction item={item} />
          <Moves
            item={item}
            onChoose={(chosen) => {
              run.reset();
              setMove(chosen);
            }}
          />
        </>
      )}
      <Events item={item} />
      {move !== undefined && (
        <ReasonDialog
          title={t(`app.custody.${move}`)}
          explanation={t(`app.custody.${move}.explained`)}
          presets={[t(`app.custody.${move}.why-1`), t(`app.custody.${move}.why-2`)]}
          confirm={t(`app.custody.${move}`)}
          danger={move === 'destroy'}
          error={run.error}
          busy={run.isPending}
          opened
          onClose={() => setMove(undefined)}
          onConfirm={(reason) => run.mutate({ chosen: move, reason })}
        />
      )}
    </div>
  );
}

export function CustodyDialog({ id, onClose }: { id: string; onClose: () => void }) {
  const { t } = useTranslation();
  const query = useQuery(evidenceQuery(id));
  return (
    <Dialog title={t('app.custody')} size="lg" opened onClose={onClose}>
      <Loaded query={query} rows={4}>
        {(item) => <Detail item={item} />}
      </Loaded>
    </Dialog>
  );
}
