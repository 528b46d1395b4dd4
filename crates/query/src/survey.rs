//! Operations, calls and queues of many traces.

use trace_model::{Store, TraceCursor, work};
use trace_stats::{Survey, SurveyPass};

use crate::Search;
use crate::search::{Matched, Matching};

/// A survey of the traces of a list, in steps. A trace that arrives after the start is not met.
///
/// ```
/// use query::SurveyQuery;
/// use trace_model::Store;
///
/// let store = Store::new(1 << 20);
/// let mut query = SurveyQuery::of_list(&store);
/// while query.step(&store, 1 << 18) {
///     println!("{} %", query.percent());
/// }
/// assert!(query.finish().operations.is_empty());
/// ```
#[derive(Debug)]
pub struct SurveyQuery {
    traces: Traces,
    /// Number of listed traces.
    total: usize,
    pass: SurveyPass,
}

#[derive(Debug)]
enum Traces {
    Listed(TraceCursor),
    Found(Matching),
}

impl SurveyQuery {
    /// Starts with the traces that the store's filter finds: those of the screen's list.
    #[must_use]
    pub fn of_list(store: &Store) -> Self {
        Self {
            traces: Traces::Listed(TraceCursor::listed()),
            total: store.listed(),
            pass: SurveyPass::default(),
        }
    }

    /// Starts with the traces that a search finds, whatever its limit is.
    #[must_use]
    pub fn of_search(search: Search) -> Self {
        Self {
            traces: Traces::Found(Matching::unlimited(search)),
            total: 0,
            pass: SurveyPass::default(),
        }
    }

    /// Returns the processed part of the list in percent; 100 for a search.
    #[must_use]
    pub fn percent(&self) -> usize {
        (self.pass.traces() * 100).checked_div(self.total).unwrap_or(100).min(100)
    }

    /// Continues until about this much [work](trace_model::work) is done; returns true if there is more.
    pub fn step(&mut self, store: &Store, work: u64) -> bool {
        let until = work::done().saturating_add(work);
        while work::done() < until {
            if self.pass.step(store, until.saturating_sub(work::done())) {
                return true;
            }
            let next = match &mut self.traces {
                Traces::Listed(cursor) => cursor.next(store).map_or(Matched::End, Matched::Trace),
                Traces::Found(matching) => matching.step(store, until),
            };
            match next {
                Matched::More => return true,
                Matched::Trace(trace_id) => self.pass.add(trace_id),
                Matched::End => return false,
            }
        }
        true
    }

    /// Returns the aggregates.
    #[must_use]
    pub fn finish(self) -> Survey {
        self.pass.finish()
    }
}
