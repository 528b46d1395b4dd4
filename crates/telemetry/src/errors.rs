//! The Sentry client, its settings, and the trace of its events and logs.

use std::borrow::Cow;
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use opentelemetry::trace::TraceContextExt as _;
use opentelemetry::{Context, TraceId};
use sentry::protocol::{self, Event, Log, LogAttribute, TraceContext};
use sentry::types::Dsn;
use sentry::{ClientInitGuard, ClientOptions, Transport, TransportFactory, TransportOptions};

use crate::propagation::HeadSampling;
use crate::sentry_op::OpTransport;
use crate::transport::EnvelopeSender;
use crate::{Error, FLUSH_TIMEOUT, Service, environment, resource};

/// The timeout of one envelope; Sentry's own client has none.
const ENVELOPE_TIMEOUT: Duration = Duration::from_secs(5);

/// The settings from the `SENTRY_*` variables.
pub(crate) struct Settings {
    dsn: Dsn,
    pub(crate) head: HeadSampling,
    service: Service,
}

impl Settings {
    /// Parses the variables; returns `None` without a `SENTRY_DSN`: Sentry is off.
    pub(crate) fn from_env(service: Service) -> Result<Option<Self>, Error> {
        let Some(dsn) = environment::value("SENTRY_DSN") else {
            return Ok(None);
        };
        let dsn: Dsn = dsn.trim().parse().map_err(|_| {
            environment::bad(
                "SENTRY_DSN",
                "is not a valid DSN (expected http[s]://<public key>@<host>/<project>)",
            )
        })?;
        let release = || format!("{}@{}", service.name, service.version);
        let head = HeadSampling {
            public_key: dsn.public_key().to_owned(),
            environment: environment::value("SENTRY_ENVIRONMENT"),
            release: Some(environment::value("SENTRY_RELEASE").unwrap_or_else(release)),
            sample_rate: sample_rate()?,
        };
        Ok(Some(Self { dsn, head, service }))
    }

    /// Starts the client. It sends on its own thread, and drops envelopes when its queue is full.
    pub(crate) fn init(&self) -> ClientInitGuard {
        let head = self.head.clone();
        let name = resource::service_name(self.service);
        let mut options = ClientOptions::new()
            .maybe_release(head.release.clone().map(Cow::Owned))
            .send_default_pii(false)
            .shutdown_timeout(FLUSH_TIMEOUT)
            .transport(TransportWithTimeout {
                head: self.head.clone(),
                loopback: matches!(self.dsn.host(), "localhost" | "127.0.0.1" | "[::1]"),
            })
            .before_send(|event| Some(of_current_trace(event)))
            .before_send_log(move |log| of_current_span(log, &name))
            .traces_sampler(move |started| {
                // The bytes of a trace id are private to the SDK, its text is not.
                let trace_id = || TraceId::from_hex(&started.trace_id().to_string()).unwrap_or(TraceId::INVALID);
                let ours = || head.samples(trace_id());
                f32::from(u8::from(started.sampled().unwrap_or_else(ours)))
            });
        options.dsn = Some(self.dsn.clone());
        options.environment = self.head.environment.clone().map(Cow::Owned);
        sentry::init(options)
    }
}

/// The factory of a transport with a timeout.
struct TransportWithTimeout {
    head: HeadSampling,
    /// Sentry is on this machine, so no proxy is used.
    loopback: bool,
}

impl TransportFactory for TransportWithTimeout {
    fn create_transport_with_options(&self, options: TransportOptions) -> Arc<dyn Transport> {
        let builder = http_client::builder().timeout(ENVELOPE_TIMEOUT);
        let builder = if self.loopback { builder.no_proxy() } else { builder };
        // Building fails without TLS support; the default client would panic then.
        let client = builder.build().unwrap_or_default();
        Arc::new(OpTransport {
            head: self.head.clone(),
            transport: EnvelopeSender::new(options, client),
        })
    }
}

