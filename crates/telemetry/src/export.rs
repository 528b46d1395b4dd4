//! The tracer provider: spans go to Sentry's span processor and, in batches, to the collector; in live mode also when they start.

use std::net::{TcpStream, ToSocketAddrs as _};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use opentelemetry::Context;
use opentelemetry_otlp::SpanExporter as OtlpExporter;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{
    BatchConfigBuilder, BatchSpanProcessor, SdkTracerProvider, Span, SpanData, SpanExporter, SpanProcessor,
};

use crate::live::{self, LiveSpanProcessor};
use crate::sentry_spans::{Limits, SentrySpans};
use crate::{Error, Process, Service, environment, resource};

/// The batch delay, shorter than the SDK's default of 5 seconds because the viewer shows spans live.
const BATCH_DELAY: Duration = Duration::from_millis(100);

/// The time for a connection to the default address, which this machine accepts or refuses at once.
const PROBE_TIMEOUT: Duration = Duration::from_millis(100);

/// Builds the provider; returns `None` if OpenTelemetry is disabled, or a command has nowhere to send spans.
pub(crate) fn provider(
    service: Service,
    process: Process,
    sentry: bool,
    delivery: &DeliveryStats,
) -> Result<Option<SdkTracerProvider>, Error> {
    if environment::value("OTEL_SDK_DISABLED").is_some_and(|value| value.trim().eq_ignore_ascii_case("true")) {
        return Ok(None);
    }
    let is_exported = process == Process::Service || is_collector_expected();
    if !is_exported && !sentry {
        // Messages are passed on with the context that they came with: a span that is sent nowhere would be missing between two that are.
        return Ok(None);
    }
    let mut builder = SdkTracerProvider::builder().with_resource(resource::of(service));
    if sentry {
        builder = builder.with_span_processor(SentrySpans::new(Limits::default()));
    }
    let starts = live::is_wanted()?;
    if let Some(exporter) = exporter()?.filter(|_| is_exported) {
        if starts && let Some(exporter) = self::exporter()? {
            builder = builder.with_span_processor(LiveSpanProcessor::new(exporter));
        }
        let mut batch = BatchConfigBuilder::default();
        if environment::value("OTEL_BSP_SCHEDULE_DELAY").is_none() {
            batch = batch.with_scheduled_delay(BATCH_DELAY);
        }
        let exporter = LoggingExporter {
            exporter,
            failing: AtomicBool::new(false),
            delivery: delivery.clone(),
        };
        let batches = BatchSpanProcessor::builder(exporter).with_batch_config(batch.build()).build();
        builder = builder.with_span_processor(CountingProcessor {
            batches,
            delivery: delivery.clone(),
        });
    }
    Ok(Some(builder.build()))
}

fn exporter() -> Result<Option<OtlpExporter>, Error> {
    const EXPORTER: &str = "OTEL_TRACES_EXPORTER";
    match environment::value(EXPORTER).as_deref().map(str::trim) {
        None | Some("otlp") => {}
        Some("none") => return Ok(None),
        Some(_) => return Err(environment::bad(EXPORTER, "is invalid (expected otlp or none)")),
    }
    match of_traces("PROTOCOL").as_deref().map(str::trim) {
        // gRPC by default: it uses the standard's first port, and HTTP proxies do not apply.
        None | Some("grpc") => Ok(Some(OtlpExporter::builder().with_tonic().build()?)),
        Some("http/protobuf") => Ok(Some(OtlpExporter::builder().with_http().build()?)),
        Some(_) => Err(environment::bad(
            "OTEL_EXPORTER_OTLP_PROTOCOL",
            "(or OTEL_EXPORTER_OTLP_TRACES_PROTOCOL) is invalid (expected grpc or http/protobuf)",
        )),
    }
}

/// Returns the value of an exporter's variable: the one for traces, or the one for all signals.
fn of_traces(name: &str) -> Option<String> {
    let value = |signal| environment::value(&format!("OTEL_EXPORTER_OTLP_{signal}{name}"));
    value("TRACES_").or_else(|| value(""))
}

/// Returns true if a variable names a collector, or a program listens at the default address, which is on this machine.
fn is_collector_expected() -> bool {
    of_traces("ENDPOINT").is_some() || {
        let port = match of_traces("PROTOCOL") {
            Some(protocol) if protocol.trim() == "http/protobuf" => 4318,
            _ => 4317,
        };
        let addresses = ("localhost", port).to_socket_addrs();
        let is_open = |address| TcpStream::connect_timeout(&address, PROBE_TIMEOUT).is_ok();
        addresses.is_ok_and(|mut addresses| addresses.any(is_open))
    }
}

/// The counts of spans queued for and confirmed by the collector.
#[derive(Clone, Debug, Default)]
pub(crate) struct DeliveryStats(Arc<Counts>);

#[derive(Debug, Default)]
struct Counts {
    ended: AtomicU64,
    delivered: AtomicU64,
}

impl DeliveryStats {
    /// Returns the number of ended sampled spans that the collector has not confirmed: after the last flush, the lost ones.
    pub(crate) fn lost(&self) -> u64 {
        let delivered = self.0.delivered.load(Ordering::Relaxed);
        self.0.ended.load(Ordering::Relaxed).saturating_sub(delivered)
    }
}

/// The SDK's batch processor with a count of its input: the SDK does not report the spans dropped by a full queue.
#[derive(Debug)]
struct CountingProcessor {
    batches: BatchSpanProcessor,
    delivery: DeliveryStats,
}

impl SpanProcessor for CountingProcessor {
    fn on_start(&self, span: &mut Span, cx: &Context) {
        self.batches.on_start(span, cx);
    }

    fn on_end(&self, span: SpanData) {
        self.delivery.0.ended.fetch_add(1, Ordering::Relaxed);
        self.batches.on_end(span);
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.batches.force_flush()
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.batches.shutdown_with_timeout(timeout)
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.batches.set_resource(resource);
    }
}

/// An exporter that logs one line when exports start to fail and one when they succeed again.
#[derive(Debug)]
struct LoggingExporter<E> {
    exporter: E,
    failing: AtomicBool,
    delivery: DeliveryStats,
}

impl<E: SpanExporter> SpanExporter for LoggingExporter<E> {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let spans = batch.len() as u64;
        let result = self.exporter.export(batch).await;
        let failing = result.is_err();
        if !failing {
            self.delivery.0.delivered.fetch_add(spans, Ordering::Relaxed);
        }
        let failed_before = self.failing.swap(failing, Ordering::Relaxed);
        match &result {
            Err(error) if !failed_before => {
                tracing::warn!(%error, "cannot export spans to the collector; dropping them until it recovers");
            }
            Ok(()) if failed_before => tracing::info!(lost = self.delivery.lost(), "exporting spans to the collector again"),
            _ => {}
        }
        result
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.exporter.shutdown_with_timeout(timeout)
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.exporter.force_flush()
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.exporter.set_resource(resource);
    }
}
