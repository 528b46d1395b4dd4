//! Lists as text: a line per row, in columns.

use jiff::tz::TimeZone;
use query::{Durations, Ingest, ShownCalls, ShownError, ShownLog, ShownOperation, ShownWarning};

use crate::inspect::moment;
use app::text::clean;
use app::{format, redacted};

pub(super) fn logs(logs: &[ShownLog]) -> String {
    let zone = TimeZone::system();
    let row = |log: &ShownLog| {
        let cells = [
            moment(log.time_unix_nano, &zone),
            or_dash(log.trace_id.clone()),
            log.severity.to_uppercase(),
            service(log.service.as_deref()),
            log.text.clone(),
        ];
        cells.to_vec()
    };
    table(&[], logs.iter().map(row), "")
}

pub(super) fn errors(errors: &[ShownError]) -> String {
    let zone = TimeZone::system();
    let row = |error: &ShownError| {
        let name = match (error.type_name.as_deref(), error.message.as_str()) {
            (None, message) => message.to_owned(),
            (Some(type_name), "") => type_name.to_owned(),
            (Some(type_name), message) => format!("{type_name}: {message}"),
        };
        let frame = error.frame.as_ref().map(|frame| format!("  in {frame}")).unwrap_or_default();
        vec![
            format::grouped(error.events as u64),
            format::grouped(error.traces as u64),
            moment(error.first_unix_nano, &zone),
            moment(error.last_unix_nano, &zone),
            or_dash(error.trace_id.clone()),
            service(Some(error.services.join(", ").as_str()).filter(|names| !names.is_empty())),
            format!("{}{frame}", redacted(&clean(&name))),
        ]
    };
    let names = ["events", "traces", "first", "last", "last trace", "services", "error"];
    table(&names, errors.iter().map(row), "rr")
}

pub(super) fn operations(operations: &[ShownOperation]) -> String {
    let row = |operation: &ShownOperation| {
        let mut cells = vec![format::grouped(operation.spans), format::grouped(operation.errors)];
        cells.extend(durations(&operation.duration));
        cells.extend([
            duration(operation.total_ns),
            service(operation.service.as_deref()),
            operation.kind.clone(),
            operation.name.clone(),
        ]);
        cells
    };
    let names = ["spans", "errors", "p50", "p95", "p99", "total", "service", "kind", "name"];
    table(&names, operations.iter().map(row), "rrrrrr")
}

pub(super) fn map(map: &[ShownCalls]) -> String {
    let row = |calls: &ShownCalls| {
        let mut cells = vec![format::grouped(calls.calls), format::grouped(calls.errors)];
        cells.extend(durations(&calls.duration));
        let about = match (&calls.queue, calls.messaging, calls.uninstrumented) {
            (Some(queue), ..) => format!("queue {queue}"),
            (None, true, _) => "messages".to_owned(),
            (None, false, true) => "uninstrumented".to_owned(),
            (None, false, false) => String::new(),
        };
        cells.extend([service(calls.caller.as_deref()), service(calls.callee.as_deref()), about]);
        cells
    };
    let names = ["calls", "errors", "p50", "p95", "p99", "caller", "callee", ""];
    table(&names, map.iter().map(row), "rrrrr")
}

pub(super) fn warnings(warnings: &[ShownWarning]) -> String {
    let lines = warnings.iter().map(|warning| {
        let (traces, spans) = (warning.traces as u64, warning.spans as u64);
        format!(
            "{}: {} in {}, such as {}\n    {}\n",
            clean(&warning.rule),
            format::count(spans, "span"),
            format::count(traces, "trace"),
            clean(&warning.example),
            clean(&warning.explanation),
        )
    });
    lines.collect()
}

