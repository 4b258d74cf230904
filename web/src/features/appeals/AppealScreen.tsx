// One objection: what the affected party says, against which order, and what is decided.
import { Button, Checkbox, NativeSelect } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Link, useParams } from '@tanstack/react-router';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, call, csrf } from '@/api/client';
import { appealQuery } from '@/api/queries';
import { findAction, type Appeal, type AppealOutcome } from '@/api/types';
import { useFormat } from '@/i18n/format';
import { reasonText } from '@/i18n/problem';
import { Icon } from '@/ui/icons';
import { Facts, Page, Section } from '@/ui/Page';
import { ReasonDialog } from '@/ui/ReasonDialog';
import { Loaded } from '@/ui/States';
import { Tag } from '@/ui/Tag';
import { toastDone } from '@/ui/toast';
import { appealTones } from './states';

type Move = 'admit' | 'reject' | 'decide';

/** All moves share one right; which are possible follows from the state. */
function movesOf(appeal: Appeal): Move[] {
  if (!findAction(appeal, 'appeal.decide').allowed) return [];
  if (appeal.state === 'lodged') return ['admit', 'reject'];
  return appeal.state === 'admitted' || appeal.state === 'assigned' ? ['decide'] : [];
}
const outcomes: AppealOutcome[] = ['upheld', 'partly', 'denied'];

function MoveDialog({
  appeal,
  move,
  onClose,
}: {
  appeal: Appeal;
  move: Move;
  onClose: () => void;
}) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const [suspend, setSuspend] = useState(true);
  const [outcome, setOutcome] = useState<AppealOutcome>('upheld');
  const run = useMutation({
    mutationFn: (reason: string) => {
      const params = { path: { appeal_id: appeal.id }, header: csrf };
      const body = { version: appeal.version, reason };
      switch (move) {
        case 'admit':
          return call(
            api.POST('/api/v1/appeals/{appeal_id}/admit', {
              params,
              body: { ...body, suspend_order: suspend },
            }),
          );
        case 'reject':
          return call(api.POST('/api/v1/appeals/{appeal_id}/reject', { params, body }));
        case 'decide':
          return call(
            api.POST('/api/v1/appeals/{appeal_id}/decide', { params, body: { ...body, outcome } }),
          );
      }
    },
    onSuccess: (changed) => {
      client.setQueryData(['appeal', 'one', appeal.id], changed);
      void client.invalidateQueries({ queryKey: ['appeal'] });
      void client.invalidateQueries({ queryKey: ['order'] });
      void client.invalidateQueries({ queryKey: ['overview'] });
      toastDone(t('app.appeal.kept'));
      onClose();
    },
  });
  return (
    <ReasonDialog
      title={t(`app.appeal.${move}`)}
      explanation={t(`app.appeal.${move}.explained`)}
      confirm={t(`app.appeal.${move}`)}
      error={run.error}
      busy={run.isPending}
      opened
      onClose={onClose}
      onConfirm={(reason) => run.mutate(reason)}
    >
      {move === 'admit' && (
        <Checkbox
          label={t('app.appeal.suspend')}
          checked={suspend}
          onChange={(event) => setSuspend(event.currentTarget.checked)}
        />
      )}
      {move === 'decide' && (
        <NativeSelect
          label={t('app.outcome')}
          value={outcome}
          onChange={(event) => setOutcome(event.currentTarget.value as AppealOutcome)}
          data={outcomes.map((value) => ({ value, label: t(`appeal-outcome.${value}`) }))}
        />
      )}
    </ReasonDialog>
  );
}

export function AppealScreen() {
  const { t } = useTranslation();
  const format = useFormat();
  const { appealId } = useParams({ from: '/officer/appeals/$appealId' });
  const query = useQuery(appealQuery(appealId));
  const [move, setMove] = useState<Move>();
  return (
    <Loaded query={query}>
      {(appeal) => {
        const possible = movesOf(appeal);
        const denied = reasonText(findAction(appeal, 'appeal.decide').reason);
        return (
          <Page
            title={t('app.appeal.against', { name: appeal.order.display })}
            lead={
              <span className="k-row">
                <Tag tone={appealTones[appeal.state]}>{t(`state.appeal.${appeal.state}`)}</Tag>
                {appeal.outcome !== undefined && <Tag>{t(`appeal-outcome.${appeal.outcome}`)}</Tag>}
              </span>
            }
            aside={possible.map((name) => (
              <Button
                key={name}
                variant={name === 'reject' ? 'default' : 'filled'}
                onClick={() => setMove(name)}
              >
                {t(`app.appeal.${name}`)}
              </Button>
            ))}
          >
            {possible.length === 0 && denied !== '' && (
              <div className="k-note k-info">
                <Icon name="info" />
                <span>{denied}</span>
              </div>
            )}
            <Section title={t('app.appeal.text')}>
              <p className="k-quote">{appeal.text}</p>
            </Section>
            <Section title={t('app.order')}>
              <Facts
                items={[
                  [
                    t('app.order.name'),
                    <Link key="order" to="/orders/$orderId" params={{ orderId: appeal.order.id }}>
                      {appeal.order.display}
                    </Link>,
                  ],
                  [t('app.state'), t(`state.order.${appeal.order.state}`)],
                  [t('app.appeal.lodged'), format.dateTime(appeal.lodged_at_ms)],
                  [
                    t('app.appeal.due'),
                    appeal.answer_due_ms === undefined
                      ? '–'
                      : format.dateTime(appeal.answer_due_ms),
                  ],
                  [t('app.appeal.contact'), appeal.contact ?? '–'],
                ]}
              />
            </Section>
            {appeal.reason !== undefined && appeal.reason !== '' && (
              <Section title={t('app.appeal.answer')}>
                <p className="k-quote">{appeal.reason}</p>
              </Section>
            )}
            {move !== undefined && (
              <MoveDialog
                key={move}
                appeal={appeal}
                move={move}
                onClose={() => setMove(undefined)}
              />
            )}
          </Page>
        );
      }}
    </Loaded>
  );
}
