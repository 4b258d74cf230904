// Evidence whose destruction waits for a second person.
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { Page, Section } from '@/ui/Page';
import { Empty, Loaded } from '@/ui/States';
import { Destruction } from './Destruction';
import { destructionsQuery } from './queries';

export function DestructionsScreen() {
  const { t } = useTranslation();
  const query = useQuery(destructionsQuery);
  return (
    <Page title={t('app.nav.destructions')} lead={t('app.destructions.lead')}>
      <Loaded query={query}>
        {({ items }) =>
          items.length === 0 ? (
            <Empty title={t('app.destructions.none')} />
          ) : (
            <div className="k-stack">
              {items.map((item) => (
                <Section
                  key={item.id}
                  title={item.file_name}
                  aside={
                    <Link to="/cases/$caseId" params={{ caseId: item.case_id }}>
                      {t('app.destructions.case')}
                    </Link>
                  }
                >
                  <Destruction item={item} />
                </Section>
              ))}
            </div>
          )
        }
      </Loaded>
    </Page>
  );
}
