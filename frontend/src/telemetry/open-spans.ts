import type { Context, SpanContext } from '@opentelemetry/api';
import type { ReadableSpan, Span, SpanProcessor } from '@opentelemetry/sdk-trace';
import { now } from './clock';

/** The attribute of a span whose real end is unknown, because the page was left before. */
export const PAGE_LEFT = 'page.left';

/**
 * * Tracks open spans. A page that is left never receives its responses, so its spans would not end, and a span that
 * does not end is never sent.
 */
export class OpenSpans implements SpanProcessor {
  readonly #open = new Map<string, Span>();
  #latestRoot: SpanContext | undefined;

  /** The most recently started root span, open or ended. */
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

  /** Ends open spans, children first, and marks them, since their real ends are unknown. */
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
