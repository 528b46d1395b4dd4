//! The model of traces: identifiers, span records, the store, and the tree of a trace.
//!
//! **Invariant:** the result depends on the records that arrived, never on their order; work is linear in their bytes.
//!
//! No executor, no I/O, no user interface: values in, values out ([`work::Steps`] is about its `async` functions). Bytes enter
//! through [`otlp`], which turns an OTLP request into a [`Batch`]; the [`Store`] keeps batches and answers the only three queries
//! of a screen: the list of traces ([`Store::traces`]), the visible rows of one trace ([`Outline::rows`]), and one whole span
//! ([`Store::span`]). The representation of spans is private to the store.
//!
//! ```
//! use trace_model::{Outline, Source, Store, otlp};
//! use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span};
//!
//! let span = Span { trace_id: vec![1; 16], span_id: vec![2; 8], name: "GET /".into(), start_time_unix_nano: 1, ..Span::default() };
//! let scope = ScopeSpans { spans: vec![span], ..ScopeSpans::default() };
//! let (batch, rejected) = otlp::batch(vec![ResourceSpans { scope_spans: vec![scope], ..ResourceSpans::default() }], Source::OtlpHttp);
//! assert!(rejected.is_empty());
//!
//! let mut store = Store::new(64 * 1024 * 1024);
//! store.add(batch);
//! let trace = store.traces(0..1).pop().expect("one trace");
//! assert_eq!(&*trace.root.name, "GET /");
//!
//! let mut outline = Outline::new(trace.trace_id);
//! outline.refresh(&store);
//! assert_eq!(outline.len(), 1);
//! ```

#![warn(missing_docs)]

mod analysis;
mod batch;
mod call;
mod call_target;
mod cross_check;
mod decode;
pub mod filter;
mod gradual_table;
mod hash;
mod hidden;
mod id;
mod log_record;
mod mask;
pub mod metrics;
mod number;
pub mod otlp;
mod outline;
mod pending;
mod provenance;
mod row_span;
pub mod sentry;
mod span;
mod span_node;
mod store;
mod subject;
mod text;
mod tree;
mod walk;
mod wire;
pub mod work;

pub use analysis::{Analysis, ClockTrouble, CriticalPath, CriticalPathError, Gap, Group, Lint, Repeated, Rule, Section};
pub use batch::{Batch, BatchLog, BatchSpan, DropReason, DroppedSpans, Flags};
pub use call::RepeatedLimits;
pub use call_target::CallTarget;
pub use cross_check::{CrossCheck, CrossChecks, ReachPass, SentryReach};
pub use decode::PARTS_MAX;
pub use filter::{Candidate, Clock, Filter, FilterError, LogCandidate, Matchable, Records};
pub use hidden::HiddenSpans;
pub use id::{IdError, SpanId, SpanKey, TraceId, outside_of_spans};
pub use log_record::{LogRecord, Severity, SeverityCounts};
pub use metrics::MetricsBatch;
pub use otlp_wire::Malformed;
pub use outline::{Column, Outline, Overview, Row, RowAnalysis};
pub use provenance::{Provenance, RawRecord, SCHEMA_URL_LENGTH_MAX, SERVICE_LENGTH_MAX, Source, schema_url};
pub use row_span::{ERROR_MARKS, EVENT_MARKS, ErrorMark, EventMark, RowSpan};
pub use span::{Attribute, Event, Link, Scope, Span, SpanKind, StatusCode, Value};
pub use span_node::SpanNode;
pub use store::{
    ClientReport, ErrorReader, ErrorRecord, ErrorScope, Expectation, ListPlace, LogCondition, LogEdits, LogId, LogQuery,
    LogReader, LogView, MatchReader, Matches, RANKED, RankBy, Ranking, RawProgress, RawReader, ReportedError, Revision, Root,
    SECONDS, SHAPE, SPAN_EXCEPTIONS_MAX, SearchProgress, ServiceStats, SpanPlaces, Store, StoredLog, StoredReader, StoredSpan,
    Totals, TraceCursor, TraceSummary,
};
pub use subject::{CallStatus, SpanSubject, StatusClass, grpc_status};
pub use tree::{SpanTree, TraceReader};
pub use walk::{Grant, ReadError};
