//! A trace as a waterfall of 80 columns, for a terminal, a chat or a log of CI: no color, and no queries of URLs.

use std::collections::HashSet;
use std::io::{self, Write};
use std::time::{SystemTime, UNIX_EPOCH};

use query::CrossCheck;
use trace_model::{Event, Span, SpanNode, SpanSubject, StatusCode, Store};

use crate::inspect::{Trace, heading, traces};
use crate::tail::title;
use app::text::clean;
use app::{format, redacted};

/// Columns of a line.
const COLUMNS: usize = 80;
/// Columns of a label in the heading, such as `critical path`.
const LABEL: usize = 17;
/// Columns of the marks, the name, the bar and the duration; with spaces [`COLUMNS`].
const NAME: usize = 43;
const BAR: usize = 24;
const DURATION: usize = 8;
/// Levels that are indented.
const DEPTH_MAX: usize = 10;
/// Spans that are printed.
const ROWS_MAX: usize = 500;
/// Errors that are printed.
const ERRORS_MAX: usize = 20;
/// Characters of an error's message.
const MESSAGE_MAX: usize = 200;

/// Prints the traces of a store. One that has log records alone is a line that names the command for these.
pub(super) fn print(store: &Store, cross_check: Option<&CrossCheck>, mut out: impl Write) -> io::Result<()> {
    for trace in traces(store) {
        for line in lines(store, &trace, cross_check) {
            writeln!(out, "{}", line.trim_end())?;
        }
    }
    for trace in store.traces(0..store.listed()) {
        if trace.spans == 0 {
            let (id, logs) = (trace.trace_id, format::count(trace.logs as u64, "log record"));
            writeln!(out, "{id}  no spans, {logs} (spanfall show logs trace:{id})")?;
        }
    }
    out.flush()
}

fn lines(store: &Store, trace: &Trace, cross_check: Option<&CrossCheck>) -> Vec<String> {
    let trace_id = trace.summary.trace_id.to_string();
    let mut lines = heading(trace);
    for line in &mut lines {
        // Its id has the shape of a credential.
        *line = match line.strip_prefix(&trace_id) {
            Some(rest) => format!("{trace_id}{}", redacted(rest)),
            None => redacted(line),
        };
    }
    lines.extend(cross_check.and_then(reach));
    let mut lines: Vec<String> = lines.iter().flat_map(|line| wrap(line, LABEL)).collect();
    lines.push(String::new());
    let nodes = trace.tree.nodes();
    let path = trace.critical_path().unwrap_or_default();
    let critical: HashSet<usize> = path.iter().map(|(node, _)| *node).collect();
    let rows = nodes.iter().take(ROWS_MAX).enumerate();
    lines.extend(rows.map(|(at, node)| {
        let subject = store.subject(trace.summary.trace_id, &node.key).unwrap_or_default();
        row(trace, node, &subject, critical.contains(&at))
    }));
    if nodes.len() > ROWS_MAX {
        lines.push(format!("… {}", format::count((nodes.len() - ROWS_MAX) as u64, "more span")));
    }
    lines.push(String::new());
    lines.push("✗ error  * critical path  … open  ? not arrived".to_owned());
    let errors = errors(store, trace);
    if !errors.is_empty() {
        lines.push(String::new());
        lines.extend(errors.iter().flat_map(|error| wrap(error, 2)));
    }
    lines
}

/// Wraps a line at [`COLUMNS`], with further lines indented by so many.
fn wrap(line: &str, indent: usize) -> Vec<String> {
    let split = line.char_indices().nth(indent).map(|(at, _)| at);
    let Some((first, text)) = split.filter(|_| format::columns(line) > COLUMNS).map(|at| line.split_at(at)) else {
        return vec![line.to_owned()];
    };
    let pieces = format::wrapped_words(text, COLUMNS - indent).into_iter().enumerate();
    let indented = |(at, piece): (usize, String)| {
        if at == 0 {
            format!("{first}{piece}")
        } else {
            " ".repeat(indent) + &piece
        }
    };
    pieces.map(indented).collect()
}

