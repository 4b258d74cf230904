// What stands around every screen: theme, the API's cache, notices, routes.
import { MantineProvider, localStorageColorSchemeManager } from '@mantine/core';
import { Notifications } from '@mantine/notifications';
import { MutationCache, QueryCache, QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { RouterProvider } from '@tanstack/react-router';
import { useState } from 'react';
import { ApiError } from '@/api/client';
import { theme } from '@/ui/theme';
import { makeRouter } from './router';

const colorSchemeManager = localStorageColorSchemeManager({ key: 'khien.color-scheme' });

/** A session that ended shows as 401 somewhere; asking who we are then leads to the sign-in. */
export function makeQueryClient(): QueryClient {
  const askAgain = (error: Error) => {
    if (error instanceof ApiError && error.status === 401) {
      void client.invalidateQueries({ queryKey: ['session'] });
    }
  };
  const client: QueryClient = new QueryClient({
    queryCache: new QueryCache({
      onError: (error, query) => {
        if (query.queryKey[0] !== 'session') askAgain(error);
      },
    }),
    mutationCache: new MutationCache({ onError: askAgain }),
    defaultOptions: {
      queries: {
        staleTime: 10_000,
        // A refusal stays one; only what may pass by itself is tried again.
        retry: (count, error) =>
          count < 2 && error instanceof ApiError && ['unavailable', 'timeout'].includes(error.code),
      },
    },
  });
  return client;
}

export function App() {
  const [client] = useState(makeQueryClient);
  const [router] = useState(() => makeRouter(client));
  return (
    <MantineProvider
      theme={theme}
      defaultColorScheme="auto"
      colorSchemeManager={colorSchemeManager}
      // The variables are in generated/theme.css; a <style> added here would break the CSP.
      withCssVariables={false}
      withGlobalClasses={false}
    >
      <QueryClientProvider client={client}>
        <Notifications position="bottom-right" />
        <RouterProvider router={router} />
      </QueryClientProvider>
    </MantineProvider>
  );
}
