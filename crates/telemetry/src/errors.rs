//! Sentry: the client, its settings, and what every event and every log of it must say.

use std::borrow::Cow;
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use opentelemetry::trace::TraceContextExt as _;
use opentelemetry::{Context, TraceId};
use sentry::protocol::{self, Event, Log, LogAttribute, TraceContext};
use sentry::types::Dsn;
use sentry::{ClientInitGuard, ClientOptions, Transport, TransportFactory, TransportOptions};

use crate::operations::Operations;
use crate::propagation::SentryHead;
use crate::transport::Sender;
use crate::{Error, FLUSH, Service, environment, resource};

/// How long one envelope may take; Sentry's own client waits for ever.
const ENVELOPE: Duration = Duration::from_secs(5);

/// What the `SENTRY_*` variables say.
pub(crate) struct Settings {
    dsn: Dsn,
    pub(crate) head: SentryHead,
    service: Service,
}

impl Settings {
    /// `None` when there is no `SENTRY_DSN`: Sentry is off.
    pub(crate) fn from_env(service: Service) -> Result<Option<Self>, Error> {
        let Some(dsn) = environment::value("SENTRY_DSN") else {
            return Ok(None);
        };
        let dsn: Dsn = dsn
            .trim()
            .parse()
            .map_err(|_| environment::bad("SENTRY_DSN", "is not a DSN: expected http[s]://<public key>@<host>/<project>"))?;
        let release = || format!("{}@{}", service.name, service.version);
        let head = SentryHead {
            public_key: dsn.public_key().to_owned(),
            environment: environment::value("SENTRY_ENVIRONMENT"),
            release: Some(environment::value("SENTRY_RELEASE").unwrap_or_else(release)),
            sample_rate: sample_rate()?,
        };
        Ok(Some(Self { dsn, head, service }))
    }

    /// Starts the client. It sends on a thread of its own, and drops envelopes when its queue is full.
    pub(crate) fn init(&self) -> ClientInitGuard {
        let head = self.head.clone();
        let name = resource::service_name(self.service);
        let mut options = ClientOptions::new()
            .maybe_release(head.release.clone().map(Cow::Owned))
            .send_default_pii(false)
            .shutdown_timeout(FLUSH)
            .transport(InTime {
                head: self.head.clone(),
                loopback: matches!(self.dsn.host(), "localhost" | "127.0.0.1" | "[::1]"),
            })
            .before_send(|event| Some(of_current_trace(event)))
            .before_send_log(move |log| of_current_span(log, &name))
            .traces_sampler(move |started| {
                // Its bytes are private to the SDK, its text is not.
                let trace_id = || TraceId::from_hex(&started.trace_id().to_string()).unwrap_or(TraceId::INVALID);
                let ours = || head.samples(trace_id());
                f32::from(u8::from(started.sampled().unwrap_or_else(ours)))
            });
        options.dsn = Some(self.dsn.clone());
        options.environment = self.head.environment.clone().map(Cow::Owned);
        sentry::init(options)
    }
}

/// Sentry's own transport over a client that gives up.
struct InTime {
    head: SentryHead,
    /// Sentry is on this machine, where no proxy can reach it.
    loopback: bool,
}

impl TransportFactory for InTime {
    fn create_transport_with_options(&self, options: TransportOptions) -> Arc<dyn Transport> {
        let builder = http_client::builder().timeout(ENVELOPE);
        let builder = if self.loopback { builder.no_proxy() } else { builder };
        // It fails where there is no TLS at all; then a client by default would panic.
        let client = builder.build().unwrap_or_default();
        Arc::new(Operations {
            head: self.head.clone(),
            transport: Sender::new(options, client),
        })
    }
}

/// Flushes and ends the client, for as long as that may take and no longer.
///
/// On a thread of its own: asking for the flush waits for a place in a full queue, and ending waits for the envelope that is on
/// its way, neither of them with an end when Sentry does not answer.
pub(crate) fn close(client: ClientInitGuard) {
    let (closed, done) = mpsc::channel();
    let closing = thread::Builder::new().name("sentry-close".to_owned()).spawn(move || {
        drop(client);
        let _ = closed.send(());
    });
    if closing.is_ok() {
        let _ = done.recv_timeout(FLUSH);
    }
}

fn sample_rate() -> Result<f32, Error> {
    const NAME: &str = "SENTRY_TRACES_SAMPLE_RATE";
    let Some(rate) = environment::value(NAME) else {
        return Ok(1.0);
    };
    let rate: Option<f32> = rate.trim().parse().ok();
    rate.filter(|rate| (0.0..=1.0).contains(rate))
        .ok_or_else(|| environment::bad(NAME, "is not a number from 0 to 1"))
}

/// Puts an error event on the trace it happened in.
///
/// The span processor does so as well, but only for spans it knows, and it does not know those that are not sampled: their errors
/// would land on a trace id that nobody else uses.
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

/// Whether what is logged now is logged in a span.
pub(crate) fn within_span() -> bool {
    Context::map_current(|cx| cx.span().span_context().is_valid())
}

/// Puts a log on the span it was written in, and says whose it is.
///
/// By itself it would have a trace id of the process's own: the one that Sentry knows of is not in its scope but in OpenTelemetry's
/// context. One outside of all spans is not sent: each log must have a trace, and it would make one of its own up.
pub(crate) fn of_current_span(mut log: Log, service: &str) -> Option<Log> {
    let span = Context::map_current(|cx| cx.span().span_context().clone());
    if !span.is_valid() {
        return None;
    }
    let mut put = |key: &str, value: String| log.attributes.insert(key.to_owned(), LogAttribute::from(value));
    put("service.name", service.to_owned());
    // The protocol has a member for it by now, the SDK's type has not; this is how it was said before, and is understood still.
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
    fn a_log_takes_the_span_it_was_written_in_and_is_not_sent_outside_of_all() {
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
        // Not sampled: the log is not the span, it goes all the same.
        let span = SpanContext::new(trace_id, span_id, TraceFlags::default(), false, TraceState::NONE);
        let _within = Context::new().with_remote_span_context(span).attach();
        let within = of_current_span(log(), "api").expect("a log");
        assert_eq!(text(&within, "service.name").as_deref(), Some("api"));
        assert_eq!(within.trace_id.map(|id| id.to_string()), Some(trace_id.to_string()));
        assert_eq!(text(&within, "sentry.trace.parent_span_id"), Some(span_id.to_string()));
    }
}
