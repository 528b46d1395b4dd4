//! `spanfall query`: matching traces, a line each.

use std::io::{self, Write};

use eyre::Result;
use jiff::tz::TimeZone;
use query::Found;

use super::{found, written};
use crate::attach::Attached;
use crate::inspect::{moment, so_far};
use app::format;
use app::text::clean;

/// Prints the traces that a filter finds, the last arrived first.
///
/// # Errors
/// The viewer does not answer, or `out` cannot be written to.
pub async fn list(viewer: &Attached, filter: &str, limit: usize, json: bool, out: impl Write) -> Result<()> {
    let traces = found(viewer, filter, limit, 0).await?;
    written(print(&traces, json, out))
}

pub(super) fn print(traces: &[Found], json: bool, mut out: impl Write) -> io::Result<()> {
    let zone = TimeZone::system();
    for trace in traces {
        if json {
            out.write_all(&query::json(trace))?;
            out.write_all(b"\n")?;
        } else {
            writeln!(out, "{}", line(trace, &zone))?;
        }
    }
    out.flush()
}

fn line(trace: &Found, zone: &TimeZone) -> String {
    let service = trace
        .service
        .as_deref()
        .map(|service| format!("{} ", clean(format::service(service))))
        .unwrap_or_default();
    let parts = [Some(&trace.name), Some(&trace.subject), trace.status.as_ref()];
    let parts = parts.into_iter().flatten().filter(|part| !part.is_empty());
    let name = parts.map(String::as_str).collect::<Vec<_>>().join(" ");
    let mut line = format!(
        "{}  {}  {service}{}  {}  {}",
        moment(trace.start_unix_nano, zone),
        trace.trace_id,
        app::redacted(&clean(&name)),
        so_far(trace.duration_ns, trace.open > 0),
        format::count(trace.spans as u64, "span"),
    );
    for (number, noun) in [(trace.errors, "error"), (trace.warnings, "warning")] {
        if number > 0 {
            line = line + "  " + &format::count(number as u64, noun);
        }
    }
    line + &state(trace)
}

/// Returns the reason that a trace is incomplete.
pub(super) fn state(trace: &Found) -> String {
    let open = (trace.open > 0).then(|| format!("  {} open", format::grouped(trace.open as u64)));
    let missing = (trace.missing > 0).then(|| format!("  {} missing", format::count(trace.missing as u64, "parent")));
    [open, missing].into_iter().flatten().collect()
}
