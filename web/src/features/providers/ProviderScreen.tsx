// One provider: its numbers, its probes, what is not as ordered there now, and every change.
import { useQuery } from '@tanstack/react-query';
import { useParams } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { providerChangesQuery, providerQuery } from '@/api/queries';
import type { ProviderDetail } from '@/api/types';
import { useFormat } from '@/i18n/format';
import { Icon } from '@/ui/icons';
import { Facts, Page, Section } from '@/ui/Page';
import { Loaded } from '@/ui/States';
import { Tag } from '@/ui/Tag';
import { usePages } from '@/ui/usePages';
import { ChangeTable, ProblemTable } from './CheckTables';
import { Share, Times, VerdictBar, VerdictTags } from './Figures';
import { Task } from './Task';

function Numbers({ provider }: { provider: ProviderDetail }) {
  const { t } = useTranslation();
  const format = useFormat();
  return (
    <Section title={t('app.provider.blocks')}>
      <div className="k-stack">
        {provider.canaries_blocked > 0 && (
          <div className="k-note k-bad" role="status">
            <Icon name="warn" />
            <span>
              {t('app.provider.canaries', { count: format.number(provider.canaries_blocked) })}
            </span>
          </div>
        )}
        <VerdictBar blocks={provider.blocks} />
        <VerdictTags blocks={provider.blocks} />
        <Facts
          items={[
            [t('app.provider.share'), <Share key="share" provider={provider} />],
            [t('app.provider.block-time'), <Times key="block" times={provider.block_times} />],
            [t('app.provider.lift-time'), <Times key="lift" times={provider.lift_times} />],
            [t('app.provider.lifts-pending'), format.number(provider.lifts_pending)],
            [
              t('app.provider.resolvers'),
              <span key="resolvers" className="k-mono">
                {provider.resolvers.join(', ')}
              </span>,
            ],
          ]}
        />
      </div>
    </Section>
  );
}

function Probes({ provider }: { provider: ProviderDetail }) {
  const { t } = useTranslation();
  const format = useFormat();
  return (
    <Section title={t('app.provider.probes')}>
      {provider.probes.length === 0 ? (
        <p className="k-dim">{t('app.provider.probes-none')}</p>
      ) : (
        <ul className="k-list">
          {provider.probes.map((probe) => (
            <li key={probe.name} className="k-item k-row k-between">
              <div>
                <span className="k-name">{probe.name}</span>
                <div className="k-dim k-small">
                  {probe.heard_at_ms === undefined
                    ? t('app.provider.heard-never')
                    : format.dateTime(probe.heard_at_ms)}
                </div>
              </div>
              <div className="k-row">
                {probe.quiet && <Tag tone="warn">{t('app.provider.quiet')}</Tag>}
                {probe.line !== undefined && (
                  <Tag tone={probe.line === 'good' ? 'good' : 'bad'}>
                    {t(`probe-line.${probe.line}`)}
                  </Tag>
                )}
              </div>
            </li>
          ))}
        </ul>
      )}
    </Section>
  );
}

function Changes({ id }: { id: string }) {
  const { t } = useTranslation();
  const pages = usePages(id);
  const query = useQuery(providerChangesQuery(id, pages.cursor));
  return (
    <Section title={t('app.provider.changes')}>
      <Loaded query={query} rows={4}>
        {({ items, next_cursor }) => <ChangeTable items={items} pager={pages.pager(next_cursor)} />}
      </Loaded>
    </Section>
  );
}

function Provider({ provider }: { provider: ProviderDetail }) {
  const { t } = useTranslation();
  return (
    <Page
      title={provider.title}
      lead={t('app.provider.due', {
        block: provider.due_minutes,
        lift: provider.lift_due_minutes,
      })}
      aside={
        provider.ended_at_ms === undefined ? (
          <Tag>{t(`provider-kind.${provider.kind}`)}</Tag>
        ) : (
          <Tag tone="warn">{t('app.provider.ended')}</Tag>
        )
      }
    >
      {provider.task !== undefined && <Task task={provider.task} />}
      <Numbers provider={provider} />
      <Section title={t('app.provider.problems')}>
        <ProblemTable items={provider.problems} />
      </Section>
      <Probes provider={provider} />
      <Changes id={provider.id} />
    </Page>
  );
}

export function ProviderScreen() {
  const { providerId } = useParams({ from: '/officer/providers/$providerId' });
  const query = useQuery(providerQuery(providerId));
  return (
    <Loaded query={query} rows={8}>
      {(provider) => <Provider provider={provider} />}
    </Loaded>
  );
}
