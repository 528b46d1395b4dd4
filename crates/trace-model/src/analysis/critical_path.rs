//! The critical path: what a trace waited for, from its root's start to its end.
//!
//! After "CRISP: Critical Path Analysis of Large-Scale Microservice Architectures" (Zhang et al., USENIX ATC 2022): from a span's
//! end backwards, the child that ended last was waited for; before it started, the one that had ended last by then; the rest is
//! self time. Children are clipped to their parent, and those outside of it are ignored.
//!
//! Children that overlap by less than a hundredth of their parent, with no other one starting or ending meanwhile, ran one after the
//! other on clocks that differ a little.
//!
//! A span that has ended did not wait for the end of a child without an end: that counts for as long as it is known to have
//! lasted.
//!
//! The root does not wait for the consumer of a message, so work after its response is not on this path. Where such work ends
//! last, [`path_to_last_span`] has the path to it: from the end of the last span backwards, from each span to what it waited for
//! before it started, which is its parent, or the time in the queue and the producer of its message.

use super::times::{Time, known_ends};
use super::{CriticalPath, CriticalPathError, Section};
use crate::SpanTree;
use crate::work::{Visits, sort_by, strides, visited};

/// Children overlap by less than this part of their parent if they ran one after the other.
const OVERLAP: u64 = 100;

/// Nanoseconds after the root's end below which a span does not count as later work: 1 ms.
const LATE: u64 = 1_000_000;

/// Returns what the root waited for.
pub(super) async fn critical_path(tree: &SpanTree, times: &[Time]) -> Result<CriticalPath, CriticalPathError> {
    let root = main_root(tree).ok_or(CriticalPathError::NoRoot)?;
    let mut walk = PathWalk::new(tree, times).await;
    walk.from(root).await;
    Ok(walk.finish().await)
}

/// Returns the path to the span that ends last, if that is not what the root waited for and causes lead from it back to the root.
/// `shifts` marks spans whose clocks are known to be wrong, whose ends prove nothing.
pub(super) async fn path_to_last_span(tree: &SpanTree, times: &[Time], shifts: &[i64]) -> Option<CriticalPath> {
    let root = main_root(tree)?;
    let last = last_span(tree, times, shifts).await?;
    let late = times[last].end.saturating_sub(times[root].end);
    let causes = causes(tree, last).await;
    if causes.last().is_none_or(|cause| cause.node != root) {
        return None;
    }
    let is_waited_for = late <= LATE.max(times[root].nano() / OVERLAP) && !causes.iter().any(|cause| cause.by_message);
    if last == root || is_waited_for {
        return None;
    }
    let mut walk = PathWalk::new(tree, times).await;
    let mut until = times[last].end;
    let mut effect = None;
    for cause in &causes {
        until = walk.back(cause, effect, until).await;
        effect = Some(cause.node);
    }
    Some(walk.finish().await)
}

/// The span that ends last, of those whose clocks are not known to be wrong.
async fn last_span(tree: &SpanTree, times: &[Time], shifts: &[i64]) -> Option<usize> {
    let is_straight = |at: usize| shifts.get(at).is_none_or(|shift| *shift == 0);
    let mut last: Option<usize> = None;
    for range in strides(tree.nodes().len()) {
        visited(range.len()).await;
        for at in range.filter(|at| tree.nodes()[*at].arrived && is_straight(*at)) {
            // Of those that end together the one closest to the root.
            if last.is_none_or(|last| times[at].end > times[last].end) {
                last = Some(at);
            }
        }
    }
    last
}

/// A span that had to happen for the one before it in a chain to start.
struct Cause {
    node: usize,
    /// True if it sent the message that the previous cause received.
    by_message: bool,
}

/// A span and what caused it, up to a root. Links can lead in a circle, which ends the chain.
async fn causes(tree: &SpanTree, last: usize) -> Vec<Cause> {
    let mut seen = vec![false; tree.nodes().len()];
    let mut causes = Vec::new();
    let mut next = Some((last, false));
    let mut visits = Visits::default();
    while let Some((node, by_message)) = next.filter(|(node, _)| !std::mem::replace(&mut seen[*node], true)) {
        visits.one().await;
        causes.push(Cause { node, by_message });
        let sender = tree.producer(node).map(|producer| (producer, true));
        next = sender.or_else(|| tree.nodes()[node].parent.map(|parent| (parent, false)));
    }
    causes
}