/// The cross-check in a line; `None` without something to compare with.
fn reach(check: &CrossCheck) -> Option<String> {
    let against = match check.against.as_deref()? {
        "sentry" => "against Sentry",
        _ => "against the envelopes here",
    };
    if check.expected + check.sentry_only == 0 {
        return None;
    }
    let is_due = check.due_unix_nano.is_some_and(|due| due <= unix_nano());
    let absent = if is_due { "✗ missing" } else { "… expected" };
    let parts = [
        (check.absent, absent),
        (check.differs, "≠ different"),
        (check.reached, "✓ reached it"),
        (check.sentry_only, "✓ by envelope only"),
    ];
    let parts = parts.into_iter().filter(|(number, _)| *number > 0).map(|(number, mark)| {
        let (mark, about) = mark.split_once(' ').unwrap_or((mark, ""));
        format!("{mark} {} {about}", format::grouped(number as u64))
    });
    Some(format!(
        "  cross-check    {} ({against})",
        parts.collect::<Vec<_>>().join(" · ")
    ))
}

fn unix_nano() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
}

fn row(trace: &Trace, node: &SpanNode, subject: &SpanSubject, is_critical: bool) -> String {
    let mark = match node.status {
        _ if !node.arrived => '?',
        StatusCode::Error => '✗',
        _ => ' ',
    };
    let critical = if is_critical { '*' } else { ' ' };
    let indent = "  ".repeat(node.depth.min(DEPTH_MAX));
    let name = if node.arrived {
        let service = format!("{} ", format::service(&node.key.service));
        let room = NAME.saturating_sub(format::columns(&indent) + format::columns(&service));
        let name = app::described(&node.name, subject, room).into_iter().map(|piece| piece.text);
        redacted(&clean(&(service + &name.collect::<String>())))
    } else {
        // An id has the shape of a credential.
        format!("span {} has not arrived", node.key.span_id)
    };
    let duration = match node.end_unix_nano {
        Some(end) => format::duration(end.saturating_sub(node.start_unix_nano)),
        None => "…".to_owned(),
    };
    let name = format::exactly(&format!("{indent}{name}"), NAME);
    let duration = format!(
        "{}{duration}",
        " ".repeat(DURATION.saturating_sub(format::columns(&duration)))
    );
    format!("{mark}{critical} {name} {} {duration}", bar(trace, node))
}

fn bar(trace: &Trace, node: &SpanNode) -> String {
    let (start, all) = (trace.summary.start_unix_nano, trace.summary.duration_nano.max(1));
    let place = |time: u64| {
        let column = u128::from(time.saturating_sub(start)) * BAR as u128 / u128::from(all);
        usize::try_from(column).unwrap_or(BAR).min(BAR)
    };
    let end = node.end_unix_nano.unwrap_or(start + all).max(node.start_unix_nano);
    let from = place(node.start_unix_nano).min(BAR - 1);
    let to = place(end).max(from + 1);
    let block = if node.end_unix_nano.is_some() && node.arrived {
        "█"
    } else {
        "░"
    };
    format!("{}{}{}", " ".repeat(from), block.repeat(to - from), " ".repeat(BAR - to))
}

/// Returns the messages of failed spans, and their error events.
fn errors(store: &Store, trace: &Trace) -> Vec<String> {
    let trace_id = trace.summary.trace_id;
    let mut lines = Vec::new();
    for node in trace.tree.nodes() {
        let span = (node.status == StatusCode::Error || node.has_exception)
            .then(|| store.span(trace_id, &node.key))
            .flatten();
        let mut messages: Vec<String> = span.iter().flat_map(messages).collect();
        let events = store.error_events(trace_id, node.key.span_id, ERRORS_MAX);
        messages.extend(events.iter().map(title));
        for message in messages {
            let message: String = redacted(&clean(&message)).chars().take(MESSAGE_MAX).collect();
            let place = if node.arrived {
                let service = clean(format::service(&node.key.service));
                format!("{service} {}", redacted(&clean(&node.name)))
            } else {
                format!("span {}", node.key.span_id)
            };
            lines.push(format!("error in {place}: {message}"));
            if lines.len() == ERRORS_MAX {
                return lines;
            }
        }
    }
    lines
}

