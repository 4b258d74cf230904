// On the case screen: what blocking its main name would cost, before anyone drafts an order.
import { Button } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { findAction, type Case } from '@/api/types';
import { Section } from '@/ui/Page';
import { Loaded } from '@/ui/States';
import { ImpactPanel } from './ImpactPanel';
import { blockableNames } from './names';
import { useImpact } from './useImpact';

export function CaseImpact({ record }: { record: Case }) {
  const { t } = useTranslation();
  const name = blockableNames(record)[0]?.value ?? '';
  const draft = findAction(record, 'order.draft');
  const query = useImpact(draft.allowed ? name : '', 'host', record.category ?? undefined);
  if (name === '' || !draft.allowed) return null;
  return (
    <Section title={t('app.impact.if-blocked', { name })}>
      <div className="k-stack">
        <Loaded query={query} rows={2}>
          {(impact) => <ImpactPanel impact={impact} />}
        </Loaded>
        {query.data !== undefined && query.data.verdict !== 'refuse' && (
          <div className="k-row k-end">
            <Button
              renderRoot={(props) => (
                <Link to="/orders/new" search={{ caseId: record.id, name }} {...props} />
              )}
            >
              {t('app.order.block-name')}
            </Button>
          </div>
        )}
      </div>
    </Section>
  );
}
