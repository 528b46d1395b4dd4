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

/** What reads like an email address; a path like `/@scope/name` does not. */
const EMAIL = /[^\s"'<>@/:=?&,;()\\]+@[^\s"'<>@/:=?&,;()\\]+/g;

/**
 * Sentry's client, for errors and as the carrier of envelopes. Its own tracing stays off: OpenTelemetry is the tracer.
 *
 * Set up by hand and not by `init`, which brings integrations along that this page has no use for, and their weight.
 */
export function startSentry(settings: Settings, release: string): Client {
  const client = new BrowserClient({
    dsn: settings.sentryDsn,
    environment: settings.environment,
    release,
    // Nothing here wraps `fetch`; by itself the SDK would look for an unwrapped one in a hidden frame.
    transport: (options) => makeFetchTransport(options, window.fetch.bind(window)),
    stackParser: defaultStackParser,
    integrations: [
      globalHandlersIntegration(),
      linkedErrorsIntegration(),
      dedupeIntegration(),
      httpContextIntegration(),
    ],
    // Nothing about the person: the page knows their email address and nothing else.
    dataCollection: { userInfo: false, cookies: false, httpHeaders: false, httpBodies: [], urlQueryParams: false },
    // A fetch's error must read in the page as the browser wrote it.
    enhanceFetchErrorMessages: 'report-only',
    beforeSend: withoutEmail,
  });
  getCurrentScope().setClient(client);
  client.init();
  return client;
}

/** The last line of defence: whatever an error's message, stack or URL quotes. */
export function withoutEmail<T>(event: T): T {
  return JSON.parse(JSON.stringify(event).replace(EMAIL, '[email]'));
}

/** Lets errors join the trace of the active span, or else the trace that began last. */
export function linkErrors(latestRoot: () => SpanContext | undefined): void {
  registerExternalPropagationContext(() => {
    const span = trace.getActiveSpan()?.spanContext() ?? latestRoot();
    return span && { traceId: span.traceId, spanId: span.spanId };
  });
}

/** What Sentry must know of a trace to sample it alike everywhere. Every trace is recorded here. */
export function samplingContext(client: Client, traceId: string, sampled: boolean): DynamicSamplingContext {
  return { ...getDynamicSamplingContextFromClient(traceId, client), sample_rate: '1', sampled: String(sampled) };
}
