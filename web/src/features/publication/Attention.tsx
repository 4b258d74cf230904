// What somebody who opens the screen in a hurry wants to know: is anybody without the newest blocks?
import { useTranslation } from 'react-i18next';
import type { Follower } from '@/api/types';
import { Icon } from '@/ui/icons';
import { isTrouble } from './standing';

export function Attention({ followers }: { followers: Follower[] }) {
  const { t } = useTranslation();
  const troubled = followers.filter(({ zones }) => zones.some(isTrouble));
  if (followers.length === 0) return null;
  if (troubled.length === 0) {
    return (
      <div className="k-note k-good" role="status">
        <Icon name="check" />
        <span>{t('app.publication.all-good')}</span>
      </div>
    );
  }
  return (
    <div className="k-note k-bad" role="status">
      <Icon name="warn" />
      <span>
        {t('app.publication.trouble', { names: troubled.map(({ name }) => name).join(', ') })}
      </span>
    </div>
  );
}
