//! An error event, read back from the log record that it is kept as.

mod breadcrumb;
mod exception;
mod values;

use super::{EXCEPTION, Gravity, is_error_event, is_exception_key};
use crate::{Attribute, Event, LogRecord, Severity, Source, SpanId, TraceId, Value};
pub use breadcrumb::Breadcrumb;
pub use exception::{Exception, Frame};
use values::{array, below, text};

/// A reported error or message: an event of Sentry, or an exception in an OTLP log record.
///
/// Missing values are `None` or empty. All texts are the sender's.
#[derive(Clone, Debug, PartialEq)]
pub struct ErrorEvent {
    /// One line that names it: `Type: value` of the exception, else the message.
    pub title: String,
    /// The trace in which it happened.
    pub trace_id: Option<TraceId>,
    /// The span in which it happened.
    pub span_id: Option<SpanId>,
    /// Nanoseconds since the Unix epoch.
    pub unix_nano: u64,
    /// Severity.
    pub level: Severity,
    /// Sentry's id of it: 32 hexadecimal digits.
    pub event_id: Option<String>,
    /// Name of the route or task.
    pub transaction: Option<String>,
    /// Logger that reported it.
    pub logger: Option<String>,
    /// Release of the program: `service.version` of the resource.
    pub release: Option<String>,
    /// Environment of the program: `deployment.environment.name` of the resource.
    pub environment: Option<String>,
    /// Message in addition to the exception.
    pub message: Option<String>,
    /// Exceptions, the last one first; its causes follow.
    pub exceptions: Vec<Exception>,
    /// The stack trace as text, from senders without another form.
    pub stacktrace: Option<String>,
    /// Earlier events, oldest first.
    pub breadcrumbs: Vec<Breadcrumb>,
    /// Tags by their names.
    pub tags: Vec<Attribute>,
    /// Attributes of the user: `id`, `email`, `ip_address`, …
    pub user: Vec<Attribute>,
    /// The HTTP request in which it happened: `method`, `url`, `headers.…`, …
    pub request: Vec<Attribute>,
    /// Contexts: `os.name`, `runtime.version`, …
    pub contexts: Vec<Attribute>,
    /// Data added by the program.
    pub extra: Vec<Attribute>,
}

impl ErrorEvent {
    /// Reads a log record; `None` if it is not an error event.
    #[must_use]
    pub fn of(log: &LogRecord) -> Option<Self> {
        let has_exception = || {
            log.attributes
                .iter()
                .any(|attribute| is_exception_key(attribute.key.as_bytes()))
        };
        let is_logged_exception = log.source != Source::Sentry && !log.severity.is_mild() && has_exception();
        if !is_error_event(log.event_name.as_bytes()) && !is_logged_exception {
            return None;
        }
        let text = |key| text(&log.attributes, key);
        let mut exceptions: Vec<_> = array(&log.attributes, "sentry.exceptions")
            .iter()
            .map(Exception::of)
            .collect();
        exceptions.reverse();
        if exceptions.is_empty() && (log.event_name == EXCEPTION || is_logged_exception) {
            exceptions.push(Exception {
                type_name: text("exception.type").unwrap_or_default(),
                value: text("exception.message").unwrap_or_default(),
                ..Exception::default()
            });
        }
        let thrown = exceptions.iter().find(|exception| exception.has_name());
        let title = match &log.body {
            Value::String(body) if !body.is_empty() => body.clone(),
            _ => thrown.map(Exception::title).unwrap_or_default(),
        };
        Some(Self {
            title,
            trace_id: log.trace_id,
            span_id: log.span_id,
            unix_nano: log.time_unix_nano,
            level: log.severity,
            event_id: text("sentry.event_id"),
            transaction: text("sentry.transaction"),
            logger: text("sentry.logger"),
            release: release(&log.resource),
            environment: environment(&log.resource),
            message: text("sentry.message"),
            stacktrace: text("exception.stacktrace"),
            breadcrumbs: array(&log.attributes, "sentry.breadcrumbs")
                .iter()
                .map(Breadcrumb::of)
                .collect(),
            tags: below(&log.attributes, "tags."),
            user: below(&log.attributes, "user."),
            request: below(&log.attributes, "request."),
            contexts: below(&log.attributes, "contexts."),
            extra: below(&log.attributes, "extra."),
            exceptions,
        })
    }

    /// Returns an exception event of a span with this resource in the form of the others.
    #[must_use]
    pub fn of_exception(event: &Event, trace_id: TraceId, span_id: Option<SpanId>, resource: &[Attribute]) -> Self {
        let text = |key| text(&event.attributes, key);
        let thrown = Exception {
            type_name: text("exception.type").unwrap_or_default(),
            value: text("exception.message").unwrap_or_default(),
            ..Exception::default()
        };
        Self {
            title: thrown.title(),
            trace_id: Some(trace_id),
            span_id,
            unix_nano: event.time_unix_nano,
            level: Severity::Unspecified,
            event_id: None,
            transaction: None,
            logger: None,
            release: release(resource),
            environment: environment(resource),
            message: None,
            stacktrace: text("exception.stacktrace"),
            breadcrumbs: Vec::new(),
            tags: Vec::new(),
            user: Vec::new(),
            request: Vec::new(),
            contexts: Vec::new(),
            extra: Vec::new(),
            exceptions: vec![thrown],
        }
    }

