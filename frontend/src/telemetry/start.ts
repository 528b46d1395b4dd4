import { context, propagation, type Tracer, trace } from '@opentelemetry/api';
import { CompositePropagator, W3CTraceContextPropagator } from '@opentelemetry/core';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { defaultResource, resourceFromAttributes } from '@opentelemetry/resources';
import {
  BatchSpanProcessor,
  ConsoleSpanExporter,
  SimpleSpanProcessor,
  type SpanExporter,
  type SpanProcessor,
  StackContextManager,
  TracerProvider,
} from '@opentelemetry/sdk-trace';
import type { Settings } from '../settings';
import { OpenSpans } from './open-spans';
import { tracePageLoad } from './page-load';
import { sentryPropagator } from './propagator';
import { linkErrors, startSentry } from './sentry';
import { SentrySpanExporter } from './sentry-exporter';

/** `service.name` of the page. */
export const SERVICE = 'frontend';

/** The batch delay in milliseconds, short because spans are viewed live. */
const BATCH_DELAY_MS = 500;

/** The initialized telemetry. */
export interface Telemetry {
  tracer: Tracer;
  /** Flushes ended spans. Never rejects. */
  flush(): Promise<void>;
  /** Shuts telemetry down; for tests only. */
  stop(): Promise<void>;
}

/** Initializes telemetry, once per page and first, because earlier events are not traced. */
export function startTelemetry(settings: Settings): Telemetry {
  const release = `${SERVICE}@${__VERSION__}`;
  const client = startSentry(settings, release);
  const open = new OpenSpans();
  const provider = new TracerProvider({
    resource: defaultResource().merge(
      resourceFromAttributes({
        'service.name': SERVICE,
        'service.version': __VERSION__,
        'deployment.environment.name': settings.environment,
      }),
    ),
    spanProcessors: [
      open,
      ...(settings.otlpUrl ? [batches(new OTLPTraceExporter({ url: `${settings.otlpUrl}/v1/traces` }))] : []),
      ...(settings.sentryDsn ? [batches(new SentrySpanExporter(client))] : []),
      ...(settings.console ? [new SimpleSpanProcessor({ exporter: new ConsoleSpanExporter() })] : []),
    ],
  });
  trace.setGlobalTracerProvider(provider);
  context.setGlobalContextManager(new StackContextManager().enable());
  propagation.setGlobalPropagator(
    new CompositePropagator({ propagators: [new W3CTraceContextPropagator(), sentryPropagator(client)] }),
  );
  linkErrors(() => open.latestRoot);

  const tracer = trace.getTracer(SERVICE, __VERSION__);
  const flush = () => provider.forceFlush().catch(() => {});
  const pageLoad = tracePageLoad(tracer);
  const hidden = () => {
    if (document.visibilityState === 'hidden') {
      pageLoad.finish();
      flush();
    }
  };
  // Both exporters use `keepalive`, so that these requests outlive the page.
  const left = () => {
    pageLoad.finish();
    open.endAll();
    flush();
  };
  document.addEventListener('visibilitychange', hidden);
  window.addEventListener('pagehide', left);
  const stop = async () => {
    document.removeEventListener('visibilitychange', hidden);
    window.removeEventListener('pagehide', left);
    // Not awaited: without a collector it takes until the last retry.
    provider.shutdown().catch(() => {});
    await client.close();
    for (const api of [trace, context, propagation]) {
      api.disable();
    }
  };
  return { tracer, flush, stop };
}

function batches(exporter: SpanExporter): SpanProcessor {
  // The processor's own flush on hide would run before open spans are ended, and it listens for `pagehide` on the document,
  // where it never fires. The option's type exists only in the browser build, whose types TypeScript does not resolve.
  const options = { exporter, scheduledDelayMillis: BATCH_DELAY_MS, disableAutoFlushOnDocumentHide: true };
  return new BatchSpanProcessor(options);
}