/// Returns the first span without a parent, else the first node. Error events alone have no time.
fn main_root(tree: &SpanTree) -> Option<usize> {
    let nodes = tree.nodes();
    let begins = |at: &usize| nodes[*at].arrived && nodes[*at].parent_span_id.is_none();
    let spans = |at: &usize| nodes[*at].arrived || nodes[*at].children > 0;
    tree.roots().find(begins).or_else(|| tree.roots().find(spans))
}

struct PathWalk<'a> {
    tree: &'a SpanTree,
    times: &'a [Time],
    /// Known ends by node; empty if every span has an end.
    known_ends: Vec<u64>,
    path: CriticalPath,
    open: Vec<Open>,
    /// Children of the open spans with their times, clipped to the parent, by end.
    children: Vec<(usize, Time)>,
    /// The starts of the same, in order.
    starts: Vec<u64>,
    visits: Visits,
}

/// A span on the path that the walk is in.
struct Open {
    node: usize,
    time: Time,
    /// The path is known from here to the span's end.
    until: u64,
    /// From here on the path continues with another span, which began before this one had ended.
    cut: u64,
    /// Begin of its children in [`PathWalk::children`] and [`PathWalk::starts`].
    first: usize,
    /// Its children from there on have been visited.
    left: usize,
    /// The child that was taken last.
    last: Option<Time>,
    /// Duration of the children that were waited for.
    waited: u64,
}

impl<'a> PathWalk<'a> {
    async fn new(tree: &'a SpanTree, times: &'a [Time]) -> Self {
        let nodes = tree.nodes();
        let mut has_open = false;
        for range in strides(nodes.len()) {
            visited(range.len()).await;
            has_open |= nodes[range].iter().any(|node| node.end_unix_nano.is_none());
        }
        Self {
            known_ends: if has_open { known_ends(tree).await } else { Vec::new() },
            tree,
            times,
            path: CriticalPath {
                sections: Vec::new(),
                exclusive: Vec::new(),
                queued: Vec::new(),
                nano: 0,
            },
            open: Vec::new(),
            children: Vec::new(),
            starts: Vec::new(),
            visits: Visits::default(),
        }
    }

    async fn finish(self) -> CriticalPath {
        let mut path = self.path;
        let rank = |section: &Section| (section.start_unix_nano, section.end_unix_nano, section.node);
        sort_by(&mut path.sections, |one, other| rank(one).cmp(&rank(other))).await;
        sort_by(&mut path.exclusive, Ord::cmp).await;
        sort_by(&mut path.queued, Ord::cmp).await;
        let parts = path.exclusive.iter().chain(&path.queued);
        path.nano = parts.fold(0, |nano, (_, part)| nano.saturating_add(*part));
        path
    }

    async fn from(&mut self, root: usize) {
        self.enter(root, self.times[root], u64::MAX, None).await;
        self.run().await;
    }

    /// Goes back from a moment through one cause of the span visited before, its `effect`; returns the moment from which on the
    /// next cause counts.
    async fn back(&mut self, cause: &Cause, effect: Option<usize>, until: u64) -> u64 {
        let time = self.times[cause.node];
        let mut until = until;
        if let Some(consumer) = effect.filter(|_| cause.by_message)
            && time.end < until
        {
            if self.tree.nodes()[cause.node].arrived {
                self.path.sections.push(Section {
                    node: consumer,
                    start_unix_nano: time.end,
                    end_unix_nano: until,
                    queued: true,
                });
                self.path.queued.push((consumer, until - time.end));
            }
            until = time.end;
        }
        let until = until.min(time.end);
        let child = effect.filter(|_| !cause.by_message);
        self.enter(cause.node, time, u64::MAX, child).await;
        if let Some(open) = self.open.last_mut() {
            open.until = until;
            open.waited = time.end - until;
            let last = child.and_then(|child| self.times[child].within(time));
            open.last = last.filter(|last| last.start == until);
        }
        self.run().await;
        until.min(time.start)
    }

