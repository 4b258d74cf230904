// One report inside its case, with the decision whether it is taken up.
import { Button, NativeSelect } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, call, csrf } from '@/api/client';
import { categories, findAction, type Category, type Report } from '@/api/types';
import { useFormat } from '@/i18n/format';
import { ReasonDialog } from '@/ui/ReasonDialog';
import { Tag, type Tone } from '@/ui/Tag';
import { toastDone, toastFailed } from '@/ui/toast';
import { useKeys } from '@/ui/useKeys';

const tones: Partial<Record<Report['state'], Tone>> = {
  received: 'info',
  screening: 'info',
  quarantined: 'warn',
  rejected: 'plain',
  accepted: 'good',
  linked: 'good',
};

const undecided: Report['state'][] = ['received', 'screening', 'quarantined'];

export function isUndecided(report: Report): boolean {
  return undecided.includes(report.state);
}

/** `withKeys`: a accepts and x rejects this report; for the first of a case that waits. */
export function ReportCard({ report, withKeys }: { report: Report; withKeys: boolean }) {
  const { t } = useTranslation();
  const format = useFormat();
  const client = useQueryClient();
  const [rejecting, setRejecting] = useState(false);
  const [category, setCategory] = useState<Category | ''>(report.category ?? '');
  const triage = useMutation({
    mutationFn: (move: { decision: 'accept' | 'reject'; reason?: string }) =>
      call(
        api.POST('/api/v1/reports/{report_id}/triage', {
          params: { path: { report_id: report.id }, header: csrf },
          body: { version: report.version, ...move, ...(category !== '' && { category }) },
        }),
      ),
    onSuccess: (_, { decision }) => {
      setRejecting(false);
      toastDone(t(decision === 'accept' ? 'app.report.accepted' : 'app.report.rejected'));
      void client.invalidateQueries({ queryKey: ['case'] });
      void client.invalidateQueries({ queryKey: ['overview'] });
    },
  });
  const waits = isUndecided(report) && findAction(report, 'report.triage').allowed;
  const accept = () => triage.mutate({ decision: 'accept' }, { onError: toastFailed });
  useKeys(withKeys && waits ? { a: accept, x: () => setRejecting(true) } : {});
  return (
    <article className="k-item k-stack" aria-label={t('app.report')}>
      <div className="k-row k-between">
        <Tag tone={tones[report.state] ?? 'plain'}>{t(`state.report.${report.state}`)}</Tag>
        <span className="k-dim k-small">
          {t(`channel.${report.channel}`)} · {format.dateTime(report.received_at_ms)}
        </span>
      </div>
      <p className="k-quote">{report.text}</p>
      {report.reason !== undefined && report.reason !== '' && (
        <p className="k-dim">{t('app.report.rejected-because', { reason: report.reason })}</p>
      )}
      {waits && (
        <div className="k-row k-between">
          <NativeSelect
            aria-label={t('app.category')}
            value={category}
            onChange={(event) => setCategory(event.currentTarget.value as Category | '')}
            data={[
              { value: '', label: t('app.category.unsure') },
              ...categories.map((value) => ({ value, label: t(`category.${value}`) })),
            ]}
          />
          <div className="k-row">
            <Button variant="default" onClick={() => setRejecting(true)}>
              {t('app.report.reject')}
            </Button>
            <Button loading={triage.isPending && !rejecting} onClick={accept}>
              {t('app.report.accept')}
            </Button>
          </div>
        </div>
      )}
      <ReasonDialog
        title={t('app.report.reject')}
        explanation={t('app.report.reject-explained')}
        presets={[
          t('app.report.reject.scope'),
          t('app.report.reject.empty'),
          t('app.report.reject.false'),
        ]}
        confirm={t('app.report.reject')}
        error={triage.error}
        busy={triage.isPending}
        opened={rejecting}
        onClose={() => setRejecting(false)}
        onConfirm={(reason) => triage.mutate({ decision: 'reject', reason })}
      />
    </article>
  );
}
