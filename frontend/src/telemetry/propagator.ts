import { isSpanContextValid, type TextMapPropagator, TraceFlags, trace } from '@opentelemetry/api';
import { isTracingSuppressed } from '@opentelemetry/core';
import { type Client, dynamicSamplingContextToSentryBaggageHeader, generateSentryTraceHeader } from '@sentry/core';
import { samplingContext } from './sentry';

/**
 * * Injects `sentry-trace` and `baggage` (with the trace's sampling context) for OpenTelemetry's active span.
 *
 * * Sentry's propagator sends the ids of Sentry's scope, which is another trace. A page only sends, so nothing is extracted.
 */
export function sentryPropagator(client: Client): TextMapPropagator {
  return {
    inject(context, carrier, setter) {
      const span = trace.getSpanContext(context);
      if (!span || !isSpanContextValid(span) || isTracingSuppressed(context)) {
        return;
      }
      const sampled = (span.traceFlags & TraceFlags.SAMPLED) !== 0;
      setter.set(carrier, 'sentry-trace', generateSentryTraceHeader(span.traceId, span.spanId, sampled));
      const baggage = dynamicSamplingContextToSentryBaggageHeader(samplingContext(client, span.traceId, sampled));
      if (baggage) {
        setter.set(carrier, 'baggage', baggage);
      }
    },
    extract: (context) => context,
    fields: () => ['sentry-trace', 'baggage'],
  };
}
