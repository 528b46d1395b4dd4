//! What a service calls once at start-up: JSON logs, OpenTelemetry, Sentry, and one propagator for HTTP and AMQP.
//!
//! [`init`] sets the process-wide `tracing` subscriber, tracer provider and propagator, and hands back a [`Guard`] that ends them
//! in the right order. There is one stack of spans, OpenTelemetry's current context, since the HTTP middleware, Sentry's span
//! processor, the propagator and the ids in the logs all look there. Two ways lead into it:
//!
//! - `tracing`'s spans (`#[tracing::instrument]`, `info_span!`), for what happens inside of a service. A span of the service's own
//!   package at `INFO` or above becomes OpenTelemetry's, below its current one, and is the current one while it is entered, across
//!   `.await` too. `otel.kind` and the like mean what [`tracing_opentelemetry`] says; events are logged, and are in no span.
//! - OpenTelemetry's own API ([`opentelemetry::global::tracer`]), where a span has links, a parent from elsewhere or attributes
//!   made at run time.
//!
//! Libraries' `tracing` spans are not exported: what they open while spans are being exported must not be exported itself.
//!
//! Sentry gets a transaction of each local root, with what started below it and ended within 30 seconds of its end; more than 1,000
//! spans below one root do not fit, and Sentry's report says how many were dropped. What is logged at `ERROR` is an error event there,
//! and what is logged at `INFO` and above a log; either names the span it was written in.
//!
//! It is not a wrapper around these APIs, it exports no logs by OTLP and no metrics, and it opens no port.
//!
//! | variable | meaning | default |
//! |---|---|---|
//! | `RUST_LOG` | what is logged ([`Targets`]), here and at Sentry, not what is traced | `info`; `lapin` and `opentelemetry` stay silent unless named |
//! | `OTEL_EXPORTER_OTLP_[TRACES_]ENDPOINT` | where spans go | `http://localhost:4317`; over HTTP `http://localhost:4318` |
//! | `OTEL_EXPORTER_OTLP_[TRACES_]PROTOCOL` | `grpc` or `http/protobuf` | `grpc` |
//! | `OTEL_EXPORTER_OTLP_[TRACES_]TIMEOUT`, `…_HEADERS` | as the standard says | |
//! | `OTEL_TRACES_EXPORTER` | `otlp` or `none` | `otlp` |
//! | `SPANFALL_LIVE` | `true`: spans are sent when they start, too, without an end, if they go to this machine | `false` |
//! | `OTEL_SERVICE_NAME`, `OTEL_RESOURCE_ATTRIBUTES` | added to the resource, and stronger than our own | |
//! | `OTEL_BSP_*` | the batch: `SCHEDULE_DELAY` in milliseconds, … | the SDK's, but a delay of 100: somebody is watching |
//! | `OTEL_TRACES_SAMPLER`, `…_ARG`, `OTEL_SPAN_*_LIMIT` | as the standard says | |
//! | `OTEL_SDK_DISABLED` | `true`: no spans at all; trace context is still passed on | `false` |
//! | `SENTRY_DSN` | where errors, transactions, and the logs within a span go; unset or empty: Sentry is off | off |
//! | `SENTRY_ENVIRONMENT`, `SENTRY_RELEASE` | as Sentry says; the former also becomes `deployment.environment.name` | `<name>@<version>` as release |
//! | `SENTRY_TRACES_SAMPLE_RATE` | which part of the traces that start here Sentry gets, 0 to 1 | `1.0` |
//!
//! `OTEL_PROPAGATORS` is not honoured: the one here reads and writes all the formats that the services have to agree on.
//!
//! ```no_run
//! # fn main() -> Result<(), telemetry::Error> {
//! let guard = telemetry::init(telemetry::service!())?;
//! // … serve; when asked to stop, end what is open, then:
//! guard.shutdown();
//! # Ok(())
//! # }
//! ```

use std::future::Future;
use std::time::Duration;

use opentelemetry::global;
use opentelemetry_sdk::trace::SdkTracerProvider;
use sentry::{ClientInitGuard, Hub, SentryFutureExt as _};
use tracing_subscriber::filter::{DynFilterFn, LevelFilter, Targets, filter_fn};
use tracing_subscriber::prelude::*;

pub use self::propagation::Propagator;

pub mod amqp;
mod environment;
mod errors;
mod export;
mod live;
mod logs;
mod operations;
mod propagation;
mod resource;
mod sampling_context;
mod sentry_spans;
mod spans;
mod transport;

/// How long the last spans may take to leave, and then again the last envelopes.
const FLUSH: Duration = Duration::from_secs(2);

/// Who is speaking: `service.name` and `service.version`.
#[derive(Clone, Copy, Debug)]
pub struct Service {
    /// The name of the service, unless `OTEL_SERVICE_NAME` says otherwise; and of the package whose `tracing` spans are exported.
    pub name: &'static str,
    /// Its version.
    pub version: &'static str,
}

