//! Telemetry setup of a service: JSON logs, OpenTelemetry, Sentry, and one propagator for HTTP and AMQP.
//!
//! [`init`] sets the process-wide `tracing` subscriber, tracer provider and propagator, and returns a [`Guard`] that shuts them down
//! in the right order. There is one stack of spans, OpenTelemetry's current context, since the HTTP middleware, Sentry's span
//! processor, the propagator and the ids in the logs all use it. Spans are created in two ways:
//!
//! - `tracing`'s spans (`#[tracing::instrument]`, `info_span!`), for work inside of a service. A span of the service's own
//!   package at `INFO` or above becomes OpenTelemetry's, below its current one, and is the current one while it is entered, across
//!   `.await` too. `otel.kind` and similar fields are those of [`tracing_opentelemetry`]; events are logged, not exported with spans.
//! - OpenTelemetry's API ([`opentelemetry::global::tracer`]), for spans with links, a remote parent or attributes
//!   computed at run time.
//!
//! Libraries' `tracing` spans are not exported: spans created during an export would cause further exports.
//!
//! Sentry gets a transaction per local root, with the spans below it that end within 30 seconds of its end; more than 1,000
//! spans below one root do not fit, and Sentry's client report has the number dropped. Logs at `ERROR` are error events there,
//! and logs at `INFO` and above are Sentry logs; both name their span.
//!
//! **Boundary**: this crate is not a wrapper around these APIs, exports neither OTLP logs nor metrics, and opens no port.
//!
//! | variable | meaning | default |
//! |---|---|---|
//! | `RUST_LOG` | the log filter ([`Targets`]), for output and Sentry; it does not affect traces | `info`; `lapin` and `opentelemetry` are off unless named |
//! | `OTEL_EXPORTER_OTLP_[TRACES_]ENDPOINT` | the collector | `http://localhost:4317`; over HTTP `http://localhost:4318` |
//! | `OTEL_EXPORTER_OTLP_[TRACES_]PROTOCOL` | `grpc` or `http/protobuf` | `grpc` |
//! | `OTEL_EXPORTER_OTLP_[TRACES_]TIMEOUT`, `…_HEADERS` | as specified | |
//! | `OTEL_TRACES_EXPORTER` | `otlp` or `none` | `otlp` |
//! | `SPANFALL_LIVE` | `true`: also send spans when they start, without an end, to a collector on this machine | `false` |
//! | `OTEL_SERVICE_NAME`, `OTEL_RESOURCE_ATTRIBUTES` | added to the resource; they override our own | |
//! | `OTEL_BSP_*` | the batch: `SCHEDULE_DELAY` in milliseconds, … | the SDK's, but a delay of 100, for live viewing |
//! | `OTEL_TRACES_SAMPLER`, `…_ARG`, `OTEL_SPAN_*_LIMIT` | as specified | |
//! | `OTEL_SDK_DISABLED` | `true`: no spans; trace context is still propagated | `false` |
//! | `SENTRY_DSN` | the Sentry project for errors, transactions, and logs within spans; unset or empty: Sentry is off | off |
//! | `SENTRY_ENVIRONMENT`, `SENTRY_RELEASE` | as specified by Sentry; the former also becomes `deployment.environment.name` | `<name>@<version>` as release |
//! | `SENTRY_TRACES_SAMPLE_RATE` | Sentry's sample rate for traces that start here, 0 to 1 | `1.0` |
//!
//! `OTEL_PROPAGATORS` is ignored: the propagator reads and writes all formats that the services share.
//!
//! ```no_run
//! # fn main() -> Result<(), telemetry::Error> {
//! let guard = telemetry::init(telemetry::service!())?;
//! // … serve; at shutdown, end open spans, then:
//! guard.shutdown();
//! # Ok(())
//! # }
//! ```

#![warn(missing_docs)]

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
mod propagation;
mod resource;
mod sampling_context;
mod sentry_op;
mod sentry_spans;
mod spans;
mod transport;

/// The flush timeout at shutdown, once for spans and once for envelopes.
const FLUSH_TIMEOUT: Duration = Duration::from_secs(2);
/// The same for the spans of a command.
const COMMAND_FLUSH_TIMEOUT: Duration = Duration::from_secs(10);

/// The service identity: `service.name` and `service.version`.
#[derive(Clone, Copy, Debug)]
pub struct Service {
    /// The name of the service, overridden by `OTEL_SERVICE_NAME`, and of the package whose `tracing` spans are exported.
    pub name: &'static str,
    /// The version, `service.version`.
    pub version: &'static str,
}

/// Returns the [`Service`] of the calling crate: its package name and version.
#[macro_export]
macro_rules! service {
    () => {
        $crate::Service {
            name: env!("CARGO_PKG_NAME"),
            version: env!("CARGO_PKG_VERSION"),
        }
    };
}

