//! Requests of spans.

use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span};
use trace_model::{Batch, Source, otlp};

/// A request of spans without a service.
pub(crate) fn batch(spans: Vec<Span>) -> Batch {
    let scope = ScopeSpans {
        spans,
        ..ScopeSpans::default()
    };
    let resource = ResourceSpans {
        scope_spans: vec![scope],
        ..ResourceSpans::default()
    };
    otlp::batch(vec![resource], Source::OtlpHttp).0
}
