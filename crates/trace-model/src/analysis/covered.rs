//! Self time and gaps: the parts of a span that its children do and do not cover.
//!
//! Self time is a span's duration without the union of its children's, each clipped to the parent. A gap is a long part of a
//! parent without a child: uninstrumented time.

use hashbrown::HashMap;

use super::Gap;
use super::times::Time;
use crate::SpanTree;
use crate::work::{strides, visited};

/// Nanoseconds of the shortest gap: 100 ms.
const SHORTEST: u64 = 100_000_000;
/// Nor is less than this part of the parent.
const PART: u64 = 10;

#[derive(Debug)]
pub(super) struct Covered {
    /// Self time by node, in nanoseconds.
    pub(super) self_nano: Vec<u64>,
    pub(super) gaps: HashMap<usize, Vec<Gap>>,
}

/// Computes both in one pass: the children of a node are in order of start, so that it is enough to know up to where they have
/// covered it.
pub(super) async fn covered(tree: &SpanTree, times: &[Time]) -> Covered {
    let nodes = tree.nodes();
    let mut until: Vec<u64> = times.iter().map(|time| time.start).collect();
    let mut covered = Covered {
        self_nano: times.iter().map(|time| time.nano()).collect(),
        gaps: HashMap::new(),
    };
    let may_have_gaps = |at: usize| nodes[at].arrived && nodes[at].end_unix_nano.is_some();
    for range in strides(nodes.len()) {
        visited(range.len()).await;
        for at in range {
            if !nodes[at].arrived {
                covered.self_nano[at] = 0;
            }
            let Some(parent) = nodes[at].parent else { continue };
            let Some(part) = times[at].within(times[parent]) else {
                continue;
            };
            let from = part.start.max(until[parent]);
            if part.end <= from {
                continue;
            }
            covered.self_nano[parent] = covered.self_nano[parent].saturating_sub(part.end - from);
            if may_have_gaps(parent) {
                covered.gap(parent, times[parent], until[parent], from);
            }
            until[parent] = part.end;
        }
    }
    for range in strides(nodes.len()) {
        visited(range.len()).await;
        for at in range {
            if nodes[at].children > 0 && may_have_gaps(at) {
                covered.gap(at, times[at], until[at], times[at].end);
            }
        }
    }
    covered
}

impl Covered {
    fn gap(&mut self, parent: usize, time: Time, start: u64, end: u64) {
        let nano = end.saturating_sub(start);
        if nano >= SHORTEST && nano >= time.nano() / PART {
            self.gaps.entry(parent).or_default().push(Gap {
                start_unix_nano: start,
                end_unix_nano: end,
            });
        }
    }
}
