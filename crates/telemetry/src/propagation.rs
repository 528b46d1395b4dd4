//! One propagator for both SDKs and both carriers.
//!
//! Sentry's `SentryPropagator` stores no OpenTelemetry parent, and OpenTelemetry's W3C propagator ignores `sentry-trace`: a caller
//! that sends only one of the headers would be split into two traces. [`Propagator`] reads either and gives both SDKs the same parent.

use std::str::FromStr;

use opentelemetry::propagation::text_map_propagator::FieldIter;
use opentelemetry::propagation::{Extractor, Injector, TextMapPropagator};
use opentelemetry::trace::{SpanContext, TraceContextExt, TraceFlags, TraceState};
use opentelemetry::{Context, TraceId};
use sentry::TracePropagationContext;
use sentry::protocol::DynamicSamplingContext;

use self::baggage::Members;
use self::headers::Parent;

mod baggage;
mod headers;

const SENTRY_TRACE: &str = "sentry-trace";
const TRACEPARENT: &str = "traceparent";
const TRACESTATE: &str = "tracestate";
const BAGGAGE: &str = "baggage";

/// The maximum length of `tracestate` in bytes; the standard requires at least 512.
const TRACESTATE_BYTES_MAX: usize = 4096;

/// Sentry's head sampling of a trace that starts here: the values of the `sentry-*` members of `baggage`.
#[derive(Clone, Debug)]
pub(crate) struct HeadSampling {
    pub(crate) public_key: String,
    pub(crate) environment: Option<String>,
    pub(crate) release: Option<String>,
    /// From 0 to 1.
    pub(crate) sample_rate: f32,
}

impl HeadSampling {
    /// Returns `true` if a trace that starts here is sampled for Sentry.
    ///
    /// Deterministic by trace id, so that the span processor and the headers agree without shared state.
    pub(crate) fn samples(&self, trace_id: TraceId) -> bool {
        // The low 56 bits are the random ones in W3C Trace Context level 2. They fit a double almost exactly; the last bits do not matter.
        #[expect(clippy::cast_precision_loss, reason = "a sampling threshold needs no more than 53 bits")]
        let drawn = (u128::from_be_bytes(trace_id.to_bytes()) & ((1 << 56) - 1)) as f64 / (1_u64 << 56) as f64;
        drawn < f64::from(self.sample_rate)
    }

    /// Returns the sampling context of a sampled trace that starts here.
    pub(crate) fn sampling_context(&self, trace_id: TraceId) -> Option<DynamicSamplingContext> {
        let members = [
            ("trace_id", Some(trace_id.to_string())),
            ("public_key", Some(self.public_key.clone())),
            ("sample_rate", Some(self.sample_rate.to_string())),
            ("sampled", Some(true.to_string())),
            ("environment", self.environment.clone()),
            ("release", self.release.clone()),
        ];
        context_of(members.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?))))
    }
}

/// Returns the received sampling context of a continued trace.
pub(crate) fn sampling_context(cx: &Context) -> Option<DynamicSamplingContext> {
    let upstream = cx.get::<Upstream>().filter(|upstream| upstream.continued)?;
    let members: Vec<_> = upstream.baggage.sentry().collect();
    // Sentry accepts a missing context, but not one without a public key.
    let is_whole = ["trace_id", "public_key"]
        .iter()
        .all(|key| members.iter().any(|(member, _)| member == key));
    is_whole.then(|| context_of(members.into_iter())).flatten()
}

fn context_of(members: impl Iterator<Item = (String, String)>) -> Option<DynamicSamplingContext> {
    let members = members.map(|(key, value)| (key, value.into())).collect();
    serde_json::from_value(serde_json::Value::Object(members)).ok()
}

/// The received values that OpenTelemetry's context cannot hold.
#[derive(Clone, Debug)]
struct Upstream {
    /// The trace is continued; it did not start here.
    continued: bool,
    /// The caller's Sentry sampling decision; `None` if deferred or absent.
    sentry_sampled: Option<bool>,
    baggage: Members,
}

/// Reads and writes trace context for OpenTelemetry and Sentry at once.
///
/// | header | read | written |
/// |---|---|---|
/// | `sentry-trace` | first choice for ids | always |
/// | `traceparent` | ids without a valid `sentry-trace`; OpenTelemetry's sampling when both name the same trace | always |
/// | `tracestate` | when `traceparent` names the trace that is continued | when there is one |
/// | `baggage` | bounded to 64 members, 8192 bytes | unchanged; new Sentry members when the trace starts here |
#[derive(Clone, Debug)]
pub struct Propagator {
    sentry: Option<HeadSampling>,
    fields: [String; 4],
}

impl Propagator {
    /// Creates a propagator. `sentry` is `None` when Sentry is off; its headers are still propagated.
    pub(crate) fn new(sentry: Option<HeadSampling>) -> Self {
        let fields = [SENTRY_TRACE, TRACEPARENT, TRACESTATE, BAGGAGE].map(str::to_owned);
        Self { sentry, fields }
    }

    /// Returns Sentry's sampled flag: the caller's decision, otherwise ours; never set for spans that OpenTelemetry does not record.
    fn sentry_sampled(&self, span: &SpanContext, upstream: Option<&Upstream>) -> bool {
        let decided = upstream.and_then(|upstream| upstream.sentry_sampled);
        let ours = || self.sentry.as_ref().is_none_or(|head| head.samples(span.trace_id()));
        span.is_sampled() && decided.unwrap_or_else(ours)
    }

