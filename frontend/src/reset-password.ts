import { context, SpanStatusCode, type Tracer, trace } from '@opentelemetry/api';
import { captureException } from '@sentry/react';
import { now } from './telemetry/clock';
import { isLeaving } from './telemetry/leaving';
import { PAGE_LEFT } from './telemetry/open-spans';
import { tracedFetch } from './telemetry/traced-fetch';

/** The request timeout in milliseconds; longer than the API's own. */
const REQUEST_TIMEOUT_MS = 10_000;

/** The result shown to the user. */
export interface Outcome {
  ok: boolean;
  message: string;
}

/** A request in flight. */
export interface ResetRequest {
  /** The trace id, known from the start. */
  traceId: string;
  /** The result; never rejects. */
  outcome: Promise<Outcome>;
}

/** Requests a reset mail to `email` from the API at `apiUrl`, in a new trace. */
export function requestReset(tracer: Tracer, apiUrl: string, email: string): ResetRequest {
  const span = tracer.startSpan('handleSubmit', { root: true, startTime: now() });
  // Kept, because the active context is lost after the first `await`.
  const inside = trace.setSpan(context.active(), span);
  const failed = (message: string, error?: unknown) => {
    span.setStatus({ code: SpanStatusCode.ERROR, message });
    if (error) {
      context.with(inside, () => captureException(error));
    }
  };
  const run = async (): Promise<Outcome> => {
    try {
      const response = await context.with(inside, () => post(tracer, apiUrl, email));
      if (!response.ok) {
        // Invalid input is not an error of the page or its service.
        failed(`HTTP ${response.status}`, response.status >= 500 && new Error(`the API returned ${response.status}`));
      }
      return { ok: response.ok, message: messageFor(response) };
    } catch (error) {
      if (isLeaving()) {
        span.setAttribute(PAGE_LEFT, true);
        return { ok: false, message: UNREACHABLE };
      }
      failed(error instanceof Error ? error.name : 'unknown', error);
      const timedOut = error instanceof DOMException && error.name === 'TimeoutError';
      return { ok: false, message: timedOut ? TIMED_OUT : UNREACHABLE };
    } finally {
      span.end(now());
    }
  };
  return { traceId: span.spanContext().traceId, outcome: run() };
}

function post(tracer: Tracer, apiUrl: string, email: string): Promise<Response> {
  return tracedFetch(tracer, new URL('/users/reset-password', apiUrl), {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ email }),
    signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
    // The request must complete even if the user leaves the page at once.
    keepalive: true,
  });
}

const TIMED_OUT = 'The service did not respond in time. Please try again later.';
const UNREACHABLE = 'The service is unreachable. Please try again later.';

function messageFor(response: Response): string {
  switch (response.status) {
    case 200:
      return 'Password reset email sent. Please check your inbox.';
    case 400:
      return 'That is not a valid email address. Please check it and try again.';
    case 503: {
      const seconds = Number(response.headers.get('retry-after'));
      const when = seconds > 0 ? `in ${seconds} ${seconds === 1 ? 'second' : 'seconds'}` : 'later';
      return `The service is temporarily unavailable. Please try again ${when}.`;
    }
    default:
      return response.ok
        ? 'Your request was accepted.'
        : `Something went wrong (${response.status}). Please try again.`;
  }
}
