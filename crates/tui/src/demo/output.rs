//! Formats a process' line of output.

use serde_json::Value;

use app::OutputLine;
use app::text::shown;

/// Fields that have a position of their own, or are not shown.
const KNOWN: [&str; 5] = ["timestamp", "level", "target", "message", "span_id"];

/// Reads a JSON log line (see [`lifecycle`]) into `message  field=value …`; any other line stays as it is.
pub(super) fn line(service: &'static str, line: &str) -> OutputLine {
    let Ok(Value::Object(record)) = serde_json::from_str(line) else {
        return OutputLine {
            service,
            level: String::new(),
            text: shown(line),
        };
    };
    let text = |name: &str| record.get(name).and_then(Value::as_str).unwrap_or_default();
    let mut said = text("message").to_owned();
    for (name, value) in record.iter().filter(|(name, _)| !KNOWN.contains(&name.as_str())) {
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        said.extend(["  ", name, "=", &value]);
    }
    OutputLine {
        service,
        level: shown(text("level")),
        text: shown(&said),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn log_records_are_formatted() {
        let read = line(
            "api",
            r#"{"timestamp":"t","level":"WARN","message":"no queue","retry_after":2,"trace_id":"ab"}"#,
        );
        assert_eq!(
            (read.level.as_str(), read.text.as_str()),
            ("WARN", "no queue  retry_after=2  trace_id=ab")
        );
    }

    #[test]
    fn lines_that_are_not_json_are_kept_without_escape_sequences() {
        assert!(!line("api", "\u{1b}[2Jpanic").text.contains('\u{1b}'));
        assert!(!line("api", "{\"message\":\"\\u001b[2J\"}").text.contains('\u{1b}'));
    }
}