    fn baggage(&self, span: &SpanContext, upstream: Option<&Upstream>) -> Members {
        match (&self.sentry, upstream) {
            (_, Some(upstream)) if upstream.continued => upstream.baggage.clone(),
            (Some(head), upstream) if span.is_valid() => {
                let mut members = Members::default();
                members.push_sentry("trace_id", &span.trace_id().to_string());
                members.push_sentry("public_key", &head.public_key);
                members.push_sentry("sample_rate", &head.sample_rate.to_string());
                members.push_sentry("sampled", &self.sentry_sampled(span, upstream).to_string());
                if let Some(environment) = &head.environment {
                    members.push_sentry("environment", environment);
                }
                if let Some(release) = &head.release {
                    members.push_sentry("release", release);
                }
                if let Some(upstream) = upstream {
                    members.push_foreign(&upstream.baggage);
                }
                members
            }
            (_, upstream) => {
                // Sentry's members without a trace to continue belong to another trace.
                let mut members = Members::default();
                if let Some(upstream) = upstream {
                    members.push_foreign(&upstream.baggage);
                }
                members
            }
        }
    }
}

impl TextMapPropagator for Propagator {
    fn inject_context(&self, cx: &Context, injector: &mut dyn Injector) {
        let span = cx.span();
        let (span, upstream) = (span.span_context(), cx.get::<Upstream>());
        if span.is_valid() {
            let (trace_id, span_id) = (span.trace_id(), span.span_id());
            let sampled = u8::from(span.is_sampled());
            injector.set(TRACEPARENT, format!("00-{trace_id}-{span_id}-{sampled:02x}"));
            let sampled = u8::from(self.sentry_sampled(span, upstream));
            injector.set(SENTRY_TRACE, format!("{trace_id}-{span_id}-{sampled}"));
            let tracestate = span.trace_state().header();
            if !tracestate.is_empty() {
                injector.set(TRACESTATE, tracestate);
            }
        }
        if let Some(baggage) = self.baggage(span, upstream).header() {
            injector.set(BAGGAGE, baggage.to_owned());
        }
    }

    fn extract_with_context(&self, cx: &Context, extractor: &dyn Extractor) -> Context {
        let sentry = extractor.get(SENTRY_TRACE).and_then(Parent::from_sentry_trace);
        let w3c = extractor.get(TRACEPARENT).and_then(Parent::from_traceparent);
        let baggage = Members::extracted(extractor);
        let Some(parent) = sentry.or(w3c) else {
            return cx.with_value(Upstream {
                continued: false,
                sentry_sampled: None,
                baggage,
            });
        };
        // The same trace in both headers: each SDK gets its own flag, so that Sentry's sample rate does not affect OpenTelemetry.
        let w3c = w3c.filter(|w3c| w3c.trace_id == parent.trace_id);
        let sampled = w3c.or(Some(parent)).and_then(|parent| parent.sampled).unwrap_or(true);
        let state = w3c.map_or_else(TraceState::default, |_| tracestate(extractor));
        let flags = if sampled { TraceFlags::SAMPLED } else { TraceFlags::default() };
        let remote = SpanContext::new(parent.trace_id, parent.span_id, flags, true, state);

        let sentry_sampled = sentry.map_or(Some(sampled), |sentry| sentry.sampled);
        let propagation = sentrys_parent(&remote, sentry_sampled);
        let upstream = Upstream {
            continued: true,
            sentry_sampled,
            baggage,
        };
        cx.with_remote_span_context(remote)
            .with_value(propagation)
            .with_value(upstream)
    }

    fn fields(&self) -> FieldIter<'_> {
        FieldIter::new(&self.fields)
    }
}

/// Returns a context with `parent` as Sentry's parent; the caller's sampling decision is kept.
pub(crate) fn child_context(cx: &Context, parent: &SpanContext) -> Context {
    let sampled = cx.get::<Upstream>().and_then(|upstream| upstream.sentry_sampled);
    cx.with_value(sentrys_parent(parent, sampled))
}

/// Creates a parent in the form that Sentry's span processor reads. Without a decision the sampler decides.
fn sentrys_parent(parent: &SpanContext, sampled: Option<bool>) -> TracePropagationContext {
    let (trace_id, span_id) = (parent.trace_id().to_bytes(), parent.span_id().to_bytes());
    let propagation = TracePropagationContext::new(trace_id.into(), span_id.into());
    match sampled {
        Some(sampled) => propagation.with_sampled(sampled),
        None => propagation,
    }
}

/// Joins all `tracestate` headers; returns an empty one if they are malformed or too long, as the standard requires.
fn tracestate(extractor: &dyn Extractor) -> TraceState {
    let headers = extractor.get_all(TRACESTATE).unwrap_or_default().join(",");
    if headers.len() > TRACESTATE_BYTES_MAX {
        return TraceState::default();
    }
    // The SDK's parser treats a space after a comma as part of the next key.
    let members: Vec<_> = headers
        .split(',')
        .map(str::trim)
        .filter(|member| !member.is_empty())
        .collect();
    TraceState::from_str(&members.join(",")).unwrap_or_default()
}

#[cfg(test)]
mod tests;