/// The [`Service`] of the crate that says it: the package's name and version.
#[macro_export]
macro_rules! service {
    () => {
        $crate::Service {
            name: env!("CARGO_PKG_NAME"),
            version: env!("CARGO_PKG_VERSION"),
        }
    };
}

/// Why telemetry could not be set up. The text names the variable to change, and never its value: a DSN or an endpoint may hold a key.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A variable holds what it must not.
    #[error("{variable} {problem}")]
    Variable {
        /// Its name.
        variable: &'static str,
        /// What is wrong, to be read after the name.
        problem: String,
    },
    /// The exporter cannot be built from what the variables say.
    #[error("the OTEL_EXPORTER_OTLP_* variables do not describe an exporter: {0}")]
    Exporter(#[from] opentelemetry_otlp::ExporterBuildError),
    /// The process has a subscriber already.
    #[error("telemetry was set up before in this process")]
    Twice(#[from] tracing_subscriber::util::TryInitError),
}

/// Ends telemetry in the right order, when told to ([`Guard::shutdown`]) or when dropped.
///
/// Spans that are still open then are lost: whoever opened them ends them first.
#[must_use = "dropping it ends telemetry"]
#[derive(Debug)]
pub struct Guard {
    provider: Option<SdkTracerProvider>,
    tally: export::Tally,
    sentry: Option<SentryGuard>,
}

struct SentryGuard(ClientInitGuard);

impl std::fmt::Debug for SentryGuard {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("SentryGuard")
    }
}

/// Sets up logs, traces and errors for the whole process, as its environment says.
///
/// Call it once, from within a tokio runtime with more than one thread, before the first span: on the thread that will spawn the
/// others, since these inherit Sentry's scope. A collector or a Sentry that cannot be reached is no error, now or later: spans
/// wait in a bounded queue, the excess is dropped, and one log line says so.
///
/// # Errors
/// A variable holds nonsense; or it was called before.
pub fn init(service: Service) -> Result<Guard, Error> {
    let filter = logs::filter()?;
    let settings = errors::Settings::from_env(service)?;
    // The exporter and Sentry's client build HTTP clients of their own.
    http_client::use_ring();
    // Before the tracer provider: its processor and its resource go into the scope of the client that is active.
    let sentry = settings.as_ref().map(errors::Settings::init);
    global::set_text_map_propagator(Propagator::new(settings.map(|settings| settings.head)));
    let tally = export::Tally::default();
    let provider = export::provider(service, sentry.is_some(), &tally)?;
    if let Some(provider) = &provider {
        global::set_tracer_provider(provider.clone());
    }
    subscribe(service, filter, sentry.is_some())?;
    let sentry = sentry.map(SentryGuard);
    Ok(Guard { provider, tally, sentry })
}

fn subscribe(service: Service, filter: Targets, sentry: bool) -> Result<(), Error> {
    use sentry::integrations::tracing::{BreadcrumbLayer, ErrorLayer, LogLayer};
    use tracing::{Level, Metadata};
    // Not Sentry's `SpanLayer`: it would make transactions beside those of the span processor.
    let errors = sentry.then(|| ErrorLayer::new().with_filter(LevelFilter::ERROR));
    let crumb = filter_fn(|metadata| matches!(*metadata.level(), Level::INFO | Level::WARN));
    let breadcrumbs = sentry.then(|| BreadcrumbLayer::new().with_filter(crumb));
    // What the hook drops, Sentry's client reports as lost: what is outside of all spans must not get that far.
    let within = DynFilterFn::new(|metadata: &Metadata<'_>, _: &_| *metadata.level() <= Level::INFO && errors::within_span());
    let sentrys = sentry.then(|| LogLayer::new().with_filter(within.with_max_level_hint(LevelFilter::INFO)));
    // The filter is about what is said, so it must not stand before the spans: a quieter log would tear holes into traces.
    let said = logs::layer()
        .and_then(breadcrumbs)
        .and_then(errors)
        .and_then(sentrys)
        .with_filter(filter);
    tracing_subscriber::registry()
        .with(spans::layer(service, global::tracer(service.name)))
        .with(said)
        .try_init()?;
    Ok(())
}

/// Runs one request or message with Sentry scope of its own: the breadcrumbs of an error are then those of its own request, not
/// of whatever else the thread did.
pub fn isolated<F: Future>(future: F) -> impl Future<Output = F::Output> {
    future.bind_hub(Hub::new_from_top(Hub::current()))
}

impl Guard {
    /// Exports what is left, then ends. Blocks for up to 4 seconds if nobody takes it.
    pub fn shutdown(self) {
        drop(self);
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        // The provider first: the spans it ends become Sentry's transactions, which the Sentry client then has to flush.
        if let Some(provider) = self.provider.take() {
            // What failed was logged by the exporter, once; a deadline that passed shows in the count.
            let _ = provider.shutdown_with_timeout(FLUSH);
            let lost = self.tally.lost();
            if lost > 0 {
                tracing::warn!(spans = lost, "spans were lost: the collector did not take them");
            }
        }
        if let Some(SentryGuard(client)) = self.sentry.take() {
            errors::close(client);
        }
    }
}
