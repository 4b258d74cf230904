// How a follower stands in a zone, in a word or two.
import { useTranslation } from 'react-i18next';
import type { FollowerZone } from '@/api/types';
import { useFormat } from '@/i18n/format';
import { Tag } from '@/ui/Tag';
import { icons, toneOf } from './standing';

type Cell = Pick<FollowerZone, 'state' | 'behind_ms' | 'serials_behind'>;

export function useStandingText(): (cell: Cell) => string {
  const { t } = useTranslation();
  const format = useFormat();
  return (cell) =>
    cell.state === 'behind'
      ? t('app.publication.behind-by', {
          serials: format.number(cell.serials_behind),
          time: format.duration(cell.behind_ms),
        })
      : t(`state.follower.${cell.state}`);
}

export function StandingTag({ cell }: { cell: Cell }) {
  const text = useStandingText();
  return (
    <Tag tone={toneOf(cell)} icon={icons[cell.state]}>
      {text(cell)}
    </Tag>
  );
}
