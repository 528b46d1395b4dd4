/**
 * What differs from place to place. One build serves everywhere: the server's `/settings.js` says it at run time; what it
 * leaves out is taken from `VITE_*` variables of the build, then from the demo's usual addresses.
 */
export interface Settings {
  /** Where the API is, without a path: `http://127.0.0.1:3000`. */
  apiUrl: string;
  /** Where OTLP over HTTP is taken, without `/v1/traces`; empty for nowhere. */
  otlpUrl: string;
  /** Sentry's DSN; empty for none. */
  sentryDsn: string;
  /** Named in every span and event. */
  environment: string;
  /** The organization's slug in Sentry, for links to traces; empty for none. */
  sentryOrg: string;
  /** A self-hosted Sentry's address, for the same links; empty for sentry.io. */
  sentryUrl: string;
  /** Whether spans are printed to the browser's console as well. */
  console: boolean;
}

type Env = Partial<ImportMetaEnv>;

/** Settles on the settings, from what the server said, the build's variables and the page's query (`?console`). */
export function settle(served: unknown, env: Env, query: string): Settings {
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

/** The page of a trace in Sentry, if the settings say where that is. */
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
export const settings = settle(window.SPANFALL_SETTINGS, import.meta.env, window.location.search);
