// Of one order: what probes saw at each provider. For those who may read providers.
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { orderAtProvidersQuery, sessionQuery } from '@/api/queries';
import type { Order, OrderAtProvider } from '@/api/types';
import { useFormat } from '@/i18n/format';
import { Section } from '@/ui/Page';
import { Loaded } from '@/ui/States';
import { Tag } from '@/ui/Tag';
import { verdictTones } from './verdicts';

function Rows({ items }: { items: OrderAtProvider[] }) {
  const { t } = useTranslation();
  const format = useFormat();
  if (items.length === 0) return <p className="k-dim">{t('app.provider.at-none')}</p>;
  return (
    <ul className="k-list">
      {items.map((item) => (
        <li key={item.provider_id + item.expected} className="k-item k-row k-between">
          <div>
            <Link
              to="/providers/$providerId"
              params={{ providerId: item.provider_id }}
              className="k-name"
            >
              {item.provider}
            </Link>
            <div className="k-dim k-small">
              {t('app.provider.expected')} {t(`provider-expected.${item.expected}`)} ·{' '}
              {format.dateTime(item.seen_at_ms)}
            </div>
          </div>
          <Tag tone={verdictTones[item.verdict]}>{t(`provider-verdict.${item.verdict}`)}</Tag>
        </li>
      ))}
    </ul>
  );
}

/** Nothing for an order that never was in force. */
export function AtProviders({ order }: { order: Order }) {
  const { t } = useTranslation();
  const me = useQuery(sessionQuery);
  const shown =
    order.valid_from_ms !== undefined && (me.data?.rights.includes('provider.read') ?? false);
  const query = useQuery({ ...orderAtProvidersQuery(order.id), enabled: shown });
  if (!shown) return null;
  return (
    <Section title={t('app.provider.at')}>
      <Loaded query={query} rows={2}>
        {({ items }) => <Rows items={items} />}
      </Loaded>
    </Section>
  );
}
