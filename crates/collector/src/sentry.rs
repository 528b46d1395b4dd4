//! The endpoint for Sentry's SDKs: it answers as Sentry does, and converts envelopes.
//!
//! Items take the form of OTLP ([`trace_model::Source::Sentry`]), so that they are kept, searched and shown as all else is:
//!
//! | item | becomes |
//! |---|---|
//! | `transaction` | a span, and the spans that it holds |
//! | `span`, either version | spans |
//! | `event` | a log record `exception`, or `sentry.event` for a message, on the span where it happened; without a trace it is in one of its own, whose id is the event's |
//! | `log` | log records |
//! | `trace_metric` | metrics: a counter is a sum, a distribution a histogram of one value |
//! | `check_in` | counted; in a trace a log record `sentry.check_in` |
//! | `session`, `sessions`, `client_report` | counted; of a report each line is evidence |
//! | any other: `attachment`, `profile`, `replay_recording`, … | counted, with its size |
//!
//! A resource's `service.name` is OpenTelemetry's, where the SDK knows it (`contexts.otel.resource`); else an attribute `service.name`; else a
//! tag `service` or `service.name`; else the public key of the sender's DSN, unless it is `spanfall` or 32 hexadecimal digits, so that
//! `SENTRY_DSN=http://checkout@127.0.0.1:8969/1` names a service; else the release's package (`api@0.1.0`); else the program in
//! `unknown_service:program`; else the platform (`python`).
//!
//! In addition to envelopes it accepts OTLP by Sentry's own route, as Sentry does: these spans are OTLP spans that reached Sentry.
//!
//! Spans of an SDK's own requests to this collector are hidden, unless [`crate::Config::show_uploads`] is set.
//!
//! With a relay ([`crate::Collector::relay_to`]) envelopes to a project's endpoint are forwarded to Sentry unmodified, and
//! Sentry's response is passed back; those to `/stream` are not, since an SDK sends them in addition. The key in the DSN
//! does not authenticate; pages are checked before ([`http_server::Access`]).
//!
//! ```
//! use collector::envelope::Envelope;
//! use collector::sentry::{RequestMeta, read};
//!
//! let envelope = Envelope::parse("{}\n{\"type\":\"event\"}\n{\"message\":\"oops\",\"release\":\"api@1\"}".into())?;
//! let parsed = read(&envelope, RequestMeta::default());
//! let event = parsed.arrival.logs.decode_logs().next().expect("an event");
//! assert_eq!((&*event.service, &*event.event_name), ("api", "sentry.event"));
//! # Ok::<_, collector::envelope::EnvelopeError>(())
//! ```

mod check_in;
mod client_report;
mod draft;
mod endpoint;
mod event;
mod forward;
mod ids;
mod json;
mod log;
mod otlp;
mod read;
mod request;
mod sender;
mod session;
mod sink;
mod span;
#[cfg(test)]
mod testing;
mod time;
mod trace_metric;
mod transaction;
mod value;

pub(crate) use endpoint::{routes, takes};
pub(crate) use forward::{SentryRelay, Spans, follow};
pub use read::read;
pub use sink::{ParsedEnvelope, RequestMeta};
