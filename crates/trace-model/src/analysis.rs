//! Analysis of one trace: where its time went, and its faults.
//!
//! Computed from a [`SpanTree`] alone, in passes over its nodes that neither recurse nor read a clock: a span in flight ends at
//! the trace's last known moment, in a file at that of the spans below it.

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

/// A part of the critical path: the trace waited for this span itself, or for its message in a queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Section {
    /// Position in [`SpanTree::nodes`].
    pub node: usize,
    /// Nanoseconds since the Unix epoch.
    pub start_unix_nano: u64,
    /// Nanoseconds since the Unix epoch.
    pub end_unix_nano: u64,
    /// True while the message that the span received was in a queue: the section is before the span's start.
    pub queued: bool,
}

/// A path from the root's start to an end.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct CriticalPath {
    /// Sections by time; they do not overlap.
    pub sections: Vec<Section>,
    /// Self time on the path by node, for every span on it, in nanoseconds: its duration without those of the children waited
    /// for, even where they overlap a little; 0 for a span without work of its own.
    pub exclusive: Vec<(usize, u64)>,
    /// Time in the queue by node, for every consumer on it, in nanoseconds.
    pub queued: Vec<(usize, u64)>,
    /// The sum of both, in nanoseconds.
    pub nano: u64,
}

/// A missing critical path.
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
    /// Number of calls.
    pub count: usize,
    /// Their total duration in nanoseconds.
    pub total_nano: u64,
}

/// A contradiction between a span's times and its parent's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClockTrouble {
    /// The span starts before its parent.
    StartsBefore {
        /// Difference in nanoseconds.
        nano: u64,
    },
    /// The span ends far after its parent, on another host.
    EndsAfter {
        /// Difference in nanoseconds.
        nano: u64,
    },
}

/// Something that a rule found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Lint {
    /// Position in [`SpanTree::nodes`].
    pub node: usize,
    /// Violated rule.
    pub rule: Rule,
    /// Difference in nanoseconds, if the rule has one: how far a span exceeds its parent.
    pub excess_nano: Option<u64>,
}

/// Sibling leaves of one service and name, shown as one row until it is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Group {
    /// Number of spans.
    pub count: usize,
    /// Their total duration in nanoseconds.
    pub total_nano: u64,
    /// The median of how long they took, in nanoseconds; of an even number the lower of the two in the middle.
    pub median_nano: u64,
    /// Number of spans with an error.
    pub failed: usize,
    /// The first start, in nanoseconds since the Unix epoch.
    pub first: u64,
    /// The last end, in nanoseconds since the Unix epoch.
    pub last: u64,
}

/// The analysis of one trace. Nodes are named by their position in its [`SpanTree`].
#[derive(Clone, Debug)]
pub struct Analysis {
    self_nano: Vec<u64>,
    critical_path: Result<CriticalPath, CriticalPathError>,
    /// Only if it is not the critical path of the root.
    path_to_last_span: Option<CriticalPath>,
    gaps: HashMap<usize, Vec<Gap>>,
    repeated: HashMap<usize, Repeated>,
    clocks: HashMap<usize, ClockTrouble>,
    /// Shifts by node; empty without clock skew.
    shifts: Vec<i64>,
    lints: Vec<Lint>,
    /// Groups by first member.
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

    /// Returns a span's self time: its duration without its children's, in nanoseconds.
    #[must_use]
    pub fn self_nano(&self, at: usize) -> u64 {
        self.self_nano.get(at).copied().unwrap_or_default()
    }

    /// Returns the critical path of the request: what the root waited for.
    ///
    /// # Errors
    /// Nothing has arrived that has a start.
    pub fn critical_path(&self) -> Result<&CriticalPath, CriticalPathError> {
        self.critical_path.as_ref().map_err(|error| *error)
    }

    /// Returns the path to the span that ends last, with the time that messages were in queues. Where the root ends last that is
    /// the critical path of the request.
    ///
    /// # Errors
    /// Nothing has arrived that has a start.
    pub fn path_to_last_span(&self) -> Result<&CriticalPath, CriticalPathError> {
        match &self.path_to_last_span {
            Some(path) => Ok(path),
            None => self.critical_path(),
        }
    }

    /// Returns true if work that the root does not wait for ends last: then the two paths differ.
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

    /// Returns the contradiction between a span's times and its parent's.
    #[must_use]
    pub fn clock(&self, at: usize) -> Option<ClockTrouble> {
        self.clocks.get(&at).copied()
    }

    /// Returns the clock-skew correction of a span's times, in nanoseconds.
    #[must_use]
    pub fn shift_nano(&self, at: usize) -> i64 {
        self.shifts.get(at).copied().unwrap_or_default()
    }

    /// Returns all lints, by node.
    #[must_use]
    pub fn lints(&self) -> &[Lint] {
        &self.lints
    }

    /// Returns the lints of one span.
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
