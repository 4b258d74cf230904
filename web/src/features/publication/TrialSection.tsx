// What was released in stages and is not everywhere yet. Nothing to show where nothing is tried.
import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { gateQuery, sessionQuery } from '@/api/queries';
import { Section } from '@/ui/Page';
import { TrialCard } from './TrialCard';

export function TrialSection() {
  const { t } = useTranslation();
  const { data } = useQuery(gateQuery);
  const may = useQuery(sessionQuery).data?.rights.includes('publication.decide') ?? false;
  const trials = (data?.items ?? []).flatMap((change) =>
    change.trial === null ? [] : [{ change, trial: change.trial }],
  );
  if (trials.length === 0) return null;
  return (
    <Section title={t('app.publication.trial')}>
      <div className="k-stack">
        <p className="k-dim">{t('app.publication.trial.lead')}</p>
        <ul className="k-list">
          {trials.map(({ change, trial }) => (
            <TrialCard key={change.id} change={change} trial={trial} may={may} />
          ))}
        </ul>
      </div>
    </Section>
  );
}
