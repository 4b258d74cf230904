// When an address leads nowhere, or a screen could not be opened.
import { Button } from '@mantine/core';
import { Link, type ErrorComponentProps } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { Empty, Failed } from '@/ui/States';

export function NotFound() {
  const { t } = useTranslation();
  return (
    <Empty
      icon="search"
      title={t('app.no-page')}
      action={
        <Button renderRoot={(props) => <Link to="/" {...props} />}>{t('app.to-start')}</Button>
      }
    >
      {t('app.no-page-next')}
    </Empty>
  );
}

export function RouteFailed({ error, reset }: ErrorComponentProps) {
  return <Failed error={error} onRetry={reset} />;
}
