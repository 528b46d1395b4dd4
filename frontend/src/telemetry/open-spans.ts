import type { Context, SpanContext } from '@opentelemetry/api';
import type { ReadableSpan, Span, SpanProcessor } from '@opentelemetry/sdk-trace';
import { now } from './clock';

/** Set to true on a span whose end is not known, because the page was left before. */
export const PAGE_LEFT = 'page.left';

/**
 * Knows the spans that have not ended. A page that is left never sees its answers, so nobody would end them, and a span that
 * does not end is never sent.
 */
export class OpenSpans implements SpanProcessor {
  readonly #open = new Map<string, Span>();
  #latestRoot: SpanContext | undefined;

  /** The span that began a trace last, whether it has ended or not. */
  get latestRoot(): SpanContext | undefined {
    return this.#latestRoot;
  }

  onStart(span: Span, _parent: Context): void {
    this.#open.set(span.spanContext().spanId, span);
    if (!span.parentSpanContext) {
      this.#latestRoot = span.spanContext();
    }
  }

  onEnd(span: ReadableSpan): void {
    this.#open.delete(span.spanContext().spanId);
  }

  /** Ends what is open, and says why: their real ends are not known. Children first, as they would have. */
  endAll(): void {
    for (const span of [...this.#open.values()].reverse()) {
      span.setAttribute(PAGE_LEFT, true);
      span.end(now());
    }
  }

  async forceFlush(): Promise<void> {}

  async shutdown(): Promise<void> {
    this.#open.clear();
  }
}
