//! One row: data of the tree, the analysis and the store.

use super::{Outline, Row, RowAnalysis};
use crate::{ErrorMark, Gap, RowSpan, StatusCode, Store};

impl Outline {
    pub(super) fn row(&self, store: &Store, at: usize) -> Row {
        let node = &self.tree().nodes()[at];
        let group = self.closed_group(at);
        let hidden = match &group {
            Some(group) => group.count - 1,
            None if self.folds.hides_below(&node.key) => node.descendants,
            None => 0,
        };
        let shift = if self.is_straight() {
            self.analysis().shift_nano(at)
        } else {
            0
        };
        let found = store.row(self.trace_id, &node.key).unwrap_or_default();
        let line = found.line.map(|line| RowSpan {
            queued_unix_nano: self.queued(at),
            start_unix_nano: node.start_unix_nano.saturating_add_signed(shift),
            end_unix_nano: line.end_unix_nano.map(|end| end.saturating_add_signed(shift)),
            ..line
        });
        let mut events = found.events;
        for event in &mut events {
            event.time_unix_nano = event.time_unix_nano.saturating_add_signed(shift);
        }
        let has_failed = line.as_ref().is_some_and(|line| line.status == StatusCode::Error);
        let errors = self.read.errors(node.key.span_id).iter().map(|error| ErrorMark {
            gravity: error.gravity.in_span(has_failed),
            ..error.clone()
        });
        Row {
            key: node.key.clone(),
            depth: node.depth,
            children: node.children,
            hidden,
            cyclic: node.cyclic,
            line,
            errors: errors.collect(),
            node: at,
            group,
            reading: self.reading(at, shift),
            events,
            links: found.links,
        }
    }

    fn reading(&self, at: usize, shift: i64) -> RowAnalysis {
        let first = self.layout.critical.partition_point(|part| part.node < at);
        let critical = self.layout.critical[first..].iter().take_while(|part| part.node == at);
        let gaps = self.analysis().gaps(at).iter().map(|gap| Gap {
            start_unix_nano: gap.start_unix_nano.saturating_add_signed(shift),
            end_unix_nano: gap.end_unix_nano.saturating_add_signed(shift),
        });
        RowAnalysis {
            self_nano: self.analysis().self_nano(at),
            critical: critical.map(|part| (part.start, part.end)).collect(),
            gaps: gaps.collect(),
            repeated: self.analysis().repeated(at),
            clock: self.analysis().clock(at),
            shift_nano: self.analysis().shift_nano(at),
            lints: self.analysis().lints_of(at).collect(),
        }
    }

    /// Returns the end of a consumer's producer, on the shown clock.
    fn queued(&self, at: usize) -> Option<u64> {
        let nodes = self.tree().nodes();
        let consumer = &nodes[at];
        let producer = self.tree().producer(at)?;
        let sent = nodes[producer].end_unix_nano?;
        let shift = |at| {
            if self.is_straight() {
                self.analysis().shift_nano(at)
            } else {
                0
            }
        };
        let sent = sent.saturating_add_signed(shift(producer));
        (sent < consumer.start_unix_nano.saturating_add_signed(shift(at))).then_some(sent)
    }
}
