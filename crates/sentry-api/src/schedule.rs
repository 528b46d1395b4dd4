//! Schedule of polling: which trace to request, and when.

mod delays;

use std::cmp::Reverse;
use std::collections::HashMap;
use std::time::Duration;

use trace_model::TraceId;

use crate::error::ApiError;
use crate::response::SentryTrace;
use delays::nanos;
pub use delays::{Delays, DelaysError};

/// Maximum number of watched traces. A trace that arrives while all slots are taken is not polled unless it is selected: during a
/// flood some traces are followed to the end, rather than none.
pub const WATCHED_MAX: usize = 256;
/// Tries per trace while Sentry fails.
const TRIES_MAX: u32 = 8;
/// Wait after the first failure if Sentry gives none; doubles with each further failure.
const BACKOFF: Duration = Duration::from_secs(30);
/// Maximum wait after a failure.
const BACKOFF_MAX: Duration = Duration::from_secs(600);

/// Result of a request, as far as it affects the schedule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Sentry responded, possibly with nothing or something invalid: the trace is polled again as planned.
    Answered,
    /// Temporary failure: no request is sent before this duration, or one that doubles, has passed.
    Transient(Option<Duration>),
    /// Failure that only the user can fix: no request is sent until [`Schedule::ask_now`].
    Permanent,
}

impl Outcome {
    /// Classifies a response.
    #[must_use]
    pub fn of(answer: &Result<SentryTrace, ApiError>) -> Self {
        let Err(error) = answer else { return Self::Answered };
        match error {
            ApiError::NoTrace { .. } | ApiError::TooLarge { .. } | ApiError::Unreadable { .. } => Self::Answered,
            ApiError::RateLimited { wait, .. } | ApiError::Unavailable { wait, .. } => Self::Transient(*wait),
            ApiError::NameUnknown { .. }
            | ApiError::Unreachable { .. }
            | ApiError::Tls { .. }
            | ApiError::TimedOut { .. }
            | ApiError::Interrupted { .. } => Self::Transient(None),
            ApiError::TokenRejected { .. }
            | ApiError::Forbidden { .. }
            | ApiError::OrganizationUnknown { .. }
            | ApiError::Redirected { .. }
            | ApiError::Unexpected { .. } => Self::Permanent,
        }
    }
}

/// Decides which trace to request next, and when: one at a time, and at most one per second. All times are nanoseconds since the
/// Unix epoch, by one clock.
///
/// ```
/// use sentry_api::{Delays, Outcome, Schedule};
///
/// const SECOND: u64 = 1_000_000_000;
/// let trace_id = "0af7651916cd43dd8448eb211c80319c".parse().expect("an id");
/// let mut schedule = Schedule::new(Delays::default());
/// schedule.watch(trace_id, 100 * SECOND);
/// assert_eq!(schedule.next(), Some(115 * SECOND));
/// assert_eq!(schedule.start(114 * SECOND), None);
/// assert_eq!(schedule.start(115 * SECOND), Some(trace_id));
/// assert_eq!(schedule.finish(116 * SECOND, Outcome::Answered), Some(130 * SECOND));
/// ```
#[derive(Debug)]
pub struct Schedule {
    delays: Delays,
    watched: HashMap<TraceId, Watched>,
    selected: Option<TraceId>,
    /// Trace of the request in flight, and its start time.
    asking: Option<(TraceId, u64)>,
    /// Start time of the last request.
    last: Option<u64>,
    /// End of a wait requested by Sentry.
    wait_until: u64,
    /// End of the backoff; [`Schedule::ask_now`] ignores it.
    backoff_until: u64,
    /// Consecutive failures.
    failures: u32,
    hopeless: bool,
}

/// A polled trace.
#[derive(Clone, Copy, Debug)]
struct Watched {
    last_activity: u64,
    asked: Option<u64>,
    /// Tries since the last response.
    tries: u32,
    /// True if the user requested it.
    urgent: bool,
    /// True if nothing more is expected.
    settled: bool,
}

impl Schedule {
    /// Creates a schedule without traces.
    #[must_use]
    pub fn new(delays: Delays) -> Self {
        Self {
            delays,
            watched: HashMap::new(),
            selected: None,
            asking: None,
            last: None,
            wait_until: 0,
            backoff_until: 0,
            failures: 0,
            hopeless: false,
        }
    }

    /// Records activity of a trace. Returns false if it is new and all slots are taken.
    pub fn watch(&mut self, trace_id: TraceId, last_activity: u64) -> bool {
        self.place(trace_id, last_activity, false)
    }

    /// Sets the selected trace and its last activity: if it is due, it is next.
    pub fn select(&mut self, selected: Option<(TraceId, u64)>) {
        self.selected = selected.map(|(trace_id, _)| trace_id);
        if let Some((trace_id, last_activity)) = selected {
            self.place(trace_id, last_activity, true);
        }
    }

