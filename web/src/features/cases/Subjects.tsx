// What the case is about: names, addresses, numbers. A verdict on one of them is a record.
import { Button, NativeSelect, TextInput } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, call, csrf } from '@/api/client';
import { findAction, type Case, type Subject, type Verdict } from '@/api/types';
import { addDays, endOfDay, toDay } from '@/i18n/format';
import { Section } from '@/ui/Page';
import { ReasonDialog } from '@/ui/ReasonDialog';
import { Refusal } from '@/ui/States';
import { Tag } from '@/ui/Tag';
import { toastDone } from '@/ui/toast';
import { useToday } from '@/ui/useToday';
import { verdictTones } from './states';

type Decided = Exclude<Verdict, 'unknown'>;
const decided: Decided[] = ['suspected', 'confirmed', 'benign', 'gone'];
const benignDays = 180;

function VerdictDialog({ subject, onClose }: { subject: Subject; onClose: () => void }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const today = useToday();
  const [verdict, setVerdict] = useState<Decided>('confirmed');
  const [until, setUntil] = useState(() => toDay(addDays(today, benignDays)));
  const move = useMutation({
    mutationFn: (reason: string) =>
      call(
        api.POST('/api/v1/subjects/{subject_id}/verdict', {
          params: { path: { subject_id: subject.id }, header: csrf },
          body: {
            version: subject.version,
            verdict,
            reason,
            ...(verdict === 'benign' && { until_ms: endOfDay(until) }),
          },
        }),
      ),
    onSuccess: () => {
      onClose();
      toastDone(t('app.verdict.kept'));
      void client.invalidateQueries({ queryKey: ['case'] });
    },
  });
  return (
    <ReasonDialog
      title={t('app.verdict')}
      explanation={<span className="k-name">{subject.display}</span>}
      confirm={t('app.verdict.keep')}
      error={move.error}
      busy={move.isPending}
      opened
      onClose={onClose}
      onConfirm={(reason) => move.mutate(reason)}
    >
      <NativeSelect
        label={t('app.verdict')}
        value={verdict}
        onChange={(event) => setVerdict(event.currentTarget.value as Decided)}
        data={decided.map((value) => ({ value, label: t(`verdict.${value}`) }))}
      />
      {verdict === 'benign' && (
        <TextInput
          type="date"
          label={t('app.verdict.until')}
          description={t('app.verdict.until-hint')}
          required
          value={until}
          min={toDay(today)}
          onChange={(event) => setUntil(event.currentTarget.value)}
        />
      )}
    </ReasonDialog>
  );
}

function AddSubjects({ record }: { record: Case }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const [text, setText] = useState('');
  const add = useMutation({
    mutationFn: () =>
      call(
        api.POST('/api/v1/cases/{case_id}/subjects', {
          params: { path: { case_id: record.id }, header: csrf },
          body: { version: record.version, text },
        }),
      ),
    onSuccess: (changed) => {
      setText('');
      client.setQueryData(['case', 'one', record.id], changed);
    },
  });
  return (
    <form
      className="k-stack"
      onSubmit={(event) => {
        event.preventDefault();
        add.mutate();
      }}
    >
      <div className="k-row">
        <TextInput
          className="k-grow"
          aria-label={t('app.subject.add')}
          placeholder={t('app.subject.add-hint')}
          value={text}
          onChange={(event) => setText(event.currentTarget.value)}
        />
        <Button
          type="submit"
          variant="default"
          disabled={text.trim() === ''}
          loading={add.isPending}
        >
          {t('app.subject.add')}
        </Button>
      </div>
      <Refusal error={add.error} />
    </form>
  );
}

export function Subjects({ record }: { record: Case }) {
  const { t } = useTranslation();
  const [judging, setJudging] = useState<Subject>();
  const mayEdit = findAction(record, 'case.edit').allowed;
  return (
    <Section title={t('app.subjects')}>
      <div className="k-stack">
        <ul className="k-list">
          {record.subjects.map((subject) => (
            <li key={subject.id} className="k-item k-row k-between k-top">
              <div className="k-grow">
                <span className="k-name">{subject.display}</span>
                <div className="k-dim k-small">
                  {t(`subject.${subject.kind}`)}
                  {subject.display !== subject.value && (
                    <>
                      {' · '}
                      <span className="k-mono">{subject.value}</span>
                    </>
                  )}
                  {(subject.case_count ?? 1) > 1 &&
                    ` · ${t('app.subject.cases', { count: subject.case_count })}`}
                </div>
                {subject.verdict_reason !== undefined && subject.verdict_reason !== '' && (
                  <div className="k-small">{subject.verdict_reason}</div>
                )}
              </div>
              <div className="k-row">
                <Tag tone={verdictTones[subject.verdict]}>{t(`verdict.${subject.verdict}`)}</Tag>
                {findAction(record, 'subject.verdict').allowed && (
                  <Button size="compact-sm" variant="default" onClick={() => setJudging(subject)}>
                    {t('app.verdict.set')}
                  </Button>
                )}
              </div>
            </li>
          ))}
        </ul>
        {mayEdit && <AddSubjects record={record} />}
      </div>
      {judging !== undefined && (
        <VerdictDialog subject={judging} onClose={() => setJudging(undefined)} />
      )}
    </Section>
  );
}
