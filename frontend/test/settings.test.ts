import { describe, expect, test } from 'vitest';
import { resolveSettings, sentryTraceUrl } from '../src/settings';

describe('settings', () => {
  test('server settings override build settings, which override defaults', () => {
    const env = { VITE_API_URL: 'http://built', VITE_OTLP_URL: 'http://built-otlp' };
    expect(resolveSettings({ apiUrl: 'http://served/' }, env, '')).toMatchObject({
      apiUrl: 'http://served',
      otlpUrl: 'http://built-otlp',
      sentryDsn: '',
      console: false,
    });
  });

  test('empty server settings override build settings', () => {
    expect(resolveSettings({ sentryDsn: '' }, { VITE_SENTRY_DSN: 'http://built' }, '').sentryDsn).toBe('');
  });

  test.each([undefined, null, 'text', 7, { apiUrl: 7 }, []])('invalid server settings are ignored: %j', (served) => {
    expect(resolveSettings(served, {}, '').apiUrl).toBe('http://127.0.0.1:3000');
  });

  test('console output is enabled by the query or the build', () => {
    expect(resolveSettings({}, {}, '?console').console).toBe(true);
    expect(resolveSettings({}, { VITE_OTEL_CONSOLE: '1' }, '').console).toBe(true);
    expect(resolveSettings({}, { VITE_OTEL_CONSOLE: '0' }, '?q=console').console).toBe(false);
  });
});

test('trace URL is on sentry.io or on a self-hosted Sentry', () => {
  const traceId = '0af7651916cd43dd8448eb211c80319c';
  expect(sentryTraceUrl({ sentryOrg: '', sentryUrl: 'https://sentry.example' }, traceId)).toBeUndefined();
  expect(sentryTraceUrl({ sentryOrg: 'acme', sentryUrl: '' }, traceId)).toBe(
    `https://acme.sentry.io/explore/traces/trace/${traceId}/`,
  );
  expect(sentryTraceUrl({ sentryOrg: 'acme', sentryUrl: 'https://sentry.example' }, traceId)).toBe(
    `https://sentry.example/organizations/acme/explore/traces/trace/${traceId}/`,
  );
});
