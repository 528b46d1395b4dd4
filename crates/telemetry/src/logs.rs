//! The log: one flat JSON object per line on standard output, with the ids of the current span.

use std::fmt;

use opentelemetry::Context;
use opentelemetry::trace::TraceContextExt as _;
use serde::Serialize;
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::{FormatTime as _, SystemTime};
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

use crate::{Error, environment};

/// Libraries that are off unless named in `RUST_LOG`: the AMQP client also logs the errors it returns, and the SDK
/// logs each failed batch, where this crate logs one line per outage.
const QUIET_LIBRARIES: [&str; 2] = ["lapin", "opentelemetry"];

/// The reserved keys of a log line: a field of the same name is prefixed.
const RESERVED_KEYS: [&str; 5] = ["timestamp", "level", "target", "trace_id", "span_id"];

pub(crate) fn filter() -> Result<Targets, Error> {
    let directives = environment::value("RUST_LOG");
    log_filter::parse(&directives_of(directives.as_deref()))
        .map_err(|error| environment::bad("RUST_LOG", format!("is not a valid filter: {error}")))
}

fn directives_of(asked: Option<&str>) -> String {
    let asked = asked.unwrap_or("info");
    let quiet = QUIET_LIBRARIES.iter().filter(|library| !asked.contains(**library));
    quiet.fold(asked.to_owned(), |directives, library| format!("{directives},{library}=off"))
}

/// Writes to standard output. Errors are ignored: a service outlives the reader of its log.
pub(crate) fn layer<S>() -> impl Layer<S>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    tracing_subscriber::fmt::layer()
        .event_format(JsonLine)
        // JSON escapes C0 controls only.
        .with_writer(|| printable::LineWriter(std::io::stdout()))
        .log_internal_errors(false)
}

struct JsonLine;

impl<S, N> FormatEvent<S, N> for JsonLine
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(&self, _: &FmtContext<'_, S, N>, mut writer: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        let mut timestamp = String::new();
        SystemTime.format_time(&mut Writer::new(&mut timestamp))?;
        let metadata = event.metadata();
        let mut line = Line(String::with_capacity(256));
        line.put("timestamp", &timestamp);
        line.put("level", metadata.level().as_str());
        line.put("target", metadata.target());
        event.record(&mut line);
        Context::map_current(|cx| {
            let span = cx.span();
            let span = span.span_context();
            if span.is_valid() {
                line.put("trace_id", span.trace_id().to_string());
                line.put("span_id", span.span_id().to_string());
            }
        });
        writeln!(writer, "{{{}}}", line.0)
    }
}

/// The members of a JSON object.
struct Line(String);

impl Line {
    fn put(&mut self, key: &str, value: impl Serialize) {
        // Cannot fail: keys are strings, and values are strings, numbers or booleans.
        let (Ok(key), Ok(value)) = (serde_json::to_string(key), serde_json::to_string(&value)) else {
            return;
        };
        let comma = if self.0.is_empty() { "" } else { "," };
        self.0.extend([comma, &key, ":", &value]);
    }

    fn field(&mut self, field: &Field, value: impl Serialize) {
        let name = field.name();
        if RESERVED_KEYS.contains(&name) {
            self.put(&format!("field.{name}"), value);
        } else {
            self.put(name, value);
        }
    }
}

impl Visit for Line {
    fn record_bool(&mut self, field: &Field, value: bool) {
        self.field(field, value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.field(field, value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.field(field, value);
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.field(field, value);
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.field(field, value);
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.field(field, format!("{value:?}"));
    }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::{Arc, Mutex};

    use opentelemetry::trace::{SpanContext, SpanId, TraceFlags, TraceId, TraceState};
    use serde_json::{Value, json};
    use tracing_subscriber::prelude::*;

    use super::*;

    #[derive(Clone, Default)]
    struct Output(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Output {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn logged(log: impl FnOnce()) -> Value {
        let output = Output::default();
        let writer = output.clone();
        let layer = tracing_subscriber::fmt::layer()
            .event_format(JsonLine)
            .with_writer(move || writer.clone());
        tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), log);
        let bytes = output.0.lock().unwrap().clone();
        let text = String::from_utf8(bytes).unwrap();
        assert_eq!(text.lines().count(), 1, "one line");
        serde_json::from_str(&text).unwrap()
    }

    #[test]
    fn log_fields_are_flat_and_typed() {
        let line = logged(|| tracing::info!(ready = true, count = 3, level = "mine", "said \"this\"\nand that"));
        assert_eq!(line["message"], "said \"this\"\nand that");
        assert_eq!(line["ready"], json!(true));
        assert_eq!(line["count"], json!(3));
        assert_eq!(line["level"], "INFO");
        assert_eq!(line["field.level"], "mine");
        assert!(line["timestamp"].is_string() && line["target"].is_string());
        assert!(line.get("trace_id").is_none(), "outside of a span there are no ids");
    }

    #[test]
    fn noisy_libraries_are_off_unless_named() {
        assert_eq!(directives_of(None), "info,lapin=off,opentelemetry=off");
        assert_eq!(directives_of(Some("debug")), "debug,lapin=off,opentelemetry=off");
        assert_eq!(
            directives_of(Some("warn,opentelemetry_sdk=debug")),
            "warn,opentelemetry_sdk=debug,lapin=off"
        );
    }

    #[test]
    fn log_line_names_its_span() {
        let span = SpanContext::new(
            TraceId::from(7),
            SpanId::from(9),
            TraceFlags::SAMPLED,
            false,
            TraceState::default(),
        );
        let line = logged(|| {
            let _guard = Context::new().with_remote_span_context(span).attach();
            tracing::warn!("here");
        });
        assert_eq!(line["trace_id"], "00000000000000000000000000000007");
        assert_eq!(line["span_id"], "0000000000000009");
    }
}
