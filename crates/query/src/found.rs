//! A trace in a line.

use serde::{Deserialize, Serialize};
use trace_files::{Copying, Request, Selection};
use trace_model::work::{self, strides, visited};
use trace_model::{Analysis, CallStatus, SpanKey, SpanNode, SpanTree, StatusClass, StatusCode, Store, TraceId, TraceReader};

use crate::search::{Matched, Matching};
use crate::{Part, Search, Step};

/// Names of services that a [`Found`] has at most.
const SERVICES_MAX: usize = 32;

/// Summary of a trace in a list. In the JSON of the viewer's own API.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Found {
    /// Lower-case hexadecimal.
    pub trace_id: String,
    /// Grows when the trace changes.
    pub revision: u64,
    /// Service of the first span; `null` for one without a service.
    pub service: Option<String>,
    /// Name of the first span: of the earliest one without a parent, or of the earliest one.
    pub name: String,
    /// Subject of the first span, as the screen shows it: route, path, statement, queue; empty if the name tells it.
    pub subject: String,
    /// Status of its call, such as `404`, if it is a failure or follows a subject.
    pub status: Option<String>,
    /// Earliest start in nanoseconds since the Unix epoch.
    pub start_unix_nano: u64,
    /// From the earliest start to the latest end (or start, of an open span), in nanoseconds.
    pub duration_ns: u64,
    /// Number of spans.
    pub spans: usize,
    /// Number of spans with status error.
    pub errors: usize,
    /// Number of spans without an end.
    pub open: usize,
    /// Number of spans that are parents of others and have not arrived.
    pub missing: usize,
    /// Number of warnings.
    pub warnings: usize,
    /// Names of services by their first span's place in the waterfall, at most 32.
    pub services: Vec<String>,
}

impl Found {
    /// Returns true if nothing is known to be missing: no span is open and no parent is missing.
    #[must_use]
    pub const fn is_complete(&self) -> bool {
        self.open == 0 && self.missing == 0
    }
}

/// A summary, and the span that names the trace.
type Named = (Found, (TraceId, SpanKey));

#[derive(Debug)]
pub(crate) struct FoundPass {
    matching: Matching,
    reading: Option<(u64, TraceReader<Option<Named>>)>,
    found: Vec<Found>,
}

impl FoundPass {
    pub(crate) fn new(search: Box<Search>) -> Self {
        Self {
            matching: Matching::new(search),
            reading: None,
            found: Vec::new(),
        }
    }

    /// Returns the only part once all traces were looked at.
    pub(crate) fn step(&mut self, store: &Store, work: u64) -> Option<Part> {
        let until = work::done().saturating_add(work);
        while work::done() < until {
            if let Some((revision, reading)) = &mut self.reading {
                let found = reading.step(store, until.saturating_sub(work::done()))?;
                self.found.extend(found.map(|(found, first)| {
                    work::add(work::VISIT);
                    let subject = store.subject(first.0, &first.1).unwrap_or_default();
                    let is_shown = |status: &CallStatus| status.class != StatusClass::Success || !subject.text.is_empty();
                    Found {
                        revision: *revision,
                        status: subject.status.as_ref().filter(|status| is_shown(status)).map(status_text),
                        subject: subject.text.into(),
                        ..found
                    }
                }));
                self.reading = None;
                continue;
            }
            match self.matching.step(store, until) {
                Matched::More => return None,
                Matched::End => return Some(Part::Found(std::mem::take(&mut self.found))),
                Matched::Trace(trace_id) => {
                    let revision = store.trace_revision(trace_id).unwrap_or_default().number();
                    let reader = Analysis::reader(store, trace_id)
                        .then(async move |(tree, analysis)| found(trace_id, &tree, &analysis).await);
                    self.reading = Some((revision, reader));
                }
            }
        }
        None
    }
}

/// Orders the spans of a trace as the list of the screen does: the first one names it.
const fn rank(node: &SpanNode) -> (bool, u64, &SpanKey) {
    (node.parent_span_id.is_some(), node.start_unix_nano, &node.key)
}

/// Returns a summary without the subject of the first span, and that span. `None` for a trace that was evicted before it was read.
async fn found(trace_id: TraceId, tree: &SpanTree, analysis: &Analysis) -> Option<Named> {
    let nodes = tree.nodes();
    let mut first: Option<&SpanNode> = None;
    let mut found = Found {
        trace_id: trace_id.to_string(),
        revision: 0,
        service: None,
        name: String::new(),
        subject: String::new(),
        status: None,
        start_unix_nano: u64::MAX,
        duration_ns: 0,
        spans: 0,
        errors: 0,
        open: 0,
        missing: 0,
        warnings: analysis.lints().len(),
        services: Vec::new(),
    };
    let mut last = 0;
    for range in strides(nodes.len()) {
        visited(range.len()).await;
        for node in &nodes[range] {
            if !node.arrived {
                found.missing += 1;
                continue;
            }
            if first.is_none_or(|first| rank(node) < rank(first)) {
                first = Some(node);
            }
            found.spans += 1;
            found.errors += usize::from(node.status == StatusCode::Error);
            found.open += usize::from(node.end_unix_nano.is_none());
            found.start_unix_nano = found.start_unix_nano.min(node.start_unix_nano);
            last = last.max(node.end_unix_nano.unwrap_or(0)).max(node.start_unix_nano);
            let service = &*node.key.service;
            let is_new = !service.is_empty() && !found.services.iter().any(|known| known == service);
            if is_new && found.services.len() < SERVICES_MAX {
                found.services.push(service.to_owned());
            }
        }
    }
    let first = first?;
    found.service = Some(first.key.service.to_string()).filter(|service| !service.is_empty());
    found.name = first.name.to_string();
    found.duration_ns = last - found.start_unix_nano;
    Some((found, (trace_id, first.key.clone())))
}

fn status_text(status: &CallStatus) -> String {
    status
        .name
        .map_or_else(|| status.code.to_string(), |name| format!("{} {name}", status.code))
}

/// A copy of one trace with its log records.
#[derive(Debug)]
pub(crate) struct WholePass {
    copying: Option<Copying>,
    copied: Vec<Request>,
    /// `None` for the trace that arrived last.
    trace_id: Option<TraceId>,
}

impl WholePass {
    pub(crate) const fn new(trace_id: Option<TraceId>) -> Self {
        Self {
            copying: None,
            copied: Vec::new(),
            trace_id,
        }
    }

    pub(crate) fn step(&mut self, store: &Store, work: u64) -> Step {
        let last = || store.arrived_after(trace_model::ListPlace::default(), 1).0.first().copied();
        let Some(trace_id) = self.trace_id.or_else(last) else {
            return Step::Complete;
        };
        self.trace_id = Some(trace_id);
        let start = || Copying::new(Selection::Traces(vec![trace_id]));
        let copying = self.copying.get_or_insert_with(start);
        if !copying.step(store, work, &mut self.copied) {
            return Step::More;
        }
        if copying.reader().counts().evicted > 0 || self.copied.is_empty() {
            return Step::Part(Part::Missing(trace_id));
        }
        Step::Part(Part::Whole(std::mem::take(&mut self.copied)))
    }
}
