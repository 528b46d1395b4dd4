/** The drift between the clocks in milliseconds from which the wall clock is used: a computer that was suspended. */
const DRIFT_MAX_MS = 100;

let origin = performance.timeOrigin;

/**
 * * Returns fractional milliseconds since the Unix epoch, from one clock for all spans. By default the SDK takes each span's start from
 * * `Date.now()`, in whole milliseconds, so that children start before their parents and end after them.
 */
export function now(): number {
  const elapsed = performance.now();
  const wall = Date.now() - elapsed;
  if (Math.abs(wall - origin) > DRIFT_MAX_MS) {
    origin = wall;
  }
  return origin + elapsed;
}
