import { type Attributes, context, type Tracer, trace } from '@opentelemetry/api';

/** An entry of the kinds looked at here; TypeScript's own types do not know them all. */
type Entry = PerformanceEntry & { hadRecentInput?: boolean; value?: number; interactionId?: number };

/** A gap of one second ends a burst of layout shifts, and so do five in all: so Cumulative Layout Shift is defined. */
const SHIFT_GAP = 1000;
const SHIFT_WINDOW = 5000;

/** Ends what is known only once the page is left. */
export interface PageLoad {
  /** Sends the web vitals, once. */
  finish(): void;
}

/**
 * The page's own trace: `page load` with the fetch of the document in it and, when the page is hidden for the first time,
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
  // The load event's own end is known only after it.
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
      // Up to the largest paint, not up to now: who reads for an hour would stretch the trace to an hour. And within the page load,
      // which a late paint outlives.
      const end = Math.min(painted, loadEnd);
      tracer.startSpan('web vitals', { startTime: at(0), attributes }, inside).end(at(end));
    },
  };
}

/** Begins to observe; the answer reads what is known by then. What the browser does not measure is not there. */
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
    // The slowest interaction: with the handful that this page sees, that is Interaction to Next Paint.
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

/** Adds up shifts that no input explains, burst by burst, and tells the worst burst so far. */
function layoutShift(tell: (worst: number) => void): (entry: Entry) => void {
  let [worst, sum, first, last] = [0, 0, 0, 0];
  return (entry) => {
    if (entry.hadRecentInput) {
      return;
    }
    if (entry.startTime - last > SHIFT_GAP || entry.startTime - first > SHIFT_WINDOW) {
      [sum, first] = [0, entry.startTime];
    }
    last = entry.startTime;
    sum += entry.value ?? 0;
    worst = Math.max(worst, sum);
    tell(worst);
  };
}

/** Observes entries of a type, past ones too; the answer hands over those that wait. */
function observe(type: string, take: (entry: Entry) => void): () => void {
  if (!globalThis.PerformanceObserver?.supportedEntryTypes?.includes(type)) {
    return () => {};
  }
  const observer = new PerformanceObserver((list) => list.getEntries().forEach(take));
  observer.observe({ type, buffered: true });
  return () => observer.takeRecords().forEach(take);
}
