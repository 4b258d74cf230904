// What is published and who has it. Each part of the screen is a component in its own file.
import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { publicationQuery } from '@/api/queries';
import { Page } from '@/ui/Page';
import { Empty, Loaded } from '@/ui/States';
import { Attention } from './Attention';
import { Followers } from './Followers';
import { GateSection } from './GateSection';
import { Pair } from './Pair';
import { Sets } from './Sets';
import { TrialSection } from './TrialSection';
import { ZoneMatrix } from './ZoneMatrix';
import './publication.css';

export function PublicationScreen() {
  const { t } = useTranslation();
  const query = useQuery(publicationQuery);
  return (
    <Page title={t('app.nav.publication')} lead={t('app.publication.lead')}>
      <Loaded query={query} rows={6}>
        {(publication) =>
          publication.here ? (
            <>
              <Attention followers={publication.followers} />
              {publication.pair ? <Pair pair={publication.pair} /> : null}
              <GateSection
                zones={publication.zones}
                sets={publication.sets}
                followers={publication.followers}
              />
              <TrialSection />
              <Followers followers={publication.followers} />
              <ZoneMatrix publication={publication} />
              <Sets sets={publication.sets} />
            </>
          ) : (
            <Empty title={t('app.publication.elsewhere')} icon="info">
              {t('app.publication.elsewhere-next')}
            </Empty>
          )
        }
      </Loaded>
    </Page>
  );
}
