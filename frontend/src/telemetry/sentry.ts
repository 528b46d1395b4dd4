import { type SpanContext, trace } from '@opentelemetry/api';
import {
  type Client,
  type DynamicSamplingContext,
  getDynamicSamplingContextFromClient,
  registerExternalPropagationContext,
} from '@sentry/core';
import {
  BrowserClient,
  dedupeIntegration,
  defaultStackParser,
  getCurrentScope,
  globalHandlersIntegration,
  httpContextIntegration,
  linkedErrorsIntegration,
  makeFetchTransport,
} from '@sentry/react';
import type { Settings } from '../settings';

/** Matches email addresses, but not paths like `/@scope/name`. */
const EMAIL = /[^\s"'<>@/:=?&,;()\\]+@[^\s"'<>@/:=?&,;()\\]+/g;

/**
 * * Starts Sentry's client, for errors and to send envelopes. Its own tracing is off: OpenTelemetry is the tracer.
 *
 * * Configured without Sentry's `init`, which would bundle unused integrations.
 */
export function startSentry(settings: Settings, release: string): Client {
  const client = new BrowserClient({
    dsn: settings.sentryDsn,
    environment: settings.environment,
    release,
    // `fetch` is not wrapped here; by default the SDK would look for an unwrapped one in a hidden frame.
    transport: (options) => makeFetchTransport(options, window.fetch.bind(window)),
    stackParser: defaultStackParser,
    integrations: [
      globalHandlersIntegration(),
      linkedErrorsIntegration(),
      dedupeIntegration(),
      httpContextIntegration(),
    ],
    // No user data: the only such data on the page is the email address.
    dataCollection: { userInfo: false, cookies: false, httpHeaders: false, httpBodies: [], urlQueryParams: false },
    // The page must get the browser's own message of a fetch error.
    enhanceFetchErrorMessages: 'report-only',
    beforeSend: withoutEmail,
  });
  getCurrentScope().setClient(client);
  client.init();
  return client;
}

/** Removes email addresses from an event: its message, stack and URLs. */
export function withoutEmail<T>(event: T): T {
  return JSON.parse(JSON.stringify(event).replace(EMAIL, '[email]'));
}

/** Links errors to the trace of the active span, otherwise to the most recent trace. */
export function linkErrors(latestRoot: () => SpanContext | undefined): void {
  registerExternalPropagationContext(() => {
    const span = trace.getActiveSpan()?.spanContext() ?? latestRoot();
    return span && { traceId: span.traceId, spanId: span.spanId };
  });
}

/** Returns the dynamic sampling context of a trace. Every trace is recorded here. */
export function samplingContext(client: Client, traceId: string, sampled: boolean): DynamicSamplingContext {
  return { ...getDynamicSamplingContextFromClient(traceId, client), sample_rate: '1', sampled: String(sampled) };
}
