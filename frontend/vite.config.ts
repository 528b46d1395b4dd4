import react from '@vitejs/plugin-react';
import { defineConfig } from 'vitest/config';
import manifest from './package.json' with { type: 'json' };

export default defineConfig({
  plugins: [react()],
  define: {
    // The release that telemetry names.
    __VERSION__: JSON.stringify(manifest.version),
    // Leaves the debug logging of Sentry's SDK out of the bundle.
    __SENTRY_DEBUG__: false,
  },
  build: {
    target: 'es2022',
    // A policy of `script-src 'self'` leaves no room for it, and all browsers of that target preload modules themselves.
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
  },
  test: {
    environment: 'happy-dom',
    // The page runs under the origin of the demo; its receivers listen on other ports.
    environmentOptions: {
      happyDOM: { url: 'http://127.0.0.1:3001/', settings: { fetch: { disableSameOriginPolicy: true } } },
    },
    // The builds for browsers, which is what the page runs, and not those for Node.
    server: { deps: { inline: [/@opentelemetry/, /@sentry/] } },
    include: ['test/**/*.test.{ts,tsx}'],
    restoreMocks: true,
  },
});
