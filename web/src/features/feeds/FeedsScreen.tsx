// Lists of third parties: what each brings in, under whose approval, and when it last ran.
import { Button } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { feedsQuery, sessionQuery } from '@/api/queries';
import { Icon } from '@/ui/icons';
import { Page } from '@/ui/Page';
import { Empty, Loaded } from '@/ui/States';
import { FeedCard } from './FeedCard';
import { FeedForm } from './FeedForm';

export function FeedsScreen() {
  const { t } = useTranslation();
  const me = useQuery(sessionQuery);
  const query = useQuery(feedsQuery);
  const [proposing, setProposing] = useState(false);
  return (
    <Page
      title={t('app.nav.feeds')}
      lead={t('app.feeds.lead')}
      aside={
        me.data?.rights.includes('feed.propose') && (
          <Button leftSection={<Icon name="plus" />} onClick={() => setProposing(true)}>
            {t('app.feed.propose')}
          </Button>
        )
      }
    >
      <Loaded query={query} rows={4}>
        {({ items }) =>
          items.length === 0 ? (
            <Empty title={t('app.feeds.none')}>{t('app.feeds.none-next')}</Empty>
          ) : (
            <div className="k-stack">
              {items.map((feed) => (
                <FeedCard key={feed.id} feed={feed} />
              ))}
            </div>
          )
        }
      </Loaded>
      {proposing && <FeedForm onClose={() => setProposing(false)} />}
    </Page>
  );
}
