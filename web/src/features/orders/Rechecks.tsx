// Of one order: whether its name still exists, as rechecks saw it, and what they proposed.
import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { orderRechecksQuery } from '@/api/queries';
import type { LiftProposal, Order, OrderRechecks } from '@/api/types';
import { useFormat } from '@/i18n/format';
import { Icon } from '@/ui/icons';
import { Section } from '@/ui/Page';
import { Loaded } from '@/ui/States';
import { Tag, type Tone } from '@/ui/Tag';
import { FindingTag, Grounds } from './findings';

type Look = OrderRechecks['looks'][number];

const lookTones: Record<Look['outcome'], Tone> = {
  exists: 'good',
  no_name: 'warn',
  no_domain: 'warn',
  no_servers: 'warn',
  failed: 'plain',
  filtered: 'plain',
};

const pageTones: Record<Look['pages'][number]['outcome'], Tone> = {
  present: 'good',
  gone: 'warn',
  unclear: 'plain',
  unreachable: 'plain',
};

/** What each page answered. A listed page stands as text: nobody opens it by a slip of the finger. */
function Pages({ pages }: { pages: Look['pages'] }) {
  const { t } = useTranslation();
  if (pages.length === 0) return null;
  return (
    <ul className="k-list">
      {pages.map(({ page, outcome, status }, position) => (
        <li key={`${position} ${page}`} className="k-row k-between k-small">
          <span className="k-name">{page}</span>
          <Tag tone={pageTones[outcome]}>
            {t(`look.page.${outcome}`)}
            {status !== undefined && ` (${status})`}
          </Tag>
        </li>
      ))}
    </ul>
  );
}

function Proposal({ proposal }: { proposal: LiftProposal }) {
  const { t } = useTranslation();
  const format = useFormat();
  return (
    <li className="k-item">
      <span className="k-row">
        <FindingTag finding={proposal.finding} />
        <span className="k-dim k-small">
          {t(`state.proposal.${proposal.state}`)} ·{' '}
          {format.dateTime(proposal.settled_at_ms ?? proposal.proposed_at_ms)}
          {proposal.settled_by != null && ` · ${proposal.settled_by.name}`}
        </span>
      </span>
      <Grounds of={proposal} />
      {proposal.state === 'open' && (
        <p className="k-small">
          <Icon name="clock" size={15} />{' '}
          {t('app.recheck.lapses', { when: format.dateTime(proposal.lapses_at_ms) })}
        </p>
      )}
      {proposal.state === 'kept' && <p className="k-quote">{proposal.reason}</p>}
    </li>
  );
}

function Looks({ looks }: { looks: OrderRechecks['looks'] }) {
  const { t } = useTranslation();
  const format = useFormat();
  if (looks.length === 0) return <p className="k-dim">{t('app.recheck.no-look')}</p>;
  return (
    <details>
      <summary className="k-small">{t('app.recheck.looks', { looks: looks.length })}</summary>
      <ul className="k-list">
        {looks.map((look) => (
          <li key={look.at_ms} className="k-item">
            <div className="k-row k-between">
              <div>
                <span className="k-small">{format.dateTime(look.at_ms)}</span>
                <div className="k-dim k-small">{look.servers.join(' ')}</div>
              </div>
              <Tag tone={lookTones[look.outcome]}>{t(`look.${look.outcome}`)}</Tag>
            </div>
            <Pages pages={look.pages} />
          </li>
        ))}
      </ul>
    </details>
  );
}

/** Nothing for an order that never was in force. */
export function Rechecks({ order }: { order: Order }) {
  const { t } = useTranslation();
  const format = useFormat();
  const shown = order.valid_from_ms !== undefined;
  const query = useQuery({ ...orderRechecksQuery(order.id), enabled: shown });
  if (!shown) return null;
  return (
    <Section title={t('app.recheck.title')}>
      <Loaded query={query} rows={2}>
        {({ enabled, pages_enabled, looks, next_at_ms, proposals }) => (
          <div className="k-stack">
            {proposals.length > 0 && (
              <ul className="k-list">
                {proposals.map((proposal) => (
                  <Proposal key={proposal.proposed_at_ms} proposal={proposal} />
                ))}
              </ul>
            )}
            <Looks looks={looks} />
            {next_at_ms !== undefined && (
              <p className="k-dim k-small">
                {t('app.recheck.next', { when: format.dateTime(next_at_ms) })}
              </p>
            )}
            {!enabled && <p className="k-dim k-small">{t('app.recheck.off')}</p>}
            {enabled && !pages_enabled && (
              <p className="k-dim k-small">{t('app.recheck.pages-off')}</p>
            )}
          </div>
        )}
      </Loaded>
    </Section>
  );
}
