//! Comparison of a trace with another one, or with the median.

mod median;
mod profile;

use std::collections::HashMap;
use std::sync::Arc;

use trace_model::work::{Visits, at_once};
use trace_model::{SpanKey, SpanKind};

pub use median::{MEDIAN_SPANS, MEDIAN_TRACES, MedianPass, RootOperation};
pub use profile::{CallPath, Profile, Sums, Totals};

/// One call path of either side.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// Depth of the call path; 0 for a root.
    pub depth: usize,
    /// `service.name` of the spans.
    pub service: Arc<str>,
    /// Name of the spans; for paired roots with different names, the second side's.
    pub name: Arc<str>,
    /// Kind of the spans.
    pub kind: SpanKind,
    /// Sums of the first side, if the path exists there.
    pub before: Option<Sums>,
    /// Sums of the second side, if the path exists there.
    pub after: Option<Sums>,
    /// First span of the path on the first side.
    pub first_before: Option<SpanKey>,
    /// First span of the path on the second side.
    pub first_after: Option<SpanKey>,
    /// Change of the total duration of its spans.
    pub duration: Change,
    /// True if the path itself differs: it is on one side only (and its parent is not), or has another number of spans, of failed
    /// ones or of those in flight, or another self time.
    pub differs: bool,
}

impl Difference {
    /// Returns the change of self time in nanoseconds; a missing path counts as 0.
    #[must_use]
    pub fn self_change(&self) -> i64 {
        let nano = |sums: Option<Sums>| i64::try_from(sums.map_or(0, |sums| sums.self_nano)).unwrap_or(i64::MAX);
        nano(self.after).saturating_sub(nano(self.before))
    }

    /// Returns the change of duration in nanoseconds.
    #[must_use]
    pub fn change(&self) -> i64 {
        let nano = |sums: Option<Sums>| i64::try_from(sums.map_or(0, |sums| sums.nano)).unwrap_or(i64::MAX);
        nano(self.after).saturating_sub(nano(self.before))
    }
}

/// Change from the first side to the second.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// Not significant: less than 1 % of the longer trace, or less than 20 % of the longer side.
    Same,
    /// The second side takes longer.
    Slower,
    /// The second side takes less time.
    Faster,
    /// On the second side only.
    New,
    /// On the first side only.
    Gone,
    /// Unknown while a span is in flight.
    Running,
}

/// Two profiles side by side: every call path of either one.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Comparison {
    /// Parents before their children, depth first; children in the order of the second side, those of the first side only after
    /// their predecessor there.
    pub rows: Vec<Difference>,
}

/// Numbers of rows that differ themselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Differing {
    /// Rows on the second side only.
    pub new: usize,
    /// Rows on the first side only.
    pub gone: usize,
    /// Rows on both sides.
    pub changed: usize,
}

impl Differing {
    /// Counts a row, if it differs itself.
    pub const fn count(&mut self, row: &Difference) {
        let count = match row.duration {
            _ if !row.differs => return,
            Change::New => &mut self.new,
            Change::Gone => &mut self.gone,
            _ => &mut self.changed,
        };
        *count += 1;
    }
}

impl Comparison {
    /// Counts the rows that differ themselves.
    #[must_use]
    pub fn differing(&self) -> Differing {
        let mut counts = Differing::default();
        self.rows.iter().for_each(|row| counts.count(row));
        counts
    }

    /// Compares call paths by service, name and kind at the same position in both trees. Single roots of the same service are
    /// paired even if their names differ.
    #[must_use]
    pub fn of(before: &Profile, after: &Profile) -> Self {
        at_once(Self::read(before, after))
    }

    /// The same in [steps](trace_model::work::Steps).
    pub async fn read(before: &Profile, after: &Profile) -> Self {
        let mut visits = Visits::default();
        let scale = Scale {
            nano: before.totals.nano.max(after.totals.nano),
            running: before.totals.in_flight + after.totals.in_flight > 0,
        };
        let mut rows: Vec<Difference> = Vec::new();
        let mut stack = Vec::new();
        let paired = paired_roots(before, after);
        let roots = match paired {
            Some(pair) => vec![pair],
            None => merged(before, before.roots(), after, after.roots(), &mut visits).await,
        };
        stack.extend(roots.into_iter().rev().map(|pair| (pair, 0, false)));
        while let Some(((one, other), depth, alone)) = stack.pop() {
            visits.many(4).await;
            let row = scale.difference(
                one.map(|at| &before.paths[at]),
                other.map(|at| &after.paths[at]),
                depth,
                alone,
            );
            let Some(row) = row else { continue };
            let is_alone = row.before.is_none() || row.after.is_none();
            rows.push(row);
            let below = merged(before, before.children(one), after, after.children(other), &mut visits).await;
            stack.extend(below.into_iter().rev().map(|pair| (pair, depth + 1, is_alone)));
        }
        Self { rows }
    }
}

