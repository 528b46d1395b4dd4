/**
 * * Runtime settings, so that one build runs anywhere. They come from the server's `/settings.js`; settings that it
 * * omits are taken from `VITE_*` variables of the build, then from the demo's defaults.
 */
export interface Settings {
  /** The API's URL, without a path: `http://127.0.0.1:3000`. */
  apiUrl: string;
  /** The OTLP/HTTP endpoint, without `/v1/traces`; empty to disable the export. */
  otlpUrl: string;
  /** The Sentry DSN; empty to disable Sentry. */
  sentryDsn: string;
  /** The environment of spans and events. */
  environment: string;
  /** The organization's slug in Sentry, for links to traces; empty for no links. */
  sentryOrg: string;
  /** The URL of a self-hosted Sentry, for links to traces; empty for sentry.io. */
  sentryUrl: string;
  /** Also print spans to the browser's console. */
  console: boolean;
}

type Env = Partial<ImportMetaEnv>;

/** Resolves the settings from the server's settings, the build's variables and the page's query (`?console`). */
export function resolveSettings(served: unknown, env: Env, query: string): Settings {
  const said: Record<string, unknown> = typeof served === 'object' && served !== null ? { ...served } : {};
  const text = (name: keyof Settings, built: string | undefined, usual: string) => {
    const value = said[name];
    return typeof value === 'string' ? value : (built ?? usual);
  };
  const url = (name: keyof Settings, built: string | undefined, usual: string) =>
    text(name, built, usual).replace(/\/+$/, '');
  return {
    apiUrl: url('apiUrl', env.VITE_API_URL, 'http://127.0.0.1:3000'),
    otlpUrl: url('otlpUrl', env.VITE_OTLP_URL, 'http://127.0.0.1:4318'),
    sentryDsn: text('sentryDsn', env.VITE_SENTRY_DSN, ''),
    environment: text('environment', env.VITE_SENTRY_ENVIRONMENT, 'development'),
    sentryOrg: text('sentryOrg', env.VITE_SENTRY_ORG, ''),
    sentryUrl: url('sentryUrl', env.VITE_SENTRY_URL, ''),
    console: env.VITE_OTEL_CONSOLE === '1' || new URLSearchParams(query).has('console'),
  };
}

/** Returns the URL of a trace in Sentry, if configured. */
export function sentryTraceUrl(
  { sentryOrg, sentryUrl }: Pick<Settings, 'sentryOrg' | 'sentryUrl'>,
  traceId: string,
): string | undefined {
  if (!sentryOrg) {
    return undefined;
  }
  const org = encodeURIComponent(sentryOrg);
  const host = sentryUrl ? `${sentryUrl}/organizations/${org}` : `https://${org}.sentry.io`;
  return `${host}/explore/traces/trace/${traceId}/`;
}

/** The settings of this page. */
export const settings = resolveSettings(window.SPANFALL_SETTINGS, import.meta.env, window.location.search);
