// What rechecks propose to lift: one click and a reason lifts, or keeps; who does neither lets it lapse.
import { Button } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, call, csrf } from '@/api/client';
import { proposalsQuery, sessionQuery } from '@/api/queries';
import type { LiftProposalItem } from '@/api/types';
import { useFormat } from '@/i18n/format';
import { Icon } from '@/ui/icons';
import { Page, Section } from '@/ui/Page';
import { ReasonDialog } from '@/ui/ReasonDialog';
import { Empty, Loaded } from '@/ui/States';
import { toastDone } from '@/ui/toast';
import { FindingTag, Grounds } from './findings';
import { FoundEntries } from './FoundEntries';

type Move = 'lift' | 'keep';
const rightFor: Record<Move, string> = { lift: 'order.lift', keep: 'order.draft' };
const moves: Move[] = ['lift', 'keep'];

function SettleDialog({
  item,
  move,
  onClose,
}: {
  item: LiftProposalItem;
  move: Move;
  onClose: () => void;
}) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const run = useMutation({
    mutationFn: (reason: string) => {
      const request = {
        params: { path: { order_id: item.order.id }, header: csrf },
        body: { version: item.order.version, reason },
      };
      return move === 'lift'
        ? call(api.POST('/api/v1/orders/{order_id}/lift', request))
        : call(api.POST('/api/v1/orders/{order_id}/keep', request));
    },
    onSuccess: () => {
      void client.invalidateQueries({ queryKey: ['order'] });
      void client.invalidateQueries({ queryKey: ['overview'] });
      toastDone(t(`app.order.${move}.done`));
      onClose();
    },
  });
  return (
    <ReasonDialog
      title={t(`app.order.${move}`)}
      explanation={
        <>
          <p className="k-name">{item.order.display}</p>
          <p>{t(`app.order.${move}.explained`)}</p>
        </>
      }
      presets={
        move === 'lift' ? [t(`finding.${item.finding}.reason`)] : [t('app.proposals.why.hiding')]
      }
      confirm={t(`app.order.${move}`)}
      error={run.error}
      busy={run.isPending}
      opened
      onClose={onClose}
      onConfirm={(reason) => run.mutate(reason)}
    />
  );
}

function OneProposal({ item }: { item: LiftProposalItem }) {
  const { t } = useTranslation();
  const format = useFormat();
  const me = useQuery(sessionQuery);
  const [move, setMove] = useState<Move>();
  const rights = me.data?.rights ?? [];
  return (
    <li className="k-item" aria-label={item.order.display}>
      <span className="k-row">
        <Link to="/orders/$orderId" params={{ orderId: item.order.id }} className="k-name">
          {item.order.display}
        </Link>
        <FindingTag finding={item.finding} />
        <span className="k-dim k-small">{item.order.number}</span>
      </span>
      <Grounds of={item} />
      <p className="k-small">
        <Icon name="clock" size={15} />{' '}
        {t('app.recheck.lapses', { when: format.dateTime(item.lapses_at_ms) })}
      </p>
      <span className="k-row">
        {moves
          .filter((name) => rights.includes(rightFor[name]))
          .map((name) => (
            <Button
              key={name}
              size="xs"
              variant={name === 'keep' ? 'default' : 'filled'}
              onClick={() => setMove(name)}
            >
              {t(`app.order.${name}`)}
            </Button>
          ))}
      </span>
      {move !== undefined && (
        <SettleDialog item={item} move={move} onClose={() => setMove(undefined)} />
      )}
    </li>
  );
}

export function ProposalsScreen() {
  const { t } = useTranslation();
  const query = useQuery(proposalsQuery);
  return (
    <Page title={t('app.nav.proposals')} lead={t('app.proposals.lead')}>
      <Section title={t('app.proposals.orders')}>
        <Loaded query={query}>
          {({ enabled, total, items }) => (
            <>
              {!enabled && (
                <div className="k-note k-info">
                  <Icon name="info" />
                  <span>{t('app.recheck.off')}</span>
                </div>
              )}
              {items.length === 0 && (
                <Empty title={t('app.proposals.none')}>{t('app.proposals.none-next')}</Empty>
              )}
              {total > items.length && (
                <p className="k-dim k-small">
                  {t('app.proposals.more', { shown: items.length, total })}
                </p>
              )}
              <ul className="k-list">
                {items.map((item) => (
                  <OneProposal key={item.order.id} item={item} />
                ))}
              </ul>
            </>
          )}
        </Loaded>
      </Section>
      <FoundEntries />
    </Page>
  );
}
