//! The rows of a comparison: computed in steps, and shown when they are complete.

use std::cmp::Reverse;
use std::sync::Arc;

use trace_model::SpanKey;
use trace_model::work::{Visits, sort_by};
use trace_stats::{Comparison, Difference, Differing, Profile, Totals};

use crate::ListFilter;

/// Identity of a row for the cursor: its first spans; its number where neither side has one.
pub(super) type Key = (Option<SpanKey>, Option<SpanKey>, usize);

/// Order and selection of rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Order {
    pub(super) by_change: bool,
    pub(super) narrow: ListFilter,
}

/// A comparison with its rows in order.
#[derive(Debug, Default)]
pub(super) struct Shown {
    pub(super) comparison: Arc<Comparison>,
    /// Totals of the first side, if there is one.
    pub(super) before: Option<Totals>,
    pub(super) after: Totals,
    pub(super) differing: Differing,
    /// Largest change of self time in nanoseconds.
    pub(super) most: u64,
    /// Indexes of the listed rows of the comparison, in order.
    pub(super) rows: Vec<usize>,
    /// Their keys.
    pub(super) keys: Vec<Key>,
}

impl Shown {
    pub(super) async fn of(before: Option<Arc<Profile>>, after: Arc<Profile>, order: Order) -> Self {
        let mut shown = Self {
            before: before.as_ref().map(|before| before.totals),
            after: after.totals,
            ..Self::default()
        };
        let Some(before) = before else { return shown };
        let comparison = Comparison::read(&before, &after).await;
        let mut visits = Visits::default();
        for row in &comparison.rows {
            shown.most = shown.most.max(row.self_change().unsigned_abs());
            shown.differing.count(row);
            visits.one().await;
        }
        shown.comparison = Arc::new(comparison);
        shown.ordered(order).await
    }

    /// Returns the same comparison without rows.
    pub(super) fn without_rows(&self) -> Self {
        Self {
            comparison: self.comparison.clone(),
            rows: Vec::new(),
            keys: Vec::new(),
            ..*self
        }
    }

    pub(super) async fn ordered(mut self, order: Order) -> Self {
        let all = &self.comparison.rows;
        let mut visits = Visits::default();
        for (at, row) in all.iter().enumerate() {
            if order.narrow.keeps(&[&*row.service, &*row.name, row.kind.name()]) {
                self.rows.push(at);
            }
            visits.many(4).await;
        }
        if order.by_change {
            let rank = |at: usize| (Reverse(all[at].self_change().unsigned_abs()), at);
            sort_by(&mut self.rows, |one, other| rank(*one).cmp(&rank(*other))).await;
        }
        for at in &self.rows {
            self.keys.push(key(*at, &all[*at]));
            visits.many(2).await;
        }
        self
    }
}

fn key(at: usize, row: &Difference) -> Key {
    let number = if row.first_after.is_none() { at } else { 0 };
    (row.first_after.clone(), row.first_before.clone(), number)
}
