/** A navigation that has not left the page after this long, in milliseconds, was none: a download, a change of mind. */
const PATIENCE = 5000;

let since = Number.NEGATIVE_INFINITY;

/**
 * Whether the page is being left. Chromium fails the requests under way *before* it says `pagehide`, as if their server were
 * gone, while it sends those with `keepalive` all the same: such a failure is no error of anybody.
 */
export function isLeaving(): boolean {
  return performance.now() - since < PATIENCE;
}

for (const event of ['beforeunload', 'pagehide']) {
  window.addEventListener(event, () => {
    since = performance.now();
  });
}
window.addEventListener('pageshow', () => {
  since = Number.NEGATIVE_INFINITY;
});