/// Flushes and closes the client within the flush timeout.
///
/// On its own thread: the flush blocks on a full queue, and the close on the envelope in flight, both without
/// a limit if Sentry does not respond.
pub(crate) fn close(client: ClientInitGuard) {
    let (closed, done) = mpsc::channel();
    let closing = thread::Builder::new().name("sentry-close".to_owned()).spawn(move || {
        drop(client);
        let _ = closed.send(());
    });
    if closing.is_ok() {
        let _ = done.recv_timeout(FLUSH_TIMEOUT);
    }
}

fn sample_rate() -> Result<f32, Error> {
    const NAME: &str = "SENTRY_TRACES_SAMPLE_RATE";
    let Some(rate) = environment::value(NAME) else {
        return Ok(1.0);
    };
    let rate: Option<f32> = rate.trim().parse().ok();
    rate.filter(|rate| (0.0..=1.0).contains(rate))
        .ok_or_else(|| environment::bad(NAME, "is invalid (expected a number from 0 to 1)"))
}

/// Sets the trace of an error event.
///
/// The span processor does so too, but not for unsampled spans: their errors
/// would get an unrelated trace id.
pub(crate) fn of_current_trace(mut event: Event<'static>) -> Event<'static> {
    Context::map_current(|cx| {
        let span = cx.span();
        let span = span.span_context();
        if !span.is_valid() {
            return;
        }
        let (trace_id, span_id) = (span.trace_id().to_bytes().into(), span.span_id().to_bytes().into());
        match event.contexts.get_mut("trace") {
            Some(protocol::Context::Trace(trace)) if trace.span_id == span_id => trace.trace_id = trace_id,
            _ => {
                let trace = TraceContext {
                    trace_id,
                    span_id,
                    ..TraceContext::default()
                };
                event.contexts.insert("trace".to_owned(), trace.into());
            }
        }
    });
    event
}

/// Returns `true` inside of a span.
pub(crate) fn within_span() -> bool {
    Context::map_current(|cx| cx.span().span_context().is_valid())
}

/// Sets the span and the service of a log; returns `None` outside of all spans.
///
/// By default a log has the trace id of Sentry's scope, which is one per process: the real one is in OpenTelemetry's
/// context. A log outside of all spans is not sent, because it would be put on a made-up trace.
pub(crate) fn of_current_span(mut log: Log, service: &str) -> Option<Log> {
    let span = Context::map_current(|cx| cx.span().span_context().clone());
    if !span.is_valid() {
        return None;
    }
    let mut put = |key: &str, value: String| log.attributes.insert(key.to_owned(), LogAttribute::from(value));
    put("service.name", service.to_owned());
    // The protocol has a newer member for it, which the SDK's type lacks; the older attribute is still supported.
    put("sentry.trace.parent_span_id", span.span_id().to_string());
    log.trace_id = Some(span.trace_id().to_bytes().into());
    Some(log)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::time::SystemTime;

    use opentelemetry::trace::{SpanContext, SpanId, TraceFlags, TraceState};
    use sentry::protocol::LogLevel;

    use super::*;

    #[test]
    fn log_has_its_span_and_is_not_sent_outside_of_spans() {
        let log = || Log {
            level: LogLevel::Info,
            body: "said".to_owned(),
            trace_id: Some([3; 16].into()),
            timestamp: SystemTime::UNIX_EPOCH,
            severity_number: None,
            attributes: BTreeMap::new(),
        };
        let text = |log: &Log, key: &str| log.attributes.get(key).and_then(|value| value.0.as_str().map(str::to_owned));
        assert!(of_current_span(log(), "api").is_none());

        let (trace_id, span_id) = (TraceId::from(7), SpanId::from(9));
        // A log of an unsampled span is sent.
        let span = SpanContext::new(trace_id, span_id, TraceFlags::default(), false, TraceState::NONE);
        let _within = Context::new().with_remote_span_context(span).attach();
        let within = of_current_span(log(), "api").expect("a log");
        assert_eq!(text(&within, "service.name").as_deref(), Some("api"));
        assert_eq!(within.trace_id.map(|id| id.to_string()), Some(trace_id.to_string()));
        assert_eq!(text(&within, "sentry.trace.parent_span_id"), Some(span_id.to_string()));
    }
}
