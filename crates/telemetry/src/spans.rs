//! Bridges `tracing` spans to OpenTelemetry: children of the current OpenTelemetry span, and current themselves while entered.

use opentelemetry::trace::Tracer;
use tracing::level_filters::LevelFilter;
use tracing::{Level, Metadata, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::{FilterFn, filter_fn};
use tracing_subscriber::registry::LookupSpan;

use crate::Service;

/// Creates the layer. Code location, thread and busy times are not added: they are noise in
/// a trace.
pub(crate) fn layer<S, T>(service: Service, tracer: T) -> impl Layer<S>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    T: Tracer + Send + Sync + 'static,
    T::Span: Send + Sync,
{
    tracing_opentelemetry::layer()
        .with_tracer(tracer)
        .with_location(false)
        .with_target(false)
        .with_threads(false)
        .with_tracked_inactivity(false)
        .with_filter(own_spans(service))
}

/// Creates the filter for spans of the service's package at `INFO` and above. Libraries are excluded: exporters use some of them, and
/// spans about exporting spans would never end.
///
/// Events are excluded: they are in the log, which has the ids, and may contain data that must not leave the
/// machine in a span. An event of level `ERROR` would also fail the span, which is up to the code.
fn own_spans(service: Service) -> FilterFn<impl Fn(&Metadata<'_>) -> bool> {
    let package = service.name.replace('-', "_");
    let own = move |target: &str| {
        let below = target.strip_prefix(package.as_str());
        below.is_some_and(|below| below.is_empty() || below.starts_with("::"))
    };
    filter_fn(move |metadata| metadata.is_span() && *metadata.level() <= Level::INFO && own(metadata.target()))
        // So that disabled levels of libraries cost nothing.
        .with_max_level_hint(LevelFilter::INFO)
}

#[cfg(test)]
mod tests;
