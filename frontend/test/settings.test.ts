import { describe, expect, test } from 'vitest';
import { sentryTraceUrl, settle } from '../src/settings';

describe('settings', () => {
  test('what the server says comes before what the build says, and that before what is usual', () => {
    const env = { VITE_API_URL: 'http://built', VITE_OTLP_URL: 'http://built-otlp' };
    expect(settle({ apiUrl: 'http://served/' }, env, '')).toMatchObject({
      apiUrl: 'http://served',
      otlpUrl: 'http://built-otlp',
      sentryDsn: '',
      console: false,
    });
  });

  test('what the server leaves empty is off, whatever the build says', () => {
    expect(settle({ sentryDsn: '' }, { VITE_SENTRY_DSN: 'http://built' }, '').sentryDsn).toBe('');
  });

  test.each([undefined, null, 'text', 7, { apiUrl: 7 }, []])(
    'nonsense from the server changes nothing: %j',
    (served) => {
      expect(settle(served, {}, '').apiUrl).toBe('http://127.0.0.1:3000');
    },
  );

  test('the console is asked for by the query or the build', () => {
    expect(settle({}, {}, '?console').console).toBe(true);
    expect(settle({}, { VITE_OTEL_CONSOLE: '1' }, '').console).toBe(true);
    expect(settle({}, { VITE_OTEL_CONSOLE: '0' }, '?q=console').console).toBe(false);
  });
});

test('a trace has its page in Sentry, at sentry.io or at a host of one’s own', () => {
  const traceId = '0af7651916cd43dd8448eb211c80319c';
  expect(sentryTraceUrl({ sentryOrg: '', sentryUrl: 'https://sentry.example' }, traceId)).toBeUndefined();
  expect(sentryTraceUrl({ sentryOrg: 'acme', sentryUrl: '' }, traceId)).toBe(
    `https://acme.sentry.io/explore/traces/trace/${traceId}/`,
  );
  expect(sentryTraceUrl({ sentryOrg: 'acme', sentryUrl: 'https://sentry.example' }, traceId)).toBe(
    `https://sentry.example/organizations/acme/explore/traces/trace/${traceId}/`,
  );
});
