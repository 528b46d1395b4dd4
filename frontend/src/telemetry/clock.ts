/** How far the clocks may drift apart before the wall clock wins, in milliseconds: a computer that slept. */
const DRIFT = 100;

let origin = performance.timeOrigin;

/**
 * Milliseconds since 1970, in fractions, from one clock for all spans. Left to itself the SDK reads each span's start from
 * `Date.now()`, in whole milliseconds: children would begin before their parents and end after them.
 */
export function now(): number {
  const elapsed = performance.now();
  const wall = Date.now() - elapsed;
  if (Math.abs(wall - origin) > DRIFT) {
    origin = wall;
  }
  return origin + elapsed;
}
