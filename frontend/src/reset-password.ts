import { context, SpanStatusCode, type Tracer, trace } from '@opentelemetry/api';
import { captureException } from '@sentry/react';
import { now } from './telemetry/clock';
import { isLeaving } from './telemetry/leaving';
import { PAGE_LEFT } from './telemetry/open-spans';
import { tracedFetch } from './telemetry/traced-fetch';

/** Longer than the API waits for its queue, in milliseconds. */
const PATIENCE = 10_000;

/** What the person is told. */
export interface Outcome {
  ok: boolean;
  message: string;
}

/** A request under way. */
export interface ResetRequest {
  /** Its trace, known from the first moment on. */
  traceId: string;
  /** How it went; never rejects. */
  outcome: Promise<Outcome>;
}

/** Asks the API at `apiUrl` for a reset mail to `email`, in a trace of its own that begins here. */
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
        // What a person has typed wrong is not an error of the page or its service.
        failed(`HTTP ${response.status}`, response.status >= 500 && new Error(`the API answered ${response.status}`));
      }
      return { ok: response.ok, message: wordsFor(response) };
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
    signal: AbortSignal.timeout(PATIENCE),
    // Who sends it and leaves at once wants the mail all the same.
    keepalive: true,
  });
}

const TIMED_OUT = 'The service did not answer in time. Please try again in a moment.';
const UNREACHABLE = 'The service cannot be reached right now. Please try again in a moment.';

function wordsFor(response: Response): string {
  switch (response.status) {
    case 200:
      return 'Password reset email sent. Please look into your inbox.';
    case 400:
      return 'That is not a valid email address. Please check it and try again.';
    case 503: {
      const seconds = Number(response.headers.get('retry-after'));
      const when = seconds > 0 ? `in ${seconds} ${seconds === 1 ? 'second' : 'seconds'}` : 'in a moment';
      return `The service cannot take requests right now. Please try again ${when}.`;
    }
    default:
      return response.ok ? 'Your request was taken.' : `Something went wrong (${response.status}). Please try again.`;
  }
}
