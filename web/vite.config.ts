/// <reference types="vitest/config" />
import { fileURLToPath } from 'node:url';
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

// khiend serves web/dist below /app/ with `script-src 'self'; style-src 'self'`, so nothing may be
// inlined: neither scripts, nor styles, nor small pictures (docs/adr/0800-strict-csp.md).
export default defineConfig({
  base: '/app/',
  plugins: [react()],
  resolve: { alias: { '@catalogue': here('../i18n'), '@': here('./src') } },
  server: {
    fs: { allow: [here('..')] },
    proxy: { '/api': process.env.KHIEND ?? 'http://127.0.0.1:8080' },
  },
  build: {
    target: 'es2022',
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 800, // the libraries: 223 kB on the wire
    rollupOptions: {
      // qr.js belongs to the public report form, not to the app: one file, under a name that the form knows.
      input: { index: here('index.html'), qr: here('src/public/qr.ts') },
      preserveEntrySignatures: 'exports-only',
      output: {
        entryFileNames: ({ name }) => (name === 'qr' ? 'qr.js' : 'assets/[name]-[hash].js'),
        // Libraries change less often than our code: the browser keeps them.
        manualChunks: (id) =>
          id.includes('node_modules') && !id.includes('node_modules/qr/') ? 'libraries' : undefined,
      },
    },
  },
  test: {
    environment: 'jsdom',
    setupFiles: ['src/test/setup.ts'],
    include: ['src/**/*.test.{ts,tsx}'],
    testTimeout: 180_000, // of a machine that compiles on every core meanwhile
    css: false,
  },
});
