import { type Attributes, context, type Tracer, trace } from '@opentelemetry/api';

/** A performance entry of the observed types, some of which TypeScript's types lack. */
type Entry = PerformanceEntry & { hadRecentInput?: boolean; value?: number; interactionId?: number };

/** The gap and the length in milliseconds that end a burst of layout shifts, from the definition of Cumulative Layout Shift. */
const SHIFT_GAP_MS = 1000;
const SHIFT_WINDOW_MS = 5000;

/** The part of the page load trace that ends when the page is hidden. */
export interface PageLoad {
  /** Sends the web vitals, once. */
  finish(): void;
}

/**
 * * Traces the page load: `page load` with the fetch of the document and, when the page is first hidden,
 * `web vitals` (values in milliseconds; the layout shift has no unit).
 */
export function tracePageLoad(tracer: Tracer): PageLoad {
  const at = (milliseconds: number) => performance.timeOrigin + milliseconds;
  const load = tracer.startSpan('page load', {
    root: true,
    startTime: at(0),
    attributes: { 'url.path': location.pathname },
  });
  const inside = trace.setSpan(context.active(), load);
  const vitals = observeVitals();
  let finished = false;
  let loadEnd = Number.POSITIVE_INFINITY;

  const loaded = () => {
    const [navigation] = performance.getEntriesByType('navigation') as PerformanceNavigationTiming[];
    if (navigation) {
      const document = tracer.startSpan('fetch document', { startTime: at(navigation.fetchStart) }, inside);
      document.end(at(navigation.responseEnd));
    }
    loadEnd = navigation?.loadEventEnd || performance.now();
    load.end(at(loadEnd));
  };
  // The end of the load event is known only after it.
  const afterLoad = () => setTimeout(loaded);
  if (document.readyState === 'complete') {
    afterLoad();
  } else {
    window.addEventListener('load', afterLoad, { once: true });
  }

  return {
    finish() {
      const attributes = vitals();
      if (finished || Object.keys(attributes).length === 0) {
        return;
      }
      finished = true;
      const painted = Number(
        attributes['browser.web_vital.lcp.value'] ?? attributes['browser.web_vital.fcp.value'] ?? 0,
      );
      // Up to the largest paint, not up to now, which would stretch the trace by the reading time. And within the page load,
      // which a late paint may exceed.
      const end = Math.min(painted, loadEnd);
      tracer.startSpan('web vitals', { startTime: at(0), attributes }, inside).end(at(end));
    },
  };
}

/** Starts to observe web vitals; the returned function reads the current values, without those the browser does not measure. */
function observeVitals(): () => Attributes {
  const values: Record<string, number> = {};
  const observers = [
    observe('paint', (entry) => {
      if (entry.name === 'first-contentful-paint') {
        values.fcp = entry.startTime;
      }
    }),
    observe('largest-contentful-paint', (entry) => {
      values.lcp = entry.startTime;
    }),
    observe(
      'layout-shift',
      layoutShift((worst) => {
        values.cls = worst;
      }),
    ),
    // The slowest interaction, which equals Interaction to Next Paint for fewer than 50 interactions.
    observe('event', (entry) => {
      if (entry.interactionId) {
        values.inp = Math.max(values.inp ?? 0, entry.duration);
      }
    }),
  ];
  return () => {
    for (const flush of observers) {
      flush();
    }
    const [navigation] = performance.getEntriesByType('navigation') as PerformanceNavigationTiming[];
    if (navigation?.responseStart) {
      values.ttfb = navigation.responseStart;
    }
    return Object.fromEntries(
      Object.entries(values).map(([name, value]) => [`browser.web_vital.${name}.value`, value]),
    );
  };
}

/** Sums up shifts without recent input, by burst, and reports the worst burst so far. */
function layoutShift(report: (worst: number) => void): (entry: Entry) => void {
  let [worst, sum, first, last] = [0, 0, 0, 0];
  return (entry) => {
    if (entry.hadRecentInput) {
      return;
    }
    if (entry.startTime - last > SHIFT_GAP_MS || entry.startTime - first > SHIFT_WINDOW_MS) {
      [sum, first] = [0, entry.startTime];
    }
    last = entry.startTime;
    sum += entry.value ?? 0;
    worst = Math.max(worst, sum);
    report(worst);
  };
}

/** Observes entries of a type, past ones too; the returned function processes pending entries. */
function observe(type: string, take: (entry: Entry) => void): () => void {
  if (!globalThis.PerformanceObserver?.supportedEntryTypes?.includes(type)) {
    return () => {};
  }
  const observer = new PerformanceObserver((list) => list.getEntries().forEach(take));
  observer.observe({ type, buffered: true });
  return () => observer.takeRecords().forEach(take);
}