fn messages(span: &Span) -> Vec<String> {
    let exceptions = span.events.iter().filter_map(Event::exception);
    let status = Some(span.status_message.clone()).filter(|message| !message.is_empty());
    status.into_iter().chain(exceptions).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn printed(json: &str) -> String {
        let store = crate::inspect::read_lines(json.replace('\n', " ").into_bytes()).expect("a trace");
        let mut text = Vec::new();
        print(&store, None, &mut text).expect("memory");
        String::from_utf8(text).expect("text")
    }

    #[test]
    fn rows_identify_spans_with_generic_names() {
        let text = printed(
            r#"{"resourceSpans": [{"scopeSpans": [{"spans": [{
            "traceId": "0af7651916cd43dd8448eb211c80319c", "spanId": "b7ad6b7169203331", "name": "GET", "kind": 3,
            "startTimeUnixNano": "1700000000000000000", "endTimeUnixNano": "1700000000250000000",
            "attributes": [
                {"key": "url.full", "value": {"stringValue": "http://api.example/posts/17?token=abc"}},
                {"key": "http.response.status_code", "value": {"intValue": "404"}}
            ]
        }]}]}]}"#,
        );
        assert!(text.contains("GET api.example/posts/17 404"), "{text}");
        assert!(!text.contains("abc"), "{text}");
    }

    #[test]
    fn missing_span_is_named_by_its_id_in_its_row_and_its_errors() {
        let text = printed(
            r#"{"resourceSpans": [{"scopeSpans": [{"spans": [{
                "traceId": "0af7651916cd43dd8448eb211c80319c", "spanId": "b7ad6b7169203331", "parentSpanId": "00f067aa0ba902b7", "name": "GET",
                "startTimeUnixNano": "1700000000000000000", "endTimeUnixNano": "1700000000250000000"
            }]}]}], "resourceLogs": [{"scopeLogs": [{"logRecords": [{
                "traceId": "0af7651916cd43dd8448eb211c80319c", "spanId": "00f067aa0ba902b7", "timeUnixNano": "1700000000000000000",
                "severityNumber": 17, "eventName": "exception",
                "attributes": [{"key": "exception.type", "value": {"stringValue": "IOError"}}]
            }]}]}]}"#,
        );
        assert!(text.contains("span 00f067aa0ba902b7 has not arrived"), "{text}");
        assert!(text.contains("error in span 00f067aa0ba902b7: IOError\n"), "{text}");
    }

    #[test]
    fn trace_of_log_records_alone_names_the_command_for_these() {
        let text = printed(
            r#"{"resourceLogs": [{"scopeLogs": [{"logRecords": [{
                "traceId": "0af7651916cd43dd8448eb211c80319c", "timeUnixNano": "1700000000000000000", "body": {"stringValue": "hello"}
            }]}]}]}"#,
        );
        let id = "0af7651916cd43dd8448eb211c80319c";
        assert_eq!(
            text,
            format!("{id}  no spans, 1 log record (spanfall show logs trace:{id})\n")
        );
    }

    #[test]
    fn long_lines_are_wrapped_below_their_text() {
        assert_eq!(wrap("short", LABEL), ["short"]);
        let line = format!("  critical path  {}", "shop POST /cart 1.00 ms · ".repeat(5));
        let lines = wrap(&line, LABEL);
        assert!(lines.len() > 1, "{lines:#?}");
        assert!(lines.iter().all(|line| format::columns(line) <= COLUMNS), "{lines:#?}");
        assert!(
            lines[0].starts_with("  critical path  shop") && lines[1].starts_with(&" ".repeat(LABEL)),
            "{lines:#?}"
        );
    }
}
