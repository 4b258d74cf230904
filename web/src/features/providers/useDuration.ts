// Seconds as a person says them: 40 s, 12 min, 3.5 h.
import { useTranslation } from 'react-i18next';
import { useFormat } from '@/i18n/format';

export function useDuration(): (seconds: number) => string {
  const { t } = useTranslation();
  const format = useFormat();
  return (seconds) => {
    if (seconds < 120) return t('app.seconds', { count: format.number(seconds) });
    if (seconds < 7_200) return t('app.minutes', { count: format.number(seconds / 60) });
    return t('app.provider.hours', { count: format.number(seconds / 3_600) });
  };
}
