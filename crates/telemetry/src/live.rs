//! Spans that are running: each is sent when it starts, without an end, to a viewer on this machine; when it ends it is sent again by
//! the ordinary way and takes the place of what was said before.
//!
//! It is a preview, so it may cost nothing that matters: what does not fit into its queue is not sent, what cannot be delivered is
//! not sent again, nobody is told, and a span that ends before its turn comes is left out. It goes where the spans go when they have
//! ended, and there only if that is this machine: other collectors would store the start as a span of its own. So it is for who asks
//! for it ([`VARIABLE`]); a collector on this machine may hand on what it gets.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use opentelemetry::{Context, SpanId};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{BatchConfigBuilder, BatchSpanProcessor, Span, SpanData, SpanExporter, SpanProcessor};
use reqwest::Url;

use crate::{Error, environment};

/// Whether spans are sent when they start: `true` or `false`.
const VARIABLE: &str = "SPANFALL_LIVE";

/// Soon enough for who watches, and late enough for most spans to have ended by then.
const DELAY: Duration = Duration::from_millis(50);
/// Starts that wait to be sent, at most.
const WAITING: usize = 2048;
/// How long a shutdown waits for a collector that does not answer: nobody needs the starts of spans that end now.
const FLUSH: Duration = Duration::from_millis(100);

/// Whether starts are wanted, and go nowhere but to this machine.
pub(crate) fn is_wanted() -> Result<bool, Error> {
    let wanted = match environment::value(VARIABLE).as_deref().map(str::trim) {
        None | Some("false") => false,
        Some("true") => true,
        Some(_) => return Err(environment::bad(VARIABLE, "is neither true nor false")),
    };
    let endpoint =
        environment::value("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT").or_else(|| environment::value("OTEL_EXPORTER_OTLP_ENDPOINT"));
    Ok(wanted && endpoint.is_none_or(|endpoint| is_here(&endpoint)))
}

/// Whether an endpoint is on this machine, by its address alone: no name is looked up.
fn is_here(endpoint: &str) -> bool {
    let Ok(url) = Url::parse(endpoint.trim()) else { return false };
    let Some(host) = url.host_str() else { return false };
    let address = host.trim_start_matches('[').trim_end_matches(']').parse();
    address.map_or(host == "localhost", |address: std::net::IpAddr| address.is_loopback())
}

/// The spans whose start is still to be sent.
#[derive(Clone, Debug, Default)]
struct Waiting(Arc<Mutex<HashSet<SpanId>>>);

impl Waiting {
    fn ids(&self) -> MutexGuard<'_, HashSet<SpanId>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The processor that sends starts.
#[derive(Debug)]
pub(crate) struct Starts {
    batches: BatchSpanProcessor,
    waiting: Waiting,
}

impl Starts {
    /// Sends them by `exporter`, which is nobody else's.
    pub(crate) fn new<E: SpanExporter + 'static>(exporter: E) -> Self {
        let waiting = Waiting::default();
        let running = Running {
            exporter,
            waiting: waiting.clone(),
        };
        let batch = BatchConfigBuilder::default()
            .with_scheduled_delay(DELAY)
            .with_max_queue_size(WAITING);
        Self {
            batches: BatchSpanProcessor::builder(running).with_batch_config(batch.build()).build(),
            waiting,
        }
    }
}

impl SpanProcessor for Starts {
    fn on_start(&self, span: &mut Span, _: &Context) {
        use opentelemetry::trace::Span as _;
        if !span.span_context().is_sampled() || self.waiting.ids().len() >= WAITING {
            return;
        }
        if let Some(mut data) = span.exported_data() {
            self.waiting.ids().insert(data.span_context.span_id());
            // As OTLP: 0.
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
        // Whatever has not ended by now is lost, and a viewer would show it as running for ever.
        self.waiting.ids().clear();
        self.batches.shutdown_with_timeout(timeout.min(FLUSH))
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.batches.set_resource(resource);
    }
}

/// An exporter of those alone that have not ended meanwhile, which tells nobody what failed.
#[derive(Debug)]
struct Running<E> {
    exporter: E,
    waiting: Waiting,
}

impl<E: SpanExporter> SpanExporter for Running<E> {
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