/// Indexes of a call path in both profiles.
type Pair = (Option<usize>, Option<usize>);

/// Root names may contain parameters, such as ids: two such requests are still comparable.
fn paired_roots(before: &Profile, after: &Profile) -> Option<Pair> {
    let ([one], [other]) = (before.roots(), after.roots()) else {
        return None;
    };
    (before.paths[*one].service == after.paths[*other].service).then_some((Some(*one), Some(*other)))
}

/// Merges the children of one path on both sides into one order.
async fn merged(before: &Profile, ones: &[usize], after: &Profile, others: &[usize], visits: &mut Visits) -> Vec<Pair> {
    if ones.is_empty() || others.is_empty() {
        let alone = ones.iter().map(|one| (Some(*one), None));
        return alone.chain(others.iter().map(|other| (None, Some(*other)))).collect();
    }
    let mut known = HashMap::with_capacity(others.len());
    for at in others {
        known.insert(after.paths[*at].name(), *at);
        visits.many(2).await;
    }
    // Children of the first side only, by their predecessor.
    let mut following: HashMap<Option<usize>, Vec<usize>> = HashMap::new();
    let mut same: HashMap<usize, usize> = HashMap::new();
    let mut last = None;
    for one in ones {
        visits.many(2).await;
        match known.get(&before.paths[*one].name()) {
            Some(other) => {
                same.insert(*other, *one);
                last = Some(*other);
            }
            None => following.entry(last).or_default().push(*one),
        }
    }
    let gone = |after: Option<usize>| following.get(&after).into_iter().flatten().map(|one| (Some(*one), None));
    let mut pairs: Vec<Pair> = gone(None).collect();
    for other in others {
        visits.one().await;
        pairs.push((same.get(other).copied(), Some(*other)));
        pairs.extend(gone(Some(*other)));
    }
    pairs
}

/// Threshold of significance, relative to the longer trace.
#[derive(Clone, Copy)]
struct Scale {
    nano: u64,
    /// True if a span is in flight: then the self times of its ancestors are unknown.
    running: bool,
}

impl Scale {
    /// Returns true if two durations in nanoseconds differ significantly.
    fn is_significant(self, one: u64, other: u64) -> bool {
        let apart = u128::from(one.abs_diff(other));
        apart > 0 && apart * 100 >= u128::from(self.nano) && apart * 5 >= u128::from(one.max(other))
    }

    fn change(self, before: &Sums, after: &Sums) -> Change {
        if before.in_flight > 0 || after.in_flight > 0 {
            Change::Running
        } else if !self.is_significant(before.nano, after.nano) {
            Change::Same
        } else if before.nano < after.nano {
            Change::Slower
        } else {
            Change::Faster
        }
    }

    /// `alone`: the parent path is on one side only. Returns `None` if the path is on neither side.
    fn difference(self, before: Option<&CallPath>, after: Option<&CallPath>, depth: usize, alone: bool) -> Option<Difference> {
        let named = after.or(before)?;
        let (duration, differs) = match (before, after) {
            (None, _) => (Change::New, !alone),
            (_, None) => (Change::Gone, !alone),
            (Some(before), Some(after)) => {
                let (before, after) = (&before.sums, &after.sums);
                let duration = self.change(before, after);
                let counts = |sums: &Sums| (sums.spans, sums.errors, sums.in_flight);
                let worked = !self.running && self.is_significant(before.self_nano, after.self_nano);
                (duration, counts(before) != counts(after) || worked)
            }
        };
        Some(Difference {
            depth,
            service: named.service.clone(),
            name: named.name.clone(),
            kind: named.kind,
            before: before.map(|path| path.sums),
            after: after.map(|path| path.sums),
            first_before: before.and_then(|path| path.first.clone()),
            first_after: after.and_then(|path| path.first.clone()),
            duration,
            differs,
        })
    }
}
