// Live updates. The server says which record changed; we fetch it again. Nothing is replayed, so a
// new connection makes everything stale once.
import type { QueryClient } from '@tanstack/react-query';
import type { Change } from './types';

const quietMs = 250; // a campaign can change a case many times a second; one fetch answers them all

/** Follows the stream until the returned function is called. */
export function followEvents(client: QueryClient): () => void {
  const stale = new Set<string>();
  let timer: ReturnType<typeof setTimeout> | undefined;
  let opened = false;

  const flush = () => {
    timer = undefined;
    for (const kind of stale) void client.invalidateQueries({ queryKey: [kind] });
    stale.clear();
    void client.invalidateQueries({ queryKey: ['overview'] });
  };
  const mark = (...kinds: string[]) => {
    for (const kind of kinds) stale.add(kind);
    timer ??= setTimeout(flush, quietMs);
  };

  const source = new EventSource('/api/v1/events');
  source.addEventListener('open', () => {
    if (opened) mark('case', 'order', 'appeal', 'objection', 'feed', 'account', 'publication');
    opened = true;
  });
  source.addEventListener('changed', (event: MessageEvent<string>) => {
    const change = JSON.parse(event.data) as Change;
    mark(...staleKinds(change));
  });
  return () => {
    clearTimeout(timer);
    source.close();
  };
}

/** A report or an order shows on its case too, and an appeal shows its order. */
export function staleKinds(change: Pick<Change, 'kind'>): string[] {
  switch (change.kind) {
    case 'report':
      return ['case'];
    case 'order':
      return ['order', 'case'];
    case 'appeal':
      return ['appeal', 'order'];
    default:
      return [change.kind];
  }
}
