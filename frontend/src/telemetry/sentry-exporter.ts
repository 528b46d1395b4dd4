import { type Attributes, SpanKind, SpanStatusCode } from '@opentelemetry/api';
import { type ExportResult, ExportResultCode, hrTimeToMicroseconds } from '@opentelemetry/core';
import type { ReadableSpan, SpanExporter } from '@opentelemetry/sdk-trace';
import { type Client, createEnvelope, type SerializedStreamedSpan, type StreamedSpanEnvelope } from '@sentry/core';
import { samplingContext } from './sentry';

/** Sentry's operations by span name. */
const OPERATIONS: Record<string, string> = {
  'page load': 'pageload',
  'web vitals': 'ui.webvital',
  handleSubmit: 'ui.action.submit',
};

/** Exports OpenTelemetry spans to Sentry as `span` items of version 2, with their ids: one envelope per trace. */
export class SentrySpanExporter implements SpanExporter {
  readonly #client: Client;

  constructor(client: Client) {
    this.#client = client;
  }

  export(spans: ReadableSpan[], done: (result: ExportResult) => void): void {
    const sending = [...byTrace(spans)].map(([traceId, spans]) =>
      this.#client.sendEnvelope(this.#envelope(traceId, spans)),
    );
    Promise.all(sending).then(
      () => done({ code: ExportResultCode.SUCCESS }),
      (error) => done({ code: ExportResultCode.FAILED, error }),
    );
  }

  async forceFlush(): Promise<void> {
    await this.#client.flush(2000);
  }

  shutdown(): Promise<void> {
    return this.forceFlush();
  }

  #envelope(traceId: string, spans: ReadableSpan[]): StreamedSpanEnvelope {
    const sdk = this.#client.getSdkMetadata()?.sdk;
    const { release, environment } = this.#client.getOptions();
    const common = {
      'sentry.release': release,
      'sentry.environment': environment,
      'sentry.sdk.name': sdk?.name,
      'sentry.sdk.version': sdk?.version,
    };
    return createEnvelope<StreamedSpanEnvelope>(
      {
        sent_at: new Date().toISOString(),
        ...(sdk?.name && sdk.version && { sdk: { name: sdk.name, version: sdk.version } }),
        trace: samplingContext(this.#client, traceId, true),
      },
      [
        [
          { type: 'span', item_count: spans.length, content_type: 'application/vnd.sentry.items.span.v2+json' },
          { version: 2, items: spans.map((span) => toSentry(span, common)) },
        ],
      ],
    );
  }
}

/** Converts a span to Sentry's format; its times are seconds since the Unix epoch. */
export function toSentry(span: ReadableSpan, common: Attributes = {}): SerializedStreamedSpan {
  const { traceId, spanId } = span.spanContext();
  const parent = span.parentSpanContext?.spanId;
  const operation = span.kind === SpanKind.CLIENT ? 'http.client' : OPERATIONS[span.name];
  return {
    trace_id: traceId,
    span_id: spanId,
    ...(parent && { parent_span_id: parent }),
    name: span.name,
    status: span.status.code === SpanStatusCode.ERROR ? 'error' : 'ok',
    is_segment: !parent,
    start_timestamp: hrTimeToMicroseconds(span.startTime) / 1e6,
    end_timestamp: hrTimeToMicroseconds(span.endTime) / 1e6,
    attributes: typed({ ...common, 'sentry.op': operation, 'sentry.origin': 'manual', ...span.attributes }),
  };
}

function byTrace(spans: ReadableSpan[]): Map<string, ReadableSpan[]> {
  const traces = new Map<string, ReadableSpan[]>();
  for (const span of spans) {
    const { traceId } = span.spanContext();
    traces.set(traceId, [...(traces.get(traceId) ?? []), span]);
  }
  return traces;
}

function typed(attributes: Attributes): SerializedStreamedSpan['attributes'] {
  const entries = Object.entries(attributes).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, { type: typeOf(value), value }]],
  );
  return Object.fromEntries(entries);
}

function typeOf(value: NonNullable<Attributes[string]>): string {
  if (Array.isArray(value)) {
    return 'array';
  }
  if (typeof value === 'number') {
    return Number.isInteger(value) ? 'integer' : 'double';
  }
  return typeof value;
}
