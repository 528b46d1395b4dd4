/** The time in milliseconds after which a navigation that has not left the page is ignored: a download or a canceled one. */
const NAVIGATION_TIMEOUT_MS = 5000;

let since = Number.NEGATIVE_INFINITY;

/**
 * * Returns true while the page is being left. Chromium fails requests in flight *before* `pagehide`, as if their server were
 * * down, although it completes those with `keepalive`: such a failure is not an error.
 */
export function isLeaving(): boolean {
  return performance.now() - since < NAVIGATION_TIMEOUT_MS;
}

for (const event of ['beforeunload', 'pagehide']) {
  window.addEventListener(event, () => {
    since = performance.now();
  });
}
window.addEventListener('pageshow', () => {
  since = Number.NEGATIVE_INFINITY;
});
