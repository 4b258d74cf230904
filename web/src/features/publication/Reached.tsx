// Who of a stage has what is tried there, in a line: so many of so many, and who has not.
import { useTranslation } from 'react-i18next';
import type { Trial } from '@/api/types';
import { Icon } from '@/ui/icons';
import { Tag } from '@/ui/Tag';

export function Reached({ trial }: { trial: Trial }) {
  const { t } = useTranslation();
  const { names, followers } = trial;
  if (names === 0) {
    return (
      <div className="k-note k-info">
        <Icon name="clock" />
        <span>{t('app.publication.trial.not-begun')}</span>
      </div>
    );
  }
  if (followers === undefined) return null;
  if (followers.length === 0) {
    return (
      <div className="k-note k-warn">
        <Icon name="warn" />
        <span>{t('app.publication.trial.nobody')}</span>
      </div>
    );
  }
  const missing = followers.filter(({ has_it: has }) => !has).map(({ name }) => name);
  return (
    <div className="k-row">
      <Tag
        tone={missing.length === 0 ? 'good' : 'info'}
        icon={missing.length === 0 ? 'check' : 'clock'}
      >
        {t('app.publication.trial.has', {
          count: followers.length - missing.length,
          all: followers.length,
        })}
      </Tag>
      {missing.length > 0 && (
        <span className="k-dim k-small">
          {t('app.publication.trial.not-yet', { names: missing.join(', ') })}
        </span>
      )}
    </div>
  );
}
