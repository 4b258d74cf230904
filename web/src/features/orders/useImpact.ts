// The impact check while a person chooses: it stores nothing and asks for no signature.
import { useQuery } from '@tanstack/react-query';
import { api, call, csrf } from '@/api/client';
import type { Category, Scope } from '@/api/types';

/** What an officer was told of an address by passive DNS. */
export interface Told {
  names_told?: number;
  told_source?: string;
}

export function useImpact(
  name: string,
  scope: Scope,
  category: Category | undefined,
  told: Told = {},
) {
  return useQuery({
    queryKey: [
      'impact',
      name,
      scope,
      category ?? '',
      told.names_told ?? '',
      told.told_source ?? '',
    ],
    queryFn: () =>
      call(
        api.POST('/api/v1/impact', {
          params: { header: csrf },
          body: { name, scope, ...(category !== undefined && { category }), ...told },
        }),
      ),
    enabled: name !== '',
    staleTime: 60_000,
  });
}
