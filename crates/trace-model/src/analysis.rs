//! What can be read out of one trace: where its time went, and what is wrong with it.
//!
//! Computed from a [`SpanTree`] alone, in passes over its nodes that neither recurse nor look at a clock: a span in flight ends where the
//! trace's last known moment is, and in a file where that of the spans below it is.

mod clocks;
mod covered;
mod critical_path;
mod lints;
mod rule;
mod siblings;
mod times;

use std::sync::Arc;

use hashbrown::HashMap;

pub use rule::Rule;

use crate::work::at_once;
use crate::{SpanTree, Store, TraceId, TraceReader};

/// A part of a span's time that none of its children covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gap {
    /// Nanoseconds since the Unix epoch.
    pub start_unix_nano: u64,
    /// Nanoseconds since the Unix epoch.
    pub end_unix_nano: u64,
}

/// A part of the critical path: for so long the trace waited for this span itself, or for its message in a queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Section {
    /// Position in [`SpanTree::nodes`].
    pub node: usize,
    /// Nanoseconds since the Unix epoch.
    pub start_unix_nano: u64,
    /// Nanoseconds since the Unix epoch.
    pub end_unix_nano: u64,
    /// Whether the message that the span received was in a queue then: the section lies before the span's start.
    pub queued: bool,
}

/// What was waited for, from the root's start to an end.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct CriticalPath {
    /// By time; they do not overlap.
    pub sections: Vec<Section>,
    /// By node, for every span on it: how long it was waited for that span itself, in nanoseconds. That is its duration without those
    /// of the children that were waited for, also where they overlap a little; 0 for one that did nothing besides.
    pub exclusive: Vec<(usize, u64)>,
    /// By node, for every consumer on it: how long its message was in the queue, in nanoseconds.
    pub queued: Vec<(usize, u64)>,
    /// The sum of both, in nanoseconds.
    pub nano: u64,
}

/// Why there is no critical path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CriticalPathError {
    /// Nothing has arrived that has a start.
    #[error("no span has arrived")]
    NoRoot,
}

/// Equal calls of one parent, one after the other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Repeated {
    /// The name that they share.
    pub name: Arc<str>,
    /// How many they are.
    pub count: usize,
    /// How long they took together, in nanoseconds.
    pub total_nano: u64,
}

/// From which number or time on equal calls are repeated ("N+1"): whichever is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RepeatedLimits {
    /// So many calls, however short.
    pub count: usize,
    /// So long together, in nanoseconds, of [`RepeatedLimits::FEWEST`] calls or more.
    pub nano: u64,
}

impl RepeatedLimits {
    /// Fewer calls are never repeated.
    pub const FEWEST: usize = 5;
}

/// 10 calls, or 50 ms.
impl Default for RepeatedLimits {
    fn default() -> Self {
        Self {
            count: 10,
            nano: 50_000_000,
        }
    }
}

/// How a span's times contradict its parent's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClockTrouble {
    /// It starts before its parent.
    StartsBefore {
        /// By how much, in nanoseconds.
        nano: u64,
    },
    /// It ends far after its parent, on another host.
    EndsAfter {
        /// By how much, in nanoseconds.
        nano: u64,
    },
}

/// Something that a rule found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Lint {
    /// Position in [`SpanTree::nodes`].
    pub node: usize,
    /// What is wrong.
    pub rule: Rule,
    /// By how much, in nanoseconds, where that can be said: how far a span reaches out of its parent.
    pub excess_nano: Option<u64>,
}

/// Sibling leaves of one service and name, which one row stands for until it is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Group {
    /// How many.
    pub count: usize,
    /// How long they took together, in nanoseconds.
    pub total_nano: u64,
    /// The median of how long they took, in nanoseconds; of an even number the lower of the two in the middle.
    pub median_nano: u64,
    /// How many ended with an error.
    pub failed: usize,
    /// The first start, in nanoseconds since the Unix epoch.
    pub first: u64,
    /// The last end, in nanoseconds since the Unix epoch.
    pub last: u64,
}

/// Something that happened in a span, on its bar.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventMark {
    /// When, in nanoseconds since the Unix epoch.
    pub time_unix_nano: u64,
    /// What; cut when it is long.
    pub name: Box<str>,
    /// Whether it is an exception.
    pub exception: bool,
}

/// How many events a row tells one by one.
pub const EVENT_MARKS: usize = 16;