    /// Requests a trace immediately, regardless of the plan and past failures; only a wait requested by Sentry still applies. A
    /// trace that is not watched becomes so, with activity at `now`.
    pub fn ask_now(&mut self, trace_id: TraceId, now: u64) {
        if !self.watched.contains_key(&trace_id) {
            self.place(trace_id, now, true);
        }
        if let Some(watched) = self.watched.get_mut(&trace_id) {
            watched.urgent = true;
            watched.tries = 0;
        }
    }

    /// Stops polling a trace that was evicted or completely found. Until its next activity it is not polled, not even when it is
    /// selected again.
    pub fn forget(&mut self, trace_id: TraceId) {
        if let Some(watched) = self.watched.get_mut(&trace_id) {
            watched.settled = true;
            watched.urgent = false;
        }
    }

    /// Returns the time of the next call of [`Self::start`]; `None` while a request is in flight, and when nothing is planned.
    #[must_use]
    pub fn next(&self) -> Option<u64> {
        if self.asking.is_some() {
            return None;
        }
        self.watched.values().filter_map(|watched| self.due(watched)).min()
    }

    /// Starts the request of a trace that is due, if there is one; it is in flight until [`Self::finish`].
    pub fn start(&mut self, now: u64) -> Option<TraceId> {
        if self.asking.is_some() {
            return None;
        }
        let due = self.watched.iter().filter_map(|(trace_id, watched)| {
            let due = self.due(watched).filter(|due| *due <= now)?;
            let planned = self.planned(watched);
            let first = (Reverse(watched.urgent), self.selected != Some(*trace_id), watched.tries);
            Some((first, planned, due, *trace_id))
        });
        let (.., trace_id) = due.min()?;
        self.asking = Some((trace_id, now));
        self.last = Some(now);
        if let Some(watched) = self.watched.get_mut(&trace_id) {
            watched.urgent = false;
        }
        Some(trace_id)
    }

    /// Records the result of the request in flight. Returns the next time for its trace, if any.
    pub fn finish(&mut self, now: u64, outcome: Outcome) -> Option<u64> {
        let (trace_id, started) = self.asking.take()?;
        self.hopeless = outcome == Outcome::Permanent;
        let watched = self.watched.get_mut(&trace_id);
        match outcome {
            Outcome::Answered => {
                self.failures = 0;
                if let Some(watched) = watched {
                    watched.asked = Some(started);
                    watched.tries = 0;
                }
            }
            Outcome::Transient(wait) => {
                let backoff = BACKOFF.saturating_mul(1 << self.failures.min(10)).min(BACKOFF_MAX);
                self.failures += 1;
                self.backoff_until = now.saturating_add(nanos(wait.unwrap_or(backoff)));
                if wait.is_some() {
                    self.wait_until = self.backoff_until;
                }
                if let Some(watched) = watched {
                    watched.tries += 1;
                }
            }
            Outcome::Permanent => {}
        }
        self.watched.get(&trace_id).and_then(|watched| self.due(watched))
    }

    /// Returns the time when a trace may be requested.
    fn due(&self, watched: &Watched) -> Option<u64> {
        if watched.urgent {
            return Some(self.wait_until);
        }
        if self.hopeless {
            return None;
        }
        let planned = self.planned(watched)?;
        let paused = self.last.map_or(0, |last| last.saturating_add(self.delays.pause()));
        Some(planned.max(paused).max(self.backoff_until).max(self.wait_until))
    }

    /// Returns the planned time of a trace, ignoring waits.
    fn planned(&self, watched: &Watched) -> Option<u64> {
        let ends = watched.settled || watched.tries >= TRIES_MAX;
        let planned = self.delays.next_ask(watched.last_activity, watched.asked);
        planned.filter(|_| !ends)
    }

    fn place(&mut self, trace_id: TraceId, last_activity: u64, must: bool) -> bool {
        if let Some(watched) = self.watched.get_mut(&trace_id) {
            if last_activity > watched.last_activity {
                watched.last_activity = last_activity;
                watched.tries = 0;
                watched.settled = false;
            }
            return true;
        }
        if self.watched.len() >= WATCHED_MAX && !self.make_room(must) {
            return false;
        }
        let watched = Watched {
            last_activity,
            asked: None,
            tries: 0,
            urgent: false,
            settled: false,
        };
        self.watched.insert(trace_id, watched);
        true
    }

    /// Removes a watched trace without planned requests, least recently active first; if `must`, else the one planned last.
    fn make_room(&mut self, must: bool) -> bool {
        let asking = self.asking.map(|(trace_id, _)| trace_id);
        let free = self.watched.iter().filter(|(trace_id, watched)| {
            let trace_id = Some(**trace_id);
            trace_id != self.selected && trace_id != asking && !watched.urgent
        });
        // Traces without a plan first.
        let leaving = free.min_by_key(|(_, watched)| (self.planned(watched).map(Reverse), watched.last_activity));
        let Some((trace_id, watched)) = leaving else { return false };
        if !must && self.planned(watched).is_some() {
            return false;
        }
        let trace_id = *trace_id;
        self.watched.remove(&trace_id);
        true
    }
}

#[cfg(test)]
mod tests;
