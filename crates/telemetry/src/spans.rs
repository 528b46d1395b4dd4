//! `tracing`'s spans become OpenTelemetry's: below its current span, and its current span themselves while they are entered.

use opentelemetry::trace::Tracer;
use tracing::level_filters::LevelFilter;
use tracing::{Level, Metadata, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::{FilterFn, filter_fn};
use tracing_subscriber::registry::LookupSpan;

use crate::Service;

/// Nothing is added to what a span says itself: where in the code and on which thread it ran, and for how long of its time, is
/// noise to who reads a trace.
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

/// Spans of the service's own package, at `INFO` and above. Not those of its libraries: the exporters send with some of these, and
/// spans about sending spans would never end.
///
/// No events: they are the log, which has the ids already, and what is harmless in there need not be so in a span that leaves the
/// machine. It also keeps an event of level `ERROR` from failing a span: whether it failed, the code says.
fn own_spans(service: Service) -> FilterFn<impl Fn(&Metadata<'_>) -> bool> {
    let package = service.name.replace('-', "_");
    let own = move |target: &str| {
        let below = target.strip_prefix(package.as_str());
        below.is_some_and(|below| below.is_empty() || below.starts_with("::"))
    };
    filter_fn(move |metadata| metadata.is_span() && *metadata.level() <= Level::INFO && own(metadata.target()))
        // So that the finer ones of all libraries cost nothing.
        .with_max_level_hint(LevelFilter::INFO)
}

#[cfg(test)]
mod tests;