pub(super) fn ingest(ingest: &Ingest) -> String {
    let number = |number: u64| format::grouped(number);
    let names = [
        "listener",
        "address",
        "requests",
        "spans",
        "logs",
        "errors",
        "points",
        "dropped",
        "rejected",
        "denied",
        "throttled",
    ];
    let rows = ingest.listeners.listeners.iter().map(|listener| {
        let counts = [
            listener.requests,
            listener.spans,
            listener.logs,
            listener.errors,
            listener.data_points,
            listener.dropped,
            listener.rejected,
            listener.denied,
            listener.throttled,
        ];
        let mut cells = vec![listener.name.clone(), listener.address.clone()];
        cells.extend(counts.map(number));
        cells
    });
    let listeners = table(&names, rows, "llrrrrrrrrr");
    let zone = TimeZone::system();
    let rows = ingest.services.iter().map(|stats| {
        vec![
            service(stats.service.as_deref()),
            number(stats.spans),
            number(stats.logs),
            moment(stats.last_seen_unix_nano, &zone),
        ]
    });
    let services = section(&table(&["service", "spans", "logs", "last"], rows, "lrr"));
    let rows = ingest.listeners.rejected.iter().map(|rejected| {
        vec![
            moment(rejected.time_unix_nano, &zone),
            rejected.listener.clone(),
            rejected.reason.clone(),
        ]
    });
    let rejected = section(&table(&["rejected", "listener", "reason"], rows, ""));
    [listeners, stored(ingest), services, rejected].concat()
}

fn stored(ingest: &Ingest) -> String {
    let several = |number: u64, noun: &str| format::count(number, noun);
    format!(
        "\nstored: {}, {}, {}; {} of {}\nevicted: {}, {}; truncated: {}; repeated: {}; hidden: {}\nin flight: {}, {}\n",
        several(ingest.traces as u64, "trace"),
        several(ingest.spans as u64, "span"),
        several(ingest.logs as u64, "log record"),
        format::bytes(ingest.bytes as u64),
        format::bytes(ingest.budget as u64),
        several(ingest.evicted_traces, "trace"),
        several(ingest.evicted_spans, "span"),
        several(ingest.truncated_spans, "span"),
        several(ingest.repeated_spans, "span"),
        several(ingest.hidden_spans, "span"),
        several(ingest.listeners.waiting_requests as u64, "request"),
        format::bytes(ingest.listeners.waiting_bytes as u64),
    )
}

/// Ids have the shape of a credential.
fn redacted_but_ids(cell: &str) -> String {
    if cell.len() == 32 && cell.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        cell.to_owned()
    } else {
        redacted(cell)
    }
}

/// A table after an empty line, if it has rows.
fn section(table: &str) -> String {
    if table.lines().count() > 1 {
        format!("\n{table}")
    } else {
        String::new()
    }
}

fn service(service: Option<&str>) -> String {
    or_dash(service.map(|service| format::service(service).to_owned()))
}

fn durations(durations: &Durations) -> [String; 3] {
    [durations.p50_ns, durations.p95_ns, durations.p99_ns].map(duration)
}

fn duration(nano: Option<u64>) -> String {
    or_dash(nano.map(format::duration))
}

fn or_dash(cell: Option<String>) -> String {
    cell.unwrap_or_else(|| "-".to_owned())
}

/// Lays rows out in columns, cleaned; those marked `r` are aligned to the right. The last column has any width.
fn table(names: &[&str], rows: impl Iterator<Item = Vec<String>>, align: &str) -> String {
    let heading = (!names.is_empty()).then(|| names.iter().map(|name| (*name).to_owned()).collect());
    let rows: Vec<Vec<String>> = heading.into_iter().chain(rows).collect();
    let rows: Vec<Vec<String>> = rows
        .into_iter()
        .map(|row| row.iter().map(|cell| redacted_but_ids(&clean(cell))).collect())
        .collect();
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column));
        cells.map(|cell| format::columns(cell)).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let line = |row: &Vec<String>| {
        let cells = row.iter().enumerate().map(|(column, cell)| {
            let pad = " ".repeat(widths[column] - format::columns(cell));
            if align.as_bytes().get(column) == Some(&b'r') {
                format!("{pad}{cell}")
            } else {
                format!("{cell}{pad}")
            }
        });
        format!("{}\n", cells.collect::<Vec<_>>().join("  ").trim_end())
    };
    rows.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Their total was printed as `0 ns`.
    #[test]
    fn operation_of_open_spans_alone_has_no_duration() {
        let operation = ShownOperation {
            service: Some("api".to_owned()),
            name: "GET /".to_owned(),
            kind: "server".to_owned(),
            spans: 1,
            errors: 0,
            open: 1,
            duration: Durations {
                p50_ns: None,
                p95_ns: None,
                p99_ns: None,
            },
            total_ns: None,
        };
        let printed = operations(&[operation]);
        let row: Vec<_> = printed.lines().last().unwrap_or_default().split_whitespace().collect();
        assert_eq!(row, ["1", "0", "-", "-", "-", "-", "api", "server", "GET", "/"]);
    }
}
