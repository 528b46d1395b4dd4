//! Traces as a few lines of text each, and a line about log records without spans.

use std::collections::BTreeMap;
use std::io::{self, Write};

use jiff::tz::TimeZone;
use trace_model::{Rule, Severity};

use super::Trace;
use app::format;
use app::text::clean;

/// Spans of the critical path that are named.
const STEPS: usize = 5;

pub(super) fn write(traces: impl Iterator<Item = Trace>, logs: &[(Severity, u64)], out: &mut impl Write) -> io::Result<()> {
    let zone = TimeZone::system();
    let mut separator = "";
    for trace in traces {
        out.write_all(separator.as_bytes())?;
        for line in lines(&trace, &zone) {
            writeln!(out, "{line}")?;
        }
        separator = "\n";
    }
    if !logs.is_empty() {
        writeln!(out, "{separator}{}", logs_line(logs))?;
    } else if separator.is_empty() {
        writeln!(out, "no trace")?;
    }
    Ok(())
}

/// Returns the number of log records without spans, with that of each severity.
fn logs_line(logs: &[(Severity, u64)]) -> String {
    let all = logs.iter().map(|(_, count)| count).sum();
    let parts = logs.iter().map(|(severity, count)| {
        let name = match severity {
            Severity::Unspecified => "no severity",
            severity => severity.name(),
        };
        format!("{} {name}", format::grouped(*count))
    });
    let parts: Vec<_> = parts.collect();
    format!("{} without spans: {}", format::count(all, "log record"), parts.join(" · "))
}

/// Describes a trace in lines.
pub(crate) fn heading(trace: &Trace) -> Vec<String> {
    lines(trace, &TimeZone::system())
}

fn lines(trace: &Trace, zone: &TimeZone) -> Vec<String> {
    let summary = &trace.summary;
    let services: Vec<_> = summary
        .services
        .iter()
        .map(|service| or_dash(format::service(service)))
        .collect();
    let mut counts = format!(
        "{} · {}",
        so_far(summary.duration_nano, summary.in_flight > 0),
        format::count(summary.spans as u64, "span")
    );
    for (number, what) in [
        (summary.errors, "failed"),
        (summary.in_flight, "in flight"),
        (missing(trace), "missing"),
    ] {
        if number > 0 {
            counts = counts + " · " + &format::grouped(number as u64) + " " + what;
        }
    }
    if summary.logs > 0 {
        counts = counts + " · " + &format::count(summary.logs as u64, "log record");
    }
    let mut lines = vec![
        format!("{}  {}", summary.trace_id, or_dash(&summary.root.name)),
        format!("  {}  {counts}", moment(summary.start_unix_nano, zone)),
        format!("  services       {}", services.join(" → ")),
    ];
    lines.push(format!("  critical path  {}", critical_path(trace)));
    if trace.analysis.ends_asynchronously() {
        lines.push(format!("  to last span   {}", path_to_last_span(trace)));
    }
    let mut rules: BTreeMap<Rule, usize> = BTreeMap::new();
    for lint in trace.analysis.lints() {
        *rules.entry(lint.rule).or_default() += 1;
    }
    let warning =
        |(rule, count): (&Rule, &usize)| format!("  warning        {} ({})", rule.title(), format::grouped(*count as u64));
    lines.extend(rules.iter().map(warning));
    lines
}

fn missing(trace: &Trace) -> usize {
    trace.tree.nodes().iter().filter(|node| !node.arrived).count()
}

/// Returns the spans that the root waited for longest.
fn critical_path(trace: &Trace) -> String {
    let Some(path) = trace.critical_path() else {
        return "failed: no span has arrived".to_owned();
    };
    longest(path.iter().map(|(at, nano)| (named(trace, *at), *nano)))
}

/// The spans and the times in queues that delayed the last span most.
fn path_to_last_span(trace: &Trace) -> String {
    let path = trace.path_to_last_span().unwrap_or_default();
    longest(path.into_iter().flat_map(|(at, own, queued)| {
        let name = named(trace, at);
        [(format!("{name} in queue"), queued), (name, own)]
    }))
}

fn named(trace: &Trace, at: usize) -> String {
    let node = &trace.tree.nodes()[at];
    format!("{} {}", or_dash(format::service(&node.key.service)), or_dash(&node.name))
}

/// The longest steps first, a few of them.
fn longest(steps: impl Iterator<Item = (String, u64)>) -> String {
    let mut steps: Vec<_> = steps.filter(|(_, nano)| *nano > 0).collect();
    let all = steps.len();
    steps.sort_by_key(|(_, nano)| std::cmp::Reverse(*nano));
    let told = steps.into_iter().take(STEPS);
    let mut text = told
        .map(|(name, nano)| format!("{name} {}", format::duration(nano)))
        .collect::<Vec<_>>()
        .join(" · ");
    if all > STEPS {
        text = text + " · " + &format::count((all - STEPS) as u64, "more span");
    }
    text
}

fn or_dash(text: &str) -> std::borrow::Cow<'_, str> {
    if text.is_empty() { "-".into() } else { clean(text) }
}

/// Formats the duration of a trace, of an open one so far.
pub(crate) fn so_far(nano: u64, is_open: bool) -> String {
    match (is_open, nano) {
        (false, nano) => format::duration(nano),
        (true, 0) => "still open".to_owned(),
        (true, nano) => format!("{} so far", format::duration(nano)),
    }
}

pub(crate) fn moment(unix_nano: u64, zone: &TimeZone) -> String {
    let moment = jiff::Timestamp::from_nanosecond(i128::from(unix_nano));
    moment.map_or_else(
        |_| "-".to_owned(),
        |moment| moment.to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M:%S%.3f").to_string(),
    )
}
