import { context, trace } from '@opentelemetry/api';
import { captureException } from '@sentry/react';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { requestReset } from '../src/reset-password';
import { resolveSettings } from '../src/settings';
import { startTelemetry, type Telemetry } from '../src/telemetry/start';
import { nowhere, Receiver } from './receiver';

const EMAIL = 'ada.lovelace@example.com';

interface OtlpSpan {
  traceId: string;
  spanId: string;
  parentSpanId?: string;
  name: string;
  kind: number;
  status: { code: number };
  attributes: { key: string; value: Record<string, unknown> }[];
}

interface SentrySpan {
  trace_id: string;
  span_id: string;
  parent_span_id?: string;
  name: string;
  status: string;
  is_segment: boolean;
  start_timestamp: number;
  end_timestamp: number;
  attributes: Record<string, { type: string; value: unknown }>;
}

let otlp: Receiver;
let sentry: Receiver;
let telemetry: Telemetry;

function start(more: Record<string, string> = {}) {
  const served = { otlpUrl: otlp.url, sentryDsn: sentry.dsn, environment: 'test', ...more };
  telemetry = startTelemetry(resolveSettings(served, {}, ''));
}

beforeEach(async () => {
  otlp = await Receiver.start();
  sentry = await Receiver.start();
});

afterEach(async () => {
  await telemetry.stop();
  window.dispatchEvent(new Event('pageshow'));
});

function otlpSpans(): OtlpSpan[] {
  return otlp.received.flatMap(({ body }) =>
    // biome-ignore lint/suspicious/noExplicitAny: received JSON
    JSON.parse(body).resourceSpans.flatMap((resource: any) => resource.scopeSpans.flatMap((scope: any) => scope.spans)),
  );
}

/** Returns the envelopes' lines: header, then alternating item headers and payloads. */
function envelopes() {
  return sentry.received.map(({ body }) =>
    body
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line)),
  );
}

function sentrySpans(): SentrySpan[] {
  return envelopes().flatMap(([, item, payload]) => (item.type === 'span' ? payload.items : []));
}

function only<T extends { name: string }>(spans: T[], name: string): T {
  const found = spans.filter((span) => span.name === name);
  expect(found, `one span ${name} among ${spans.map((span) => span.name)}`).toHaveLength(1);
  return found[0] as T;
}

async function reset(api: string) {
  const request = requestReset(telemetry.tracer, api, EMAIL);
  const outcome = await request.outcome;
  await telemetry.flush();
  return { ...request, outcome };
}

describe('successful request', () => {
  let api: Receiver;

  beforeEach(async () => {
    api = await Receiver.start();
    start();
  });

  test('carries the context of the fetch in the headers of both SDKs', async () => {
    const { traceId } = await reset(api.url);
    const [request] = api.received;
    const { spanId } = only(otlpSpans(), 'POST');
    expect(request?.path).toBe('/users/reset-password');
    expect(JSON.parse(request?.body ?? '')).toEqual({ email: EMAIL });
    expect(request?.headers.traceparent).toBe(`00-${traceId}-${spanId}-01`);
    expect(request?.headers['sentry-trace']).toBe(`${traceId}-${spanId}-1`);
    const baggage = String(request?.headers.baggage).split(',');
    expect(baggage.sort()).toEqual([
      'sentry-environment=test',
      'sentry-public_key=public',
      `sentry-release=frontend%40${__VERSION__}`,
      'sentry-sample_rate=1',
      'sentry-sampled=true',
      `sentry-trace_id=${traceId}`,
    ]);
  });

  test('is one trace, with handleSubmit as root and the fetch as its child', async () => {
    const { traceId } = await reset(api.url);
    const submit = only(otlpSpans(), 'handleSubmit');
    const post = only(otlpSpans(), 'POST');
    expect([submit.traceId, post.traceId]).toEqual([traceId, traceId]);
    expect(submit.parentSpanId).toBeUndefined();
    expect(post.parentSpanId).toBe(submit.spanId);
    // CLIENT in OTLP.
    expect(post.kind).toBe(3);
    const { hostname, port } = new URL(api.url);
    expect(Object.fromEntries(post.attributes.map(({ key, value }) => [key, Object.values(value)[0]]))).toEqual({
      'http.request.method': 'POST',
      'http.response.status_code': 200,
      'server.address': hostname,
      'server.port': Number(port),
      'url.full': `${api.url}/users/reset-password`,
    });
    const [{ resource }] = JSON.parse(otlp.received[0]?.body ?? '').resourceSpans;
    expect(resource.attributes).toContainEqual({ key: 'service.name', value: { stringValue: 'frontend' } });
  });

  test('reaches Sentry with the same ids, in one envelope of its trace', async () => {
    const { traceId } = await reset(api.url);
    const [header, item, payload] = envelopes().find(([header]) => header.trace.trace_id === traceId) ?? [];
    expect(header.trace).toMatchObject({
      public_key: 'public',
      sampled: 'true',
      sample_rate: '1',
      environment: 'test',
    });
    expect(item).toMatchObject({
      type: 'span',
      item_count: 2,
      content_type: 'application/vnd.sentry.items.span.v2+json',
    });
    const submit = only<SentrySpan>(payload.items, 'handleSubmit');
    const post = only<SentrySpan>(payload.items, 'POST');
    expect(submit).toMatchObject({ span_id: only(otlpSpans(), 'handleSubmit').spanId, is_segment: true, status: 'ok' });
    expect(submit.parent_span_id).toBeUndefined();
    expect(post).toMatchObject({ span_id: only(otlpSpans(), 'POST').spanId, parent_span_id: submit.span_id });
    expect(post.is_segment).toBe(false);
    expect(post.attributes).toMatchObject({
      'sentry.op': { type: 'string', value: 'http.client' },
      'http.response.status_code': { type: 'integer', value: 200 },
    });
    expect(post.start_timestamp).toBeGreaterThanOrEqual(submit.start_timestamp);
    expect(post.end_timestamp).toBeLessThanOrEqual(submit.end_timestamp);
    // Seconds, not milliseconds.
    expect(Math.abs(submit.end_timestamp - Date.now() / 1000)).toBeLessThan(3600);
  });

  test('starts a new trace each time', async () => {
    const first = await reset(api.url);
    const second = await reset(api.url);
    expect(second.traceId).not.toBe(first.traceId);
  });
});

