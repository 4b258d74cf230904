// On the case screen: what blocking its main name would cost, before anyone drafts an order.
import { Button } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { findAction, type Case } from '@/api/types';
import { Section } from '@/ui/Page';
import { Loaded } from '@/ui/States';
import { ImpactPanel } from './ImpactPanel';
import { blockableNames, blockablePages } from './names';
import { useImpact } from './useImpact';

export function CaseImpact({ record }: { record: Case }) {
  const { t } = useTranslation();
  const name = blockableNames(record)[0]?.value ?? '';
  const pages = blockablePages(record);
  const page = pages.find((one) => one.startsWith(`${name}/`)) ?? pages[0];
  const draft = findAction(record, 'order.draft');
  const query = useImpact(draft.allowed ? name : '', 'host', record.category ?? undefined);
  if (name === '' || !draft.allowed) return null;
  return (
    <Section title={t('app.impact.if-blocked', { name })}>
      <div className="k-stack">
        <Loaded query={query} rows={2}>
          {(impact) => <ImpactPanel impact={impact} />}
        </Loaded>
        {query.data !== undefined && (
          <div className="k-row k-end">
            {page !== undefined && (
              <Button
                variant="default"
                renderRoot={(props) => (
                  <Link to="/orders/new" search={{ caseId: record.id, name: page }} {...props} />
                )}
              >
                {t('app.order.block-page')}
              </Button>
            )}
            {query.data.verdict !== 'refuse' && (
              <Button
                renderRoot={(props) => (
                  <Link to="/orders/new" search={{ caseId: record.id, name }} {...props} />
                )}
              >
                {t('app.order.block-name')}
              </Button>
            )}
          </div>
        )}
      </div>
    </Section>
  );
}
