//! What one trace did otherwise than another, or than what is usual.

mod median;
mod profile;

use std::collections::HashMap;
use std::sync::Arc;

use trace_model::{SpanKey, SpanKind};

pub use median::{MEDIAN_SPANS, MEDIAN_TRACES, MedianPass, RootOperation};
pub use profile::{CallPath, Profile, Sums, Totals};

/// One call path of either side.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// 0 for a root.
    pub depth: usize,
    /// The service.
    pub service: Arc<str>,
    /// The spans' name; of roots that were paired although their names differ, the second side's.
    pub name: Arc<str>,
    /// Their kind.
    pub kind: SpanKind,
    /// What the first side has there.
    pub before: Option<Sums>,
    /// What the second side has there.
    pub after: Option<Sums>,
    /// The first of the first side's spans there.
    pub first_before: Option<SpanKey>,
    /// The first of the second side's.
    pub first_after: Option<SpanKey>,
    /// How long its spans took together.
    pub duration: Change,
    /// Whether something is different here itself: it is on one side only (and what it stands below is not), other numbers of spans, of
    /// failed ones or of those in flight, or the time that its spans worked themselves.
    pub differs: bool,
}

impl Difference {
    /// How much longer its spans worked themselves on the second side, in nanoseconds; what one side does not have took no time there.
    #[must_use]
    pub fn self_change(&self) -> i64 {
        let nano = |sums: Option<Sums>| i64::try_from(sums.map_or(0, |sums| sums.self_nano)).unwrap_or(i64::MAX);
        nano(self.after).saturating_sub(nano(self.before))
    }

    /// How much longer they took, in nanoseconds.
    #[must_use]
    pub fn change(&self) -> i64 {
        let nano = |sums: Option<Sums>| i64::try_from(sums.map_or(0, |sums| sums.nano)).unwrap_or(i64::MAX);
        nano(self.after).saturating_sub(nano(self.before))
    }
}

/// How the second side of something compares with the first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// Too little to speak of: less than a hundredth of the longer trace, or than a fifth of the longer of both.
    Same,
    /// The second takes longer.
    Slower,
    /// The second takes less time.
    Faster,
    /// The first side does not have it.
    New,
    /// The second side does not have it.
    Gone,
    /// It can't be said while something is in flight.
    Running,
}

/// Two profiles side by side: every call path of either of them.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Comparison {
    /// Parents before their children, depth first; children in the order of the second side, those of the first side alone after what they
    /// follow there.
    pub rows: Vec<Difference>,
}

/// How many rows differ themselves, by how.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Differing {
    /// On the second side only.
    pub new: usize,
    /// On the first side only.
    pub gone: usize,
    /// On both.
    pub changed: usize,
}

impl Comparison {
    /// How many rows differ themselves.
    #[must_use]
    pub fn differing(&self) -> Differing {
        let mut counts = Differing::default();
        for row in self.rows.iter().filter(|row| row.differs) {
            let count = match row.duration {
                Change::New => &mut counts.new,
                Change::Gone => &mut counts.gone,
                _ => &mut counts.changed,
            };
            *count += 1;
        }
        counts
    }

    /// Compares by call path: the same place in both trees, and there the same service, name and kind. Two that have a single root each, of
    /// one service, are compared from there on whatever the roots' names are.
    #[must_use]
    pub fn of(before: &Profile, after: &Profile) -> Self {
        let scale = Scale {
            nano: before.totals.nano.max(after.totals.nano),
            running: before.totals.in_flight + after.totals.in_flight > 0,
        };
        let mut rows: Vec<Difference> = Vec::new();
        let mut stack = Vec::new();
        let paired = paired_roots(before, after);
        let roots = paired.map_or_else(|| merged(before, before.roots(), after, after.roots()), |pair| vec![pair]);
        stack.extend(roots.into_iter().rev().map(|pair| (pair, 0, false)));
        while let Some(((one, other), depth, alone)) = stack.pop() {
            let row = scale.difference(
                one.map(|at| &before.paths[at]),
                other.map(|at| &after.paths[at]),
                depth,
                alone,
            );
            let Some(row) = row else { continue };
            let is_alone = row.before.is_none() || row.after.is_none();
            rows.push(row);
            let below = merged(before, before.children(one), after, after.children(other));
            stack.extend(below.into_iter().rev().map(|pair| (pair, depth + 1, is_alone)));
        }
        Self { rows }
    }
}

/// Where something stands in both profiles.
type Pair = (Option<usize>, Option<usize>);

/// A request's name may hold what was asked for: two requests are comparable all the same.
fn paired_roots(before: &Profile, after: &Profile) -> Option<Pair> {
    let ([one], [other]) = (before.roots(), after.roots()) else {
        return None;
    };
    (before.paths[*one].service == after.paths[*other].service).then_some((Some(*one), Some(*other)))
}

/// Children of one place in both, in one order.
fn merged(before: &Profile, ones: &[usize], after: &Profile, others: &[usize]) -> Vec<Pair> {
    if ones.is_empty() || others.is_empty() {
        let alone = ones.iter().map(|one| (Some(*one), None));
        return alone.chain(others.iter().map(|other| (None, Some(*other)))).collect();
    }
    let known: HashMap<_, _> = others.iter().map(|at| (after.paths[*at].name(), *at)).collect();
    // Those of the first side alone, by what they follow.
    let mut following: HashMap<Option<usize>, Vec<usize>> = HashMap::new();
    let mut same: HashMap<usize, usize> = HashMap::new();
    let mut last = None;
    for one in ones {
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
        pairs.push((same.get(other).copied(), Some(*other)));
        pairs.extend(gone(Some(*other)));
    }
    pairs
}

/// What is long: as a part of the longer trace.
#[derive(Clone, Copy)]
struct Scale {
    nano: u64,
    /// Something is in flight: then nobody knows how long what waits for it works itself.
    running: bool,
}

impl Scale {
    /// Whether two durations, in nanoseconds, differ by enough to speak of.
    fn tells(self, one: u64, other: u64) -> bool {
        let apart = u128::from(one.abs_diff(other));
        apart > 0 && apart * 100 >= u128::from(self.nano) && apart * 5 >= u128::from(one.max(other))
    }

    fn change(self, before: &Sums, after: &Sums) -> Change {
        if before.in_flight > 0 || after.in_flight > 0 {
            Change::Running
        } else if !self.tells(before.nano, after.nano) {
            Change::Same
        } else if before.nano < after.nano {
            Change::Slower
        } else {
            Change::Faster
        }
    }

    /// `alone`: the place above is on one side only. `None` for what is nowhere.
    fn difference(self, before: Option<&CallPath>, after: Option<&CallPath>, depth: usize, alone: bool) -> Option<Difference> {
        let named = after.or(before)?;
        let (duration, differs) = match (before, after) {
            (None, _) => (Change::New, !alone),
            (_, None) => (Change::Gone, !alone),
            (Some(before), Some(after)) => {
                let (before, after) = (&before.sums, &after.sums);
                let duration = self.change(before, after);
                let counts = |sums: &Sums| (sums.spans, sums.errors, sums.in_flight);
                let worked = !self.running && self.tells(before.self_nano, after.self_nano);
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
