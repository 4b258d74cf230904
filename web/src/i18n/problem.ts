// What to tell a person when something did not work: what happened and what to do next.
import i18next from 'i18next';
import { ApiError } from '@/api/client';

/** A reason's text, or an empty string where the catalogue has none. */
export function reasonText(reason: string): string {
  const key = `reason.${reason}`;
  return reason !== '' && i18next.exists(key) ? i18next.t(key as 'reason.network') : '';
}

/** Why an entry of a list was not taken. */
export function refusalText(reason: string): string {
  const key = `refusal.${reason}`;
  return i18next.exists(key) ? i18next.t(key as 'refusal.popular') : reasonText(reason) || reason;
}

export function problemText(error: unknown): string {
  if (error instanceof ApiError) {
    const text = reasonText(error.reason);
    if (text !== '') return text;
    const key = `code.${error.code}`;
    if (i18next.exists(key)) return i18next.t(key as 'code.internal');
  }
  return i18next.t('code.internal');
}
