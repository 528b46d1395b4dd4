use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use opentelemetry::propagation::TextMapPropagator as _;
use opentelemetry::trace::{
    SpanContext, SpanId, SpanKind, Status, TraceContextExt as _, TraceFlags, TraceId, TraceState, TracerProvider as _,
};
use opentelemetry::{Context, KeyValue};
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{SdkTracer, SdkTracerProvider, Span, SpanData, SpanProcessor};
use sentry::protocol;
use tracing::{Instrument as _, debug_span, info_span};
use tracing_subscriber::prelude::*;

use super::*;
use crate::{Propagator, errors};

const SERVICE: Service = Service {
    name: "telemetry",
    version: "1",
};

/// An exporter that collects ended spans.
#[derive(Clone, Debug, Default)]
struct Ended(Arc<Mutex<Vec<SpanData>>>);

impl SpanProcessor for Ended {
    fn on_start(&self, _: &mut Span, _: &Context) {}

    fn on_end(&self, span: SpanData) {
        self.0.lock().unwrap().push(span);
    }

    fn force_flush(&self) -> OTelSdkResult {
        Ok(())
    }

    fn shutdown_with_timeout(&self, _: Duration) -> OTelSdkResult {
        Ok(())
    }
}

/// Runs `run` with the layer, below a remote span, and returns the ended spans.
fn traced(flags: TraceFlags, run: impl FnOnce(&SdkTracer)) -> Vec<SpanData> {
    let ended = Ended::default();
    let provider = SdkTracerProvider::builder().with_span_processor(ended.clone()).build();
    let tracer = provider.tracer("test");
    let remote = SpanContext::new(TraceId::from(7), SpanId::from(9), flags, true, TraceState::default());
    let _remote = Context::new().with_remote_span_context(remote).attach();
    let subscriber = tracing_subscriber::registry().with(layer(SERVICE, tracer.clone()));
    tracing::subscriber::with_default(subscriber, || run(&tracer));
    ended.0.lock().unwrap().clone()
}

fn current() -> SpanContext {
    Context::map_current(|cx| cx.span().span_context().clone())
}

#[test]
fn span_is_a_child_of_the_current_one_and_becomes_current() {
    let mut seen = None;
    let spans = traced(TraceFlags::SAMPLED, |tracer| {
        let entered = info_span!("ours").entered();
        let ours = current();
        drop(tracer.start("below"));
        let mut headers = HashMap::new();
        Propagator::new(None).inject_context(&Context::current(), &mut headers);
        let error = errors::of_current_trace(protocol::Event::new());
        drop(entered);
        assert_eq!(current().span_id(), SpanId::from(9), "and no longer than it is entered");
        seen = Some((ours, headers, error));
    });
    let (ours, headers, error) = seen.unwrap();
    let [below, span] = spans.as_slice() else {
        panic!("{spans:#?}")
    };
    assert_eq!((&*span.name, &*below.name), ("ours", "below"));
    assert_eq!(span.span_context, ours);
    assert_eq!((ours.trace_id(), span.parent_span_id), (TraceId::from(7), SpanId::from(9)));
    assert_eq!(below.parent_span_id, ours.span_id());
    assert_eq!(
        headers["traceparent"],
        format!("00-{}-{}-01", ours.trace_id(), ours.span_id())
    );
    let Some(protocol::Context::Trace(trace)) = error.contexts.get("trace") else {
        panic!("{error:#?}")
    };
    assert_eq!(trace.span_id.to_string(), ours.span_id().to_string());
}

#[test]
fn span_has_its_fields_and_no_log_events() {
    let spans = traced(TraceFlags::SAMPLED, |_| {
        info_span!("given", otel.kind = "client", number = 3_i64, word = "yes").in_scope(|| {
            tracing::info!(secret = "token", "happened");
            tracing::error!(error = "secret", "failed");
        });
        info_span!("failed").in_scope(|| Context::map_current(|cx| cx.span().set_status(Status::error("why"))));
    });
    let [given, failed] = spans.as_slice() else {
        panic!("{spans:#?}")
    };
    assert_eq!(given.span_kind, SpanKind::Client);
    assert_eq!(
        given.attributes,
        [KeyValue::new("number", 3_i64), KeyValue::new("word", "yes")]
    );
    assert_eq!((given.events.len(), &given.status), (0, &Status::Unset));
    assert_eq!(
        (&failed.span_kind, &failed.status),
        (&SpanKind::Internal, &Status::error("why"))
    );
    assert!(failed.attributes.is_empty(), "{failed:#?}");
}

#[test]
fn library_and_debug_spans_are_not_exported() {
    let spans = traced(TraceFlags::SAMPLED, |_| {
        for span in [
            info_span!(target: "h2::client", "library"),
            info_span!(target: "telemetry_of_others", "neighbour"),
            debug_span!("finer"),
        ] {
            let before = current();
            span.in_scope(|| assert_eq!(current(), before));
        }
        info_span!(target: "telemetry", "root of the crate").in_scope(|| ());
    });
    let names: Vec<_> = spans.iter().map(|span| &*span.name).collect();
    assert_eq!(names, ["root of the crate"]);
}

#[test]
fn unsampled_span_stays_unsampled_and_keeps_its_trace() {
    let spans = traced(TraceFlags::default(), |_| {
        info_span!("unsampled").in_scope(|| {
            assert_eq!((current().trace_id(), current().is_sampled()), (TraceId::from(7), false));
        });
    });
    assert!(spans.is_empty(), "{spans:#?}");
}

#[test]
fn interleaved_tasks_keep_their_own_spans() {
    let spans = traced(TraceFlags::SAMPLED, |_| {
        let turns = async {
            let first = current();
            for _ in 0..3 {
                tokio::task::yield_now().await;
                assert_eq!(current(), first);
            }
            first.span_id()
        };
        let again = async {
            let first = current();
            tokio::task::yield_now().await;
            assert_eq!(current(), first);
            first.span_id()
        };
        let both = async { tokio::join!(turns.instrument(info_span!("one")), again.instrument(info_span!("two"))) };
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let (one, two) = runtime.block_on(both);
        assert_ne!(one, two);
        assert_eq!(current().span_id(), SpanId::from(9));
    });
    assert!(spans.iter().all(|span| span.parent_span_id == SpanId::from(9)));
    assert_eq!(spans.len(), 2);
}
