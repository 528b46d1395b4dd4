import { context, propagation, SpanKind, SpanStatusCode, type Tracer } from '@opentelemetry/api';
import { now } from './clock';
import { isLeaving } from './leaving';
import { PAGE_LEFT } from './open-spans';

/**
 * * Calls `fetch` in a CLIENT span (HTTP semantic conventions), a child of the active span, whose context the request carries.
 *
 * * The headers are injected before the first `await`, after which the active context is lost. `url` must not contain secrets.
 */
export function tracedFetch(tracer: Tracer, url: URL, init: RequestInit & { method: string }): Promise<Response> {
  const attributes = {
    'http.request.method': init.method,
    'url.full': url.href,
    'server.address': url.hostname,
    'server.port': Number(url.port) || (url.protocol === 'https:' ? 443 : 80),
  };
  return tracer.startActiveSpan(init.method, { kind: SpanKind.CLIENT, startTime: now(), attributes }, async (span) => {
    const headers = new Headers(init.headers);
    propagation.inject(context.active(), headers, { set: (headers, name, value) => headers.set(name, value) });
    try {
      const response = await fetch(url, { ...init, headers });
      span.setAttribute('http.response.status_code', response.status);
      if (response.status >= 400) {
        span.setAttribute('error.type', String(response.status));
        span.setStatus({ code: SpanStatusCode.ERROR });
      }
      return response;
    } catch (error) {
      if (isLeaving()) {
        span.setAttribute(PAGE_LEFT, true);
        throw error;
      }
      const { name, message } = error instanceof Error ? error : { name: 'Error', message: String(error) };
      span.setAttribute('error.type', name);
      span.setStatus({ code: SpanStatusCode.ERROR, message });
      throw error;
    } finally {
      span.end(now());
    }
  });
}