/// What can be read out of one trace. Nodes are named by their position in the [`SpanTree`] that it is of.
#[derive(Clone, Debug)]
pub struct Analysis {
    self_nano: Vec<u64>,
    critical_path: Result<CriticalPath, CriticalPathError>,
    /// Only where it is not the critical path of the root.
    path_to_last_span: Option<CriticalPath>,
    gaps: HashMap<usize, Vec<Gap>>,
    repeated: HashMap<usize, Repeated>,
    clocks: HashMap<usize, ClockTrouble>,
    /// By node; empty where nothing is to be straightened.
    shifts: Vec<i64>,
    lints: Vec<Lint>,
    /// By first member.
    groups: Vec<(usize, Group)>,
}

impl Default for Analysis {
    fn default() -> Self {
        Self::of(&SpanTree::default())
    }
}

impl Analysis {
    /// Reads a tree.
    #[must_use]
    pub fn of(tree: &SpanTree) -> Self {
        at_once(Self::read(tree))
    }

    /// Reads a trace and its tree in steps.
    #[must_use]
    pub fn reader(store: &Store, trace_id: TraceId) -> TraceReader<(SpanTree, Self)> {
        SpanTree::reader(store, trace_id).then(async |tree| {
            let analysis = Self::read(&tree).await;
            (tree, analysis)
        })
    }

    /// Reads a tree in steps.
    pub(crate) async fn read(tree: &SpanTree) -> Self {
        let times = times::times(tree).await;
        let covered = covered::covered(tree, &times).await;
        let clocks = clocks::clocks(tree, &times).await;
        let repeated = siblings::repeated(tree, &times).await;
        let lints = lints::Linted {
            tree,
            times: &times,
            clocks: &clocks.trouble,
            repeated: &repeated,
        };
        Self {
            lints: lints.lints().await,
            critical_path: critical_path::critical_path(tree, &times).await,
            path_to_last_span: critical_path::path_to_last_span(tree, &times, &clocks.shifts).await,
            groups: siblings::groups(tree, &times).await,
            self_nano: covered.self_nano,
            gaps: covered.gaps,
            clocks: clocks.trouble,
            shifts: clocks.shifts,
            repeated,
        }
    }

    /// How long a span worked itself: its duration without its children's, in nanoseconds.
    #[must_use]
    pub fn self_nano(&self, at: usize) -> u64 {
        self.self_nano.get(at).copied().unwrap_or_default()
    }

    /// The critical path of the request: what the root waited for.
    ///
    /// # Errors
    /// Nothing has arrived that has a start.
    pub fn critical_path(&self) -> Result<&CriticalPath, CriticalPathError> {
        self.critical_path.as_ref().map_err(|error| *error)
    }

    /// The path to the span that ends last, with the time that messages were in queues. Where the root ends last that is the critical
    /// path of the request.
    ///
    /// # Errors
    /// Nothing has arrived that has a start.
    pub fn path_to_last_span(&self) -> Result<&CriticalPath, CriticalPathError> {
        match &self.path_to_last_span {
            Some(path) => Ok(path),
            None => self.critical_path(),
        }
    }

    /// Whether work that the root does not wait for ends last: then the two paths differ.
    #[must_use]
    pub const fn ends_asynchronously(&self) -> bool {
        self.path_to_last_span.is_some()
    }

    /// The parts of a span that none of its children covers, by time.
    #[must_use]
    pub fn gaps(&self, at: usize) -> &[Gap] {
        self.gaps.get(&at).map(Vec::as_slice).unwrap_or_default()
    }

    /// The call that a span's children repeat ("N+1"); the longest where there are several.
    #[must_use]
    pub fn repeated(&self, at: usize) -> Option<Repeated> {
        self.repeated.get(&at).cloned()
    }

    /// How a span's times contradict its parent's.
    #[must_use]
    pub fn clock(&self, at: usize) -> Option<ClockTrouble> {
        self.clocks.get(&at).copied()
    }

    /// What straightening the clocks adds to a span's times, in nanoseconds.
    #[must_use]
    pub fn shift_nano(&self, at: usize) -> i64 {
        self.shifts.get(at).copied().unwrap_or_default()
    }

    /// What is wrong, by node.
    #[must_use]
    pub fn lints(&self) -> &[Lint] {
        &self.lints
    }

    /// What is wrong with one span.
    pub fn lints_of(&self, at: usize) -> impl Iterator<Item = Lint> + '_ {
        let first = self.lints.partition_point(|lint| lint.node < at);
        self.lints[first..].iter().take_while(move |lint| lint.node == at).copied()
    }

    /// Groups of equal siblings, by their first member.
    #[must_use]
    pub fn groups(&self) -> &[(usize, Group)] {
        &self.groups
    }

    /// The group that a node is in, with its first member.
    #[must_use]
    pub fn group_of(&self, at: usize) -> Option<(usize, Group)> {
        let before = self.groups.partition_point(|(first, _)| *first <= at);
        let (first, group) = *self.groups.get(before.checked_sub(1)?)?;
        (at < first + group.count).then_some((first, group))
    }
}
