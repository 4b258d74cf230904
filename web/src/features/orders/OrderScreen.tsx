// One order: what it blocks and why, who signed, what it costs, where it is enforced, what may be done.
import { useQuery } from '@tanstack/react-query';
import { Link, useNavigate, useParams, useSearch } from '@tanstack/react-router';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { orderQuery, sessionQuery } from '@/api/queries';
import { type Order, type SignedMoveName } from '@/api/types';
import { useFormat } from '@/i18n/format';
import { Deadlines } from '@/ui/Due';
import { Icon } from '@/ui/icons';
import { Facts, Page, Section } from '@/ui/Page';
import { Loaded } from '@/ui/States';
import { Tag } from '@/ui/Tag';
import { AtProviders } from '@/features/providers/AtProviders';
import { isOfNames } from './AddressFields';
import { ImpactPanel } from './ImpactPanel';
import { signedMoves } from './moves';
import { OrderActions } from './OrderActions';
import { OrderHits } from './OrderHits';
import { Rechecks } from './Rechecks';
import { SignDialog } from './SignDialog';
import { enforcementTones, orderTones } from './states';

function Signatures({ order }: { order: Order }) {
  const { t } = useTranslation();
  const format = useFormat();
  return (
    <Section title={t('app.signatures')}>
      <ul className="k-list">
        {order.signatures.map((signature) => (
          <li key={signature.move + signature.at_ms} className="k-item">
            <div className="k-row k-between">
              <span className="k-name">
                <Icon name="check" size={15} /> {signature.person.name}
              </span>
              <Tag tone="good">{t(`signature.${signature.move}`)}</Tag>
            </div>
            <p className="k-dim k-small">
              {format.dateTime(signature.at_ms)} · {t(`factor.${signature.method}`)}
            </p>
            <details>
              <summary className="k-small">{t('app.sign.digest-short')}</summary>
              <code className="k-digest">{signature.digest}</code>
            </details>
          </li>
        ))}
        {order.state === 'proposed' && order.co_approved_by !== undefined && (
          <li className="k-item k-dim">
            <Icon name="clock" size={15} /> {t('app.signatures.third')}
          </li>
        )}
        {order.signatures.length < 2 && (
          <li className="k-item k-dim">
            <Icon name="clock" size={15} />{' '}
            {t(order.signatures.length === 0 ? 'app.signatures.first' : 'app.signatures.second')}
          </li>
        )}
      </ul>
    </Section>
  );
}

/** An emergency order that nobody has ratified yet stands in a list of its own. */
function urlList(order: Order): string {
  const ratified = order.signatures.some(({ move }) => move === 'approve' || move === 'ratify');
  return order.emergency && !ratified ? 'urls-emergency' : `urls-${order.category}`;
}

function EnforcedWhere({ order }: { order: Order }) {
  const { t } = useTranslation();
  const format = useFormat();
  const places = order.enforcement ?? [];
  if (!isOfNames(order.scope) && order.in_force) {
    return (
      <Section title={t('app.enforcement')}>
        <p>
          {order.category === 'child-abuse'
            ? t('app.enforcement.lists-hidden')
            : order.scope === 'url'
              ? t('app.enforcement.lists-url', { list: urlList(order) })
              : t('app.enforcement.lists', { list: `addresses-${order.category}` })}
        </p>
      </Section>
    );
  }
  if (places.length === 0) return null;
  return (
    <Section title={t('app.enforcement')}>
      <ul className="k-list">
        {places.map((place) => (
          <li key={place.place} className="k-item k-row k-between">
            <div>
              <span className="k-name">{place.place}</span>
              <div className="k-dim k-small">{format.dateTime(place.changed_at_ms)}</div>
            </div>
            <Tag tone={enforcementTones[place.state]}>{t(`enforcement.${place.state}`)}</Tag>
          </li>
        ))}
      </ul>
    </Section>
  );
}

