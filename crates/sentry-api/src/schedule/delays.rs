//! Delays between a trace's last span and its requests.

use std::str::FromStr;
use std::time::Duration;

/// Maximum number of requests per trace.
const DELAYS_MAX: usize = 8;
/// Maximum delay.
const DELAY_MAX: Duration = Duration::from_secs(24 * 60 * 60);
/// Minimum delay, also the minimum time between two requests.
const DELAY_MIN: Duration = Duration::from_millis(10);

/// Delays after a trace's last span at which it is requested: 15, 30, 60 and 120 s by default.
///
/// Sentry processes a trace some 10 s after its root has ended, or a minute after its last span without a root; storing it
/// takes additional time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delays(Box<[Duration]>);

/// A text that is not a list of delays.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected up to {DELAYS_MAX} increasing numbers of seconds, such as 15,30,60,120")]
pub struct DelaysError;

impl Delays {
    /// The variable read by [`Self::from_env`]: `SPANFALL_SENTRY_ASK_AFTER=15,30,60,120`, for slower Sentry installations, and
    /// for tests, which need shorter delays.
    pub const VARIABLE: &str = "SPANFALL_SENTRY_ASK_AFTER";

    /// Reads [`Self::VARIABLE`]; returns the default delays if it is unset or empty.
    ///
    /// # Errors
    /// The variable does not contain delays.
    pub fn from_env() -> Result<Self, DelaysError> {
        match std::env::var(Self::VARIABLE) {
            Ok(text) if !text.trim().is_empty() => text.parse(),
            Ok(_) | Err(std::env::VarError::NotPresent) => Ok(Self::default()),
            Err(std::env::VarError::NotUnicode(_)) => Err(DelaysError),
        }
    }

    /// Returns the time of the next request in nanoseconds since the Unix epoch: the first delay after the trace's last activity
    /// that had not passed at its last request. `None` after the last one.
    ///
    /// A trace without a request so far is due after the first delay, however long ago that was; missed delays are not made up
    /// for.
    #[must_use]
    pub fn next_ask(&self, last_activity: u64, asked: Option<u64>) -> Option<u64> {
        let mut moments = self.0.iter().map(|delay| last_activity.saturating_add(nanos(*delay)));
        moments.find(|moment| asked.is_none_or(|asked| *moment > asked))
    }

    /// Returns the minimum time between two requests: a second, or the first delay if that is shorter.
    pub(super) fn pause(&self) -> u64 {
        nanos(self.0[0].min(Duration::from_secs(1)))
    }
}

impl Default for Delays {
    fn default() -> Self {
        Self([15, 30, 60, 120].map(Duration::from_secs).into())
    }
}

impl FromStr for Delays {
    type Err = DelaysError;

    /// Parses seconds separated by commas: `15,30` or `0.2, 0.5`.
    fn from_str(text: &str) -> Result<Self, DelaysError> {
        let delay = |text: &str| {
            let seconds: f64 = text.trim().parse().ok()?;
            let delay = Duration::try_from_secs_f64(seconds).ok()?;
            (DELAY_MIN..=DELAY_MAX).contains(&delay).then_some(delay)
        };
        let delays: Option<Box<[Duration]>> = text.split(',').map(delay).collect();
        let delays = delays.filter(|delays| delays.len() <= DELAYS_MAX && delays.is_sorted_by(|one, next| one < next));
        delays.map(Self).ok_or(DelaysError)
    }
}

/// Converts to nanoseconds, saturating.
pub(super) fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: u64 = 1_000_000_000;

    fn next(last_activity: u64, asked: Option<u64>) -> Option<u64> {
        let asked = asked.map(|seconds| seconds * SECOND);
        let next = Delays::default().next_ask(last_activity * SECOND, asked);
        next.map(|moment| moment / SECOND)
    }

    #[test]
    fn trace_is_requested_four_times() {
        assert_eq!(next(1000, None), Some(1015));
        assert_eq!(next(1000, Some(1015)), Some(1030));
        assert_eq!(next(1000, Some(1031)), Some(1060));
        assert_eq!(next(1000, Some(1060)), Some(1120));
        assert_eq!(next(1000, Some(1120)), None);
    }

    #[test]
    fn new_span_restarts_the_delays() {
        assert_eq!(next(1300, Some(1120)), Some(1315));
        assert_eq!(next(1110, Some(1120)), Some(1125));
    }

    #[test]
    fn missed_delays_cause_one_request() {
        assert_eq!(next(1000, None), Some(1015), "due at any later time");
        assert_eq!(next(1000, Some(9000)), None);
    }

    #[test]
    fn largest_time_does_not_overflow() {
        let end = u64::MAX - 1;
        assert_eq!(Delays::default().next_ask(end, None), Some(u64::MAX));
        assert_eq!(Delays::default().next_ask(end, Some(u64::MAX)), None);
    }

    #[test]
    fn delays_must_be_increasing_seconds() {
        assert_eq!("15,30,60,120".parse(), Ok(Delays::default()));
        assert_eq!(" 0.2, 0.5 ".parse(), Ok(Delays([200, 500].map(Duration::from_millis).into())));
        for text in [
            "",
            ",",
            "15,",
            "30,15",
            "15,15",
            "0",
            "-1",
            "NaN",
            "inf",
            "soon",
            "86401",
            "1,2,3,4,5,6,7,8,9",
        ] {
            assert_eq!(text.parse::<Delays>(), Err(DelaysError), "{text}");
        }
    }
}
