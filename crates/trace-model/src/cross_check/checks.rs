//! The cross-checks of the traces on a screen, kept until something arrives.

use std::collections::HashMap;

use super::{ReachPass, SentryReach};
use crate::store::SentryRevision;
use crate::{Store, TraceId};

/// [Work](crate::work) on one trace at once: some hundred spans. More is done in steps.
const AT_ONCE: u64 = 1 << 17;

/// The cross-checks of the traces that a screen shows.
#[derive(Debug, Default)]
pub struct CrossChecks {
    known: HashMap<TraceId, Known>,
    /// Number of times that the traces on the screen were checked.
    round: u64,
    /// One large trace after the other.
    current: Option<ReachPass>,
}

#[derive(Clone, Copy, Debug)]
struct Known {
    reach: SentryReach,
    /// `None` for the first part of a large trace.
    revision: Option<SentryRevision>,
    /// True if it takes more than [`AT_ONCE`]: the last result is shown until the next one is complete.
    is_large: bool,
    /// The last round in which it was on the screen.
    round: u64,
}

impl Known {
    /// Returns true if nothing has happened since that could change the result.
    fn holds(&self, store: &Store, trace_id: TraceId) -> bool {
        let (Some(trace), Some(revision)) = (store.sentry_facts(trace_id), self.revision) else {
            return false;
        };
        // One that has all its spans misses none. One that was compared with nothing may have something now.
        let misses = self.reach.reached + self.reach.sentry_only < trace.rows();
        revision.holds_at(trace.revision(), misses)
    }
}

impl CrossChecks {
    /// Updates those of these traces, and forgets all others. A large trace is left to [`CrossChecks::step`].
    pub fn fit(&mut self, store: &Store, traces: impl IntoIterator<Item = TraceId>) {
        self.round += 1;
        let mut shown = 0;
        for trace_id in traces {
            let known = self.known.get_mut(&trace_id);
            let (is_known, is_large) = known.map_or((false, false), |known| {
                let is_repeated = known.round == self.round;
                shown += usize::from(!is_repeated);
                known.round = self.round;
                (is_repeated || known.holds(store, trace_id), known.is_large)
            });
            if is_known || self.current.as_ref().is_some_and(|pass| pass.trace_id() == trace_id) {
                continue;
            }
            let Some(mut pass) = ReachPass::new(store, trace_id) else {
                continue;
            };
            if is_large {
                self.current.get_or_insert(pass);
                continue;
            }
            let reach = pass.step(store, AT_ONCE);
            let known = Known {
                reach: reach.unwrap_or_default(),
                revision: reach.map(|_| pass.revision()),
                is_large: reach.is_none(),
                round: self.round,
            };
            shown += usize::from(self.known.insert(trace_id, known).is_none());
            if reach.is_none() {
                self.current.get_or_insert(pass);
            }
        }
        if self.known.len() > shown {
            self.known.retain(|_, known| known.round == self.round);
        }
        let is_left = |pass: &ReachPass| !self.known.contains_key(&pass.trace_id());
        if self.current.as_ref().is_some_and(is_left) {
            self.current = None;
        }
    }

    /// Returns true if a large trace is being checked.
    #[must_use]
    pub const fn is_checking(&self) -> bool {
        self.current.is_some()
    }

    /// Continues with a large trace until about so much [work](crate::work) is done; true when its result is there.
    pub fn step(&mut self, store: &Store, work: u64) -> bool {
        let Some(mut pass) = self.current.take() else { return false };
        let Some(reach) = pass.step(store, work) else {
            self.current = Some(pass);
            return false;
        };
        if let Some(known) = self.known.get_mut(&pass.trace_id()) {
            (known.reach, known.revision) = (reach, Some(pass.revision()));
        }
        true
    }

    /// Returns the last result for a trace that is shown; an empty one before the first.
    #[must_use]
    pub fn reach(&self, trace_id: TraceId) -> SentryReach {
        self.known
            .get(&trace_id)
            .map_or_else(SentryReach::default, |known| known.reach)
    }

    /// Returns the result for a trace now, if it is known or takes a small part of a frame.
    #[must_use]
    pub fn now(&self, store: &Store, trace_id: TraceId) -> Option<SentryReach> {
        let known = self.known.get(&trace_id).filter(|known| known.holds(store, trace_id));
        known.map_or_else(
            || ReachPass::new(store, trace_id)?.step(store, AT_ONCE),
            |known| Some(known.reach),
        )
    }
}
