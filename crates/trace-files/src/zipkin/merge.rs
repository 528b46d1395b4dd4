//! Merging of partial reports into spans.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use trace_model::TraceId;

use super::Part;
use crate::resource_scope::ResourceScope;

/// Maximum number of spans with one id that a part without a service is compared with.
const CANDIDATES: usize = 8;

/// Iterator over traces, converted one after the other.
#[derive(Debug)]
pub(crate) struct Traces {
    /// The last trace first.
    parts: Vec<Part>,
    /// Spans of the current trace, and its start.
    spans: std::vec::IntoIter<Part>,
    start: u64,
}

impl Traces {
    pub(crate) fn new(mut parts: Vec<Part>) -> Self {
        parts.sort_by_key(|part| Reverse(part.trace_id));
        Self {
            parts,
            spans: Vec::new().into_iter(),
            start: 0,
        }
    }
}

impl Iterator for Traces {
    type Item = (TraceId, ResourceScope, Vec<u8>);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(span) = self.spans.next() {
                return Some(span.into_otlp(self.start));
            }
            let trace_id = self.parts.last()?.trace_id;
            let first = self
                .parts
                .iter()
                .rposition(|part| part.trace_id != trace_id)
                .map_or(0, |at| at + 1);
            let spans = merge(self.parts.split_off(first));
            self.start = spans.iter().filter_map(Part::earliest).min().unwrap_or(0);
            self.spans = spans.into_iter();
        }
    }
}

/// Merges the parts of each span: those of one id that are both shared or both not, with compatible endpoints and kinds.
fn merge(mut parts: Vec<Part>) -> Vec<Part> {
    // Parts with an endpoint first, so that the others can be merged into them; the client before the server.
    parts.sort_by(|one, other| order(one).cmp(&order(other)));
    let mut spans: Vec<Part> = Vec::with_capacity(parts.len());
    let mut first = 0;
    for part in parts {
        if spans.get(first).is_some_and(|known| known.span_id != part.span_id) {
            backfill(&mut spans[first..]);
            first = spans.len();
        }
        let of_id = &mut spans[first..];
        let same = if part.local.service.is_empty() {
            of_id.iter_mut().take(CANDIDATES).find(|span| belongs(span, &part))
        } else {
            of_id.last_mut().filter(|span| belongs(span, &part))
        };
        match same {
            Some(span) => absorb(span, part),
            None => spans.push(part),
        }
    }
    backfill(&mut spans[first..]);
    spans
}

/// Orders by id, then parts of one span next to each other; times and names make it independent of the file's order.
fn order(part: &Part) -> impl Ord {
    let side = match part.kind {
        Some(SpanKind::Client | SpanKind::Producer) => 0,
        None => 1,
        Some(_) => 2,
    };
    let endpoint = (part.local.service.is_empty(), part.local.clone());
    (
        part.span_id,
        part.shared,
        endpoint.0,
        endpoint.1,
        side,
        part.start == 0,
        part.start,
        part.name.clone(),
    )
}

fn belongs(span: &Part, part: &Part) -> bool {
    let kinds_agree = span.kind.is_none() || part.kind.is_none() || span.kind == part.kind;
    span.shared == part.shared && kinds_agree && span.local.is_compatible(&part.local)
}

/// Merges another part: its name, start, duration and parent apply if present; tags and annotations are combined.
fn absorb(span: &mut Part, part: Part) {
    span.parent = span.parent.or(part.parent);
    span.kind = span.kind.or(part.kind);
    if span.name.is_empty() {
        span.name = part.name;
    }
    span.start = match (span.start, part.start) {
        (0, start) | (start, 0) => start,
        (one, other) => one.min(other),
    };
    span.duration = span.duration.max(part.duration);
    span.backwards = span.backwards.max(part.backwards);
    span.local.merge(part.local);
    if span.remote.is_empty() {
        span.remote = part.remote;
    } else {
        span.remote.merge(part.remote);
    }
    span.annotations.extend(part.annotations);
    for (key, value) in part.tags {
        span.tags.insert(key, value);
    }
}

/// Completes the sides of a call: a server with the id of its client is shared, and gets its parent.
fn backfill(of_id: &mut [Part]) {
    let mut client: Option<(Option<SpanKind>, Option<trace_model::SpanId>)> = None;
    // The client precedes the others, regardless of its service's name.
    of_id.sort_by_key(|span| (span.shared, !matches!(span.kind, Some(SpanKind::Client | SpanKind::Producer))));
    for span in of_id {
        let unique: BTreeSet<(u64, String)> = span.annotations.drain(..).collect();
        span.annotations.extend(unique);
        if let Some((kind, parent)) = client {
            let is_server = kind == Some(SpanKind::Client) && span.kind == Some(SpanKind::Server);
            span.shared |= is_server;
            if span.shared {
                span.parent = span.parent.or(parent);
            }
        }
        client = Some((span.kind, span.parent));
    }
}
