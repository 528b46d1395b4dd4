//! Waiting for something to become true, with a deadline.

use std::time::Duration;

/// How long to wait between two looks: short beside a test, long beside what a look costs.
const BETWEEN_LOOKS: Duration = Duration::from_millis(10);

/// The condition did not come true in time.
#[derive(Debug, thiserror::Error)]
#[error("not so after {0:?}")]
pub struct TimedOut(pub Duration);

/// Asks `look` again and again until it answers `Some`, for at most `deadline`.
///
/// # Errors
/// [`TimedOut`] when it never did. `look` is asked at least once, and one that hangs is given up at the deadline.
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
pub async fn eventually<T, F, Fut>(deadline: Duration, mut look: F) -> Result<T, TimedOut>
where
    F: FnMut() -> Fut,
    Fut: Future<Output = Option<T>>,
{
    let looking = async {
        loop {
            if let Some(seen) = look().await {
                return seen;
            }
            tokio::time::sleep(BETWEEN_LOOKS).await;
        }
    };
    tokio::time::timeout(deadline, looking).await.map_err(|_| TimedOut(deadline))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_never_becomes_true_times_out() {
        let never = eventually(Duration::from_millis(30), || async { None::<()> }).await;
        assert!(never.is_err());
    }

    #[tokio::test]
    async fn a_look_that_hangs_is_given_up() {
        let hangs = eventually(Duration::from_millis(30), std::future::pending::<Option<()>>).await;
        assert!(hangs.is_err());
    }
}