    async fn run(&mut self) {
        while let Some(mut open) = self.open.pop() {
            self.visits.one().await;
            if let Some((child, time)) = self.last_child(&mut open) {
                self.own(&open, time.end);
                let cut = open.cut.min(open.until);
                open.waited = open.waited.saturating_add(time.nano());
                open.until = time.start;
                open.last = Some(time);
                self.open.push(open);
                self.enter(child, time, cut, None).await;
            } else {
                self.own(&open, open.time.start);
                self.children.truncate(open.first);
                self.starts.truncate(open.first);
                if self.tree.nodes()[open.node].arrived {
                    let own = open.time.nano().saturating_sub(open.waited);
                    self.path.exclusive.push((open.node, own));
                }
            }
        }
    }

    /// Opens a span at its end. A child that has been visited already is skipped.
    async fn enter(&mut self, node: usize, time: Time, cut: u64, seen: Option<usize>) {
        let first = self.children.len();
        let tree = self.tree;
        let is_waited_for = |child: &usize| Some(*child) != seen && tree.sender(*child).is_none();
        let mut parts = Vec::new();
        for child in tree.children(node) {
            self.visits.one().await;
            if !is_waited_for(&child) {
                continue;
            }
            let whole = self.waited_for(child, node);
            let Some(part) = whole.within(time).filter(|_| !encloses(whole, time)) else {
                continue;
            };
            parts.push((child, part));
            self.starts.push(part.start);
        }
        // Of those that end together the one that started last; the order of rows decides between equals.
        let rank = |(child, part): &(usize, Time)| (part.end, part.start, *child);
        sort_by(&mut parts, |one, other| rank(one).cmp(&rank(other))).await;
        self.children.append(&mut parts);
        self.open.push(Open {
            node,
            time,
            until: time.end,
            cut,
            first,
            left: self.children.len(),
            last: None,
            waited: 0,
        });
    }

    /// Returns the time for which a span's child was waited for: of one that is in flight when the span has ended, as long as is
    /// known.
    fn waited_for(&self, child: usize, parent: usize) -> Time {
        let nodes = self.tree.nodes();
        let time = self.times[child];
        if nodes[child].end_unix_nano.is_none() && nodes[parent].arrived && nodes[parent].end_unix_nano.is_some() {
            return Time {
                end: self.known_ends[child],
                ..time
            };
        }
        time
    }

    /// The child that had ended last by the moment up to which the span is known.
    fn last_child(&self, open: &mut Open) -> Option<(usize, Time)> {
        while open.left > open.first {
            open.left -= 1;
            let child = self.children[open.left];
            if child.1.end <= open.until || self.ran_before(open, child.1) {
                return Some(child);
            }
        }
        None
    }

    /// Returns true if a child that overlaps the one visited last nevertheless ran before it.
    fn ran_before(&self, open: &Open, child: Time) -> bool {
        let Some(last) = open.last else { return false };
        if child.start >= last.start || child.end >= last.end {
            return false;
        }
        let overlap = child.end - last.start;
        overlap < open.time.nano().div_ceil(OVERLAP) && self.moments(open, last.start, child.end) == 2
    }

    /// Returns the number of starts and ends of a span's children between two moments.
    fn moments(&self, open: &Open, from: u64, to: u64) -> usize {
        let end = self.starts.len();
        let (starts, children) = (&self.starts[open.first..end], &self.children[open.first..end]);
        let starts = starts.partition_point(|start| *start <= to) - starts.partition_point(|start| *start < from);
        let ends = children.partition_point(|child| child.1.end <= to) - children.partition_point(|child| child.1.end < from);
        starts + ends
    }

    /// Adds the time between a moment and the known part of the path as the span's own.
    fn own(&mut self, open: &Open, from: u64) {
        let until = open.until.min(open.cut);
        // A missing span has no self time.
        if from < until && self.tree.nodes()[open.node].arrived {
            self.path.sections.push(Section {
                node: open.node,
                start_unix_nano: from,
                end_unix_nano: until,
                queued: false,
            });
        }
    }
}

/// Returns true if a child exceeds its parent at both ends, by more than clock skew: then it does not show what was waited
/// for.
fn encloses(child: Time, parent: Time) -> bool {
    child.start < parent.start && child.end > parent.end && child.nano() - parent.nano() > parent.nano() / OVERLAP
}
