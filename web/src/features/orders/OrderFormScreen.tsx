// Drafting an order from a case. What it would cost is shown while the person chooses.
import { useQuery } from '@tanstack/react-query';
import { useSearch } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { caseQuery, metaQuery } from '@/api/queries';
import { Page } from '@/ui/Page';
import { Loaded } from '@/ui/States';
import { OrderForm } from './OrderForm';

export function OrderFormScreen() {
  const { t } = useTranslation();
  const { caseId, name } = useSearch({ from: '/officer/orders/new' });
  const record = useQuery(caseQuery(caseId));
  const meta = useQuery(metaQuery);
  return (
    <Page title={t('app.order.new')} lead={record.data?.title}>
      <Loaded query={meta}>
        {(facts) => (
          <Loaded query={record}>
            {(loaded) => <OrderForm record={loaded} meta={facts} name={name} />}
          </Loaded>
        )}
      </Loaded>
    </Page>
  );
}