describe('failures', () => {
  test('response 503 is an error in both, with an event on the same trace', async () => {
    const api = await Receiver.start((response) => response.writeHead(503, { 'retry-after': '2' }).end('{}'));
    start();
    const { traceId, outcome } = await reset(api.url);
    expect(outcome).toEqual({ ok: false, message: expect.stringContaining('in 2 seconds') });
    for (const name of ['handleSubmit', 'POST']) {
      expect(only(otlpSpans(), name).status.code).toBe(2);
      expect(only(sentrySpans(), name).status).toBe('error');
    }
    await vi.waitFor(() => {
      const event = envelopes().find(([, item]) => item.type === 'event')?.[2];
      expect(event.contexts.trace).toMatchObject({
        trace_id: traceId,
        span_id: only(otlpSpans(), 'handleSubmit').spanId,
      });
    });
  });

  test('response 400 is an error of the request, not of the page', async () => {
    const api = await Receiver.start((response) => response.writeHead(400).end('{"error":"Bad Request"}'));
    start();
    const { outcome } = await reset(api.url);
    expect(outcome).toEqual({ ok: false, message: expect.stringContaining('not a valid email address') });
    expect(only(sentrySpans(), 'POST').attributes['error.type']).toEqual({ type: 'string', value: '400' });
    expect(envelopes().flatMap(([, item]) => item.type)).not.toContain('event');
  });

  test('unreachable API is reported, and both spans and the error are sent', async () => {
    start();
    const { traceId, outcome } = await reset(await nowhere());
    expect(outcome).toEqual({ ok: false, message: expect.stringContaining('unreachable') });
    expect(only(otlpSpans(), 'POST')).toMatchObject({ traceId, status: { code: 2 } });
    await vi.waitFor(() => {
      const event = envelopes().find(([, item]) => item.type === 'event')?.[2];
      expect(event.contexts.trace.trace_id).toBe(traceId);
    });
  });

  test('silent API times out', async () => {
    const api = await Receiver.start(() => {});
    start();
    const timeout = AbortSignal.timeout.bind(AbortSignal);
    vi.spyOn(AbortSignal, 'timeout').mockImplementation((patience) => {
      expect(patience).toBe(10_000);
      return timeout(1);
    });
    const { outcome } = await reset(api.url);
    expect(outcome).toEqual({ ok: false, message: expect.stringContaining('did not respond in time') });
    expect(only(otlpSpans(), 'POST').status.code).toBe(2);
  });

  test('unreachable collector does not affect the user or Sentry', async () => {
    const api = await Receiver.start();
    start({ otlpUrl: await nowhere() });
    const request = requestReset(telemetry.tracer, api.url, EMAIL);
    expect(await request.outcome).toMatchObject({ ok: true });
    telemetry.flush();
    await vi.waitFor(() => expect(only(sentrySpans(), 'handleSubmit').trace_id).toBe(request.traceId));
  });

  test('unreachable Sentry does not affect the user or the collector', async () => {
    const api = await Receiver.start();
    start({ sentryDsn: `${(await nowhere()).replace('//', '//public@')}/1` });
    const request = requestReset(telemetry.tracer, api.url, EMAIL);
    expect(await request.outcome).toMatchObject({ ok: true });
    telemetry.flush();
    await vi.waitFor(() => expect(only(otlpSpans(), 'handleSubmit').traceId).toBe(request.traceId));
  });
});

