use opentelemetry::trace::{Span as _, SpanContext, TraceContextExt as _, TraceFlags, TraceId, TraceState, Tracer as _};
use opentelemetry::trace::{SpanKind, TracerProvider as _};
use opentelemetry_sdk::trace::SdkTracerProvider;

use super::*;

/// An exporter that collects its spans.
#[derive(Clone, Debug, Default)]
struct Kept(Arc<Mutex<Vec<SpanData>>>);

impl Kept {
    fn names(&self) -> Vec<String> {
        self.0.lock().unwrap().iter().map(|span| span.name.to_string()).collect()
    }
}

impl SpanExporter for Kept {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        self.0.lock().unwrap().extend(batch);
        Ok(())
    }
}

fn provider() -> (Kept, SdkTracerProvider) {
    let kept = Kept::default();
    let starts = LiveSpanProcessor::new(kept.clone());
    (kept, SdkTracerProvider::builder().with_span_processor(starts).build())
}

#[test]
fn live_span_is_sent_at_start_without_an_end() {
    let (kept, provider) = provider();
    let tracer = provider.tracer("test");
    let remote = SpanContext::new(TraceId::from(7), SpanId::from(9), TraceFlags::SAMPLED, true, TraceState::NONE);
    let parent = Context::new().with_remote_span_context(remote);
    let builder = tracer.span_builder("slow").with_kind(SpanKind::Consumer);
    let mut span = builder.start_with_context(&tracer, &parent);
    provider.force_flush().unwrap();

    let sent = kept.0.lock().unwrap().clone();
    assert_eq!(sent.len(), 1);
    assert_eq!(&sent[0].span_context, span.span_context());
    assert_eq!(
        (&*sent[0].name, &sent[0].span_kind, sent[0].parent_span_id),
        ("slow", &SpanKind::Consumer, SpanId::from(9))
    );
    assert_eq!(sent[0].end_time, SystemTime::UNIX_EPOCH);
    assert!(sent[0].start_time > SystemTime::UNIX_EPOCH);

    span.end();
    provider.force_flush().unwrap();
    assert_eq!(kept.names(), ["slow"], "its end goes the ordinary way");
}

#[test]
fn span_ended_before_its_export_is_omitted() {
    let (kept, provider) = provider();
    // Fewer than a batch, which would be sent at once.
    let tracer = provider.tracer("test");
    for _ in 0..100 {
        tracer.start("short").end();
    }
    let _long = tracer.start("long");
    provider.force_flush().unwrap();
    assert!(kept.names().contains(&"long".to_owned()));
    // The exporter's thread may have run in between: all but a few.
    assert!(kept.names().len() < 100, "{}", kept.names().len());
}

#[test]
fn unsampled_span_is_not_sent_at_start() {
    let (kept, provider) = provider();
    let tracer = provider.tracer("test");
    let remote = SpanContext::new(
        TraceId::from(7),
        SpanId::from(9),
        TraceFlags::default(),
        true,
        TraceState::NONE,
    );
    let parent = Context::new().with_remote_span_context(remote);
    let _span = tracer.start_with_context("unsampled", &parent);
    provider.force_flush().unwrap();
    assert_eq!(kept.names(), Vec::<String>::new());
}

#[test]
fn pending_starts_are_bounded() {
    /// An exporter that never completes.
    #[derive(Debug)]
    struct Stalled;

    impl SpanExporter for Stalled {
        async fn export(&self, _: Vec<SpanData>) -> OTelSdkResult {
            std::future::pending().await
        }
    }

    let starts = LiveSpanProcessor::new(Stalled);
    let waiting = starts.waiting.clone();
    let provider = SdkTracerProvider::builder().with_span_processor(starts).build();
    let tracer = provider.tracer("test");
    // A batch of 512 may be in the exporter, which never returns.
    let spans: Vec<_> = (0..PENDING_STARTS_MAX + 1000).map(|_| tracer.start("running")).collect();
    assert!(waiting.ids().len() <= PENDING_STARTS_MAX);
    let begun = std::time::Instant::now();
    let _ = provider.shutdown_with_timeout(Duration::from_secs(60));
    assert!(
        begun.elapsed() < Duration::from_secs(30),
        "shutdown does not wait for the exporter"
    );
    drop(spans);
}

#[test]
fn local_endpoints_are_recognized() {
    for here in [
        "http://localhost:4317",
        "http://127.0.0.1:4318/",
        "http://127.8.0.1:1",
        "http://[::1]:4317",
    ] {
        assert!(is_here(here), "{here}");
    }
    for elsewhere in [
        "",
        "127.0.0.1:4317",
        "https://otlp.example.org",
        "http://10.0.0.1:4318",
        "http://localhost.example.org",
        "http://127.0.0.1@example.org",
        "http://0.0.0.0:4317",
    ] {
        assert!(!is_here(elsewhere), "{elsewhere}");
    }
}
