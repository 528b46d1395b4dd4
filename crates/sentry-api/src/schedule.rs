//! Which trace Sentry is asked for, and when.

mod delays;

use std::cmp::Reverse;
use std::collections::HashMap;
use std::time::Duration;

use trace_model::TraceId;

use crate::answer::StoredTrace;
use crate::error::ApiError;
use delays::nanos;
pub use delays::{Delays, DelaysError};

/// How many traces are watched at once. Those that come while all places are taken are not asked for, unless they are selected: of
/// a flood some traces are followed to the end, rather than none.
pub const WATCHED: usize = 256;
/// How often a trace is tried while Sentry has problems.
const TRIES: u32 = 8;
/// How long to wait after the first failure, if Sentry doesn't say; twice as long after the next.
const BACKOFF: Duration = Duration::from_secs(30);
/// The longest such wait.
const LONGEST_BACKOFF: Duration = Duration::from_secs(600);

/// How a request ended, as far as it matters for the next one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Sentry answered, be it that it has nothing or something that cannot be read: this trace is asked for again as planned.
    Answered,
    /// Sentry or the way to it has a problem that passes: nothing is asked before this has passed, or for a time that doubles.
    Later(Option<Duration>),
    /// Only a person can change it: nothing more is asked until somebody says so.
    Hopeless,
}

impl Outcome {
    /// What an answer means for the next request.
    #[must_use]
    pub fn of(answer: &Result<StoredTrace, ApiError>) -> Self {
        let Err(error) = answer else { return Self::Answered };
        match error {
            ApiError::NoTrace { .. } | ApiError::TooLarge { .. } | ApiError::Unreadable { .. } => Self::Answered,
            ApiError::RateLimited { wait, .. } | ApiError::Unavailable { wait, .. } => Self::Later(*wait),
            ApiError::NameUnknown { .. }
            | ApiError::Unreachable { .. }
            | ApiError::Tls { .. }
            | ApiError::TimedOut { .. }
            | ApiError::Interrupted { .. } => Self::Later(None),
            ApiError::TokenRefused { .. }
            | ApiError::Forbidden { .. }
            | ApiError::OrganizationUnknown { .. }
            | ApiError::Redirected { .. }
            | ApiError::Unexpected { .. } => Self::Hopeless,
        }
    }
}

/// Decides which trace is asked for next, and when: one at a time, and at most one in a second. All moments are nanoseconds since
/// the Unix epoch, by one clock.
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
    /// What is being asked for, and since when.
    asking: Option<(TraceId, u64)>,
    /// When the last request was sent.
    last: Option<u64>,
    /// Sentry asked for nothing before this.
    told_until: u64,
    /// Nothing is asked before this without being told to.
    backoff_until: u64,
    /// Failures in a row.
    failures: u32,
    hopeless: bool,
}

/// A trace that is asked for.
#[derive(Clone, Copy, Debug)]
struct Watched {
    last_activity: u64,
    asked: Option<u64>,
    /// How often it was tried since it was last answered.
    tries: u32,
    /// Somebody wants to know now.
    urgent: bool,
    /// Nobody needs to know more than was found.
    settled: bool,
}

impl Schedule {
    /// One that watches nothing yet.
    #[must_use]
    pub fn new(delays: Delays) -> Self {
        Self {
            delays,
            watched: HashMap::new(),
            selected: None,
            asking: None,
            last: None,
            told_until: 0,
            backoff_until: 0,
            failures: 0,
            hopeless: false,
        }
    }

    /// Says when something last arrived for a trace. False if it is new and all places are taken.
    pub fn watch(&mut self, trace_id: TraceId, last_activity: u64) -> bool {
        self.place(trace_id, last_activity, false)
    }

    /// Says which trace a person looks at, and when something last arrived for it: if it is due it is the next.
    pub fn select(&mut self, selected: Option<(TraceId, u64)>) {
        self.selected = selected.map(|(trace_id, _)| trace_id);
        if let Some((trace_id, last_activity)) = selected {
            self.place(trace_id, last_activity, true);
        }
    }

    /// Says that somebody wants to know now: it is asked for at once, whatever the plan and past failures; only a wait that Sentry asked
    /// for is kept. A trace that is not watched is so from now on, as if something had just arrived for it.
    pub fn ask_now(&mut self, trace_id: TraceId, now: u64) {
        if !self.watched.contains_key(&trace_id) {
            self.place(trace_id, now, true);
        }
        if let Some(watched) = self.watched.get_mut(&trace_id) {
            watched.urgent = true;
            watched.tries = 0;
        }
    }

    /// Says that nobody needs to know any more: the trace has left, or all of it was found. Until something arrives for it, it is not
    /// asked for by itself, not even when it is selected again.
    pub fn forget(&mut self, trace_id: TraceId) {
        if let Some(watched) = self.watched.get_mut(&trace_id) {
            watched.settled = true;
            watched.urgent = false;
        }
    }

    /// When to call [`Self::start`] next; `None` while a request is under way, and when there is nothing to ask.
    #[must_use]
    pub fn next(&self) -> Option<u64> {
        if self.asking.is_some() {
            return None;
        }
        self.watched.values().filter_map(|watched| self.due(watched)).min()
    }

    /// Chooses the trace that is to be asked for now, if one is due; it is under way until [`Self::finish`].
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

    /// Says how the request that is under way ended. When its trace will be asked for again, if it will.
    pub fn finish(&mut self, now: u64, outcome: Outcome) -> Option<u64> {
        let (trace_id, started) = self.asking.take()?;
        self.hopeless = outcome == Outcome::Hopeless;
        let watched = self.watched.get_mut(&trace_id);
        match outcome {
            Outcome::Answered => {
                self.failures = 0;
                if let Some(watched) = watched {
                    watched.asked = Some(started);
                    watched.tries = 0;
                }
            }
            Outcome::Later(wait) => {
                let backoff = BACKOFF.saturating_mul(1 << self.failures.min(10)).min(LONGEST_BACKOFF);
                self.failures += 1;
                self.backoff_until = now.saturating_add(nanos(wait.unwrap_or(backoff)));
                if wait.is_some() {
                    self.told_until = self.backoff_until;
                }
                if let Some(watched) = watched {
                    watched.tries += 1;
                }
            }
            Outcome::Hopeless => {}
        }
        self.watched.get(&trace_id).and_then(|watched| self.due(watched))
    }

    /// When a trace may be asked for.
    fn due(&self, watched: &Watched) -> Option<u64> {
        if watched.urgent {
            return Some(self.told_until);
        }
        if self.hopeless {
            return None;
        }
        let planned = self.planned(watched)?;
        let paused = self.last.map_or(0, |last| last.saturating_add(self.delays.pause()));
        Some(planned.max(paused).max(self.backoff_until).max(self.told_until))
    }

    /// When a trace would be asked for if nothing were in the way.
    fn planned(&self, watched: &Watched) -> Option<u64> {
        let ends = watched.settled || watched.tries >= TRIES;
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
        if self.watched.len() >= WATCHED && !self.make_room(must) {
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

    /// Lets a trace go for which nothing is planned any more, the quietest first; if it must be, one that has longest to wait.
    fn make_room(&mut self, must: bool) -> bool {
        let asking = self.asking.map(|(trace_id, _)| trace_id);
        let free = self.watched.iter().filter(|(trace_id, watched)| {
            let trace_id = Some(**trace_id);
            trace_id != self.selected && trace_id != asking && !watched.urgent
        });
        // Those without a plan before all others.
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