describe('page that is left', () => {
  test('sends open spans, marked as left', async () => {
    const api = await Receiver.start(() => {});
    start();
    const { traceId } = requestReset(telemetry.tracer, api.url, EMAIL);
    await vi.waitFor(() => expect(api.received).toHaveLength(1));
    window.dispatchEvent(new Event('pagehide'));
    await vi.waitFor(() => {
      const submit = only(otlpSpans(), 'handleSubmit');
      expect(submit).toMatchObject({ traceId });
      expect(submit.attributes).toContainEqual({ key: 'page.left', value: { boolValue: true } });
      expect(only(otlpSpans(), 'POST').parentSpanId).toBe(submit.spanId);
      expect(only(sentrySpans(), 'handleSubmit').span_id).toBe(submit.spanId);
      expect(only(sentrySpans(), 'POST').parent_span_id).toBe(submit.spanId);
    });
  });

  test('does not report a request aborted by the browser as an error', async () => {
    start();
    window.dispatchEvent(new Event('beforeunload'));
    const { traceId } = await reset(await nowhere());
    for (const name of ['handleSubmit', 'POST']) {
      expect(only(otlpSpans(), name)).toMatchObject({ traceId, status: { code: 0 } });
      expect(only(sentrySpans(), name).attributes['page.left']).toEqual({ type: 'boolean', value: true });
    }
    expect(envelopes().flatMap(([, item]) => item.type)).not.toContain('event');

    // The page was not left after all.
    window.dispatchEvent(new Event('pageshow'));
    await reset(await nowhere());
    expect(otlpSpans().map((span) => span.status.code)).toContain(2);
  });

  test('flushes ended spans when it is hidden', async () => {
    start();
    telemetry.tracer.startSpan('ended').end();
    vi.spyOn(document, 'visibilityState', 'get').mockReturnValue('hidden');
    document.dispatchEvent(new Event('visibilitychange'));
    await vi.waitFor(() => only(otlpSpans(), 'ended'));
  });
});

describe('errors of the page', () => {
  test('join the active span', async () => {
    start();
    const span = telemetry.tracer.startSpan('something');
    context.with(trace.setSpan(context.active(), span), () => captureException(new Error('broken')));
    await vi.waitFor(() => {
      const event = envelopes().find(([, item]) => item.type === 'event')?.[2];
      expect(event.contexts.trace).toMatchObject(ids(span.spanContext()));
    });
  });

  test('join the most recent trace without an active span', async () => {
    const api = await Receiver.start();
    start();
    const { traceId } = await reset(api.url);
    captureException(new Error('broken later'));
    await vi.waitFor(() => {
      const event = envelopes().find(([, item]) => item.type === 'event')?.[2];
      expect(event.contexts.trace.trace_id).toBe(traceId);
    });
  });

  test('are sent without email addresses and without the query of the page', async () => {
    start();
    window.history.replaceState(null, '', `/reset-password?token=secret-token&email=${EMAIL}`);
    captureException(new Error(`no mail to ${EMAIL} today`));
    await vi.waitFor(() => {
      const event = envelopes().find(([, item]) => item.type === 'event')?.[2];
      expect(event.exception.values[0].value).toBe('no mail to [email] today');
    });
    window.history.replaceState(null, '', '/');
    expect(sentry.raw).not.toContain('secret-token');
  });
});

test('email addresses are never sent by telemetry', async () => {
  const answers = [200, 400, 500];
  const api = await Receiver.start((response) =>
    response.writeHead(answers.shift() ?? 503).end(`{"error":"${EMAIL}"}`),
  );
  start();
  for (let request = 0; request < 4; request++) {
    await reset(api.url);
  }
  await reset(await nowhere());
  await vi.waitFor(() => expect(envelopes().filter(([, item]) => item.type === 'event').length).toBeGreaterThan(2));
  expect(otlpSpans().filter((span) => span.name === 'POST')).toHaveLength(5);
  for (const part of ['lovelace', 'ada.']) {
    expect(otlp.raw).not.toContain(part);
    expect(sentry.raw).not.toContain(part);
  }
  expect(api.received.map(({ headers }) => JSON.stringify(headers)).join()).not.toContain('lovelace');
});

test('console output of spans is optional', async () => {
  const dir = vi.spyOn(console, 'dir').mockImplementation(() => {});
  telemetry = startTelemetry(resolveSettings({ otlpUrl: '' }, { VITE_OTEL_CONSOLE: '1' }, ''));
  telemetry.tracer.startSpan('printed').end();
  await vi.waitFor(() =>
    expect(dir).toHaveBeenCalledWith(expect.objectContaining({ name: 'printed' }), expect.anything()),
  );
  expect(otlp.received).toHaveLength(0);
});

test('page load is a separate trace that starts at the navigation', async () => {
  start();
  await vi.waitFor(async () => {
    await telemetry.flush();
    const load = only(otlpSpans(), 'page load');
    expect(load.parentSpanId).toBeUndefined();
  });
});

function ids({ traceId, spanId }: { traceId: string; spanId: string }) {
  return { trace_id: traceId, span_id: spanId };
}