    /// Returns how grave it is, whatever became of its span.
    #[must_use]
    pub fn gravity(&self) -> Gravity {
        let thrown = self.exceptions.first();
        Gravity::of(self.level, thrown.is_some_and(|thrown| thrown.handled == Some(true)))
    }

    /// Returns true if any call is known to be the program's own.
    #[must_use]
    pub fn has_in_app_frames(&self) -> bool {
        self.exceptions
            .iter()
            .any(|exception| exception.in_app_frames().next().is_some())
    }
}

fn release(resource: &[Attribute]) -> Option<String> {
    text(resource, "service.version")
}

/// The name of the attribute in the conventions, and its former one.
fn environment(resource: &[Attribute]) -> Option<String> {
    text(resource, "deployment.environment.name").or_else(|| text(resource, "deployment.environment"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Scope, Source};

    fn log(event_name: &str, body: Value, attributes: Vec<Attribute>) -> LogRecord {
        LogRecord {
            trace_id: None,
            span_id: None,
            service: String::new(),
            time_unix_nano: 7,
            severity: Severity::Error,
            severity_text: String::new(),
            event_name: event_name.to_owned(),
            body,
            attributes,
            resource_schema_url: String::new(),
            resource: Vec::new(),
            scope: Scope::default(),
            source: Source::Sentry,
            dropped: 0,
            is_cut: false,
        }
    }

    fn attribute(key: &str, value: Value) -> Attribute {
        Attribute {
            key: key.to_owned(),
            value,
        }
    }

    fn string(text: &str) -> Value {
        Value::String(text.to_owned())
    }

    #[test]
    fn records_that_are_not_error_events_are_ignored() {
        assert_eq!(ErrorEvent::of(&log("", string("hello"), Vec::new())), None);
        assert_eq!(ErrorEvent::of(&log("sentry.check_in", string("hello"), Vec::new())), None);
        let message = ErrorEvent::of(&log("sentry.event", string("hello"), Vec::new())).expect("an event");
        assert_eq!(
            (&*message.title, message.unix_nano, message.exceptions.len()),
            ("hello", 7, 0)
        );
    }

    #[test]
    fn last_exception_and_last_call_come_first() {
        let frame = |name: &str, in_app| {
            Value::Map(vec![
                attribute("function", string(name)),
                attribute("lineno", Value::Int(3)),
                attribute("in_app", Value::Bool(in_app)),
            ])
        };
        let exception = |name: &str, frames| {
            Value::Map(vec![
                attribute("type", string(name)),
                attribute("handled", Value::Bool(false)),
                attribute("frames", Value::Array(frames)),
            ])
        };
        let exceptions = vec![
            exception("Cause", Vec::new()),
            exception(
                "Thrown",
                vec![frame("main", true), frame("work", true), frame("library", false)],
            ),
        ];
        let attributes = vec![attribute("sentry.exceptions", Value::Array(exceptions))];
        let event = ErrorEvent::of(&log("exception", Value::Empty, attributes)).expect("an event");
        assert_eq!(event.title, "Thrown");
        let names: Vec<_> = event.exceptions.iter().map(|exception| &*exception.type_name).collect();
        assert_eq!(names, ["Thrown", "Cause"]);
        let thrown = &event.exceptions[0];
        let functions = |frames: Vec<&Frame>| {
            frames
                .iter()
                .map(|frame| frame.function.clone().expect("a name"))
                .collect::<Vec<_>>()
        };
        assert_eq!(functions(thrown.frames.iter().collect()), ["library", "work", "main"]);
        assert_eq!(functions(thrown.in_app_frames().collect()), ["work", "main"]);
        assert_eq!((thrown.handled, thrown.frames[0].lineno), (Some(false), Some(3)));
        assert!(event.has_in_app_frames());
    }

    /// OpenTelemetry's own convention for exceptions in logs.
    #[test]
    fn opentelemetry_exception_is_an_error_event() {
        let attributes = vec![
            attribute("exception.type", string("IOError")),
            attribute("exception.message", string("gone")),
            attribute("exception.stacktrace", string("at main")),
        ];
        let event = ErrorEvent::of(&log("exception", Value::Empty, attributes)).expect("an event");
        assert_eq!(
            (&*event.title, event.stacktrace.as_deref()),
            ("IOError: gone", Some("at main"))
        );
        assert_eq!(event.exceptions[0].value, "gone");
    }

    #[test]
    fn values_of_other_types_are_as_good_as_absent() {
        let attributes = vec![
            attribute("sentry.event_id", Value::Int(7)),
            attribute("sentry.exceptions", Value::Array(vec![Value::Empty, string("x")])),
            attribute(
                "sentry.breadcrumbs",
                Value::Array(vec![Value::Bool(true), Value::Map(vec![attribute("data", Value::Int(1))])]),
            ),
            attribute("tags.a", Value::Int(1)),
            attribute("contexts.os.name", string("Linux")),
        ];
        let event = ErrorEvent::of(&log("exception", string("x"), attributes)).expect("an event");
        assert_eq!(
            (event.event_id, event.exceptions.len(), event.breadcrumbs.len()),
            (None, 2, 2)
        );
        assert_eq!(event.tags, [attribute("a", Value::Int(1))]);
        assert_eq!(event.contexts, [attribute("os.name", string("Linux"))]);
    }
}
