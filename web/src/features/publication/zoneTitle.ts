// What a zone is called: its basis and its category, of which its id is made.
import { useTranslation } from 'react-i18next';

export function useZoneTitle(): (id: string) => string {
  const { t } = useTranslation();
  return (id) => {
    if (id === 'pass' || id === 'emergency' || id === 'catalog') return t(`zone.${id}`);
    if (id === 'urls-emergency') return `${t('zone.urls')}: ${t('zone.emergency')}`;
    const [, basis, category] =
      /^(orders|feeds|addresses|urls|trial-own|trial-partner)-(.+)$/.exec(id) ?? [];
    if (basis === undefined) return t(`category.${id}` as 'category.fraud');
    return `${t(`zone.${basis}` as 'zone.orders')}: ${t(`category.${category}` as 'category.fraud')}`;
  };
}