/// An error of [`init`]. The text names the variable to change, but not its value: a DSN or an endpoint may contain a key.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// An invalid environment variable.
    #[error("{variable} {problem}")]
    Variable {
        /// The variable's name.
        variable: &'static str,
        /// The problem, which follows the name in the text.
        problem: String,
    },
    /// The exporter cannot be built from the variables.
    #[error("invalid OTEL_EXPORTER_OTLP_* variables: {0}")]
    Exporter(#[from] opentelemetry_otlp::ExporterBuildError),
    /// The process already has a subscriber.
    #[error("telemetry is already initialized in this process")]
    AlreadyInitialized(#[from] tracing_subscriber::util::TryInitError),
}

/// Shuts telemetry down in the right order, by [`Guard::shutdown`] or when dropped.
///
/// Spans that are still open then are lost, so they must be ended before.
#[must_use = "dropping it ends telemetry"]
#[derive(Debug)]
pub struct Guard {
    provider: Option<SdkTracerProvider>,
    process: Process,
    delivery: export::DeliveryStats,
    sentry: Option<SentryGuard>,
}

struct SentryGuard(ClientInitGuard);

impl std::fmt::Debug for SentryGuard {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("SentryGuard")
    }
}

/// Initializes logs, traces and errors for the whole process from its environment.
///
/// Call it once, from within a tokio runtime with more than one thread, before the first span: on the thread that will spawn the
/// others, since these inherit Sentry's scope. An unreachable collector or Sentry is never an error: spans
/// wait in a bounded queue, the excess is dropped, and one log line reports it.
///
/// # Errors
/// A variable is invalid, or telemetry is already initialized.
pub fn init(service: Service) -> Result<Guard, Error> {
    start(service, Process::Service)
}

/// Initializes telemetry for a command, which does its work and ends. Unlike [`init`], it exports no spans if no variable names a collector
/// and none listens at the default address: the command does not wait for one there, and prints nothing about spans.
///
/// # Errors
/// A variable is invalid, or telemetry is already initialized.
pub fn init_command(service: Service) -> Result<Guard, Error> {
    start(service, Process::Command)
}

/// The kind of process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Process {
    Service,
    Command,
}

impl Process {
    /// Returns the time that spans have to be exported at the end. A service is waited for when it ends; a command has little else to do.
    const fn flush_timeout(self) -> Duration {
        match self {
            Self::Service => FLUSH_TIMEOUT,
            Self::Command => COMMAND_FLUSH_TIMEOUT,
        }
    }
}

fn start(service: Service, process: Process) -> Result<Guard, Error> {
    let filter = logs::filter()?;
    let settings = errors::Settings::from_env(service)?;
    // The exporter and Sentry's client build HTTP clients of their own.
    http_client::use_ring();
    // Before the tracer provider, whose processor and resource bind to the active client's scope.
    let sentry = settings.as_ref().map(errors::Settings::init);
    global::set_text_map_propagator(Propagator::new(settings.map(|settings| settings.head)));
    let delivery = export::DeliveryStats::default();
    let provider = export::provider(service, process, sentry.is_some(), &delivery)?;
    if let Some(provider) = &provider {
        global::set_tracer_provider(provider.clone());
    }
    subscribe(service, filter, sentry.is_some())?;
    let sentry = sentry.map(SentryGuard);
    Ok(Guard {
        provider,
        process,
        delivery,
        sentry,
    })
}

fn subscribe(service: Service, filter: Targets, sentry: bool) -> Result<(), Error> {
    use sentry::integrations::tracing::{BreadcrumbLayer, ErrorLayer, LogLayer};
    use tracing::{Level, Metadata};
    // Not Sentry's `SpanLayer`: it would create transactions in addition to those of the span processor.
    let errors = sentry.then(|| ErrorLayer::new().with_filter(LevelFilter::ERROR));
    let crumb = filter_fn(|metadata| matches!(*metadata.level(), Level::INFO | Level::WARN));
    let breadcrumbs = sentry.then(|| BreadcrumbLayer::new().with_filter(crumb));
    // Filtered here, because Sentry's client reports events dropped by the hook as lost.
    let within = DynFilterFn::new(|metadata: &Metadata<'_>, _: &_| *metadata.level() <= Level::INFO && errors::within_span());
    let sentrys = sentry.then(|| LogLayer::new().with_filter(within.with_max_level_hint(LevelFilter::INFO)));
    // The filter is for logs only: applied to spans, a quieter log would leave gaps in traces.
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

/// Runs one request or message in a new Sentry hub, so that the breadcrumbs of an error are those of its request, not
/// of other work on the thread.
pub fn with_sentry_hub<F: Future>(future: F) -> impl Future<Output = F::Output> {
    future.bind_hub(Hub::new_from_top(Hub::current()))
}

impl Guard {
    /// Flushes and shuts down. Blocks for up to 4 seconds if the collector and Sentry do not respond.
    pub fn shutdown(self) {
        drop(self);
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        // The provider first: its spans become Sentry's transactions, which the Sentry client flushes next.
        if let Some(provider) = self.provider.take() {
            // Failures are logged by the exporter; an expired deadline shows in the count.
            let _ = provider.shutdown_with_timeout(self.process.flush_timeout());
            let lost = self.delivery.lost();
            if lost > 0 {
                tracing::warn!(spans = lost, "spans lost: the collector did not confirm them");
            }
        }
        if let Some(SentryGuard(client)) = self.sentry.take() {
            errors::close(client);
        }
    }
}
