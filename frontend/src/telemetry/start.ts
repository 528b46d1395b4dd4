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

/** How long a span that has ended may wait for others, in milliseconds: somebody may be watching them arrive. */
const DELAY = 500;

/** What stands once telemetry is set up. */
export interface Telemetry {
  tracer: Tracer;
  /** Sends what has ended. Never fails: nobody could do anything about it. */
  flush(): Promise<void>;
  /** Ends telemetry, for tests: a page is left instead. */
  stop(): Promise<void>;
}

/** Sets everything up, once for a page and before anything else: what comes earlier is not seen. */
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
  // Both exporters send with `keepalive`, so that what is sent here outlives the page.
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
    // Not waited for: where no collector is, that takes as long as it is tried again.
    provider.shutdown().catch(() => {});
    await client.close();
    for (const api of [trace, context, propagation]) {
      api.disable();
    }
  };
  return { tracer, flush, stop };
}

function batches(exporter: SpanExporter): SpanProcessor {
  // Its own flushing at the end would come before the open spans are ended, and it listens for `pagehide` on the document,
  // where it is never heard. The option's type exists in the build for browsers only, whose types TypeScript does not find.
  const options = { exporter, scheduledDelayMillis: DELAY, disableAutoFlushOnDocumentHide: true };
  return new BatchSpanProcessor(options);
}
