//! Waiting for a condition, with a deadline.

use std::time::Duration;

/// The poll interval: short compared to a test, long compared to a probe.
const POLL_INTERVAL: Duration = Duration::from_millis(10);

/// A condition that was not met in time.
#[derive(Debug, thiserror::Error)]
#[error("condition not met within {0:?}")]
pub struct TimedOut(pub Duration);

/// Polls `probe` until it returns `Some`, for at most `deadline`.
///
/// # Errors
/// [`TimedOut`] if it never did. `probe` is polled at least once, and a hanging one is dropped at the deadline.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let mut countdown = 3;
/// let done = testkit::eventually(std::time::Duration::from_secs(5), || {
///     countdown -= 1;
///     let left = countdown;
///     async move { (left == 0).then_some("done") }
/// });
/// assert_eq!(done.await.ok(), Some("done"));
/// # }
/// ```
pub async fn eventually<T, F, Fut>(deadline: Duration, mut probe: F) -> Result<T, TimedOut>
where
    F: FnMut() -> Fut,
    Fut: Future<Output = Option<T>>,
{
    let looking = async {
        loop {
            if let Some(seen) = probe().await {
                return seen;
            }
            tokio::time::sleep(POLL_INTERVAL).await;
        }
    };
    tokio::time::timeout(deadline, looking).await.map_err(|_| TimedOut(deadline))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn unmet_condition_times_out() {
        let never = eventually(Duration::from_millis(30), || async { None::<()> }).await;
        assert!(never.is_err());
    }

    #[tokio::test]
    async fn hanging_probe_is_dropped_at_the_deadline() {
        let hangs = eventually(Duration::from_millis(30), std::future::pending::<Option<()>>).await;
        assert!(hangs.is_err());
    }
}
