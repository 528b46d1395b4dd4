//! A trace through the official propagator.

use std::collections::HashMap;

use e2e::DEADLINE;
use e2e::screen::waterfall_of;
use e2e::viewer::Viewer;
use opentelemetry::propagation::TextMapPropagator;
use opentelemetry::trace::{Span, SpanKind, TraceContextExt, Tracer, TracerProvider};
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{BatchConfigBuilder, BatchSpanProcessor, SdkTracerProvider};
use sentry::integrations::opentelemetry::{SentryPropagator, SentrySpanProcessor};

use crate::trace::{SERVICE, TRACE, assert_said};

/// A caller sends only `sentry-trace`. The official propagator passes its trace id to Sentry and none to OpenTelemetry, so the
/// same span is in two traces. No async runtime: the exporter blocks.
#[test]
fn span_under_another_trace_id_is_found_with_that_id() {
    let mut viewer = Viewer::start("", &[]).unwrap();
    let mut options = sentry::ClientOptions::new().traces_sample_rate(1.0);
    options.dsn = Some(viewer.dsn(SERVICE).parse().unwrap());
    http_client::use_ring();
    let sentry = sentry::init(options);
    let exporter = SpanExporter::builder()
        .with_http()
        .with_protocol(Protocol::HttpBinary)
        .with_endpoint(format!("http://{}/v1/traces", viewer.otlp_http))
        .build()
        .unwrap();
    // Exports the spans after the envelope.
    let at_shutdown = BatchConfigBuilder::default().with_scheduled_delay(DEADLINE * 10).build();
    let provider = SdkTracerProvider::builder()
        .with_resource(Resource::builder_empty().with_service_name(SERVICE).build())
        .with_span_processor(SentrySpanProcessor::new())
        .with_span_processor(BatchSpanProcessor::builder(exporter).with_batch_config(at_shutdown).build())
        .build();

    let headers = HashMap::from([("sentry-trace".to_owned(), format!("{TRACE}-b7ad6b7169203331-1"))]);
    let parent = SentryPropagator::new().extract(&headers);
    assert!(!parent.span().span_context().is_valid(), "what the test is about");
    let tracer = provider.tracer("test");
    let mut span = tracer
        .span_builder("POST /checkout")
        .with_kind(SpanKind::Server)
        .start_with_context(&tracer, &parent);
    let own = span.span_context().trace_id().to_string();
    span.end();
    drop(sentry);
    viewer.screen.wait_frame("the envelope", |text| text.contains("via Sentry"));
    provider.shutdown().unwrap();
    assert_ne!(own, TRACE);

    viewer.screen.wait_frame("both traces", |text| {
        let listed = |mark: &str| {
            text.lines()
                .any(|line| line.contains("POST /checkout") && line.contains(mark))
        };
        listed("≠ 1/1") && listed("via Sentry")
    });
    viewer.select("≠ 1/1").unwrap();
    viewer
        .screen
        .wait_frame("the trace", |text| waterfall_of(text, &own).is_some());
    assert_said(&mut viewer, &[("POST /checkout", &format!("≠ arrived under trace {TRACE}"))]);
}
