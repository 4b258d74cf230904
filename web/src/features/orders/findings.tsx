// What a recheck found, in words: the finding, and on what it rests.
import { useTranslation } from 'react-i18next';
import type { FindingGrounds } from '@/api/types';
import { useFormat } from '@/i18n/format';
import { Tag, type Tone } from '@/ui/Tag';

const tones: Record<FindingGrounds['finding'], Tone> = {
  dead: 'plain',
  parked: 'info',
  sinkholed: 'info',
  reregistered: 'warn',
  content_gone: 'warn',
};

export function FindingTag({ finding }: { finding: FindingGrounds['finding'] }) {
  const { t } = useTranslation();
  return <Tag tone={tones[finding]}>{t(`finding.${finding}`)}</Tag>;
}

export function Grounds({ of }: { of: FindingGrounds }) {
  const { t } = useTranslation();
  const format = useFormat();
  return (
    <p className="k-small">
      {t(`finding.${of.finding}.grounds`, {
        looks: of.looks,
        since: format.dateTime(of.since_ms),
        server: of.server ?? '',
      })}
    </p>
  );
}
