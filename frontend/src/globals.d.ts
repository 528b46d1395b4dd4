/** The version in package.json, injected by Vite. */
declare const __VERSION__: string;

interface Window {
  /** The value set by `/settings.js`; see settings.ts. */
  SPANFALL_SETTINGS?: unknown;
}

interface ImportMetaEnv {
  readonly VITE_API_URL?: string;
  readonly VITE_OTLP_URL?: string;
  readonly VITE_SENTRY_DSN?: string;
  readonly VITE_SENTRY_ENVIRONMENT?: string;
  readonly VITE_SENTRY_ORG?: string;
  readonly VITE_SENTRY_URL?: string;
  readonly VITE_OTEL_CONSOLE?: string;
}
