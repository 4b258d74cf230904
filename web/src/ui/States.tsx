// Nothing there, not there yet, and went wrong: each says what to do next.
import { Button, Skeleton } from '@mantine/core';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { problemText } from '@/i18n/problem';
import { Icon, type IconName } from './icons';

export function Empty({
  title,
  children,
  action,
  icon = 'check',
}: {
  title: string;
  children?: ReactNode;
  action?: ReactNode;
  icon?: IconName; // a check says that all is done, which nothing found is not
}) {
  return (
    <div className="k-state">
      <div className={`k-state-mark ${icon === 'check' ? 'k-good' : 'k-info'}`}>
        <Icon name={icon} size={26} />
      </div>
      <p className="k-state-title">{title}</p>
      {children !== undefined && <p className="k-dim">{children}</p>}
      {action}
    </div>
  );
}

export function Loading({ rows = 6 }: { rows?: number }) {
  const { t } = useTranslation();
  return (
    <div role="status" aria-label={t('app.loading')} className="k-stack">
      {Array.from({ length: rows }, (_, index) => (
        <Skeleton key={index} height={44} />
      ))}
    </div>
  );
}

export function Failed({ error, onRetry }: { error: unknown; onRetry?: () => void }) {
  const { t } = useTranslation();
  return (
    <div className="k-state" role="alert">
      <div className="k-state-mark k-bad">
        <Icon name="warn" size={26} />
      </div>
      <p className="k-state-title">{t('app.failed')}</p>
      <p className="k-dim">{problemText(error)}</p>
      {onRetry !== undefined && (
        <Button variant="default" onClick={onRetry}>
          {t('app.retry')}
        </Button>
      )}
    </div>
  );
}

/** An error inside a form or dialog. */
export function Refusal({ error }: { error: unknown }) {
  if (error === null || error === undefined) return null;
  return (
    <div className="k-note k-bad" role="alert">
      <Icon name="warn" />
      <span>{problemText(error)}</span>
    </div>
  );
}

interface QueryLike<T> {
  data: T | undefined;
  error: unknown;
  isPending: boolean;
  refetch: () => unknown;
}

/** The three states of a query around what shows its data. Old data stays when a refetch fails. */
export function Loaded<T>({
  query,
  rows,
  children,
}: {
  query: QueryLike<T>;
  rows?: number;
  children: (data: T) => ReactNode;
}) {
  if (query.data !== undefined) return <>{children(query.data)}</>;
  if (query.isPending) return <Loading rows={rows} />;
  return <Failed error={query.error} onRetry={() => void query.refetch()} />;
}
