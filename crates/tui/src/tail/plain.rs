//! A span as a line of text.

use jiff::tz::TimeZone;
use trace_model::{LogRecord, Severity, Span};

use app::format;
use app::text::clean;

pub(super) fn line(span: &Span, zone: &TimeZone) -> String {
    let duration = span.end_unix_nano.map_or_else(
        || "…".to_owned(),
        |end| milliseconds(end.saturating_sub(span.start_unix_nano)),
    );
    let line = format!(
        "{}  {:.8}  {:<12}  {}  {}  {duration}  {}",
        time_of_day(span.start_unix_nano, zone),
        span.trace_id,
        or_dash(format::service(&span.service)),
        or_dash(&span.name),
        span.kind.name(),
        span.status.name(),
    );
    if span.status_message.is_empty() {
        line
    } else {
        format!("{line}: {}", clean(&span.status_message))
    }
}

/// Formats a log record: severity and text take the positions of a span's name and kind.
pub(super) fn log_line(log: &LogRecord, title: &str, zone: &TimeZone) -> String {
    let trace = log
        .trace_id
        .map_or_else(|| "-".to_owned(), |trace_id| format!("{trace_id:.8}"));
    let severity = match (log.severity_text.as_str(), log.severity) {
        ("", Severity::Unspecified) => "log",
        ("", severity) => severity.name(),
        (text, _) => text,
    };
    format!(
        "{}  {trace:<8}  {:<12}  {}  {}",
        time_of_day(log.time_unix_nano, zone),
        or_dash(format::service(&log.service)),
        clean(severity),
        or_dash(title),
    )
}

fn or_dash(text: &str) -> std::borrow::Cow<'_, str> {
    if text.is_empty() { "-".into() } else { clean(text) }
}

/// Formats nanoseconds as milliseconds: one unit for all lines, since they are compared, and sorted by other programs.
fn milliseconds(nano: u64) -> String {
    format!("{}.{:03} ms", nano / 1_000_000, nano / 1_000 % 1_000)
}

fn time_of_day(unix_nano: u64, zone: &TimeZone) -> String {
    let moment = jiff::Timestamp::from_nanosecond(i128::from(unix_nano));
    moment.map_or_else(
        |_| "--:--:--.---".to_owned(),
        |moment| moment.to_zoned(zone.clone()).strftime("%H:%M:%S%.3f").to_string(),
    )
}

#[cfg(test)]
mod tests {
    use trace_model::{Scope, Source, SpanKind, StatusCode};

    use super::*;

    fn span() -> Span {
        Span {
            trace_id: "0af7651916cd43dd8448eb211c80319c".parse().unwrap(),
            span_id: "b7ad6b7169203331".parse().unwrap(),
            parent_span_id: None,
            service: "api".to_owned(),
            name: "POST /reset".to_owned(),
            kind: SpanKind::Server,
            start_unix_nano: 1_700_000_000_123_456_789,
            end_unix_nano: Some(1_700_000_000_135_806_789),
            status: StatusCode::Unset,
            status_message: String::new(),
            trace_state: String::new(),
            attributes: Vec::new(),
            events: Vec::new(),
            links: Vec::new(),
            resource: Vec::new(),
            resource_schema_url: String::new(),
            scope: Scope::default(),
            source: Source::OtlpGrpc,
            dropped: 0,
            is_cut: false,
        }
    }

    #[test]
    fn span_line_has_all_fields() {
        let expected = "22:13:20.123  0af76519  api           POST /reset  server  12.350 ms  unset";
        assert_eq!(line(&span(), &TimeZone::UTC), expected);
    }

    #[test]
    fn programs_without_a_service_name_are_named_as_on_the_screen() {
        let span = Span {
            service: "unknown_service:python".to_owned(),
            ..span()
        };
        assert!(line(&span, &TimeZone::UTC).contains("  python        POST"));
    }

    #[test]
    fn span_line_is_printable_for_any_text() {
        let everything: String = ('\0'..=char::MAX).collect();
        let span = Span {
            service: everything.clone(),
            name: everything.clone(),
            status_message: everything.clone(),
            ..span()
        };
        let plain = line(&span, &TimeZone::UTC);
        assert_eq!(plain.matches(&*clean(&everything)).count(), 3);
        assert!(plain.chars().all(app::text::is_printable));
        let json = trace_files::json_lines::span_line(&span).unwrap();
        assert!(json.chars().all(app::text::is_printable));
        let read: serde_json::Value = serde_json::from_str(&json).unwrap();
        assert_eq!(read["name"], everything, "JSON stays whole");
    }

    #[test]
    fn span_line_marks_missing_and_invalid_fields() {
        let status_message = "no\nqueue\u{1b}[2J".to_owned();
        let span = Span {
            service: String::new(),
            name: "\u{202e}x".to_owned(),
            end_unix_nano: None,
            status: StatusCode::Error,
            status_message,
            ..span()
        };
        let expected = "22:13:20.123  0af76519  -             ·x  server  …  error: no␊queue␛[2J";
        assert_eq!(line(&span, &TimeZone::UTC), expected);
        let backwards = Span {
            end_unix_nano: Some(1),
            start_unix_nano: u64::MAX,
            ..self::span()
        };
        assert!(line(&backwards, &TimeZone::UTC).contains("  0.000 ms  "));
    }
}
