// One case: what it is about, why it scores, what came in, the evidence, what was done.
import { Button } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link, useNavigate } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { caseQuery } from '@/api/queries';
import { findAction, type Case, type Report } from '@/api/types';
import { useFormat } from '@/i18n/format';
import { Deadlines } from '@/ui/Due';
import { Icon } from '@/ui/icons';
import { Page, Section } from '@/ui/Page';
import { Loaded } from '@/ui/States';
import { Tag } from '@/ui/Tag';
import { useKeys } from '@/ui/useKeys';
import { Assignment } from './Assignment';
import { CloseCase } from './CloseCase';
import { caseTones } from './states';
import { Subjects } from './Subjects';
import { Timeline } from './Timeline';

function Why({ record }: { record: Case }) {
  const { t } = useTranslation();
  const format = useFormat();
  const reasons = record.score_reasons ?? [];
  if (reasons.length === 0) return null;
  return (
    <Section
      title={t('app.why')}
      aside={
        record.score !== null && (
          <Tag tone="warn">{t('app.score', { score: format.percent(record.score) })}</Tag>
        )
      }
    >
      <ul className="k-list">
        {reasons.map((reason) => (
          <li key={reason.detector + reason.text.en}>{format.text(reason.text)}</li>
        ))}
      </ul>
    </Section>
  );
}

function Orders({ record }: { record: Case }) {
  const { t } = useTranslation();
  const format = useFormat();
  const navigate = useNavigate();
  const draft = findAction(record, 'order.draft');
  useKeys({
    o: draft.allowed
      ? () => void navigate({ to: '/orders/new', search: { caseId: record.id } })
      : undefined,
    u: () => void navigate({ to: '/cases' }),
  });
  return (
    <Section
      title={t('app.orders')}
      aside={
        draft.allowed && (
          <Button
            leftSection={<Icon name="plus" />}
            renderRoot={(props) => (
              <Link to="/orders/new" search={{ caseId: record.id }} {...props} />
            )}
          >
            {t('app.order.new')}
          </Button>
        )
      }
    >
      {record.orders.length === 0 ? (
        <p className="k-dim">{t('app.order.none')}</p>
      ) : (
        <ul className="k-list">
          {record.orders.map((order) => (
            <li key={order.id} className="k-item">
              <div className="k-row k-between">
                <Link to="/orders/$orderId" params={{ orderId: order.id }} className="k-name">
                  {order.display}
                </Link>
                <Tag tone={order.in_force ? 'good' : 'plain'}>
                  {t(`state.order.${order.state}`)}
                </Tag>
              </div>
              <p className="k-dim k-small">
                {order.number} · {t(`category.${order.category}`)} ·{' '}
                {t('app.until', { date: format.date(order.valid_until_ms) })}
              </p>
            </li>
          ))}
        </ul>
      )}
    </Section>
  );
}

function Reports({
  record,
  renderReport,
}: {
  record: Case;
  renderReport: (report: Report, record: Case) => ReactNode;
}) {
  const { t } = useTranslation();
  const format = useFormat();
  return (
    <Section
      title={t('app.reports')}
      aside={<span className="k-dim">{format.number(record.report_count)}</span>}
    >
      <ul className="k-list">
        {record.reports.map((report) => (
          <li key={report.id}>{renderReport(report, record)}</li>
        ))}
      </ul>
      {record.report_count > record.reports.length && (
        <p className="k-dim k-small">
          {t('app.reports-newest', {
            shown: format.number(record.reports.length),
            all: format.number(record.report_count),
          })}
        </p>
      )}
    </Section>
  );
}

export function CaseScreen({
  id,
  renderReport,
  renderEvidence,
  renderImpact,
}: {
  id: string;
  renderReport: (report: Report, record: Case) => ReactNode;
  renderEvidence: (record: Case) => ReactNode;
  renderImpact: (record: Case) => ReactNode;
}) {
  const query = useQuery(caseQuery(id));
  const { t } = useTranslation();
  const format = useFormat();
  return (
    <Loaded query={query} rows={8}>
      {(record) => (
        <Page
          title={record.title}
          lead={
            <span className="k-row">
              <span className="k-mono">{record.number}</span>
              <Tag tone={caseTones[record.state]}>{t(`state.case.${record.state}`)}</Tag>
              {record.category !== null && <Tag>{t(`category.${record.category}`)}</Tag>}
              <span>{t('app.opened', { when: format.relative(record.opened_at_ms) })}</span>
            </span>
          }
          aside={
            <>
              <Assignment record={record} allowed={findAction(record, 'case.assign').allowed} />
              <CloseCase record={record} />
            </>
          }
        >
          <div className="k-columns">
            <div className="k-stack">
              <Subjects record={record} />
              <Why record={record} />
              <Reports record={record} renderReport={renderReport} />
              {renderEvidence(record)}
            </div>
            <div className="k-stack">
              <Deadlines items={record.deadlines} />
              {renderImpact(record)}
              <Orders record={record} />
              <Timeline id={id} />
            </div>
          </div>
        </Page>
      )}
    </Loaded>
  );
}
