//! Live mode: each span is sent when it starts, without an end, to a viewer on this machine; when it ends it is exported as usual
//! and replaces the started one.
//!
//! It is a best-effort preview: starts that do not fit into the queue are dropped, failed exports are
//! neither retried nor reported, and a span that ends before its start is sent is omitted. Starts go to the same collector as ended
//! spans, and only if it is on this machine: other collectors would store the start as a separate span. It is off
//! by default ([`VARIABLE`]), because a collector on this machine may forward what it receives.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use opentelemetry::{Context, SpanId};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{BatchConfigBuilder, BatchSpanProcessor, Span, SpanData, SpanExporter, SpanProcessor};
use reqwest::Url;

use crate::{Error, environment};

/// The variable that enables live mode: `true` or `false`.
const VARIABLE: &str = "SPANFALL_LIVE";

/// The batch delay of starts: short for a live view, and long enough for most spans to have ended.
const BATCH_DELAY: Duration = Duration::from_millis(50);
/// The maximum number of pending starts.
const PENDING_STARTS_MAX: usize = 2048;
/// The shutdown timeout: the starts of spans that end now are not needed.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_millis(100);

/// Returns `true` if live mode is enabled and the collector is on this machine.
pub(crate) fn is_wanted() -> Result<bool, Error> {
    let wanted = match environment::value(VARIABLE).as_deref().map(str::trim) {
        None | Some("false") => false,
        Some("true") => true,
        Some(_) => return Err(environment::bad(VARIABLE, "is invalid (expected true or false)")),
    };
    let endpoint =
        environment::value("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT").or_else(|| environment::value("OTEL_EXPORTER_OTLP_ENDPOINT"));
    Ok(wanted && endpoint.is_none_or(|endpoint| is_here(&endpoint)))
}

/// Returns `true` if an endpoint is on this machine, without name resolution.
fn is_here(endpoint: &str) -> bool {
    let Ok(url) = Url::parse(endpoint.trim()) else { return false };
    let Some(host) = url.host_str() else { return false };
    let address = host.trim_start_matches('[').trim_end_matches(']').parse();
    address.map_or(host == "localhost", |address: std::net::IpAddr| address.is_loopback())
}

/// The spans whose start is pending.
#[derive(Clone, Debug, Default)]
struct PendingStarts(Arc<Mutex<HashSet<SpanId>>>);

impl PendingStarts {
    fn ids(&self) -> MutexGuard<'_, HashSet<SpanId>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The span processor that exports spans when they start.
#[derive(Debug)]
pub(crate) struct LiveSpanProcessor {
    batches: BatchSpanProcessor,
    waiting: PendingStarts,
}

impl LiveSpanProcessor {
    /// Creates a processor with its own `exporter`.
    pub(crate) fn new<E: SpanExporter + 'static>(exporter: E) -> Self {
        let waiting = PendingStarts::default();
        let running = RunningSpanExporter {
            exporter,
            waiting: waiting.clone(),
        };
        let batch = BatchConfigBuilder::default()
            .with_scheduled_delay(BATCH_DELAY)
            .with_max_queue_size(PENDING_STARTS_MAX);
        Self {
            batches: BatchSpanProcessor::builder(running).with_batch_config(batch.build()).build(),
            waiting,
        }
    }
}

impl SpanProcessor for LiveSpanProcessor {
    fn on_start(&self, span: &mut Span, _: &Context) {
        use opentelemetry::trace::Span as _;
        if !span.span_context().is_sampled() || self.waiting.ids().len() >= PENDING_STARTS_MAX {
            return;
        }
        if let Some(mut data) = span.exported_data() {
            self.waiting.ids().insert(data.span_context.span_id());
            // The Unix epoch, which OTLP encodes as 0.
            data.end_time = SystemTime::UNIX_EPOCH;
            self.batches.on_end(data);
        }
    }

    fn on_end(&self, span: SpanData) {
        self.waiting.ids().remove(&span.span_context.span_id());
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.batches.force_flush()
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        // Spans that have not ended by now are lost, and a viewer would show them as running forever.
        self.waiting.ids().clear();
        self.batches.shutdown_with_timeout(timeout.min(SHUTDOWN_TIMEOUT))
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.batches.set_resource(resource);
    }
}

/// An exporter that skips spans that have ended in the meantime, and ignores failures.
#[derive(Debug)]
struct RunningSpanExporter<E> {
    exporter: E,
    waiting: PendingStarts,
}

impl<E: SpanExporter> SpanExporter for RunningSpanExporter<E> {
    async fn export(&self, mut batch: Vec<SpanData>) -> OTelSdkResult {
        {
            let mut waiting = self.waiting.ids();
            batch.retain(|span| waiting.remove(&span.span_context.span_id()));
        }
        if !batch.is_empty() {
            let _ = self.exporter.export(batch).await;
        }
        Ok(())
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

#[cfg(test)]
mod tests;