function WhatAndWhy({ order }: { order: Order }) {
  const { t } = useTranslation();
  const format = useFormat();
  const me = useQuery(sessionQuery);
  const mayReadCase = me.data?.rights.includes('case.read') ?? false;
  return (
    <Section title={t('app.order.what')}>
      <div className="k-stack">
        <Facts
          items={[
            [
              t('app.order.name'),
              <span key="name">
                <span className="k-name">{order.display}</span>
                {order.display !== order.name && (
                  <span className="k-mono k-dim"> {order.name}</span>
                )}
              </span>,
            ],
            [t('app.scope'), t(`scope.${order.scope}`)],
            [t('app.category'), t(`category.${order.category}`)],
            [
              t('app.ground'),
              [format.text(order.ground.title), order.ground.article].filter(Boolean).join(', '),
            ],
            [
              t('app.order.end'),
              `${format.date(order.valid_until_ms)} (${format.relative(order.valid_until_ms)})`,
            ],
            ...(order.recheck_at_ms === undefined
              ? []
              : [[t('app.order.recheck'), format.date(order.recheck_at_ms)] as [string, string]]),
            [
              t('app.case'),
              mayReadCase ? (
                <Link key="case" to="/cases/$caseId" params={{ caseId: order.case_id }}>
                  {order.case_number ?? t('app.case')}
                </Link>
              ) : (
                (order.case_number ?? '')
              ),
            ],
          ]}
        />
        <div>
          <p className="k-dim k-small">{t('app.order.reason')}</p>
          <p className="k-quote">{order.reason}</p>
        </div>
        {order.step_reason !== undefined && (
          <div>
            <p className="k-dim k-small">{t('app.order.step-reason')}</p>
            <p className="k-quote">{order.step_reason}</p>
          </div>
        )}
        {order.end_reason !== undefined && order.end_reason !== '' && (
          <div>
            <p className="k-dim k-small">{t('app.order.end-reason')}</p>
            <p className="k-quote">{order.end_reason}</p>
          </div>
        )}
      </div>
    </Section>
  );
}

function EvidenceList({ order }: { order: Order }) {
  const { t } = useTranslation();
  return (
    <Section title={t('app.evidence')}>
      <ul className="k-list">
        {order.evidence.map((item) => (
          <li key={item.id} className="k-item">
            <span className="k-name">{item.file_name}</span> <Tag>{t(`evidence.${item.kind}`)}</Tag>
            <code className="k-digest">{item.sha256}</code>
          </li>
        ))}
      </ul>
    </Section>
  );
}

export function OrderScreen() {
  const { t } = useTranslation();
  const { orderId } = useParams({ from: '/officer/orders/$orderId' });
  const { sign } = useSearch({ from: '/officer/orders/$orderId' });
  const navigate = useNavigate({ from: '/orders/$orderId' });
  const query = useQuery(orderQuery(orderId));
  const [chosen, setChosen] = useState<SignedMoveName | undefined>(sign);
  const close = () => {
    setChosen(undefined);
    if (sign !== undefined) void navigate({ search: {}, replace: true });
  };
  return (
    <Loaded query={query} rows={8}>
      {(order) => (
        <Page
          title={order.display}
          lead={
            <span className="k-row">
              <span className="k-mono">{order.number}</span>
              <Tag tone={orderTones[order.state]}>{t(`state.order.${order.state}`)}</Tag>
              <Tag tone={order.in_force ? 'good' : 'plain'}>
                {t(order.in_force ? 'app.in-force' : 'app.not-in-force')}
              </Tag>
              {order.emergency && <Tag tone="bad">{t('app.emergency')}</Tag>}
              {order.proof_state !== undefined && (
                <Tag tone={order.proof_state === 'integrated' ? 'good' : 'plain'}>
                  {t(`proof.${order.proof_state}`)}
                </Tag>
              )}
            </span>
          }
        >
          <OrderActions order={order} onSign={setChosen} />
          <div className="k-columns">
            <div className="k-stack">
              <WhatAndWhy order={order} />
              <Section title={t('app.impact')}>
                <ImpactPanel impact={order.impact} />
              </Section>
              <EvidenceList order={order} />
            </div>
            <div className="k-stack">
              <Deadlines items={order.deadlines} />
              <Signatures order={order} />
              <EnforcedWhere order={order} />
              {isOfNames(order.scope) && (
                <>
                  <AtProviders order={order} />
                  <Rechecks order={order} />
                  <OrderHits order={order} />
                </>
              )}
            </div>
          </div>
          {chosen !== undefined && signedMoves(order).includes(chosen) && (
            <SignDialog order={order} move={chosen} onClose={close} />
          )}
        </Page>
      )}
    </Loaded>
  );
}
