import react from '@vitejs/plugin-react';
import { defineConfig } from 'vitest/config';
import manifest from './package.json' with { type: 'json' };

export default defineConfig({
  plugins: [react()],
  define: {
    // The release in telemetry.
    __VERSION__: JSON.stringify(manifest.version),
    // Removes the debug logging of Sentry's SDK from the bundle.
    __SENTRY_DEBUG__: false,
  },
  build: {
    target: 'es2022',
    // A policy of `script-src 'self'` forbids it, and all target browsers preload modules themselves.
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
  },
  test: {
    environment: 'happy-dom',
    // The page has the origin of the demo; the receivers listen on other ports.
    environmentOptions: {
      happyDOM: { url: 'http://127.0.0.1:3001/', settings: { fetch: { disableSameOriginPolicy: true } } },
    },
    // The browser builds, which the page runs, not those for Node.
    server: { deps: { inline: [/@opentelemetry/, /@sentry/] } },
    include: ['test/**/*.test.{ts,tsx}'],
    restoreMocks: true,
  },
});
