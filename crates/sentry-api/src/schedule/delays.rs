//! How long after a trace's last span Sentry is asked for it.

use std::str::FromStr;
use std::time::Duration;

/// How many times a trace may be asked for.
const MOST: usize = 8;
/// The longest delay.
const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);
/// The shortest one: it is also the time between two requests.
const SHORTEST: Duration = Duration::from_millis(10);

/// How long after its last span a trace is asked for: 15, 30, 60 and 120 s, unless said otherwise.
///
/// Sentry shows a trace some 10 s after its root has ended, and a minute after its last span when there is no root; then its
/// storage takes its time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delays(Box<[Duration]>);

/// Why a text names no delays.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected up to {MOST} rising numbers of seconds, like 15,30,60,120")]
pub struct DelaysError;

impl Delays {
    /// The variable that [`Self::from_env`] reads: `SPANFALL_SENTRY_ASK_AFTER=15,30,60,120`, for those whose Sentry takes longer, and
    /// for tests, which cannot wait.
    pub const VARIABLE: &str = "SPANFALL_SENTRY_ASK_AFTER";

    /// Reads [`Self::VARIABLE`]; the usual delays when it is unset or empty.
    ///
    /// # Errors
    /// It holds something else than delays.
    pub fn from_env() -> Result<Self, DelaysError> {
        match std::env::var(Self::VARIABLE) {
            Ok(text) if !text.trim().is_empty() => text.parse(),
            Ok(_) | Err(std::env::VarError::NotPresent) => Ok(Self::default()),
            Err(std::env::VarError::NotUnicode(_)) => Err(DelaysError),
        }
    }

    /// When to ask next, in nanoseconds since the Unix epoch: the first delay after the trace's last activity that had not passed when
    /// it was last asked. `None` when that was the last.
    ///
    /// A trace that was never asked for is due after the first delay, however long ago that was; it is not asked for once per delay
    /// that was missed.
    #[must_use]
    pub fn next_ask(&self, last_activity: u64, asked: Option<u64>) -> Option<u64> {
        let mut moments = self.0.iter().map(|delay| last_activity.saturating_add(nanos(*delay)));
        moments.find(|moment| asked.is_none_or(|asked| *moment > asked))
    }

    /// Between two requests, at least: a second, or the first delay if that is shorter.
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

    /// Reads seconds, with commas between them: `15,30` or `0.2, 0.5`.
    fn from_str(text: &str) -> Result<Self, DelaysError> {
        let delay = |text: &str| {
            let seconds: f64 = text.trim().parse().ok()?;
            let delay = Duration::try_from_secs_f64(seconds).ok()?;
            (SHORTEST..=LONGEST).contains(&delay).then_some(delay)
        };
        let delays: Option<Box<[Duration]>> = text.split(',').map(delay).collect();
        let delays = delays.filter(|delays| delays.len() <= MOST && delays.is_sorted_by(|one, next| one < next));
        delays.map(Self).ok_or(DelaysError)
    }
}

/// As a number; what does not fit is for ever.
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
    fn a_trace_is_asked_for_four_times() {
        assert_eq!(next(1000, None), Some(1015));
        assert_eq!(next(1000, Some(1015)), Some(1030));
        assert_eq!(next(1000, Some(1031)), Some(1060));
        assert_eq!(next(1000, Some(1060)), Some(1120));
        assert_eq!(next(1000, Some(1120)), None);
    }

    #[test]
    fn a_new_span_begins_it_again() {
        assert_eq!(next(1300, Some(1120)), Some(1315));
        assert_eq!(next(1110, Some(1120)), Some(1125));
    }

    #[test]
    fn missed_moments_are_one() {
        assert_eq!(next(1000, None), Some(1015), "due, whatever the time is");
        assert_eq!(next(1000, Some(9000)), None);
    }

    #[test]
    fn the_end_of_time_is_no_overflow() {
        let end = u64::MAX - 1;
        assert_eq!(Delays::default().next_ask(end, None), Some(u64::MAX));
        assert_eq!(Delays::default().next_ask(end, Some(u64::MAX)), None);
    }

    #[test]
    fn delays_are_rising_numbers_of_seconds() {
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
