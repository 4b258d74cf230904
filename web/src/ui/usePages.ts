// Pages of a list that is read by cursor. Forgets them when what is listed changes.
import { useState } from 'react';
import type { PagerProps } from './DataTable';

export function usePages(subject: string) {
  const [state, setState] = useState({ subject, cursors: [] as string[] });
  const cursors = state.subject === subject ? state.cursors : [];
  const pager = (next: string | null | undefined): PagerProps => ({
    page: cursors.length + 1,
    onBack:
      cursors.length > 0 ? () => setState({ subject, cursors: cursors.slice(0, -1) }) : undefined,
    onNext: next != null ? () => setState({ subject, cursors: [...cursors, next] }) : undefined,
  });
  return { cursor: cursors.at(-1), pager };
}
