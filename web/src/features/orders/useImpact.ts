// The impact check while a person chooses: it stores nothing and asks for no signature.
import { useQuery } from '@tanstack/react-query';
import { api, call, csrf } from '@/api/client';
import type { Category, Scope } from '@/api/types';

export function useImpact(name: string, scope: Scope, category: Category | undefined) {
  return useQuery({
    queryKey: ['impact', name, scope, category ?? ''],
    queryFn: () =>
      call(
        api.POST('/api/v1/impact', {
          params: { header: csrf },
          body: { name, scope, ...(category !== undefined && { category }) },
        }),
      ),
    enabled: name !== '',
    staleTime: 60_000,
  });
}
