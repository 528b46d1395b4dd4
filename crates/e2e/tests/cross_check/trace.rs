//! A trace in both formats, and its cross-check on the screen.

use std::time::{SystemTime, UNIX_EPOCH};

use e2e::viewer::Viewer;
use serde_json::{Value, json};

pub(crate) const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
/// Service of all spans, and key of the DSN for their envelopes.
pub(crate) const SERVICE: &str = "shop";
/// Seconds until everything has settled.
pub(crate) const LONG_AGO: i64 = -3_600;
/// Seconds into the future: nothing is late during a test.
pub(crate) const LATER: i64 = 3_600;

pub(crate) const ROOT: &str = "00000000000000a1";
pub(crate) const CHILD: &str = "00000000000000a2";
pub(crate) const OTHER: &str = "00000000000000a3";

/// A span of [`SERVICE`]; its times are milliseconds after the start of the trace.
#[derive(Clone, Debug)]
pub(crate) struct Span {
    pub(crate) id: &'static str,
    pub(crate) parent: Option<&'static str>,
    pub(crate) name: &'static str,
    pub(crate) during: (u64, u64),
}

pub(crate) const fn span(id: &'static str, parent: Option<&'static str>, name: &'static str, during: (u64, u64)) -> Span {
    Span {
        id,
        parent,
        name,
        during,
    }
}

/// A root of one second with one child.
pub(crate) fn pair() -> Vec<Span> {
    vec![
        span(ROOT, None, "POST /checkout", (0, 1_000)),
        span(CHILD, Some(ROOT), "publish order", (100, 600)),
    ]
}

/// Spans of one trace.
#[derive(Clone, Debug)]
pub(crate) struct Trace {
    pub(crate) id: String,
    pub(crate) spans: Vec<Span>,
    /// Nanoseconds since the Unix epoch.
    began: u64,
}

impl Trace {
    /// Creates a trace that starts `seconds` from now.
    pub(crate) fn new(spans: Vec<Span>, seconds: i64) -> Self {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
        Self {
            id: TRACE.to_owned(),
            spans,
            began: now.checked_add_signed(seconds).unwrap() * 1_000_000_000,
        }
    }

    fn nano(&self, milliseconds: u64) -> u64 {
        self.began + milliseconds * 1_000_000
    }

    fn seconds(&self, milliseconds: u64) -> Value {
        let nano = self.nano(milliseconds);
        let seconds = format!("{}.{:09}", nano / 1_000_000_000, nano % 1_000_000_000);
        serde_json::from_str(&seconds).unwrap()
    }

    /// Returns all spans in OTLP.
    pub(crate) fn otlp(&self) -> Value {
        let spans = self.spans.iter().map(|span| {
            json!({
                "traceId": self.id, "spanId": span.id, "parentSpanId": span.parent.unwrap_or_default(), "name": span.name,
                "kind": if span.parent.is_none() { 2 } else { 1 },
                "startTimeUnixNano": self.nano(span.during.0).to_string(), "endTimeUnixNano": self.nano(span.during.1).to_string(),
            })
        });
        let spans: Vec<_> = spans.collect();
        let service = json!({ "key": "service.name", "value": { "stringValue": SERVICE } });
        json!({ "resourceSpans": [{ "resource": { "attributes": [service] }, "scopeSpans": [{ "spans": spans }] }] })
    }

    fn of(&self, ids: &[&str]) -> Vec<&Span> {
        let find = |id: &&str| self.spans.iter().find(|span| span.id == *id).unwrap();
        ids.iter().map(find).collect()
    }

    /// Returns an envelope with the first span as a transaction and the others in it.
    pub(crate) fn transaction(&self, ids: &[&str]) -> String {
        let spans = self.of(ids);
        let [root, children @ ..] = &spans[..] else {
            panic!("a transaction is a span")
        };
        let children = children.iter().map(|span| {
            json!({
                "trace_id": self.id, "span_id": span.id, "parent_span_id": span.parent, "description": span.name,
                "start_timestamp": self.seconds(span.during.0), "timestamp": self.seconds(span.during.1),
            })
        });
        let children: Vec<_> = children.collect();
        let context = json!({ "trace_id": self.id, "span_id": root.id, "parent_span_id": root.parent, "op": "http.server" });
        let payload = json!({
            "type": "transaction", "event_id": "9ec79c33ec9942ab8353589fcb2e04dc", "transaction": root.name,
            "contexts": { "trace": context }, "spans": children,
            "start_timestamp": self.seconds(root.during.0), "timestamp": self.seconds(root.during.1),
        });
        envelope(&[(json!({ "type": "transaction" }), payload)])
    }

    /// Returns an envelope with these as single spans.
    pub(crate) fn single_spans(&self, ids: &[&str]) -> String {
        let spans = self.of(ids);
        let items = spans.iter().map(|span| {
            json!({
                "trace_id": self.id, "span_id": span.id, "parent_span_id": span.parent, "name": span.name, "status": "ok",
                "is_segment": span.parent.is_none(),
                "start_timestamp": self.seconds(span.during.0), "end_timestamp": self.seconds(span.during.1),
            })
        });
        let items: Vec<_> = items.collect();
        let header = json!({
            "type": "span", "item_count": items.len(), "content_type": "application/vnd.sentry.items.span.v2+json",
        });
        envelope(&[(header, json!({ "version": 2, "items": items }))])
    }
}

/// Returns an envelope of items with their headers.
pub(crate) fn envelope(items: &[(Value, Value)]) -> String {
    let items = items.iter().map(|(header, payload)| format!("{header}\n{payload}\n"));
    format!(
        "{}\n{}",
        json!({ "sent_at": "2026-11-22T21:36:32Z" }),
        items.collect::<String>()
    )
}

/// Returns the cross-check's mark and text for a span of [`SERVICE`], if shown.
pub(crate) fn said(text: &str, name: &str) -> Option<String> {
    said_of(text, SERVICE, name)
}

/// Like [`said`], for another service.
pub(crate) fn said_of(text: &str, service: &str, name: &str) -> Option<String> {
    let named = format!(" {service} {name} ");
    let line = text.lines().find(|line| line.contains(&named))?;
    let (before, after) = line.split_once(&named)?;
    let mark = before.chars().find(|c| "✓…✗≠–".contains(*c))?;
    Some(format!("{mark} {}", after.trim_matches([' ', '│'])))
}

/// Opens the cross-check of the selected trace, once there is one.
pub(crate) fn open(viewer: &mut Viewer) {
    viewer
        .screen
        .wait_frame("a trace", |text| text.contains("WATERFALL  ") && !is_open(text));
    viewer.screen.press("x").unwrap();
}

/// Opens the cross-check and waits until it shows these texts for the spans.
pub(crate) fn assert_said(viewer: &mut Viewer, spans: &[(&str, &str)]) -> String {
    open(viewer);
    wait_said(viewer, spans)
}

/// Waits until the cross-check shows these texts for the spans.
pub(crate) fn wait_said(viewer: &Viewer, spans: &[(&str, &str)]) -> String {
    let all = |text: &str| is_open(text) && spans.iter().all(|(name, words)| said(text, name).as_deref() == Some(*words));
    viewer.screen.wait_frame(&format!("{spans:#?}"), all)
}

fn is_open(text: &str) -> bool {
    text.contains("› CROSS-CHECK")
}
