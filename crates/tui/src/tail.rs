//! `spanfall tail`: no screen, one line per span as it arrives, here or at a running viewer.
//!
//! Prints spans, and the content of Sentry envelopes: spans, errors, logs. OTLP's log records only with `--logs`, or by a filter that
//! has a field of log records alone. Lines are
//! written to standard output, everything else (addresses, rejections) to standard error.
//!
//! # A readable line
//!
//! The span's start as local time, the first eight digits of its trace id, service, name, kind, duration in milliseconds (`…`
//! while it is in flight), status and its message. A missing value is `-`. Of a log record: time, trace, service, severity, text.
//! Control characters are replaced: see [`app::text`].
//!
//! # A JSON line
//! One object with these keys, always all of them; `null` for a missing value:
//!
//! | key | value |
//! |---|---|
//! | `signal` | `span` |
//! | `trace_id`, `span_id`, `parent_span_id` | lower-case hexadecimal |
//! | `service`, `name` | text; `service` is the resource's `service.name` |
//! | `kind` | `unspecified`, `internal`, `server`, `client`, `producer`, `consumer` |
//! | `start_unix_nano`, `end_unix_nano` | integers; the end is `null` while the span is in flight |
//! | `start_time`, `end_time` | the same as RFC 3339 text in UTC, with nine digits of a second's fraction |
//! | `status` | `{"code": "unset" \| "ok" \| "error", "message": text or null}` |
//! | `attributes`, `resource` | an object; of two attributes with one name the last counts |
//! | `events` | `[{"time_unix_nano", "time", "name", "attributes"}]` |
//! | `links` | `[{"trace_id", "span_id", "attributes"}]` |
//! | `source` | `otlp-grpc`, `otlp-http` or `sentry` |
//!
//! The line of a log record has `signal` (`error` where it reports one, else `log`), `trace_id`, `span_id`, `service`, `severity`,
//! `severity_text`, `time_unix_nano`, `time`, `event_name`, `body`, `attributes`, `resource`, `source`.
//!
//! An attribute's value is the JSON value of its type. Types that JSON lacks are text: bytes are base64 (with padding), doubles
//! that are not finite are `"NaN"`, `"Infinity"`, `"-Infinity"`. Integers are exact, all 64 bits of them, which the numbers of
//! some readers are not: `jq` 1.6 rounds integers above 2^53.
//!
//! # An OTLP line
//! An `ExportTraceServiceRequest` or `ExportLogsServiceRequest` in OTLP/JSON, the spans or the log records of one request.

mod input;
mod plain;
mod print;

use std::io::{self, Write};
use std::time::Duration;

use collector::{Addresses, Health, HealthSnapshot, Server};
use eyre::{Context, Report, Result, eyre};
use lifecycle::Shutdown;
use query::RecordFilter;
use tokio::sync::watch;

use input::Input;
pub use input::RecordSource;
use print::Printer;
pub(crate) use print::title;

use crate::closed::output_closed;

/// Format of the lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Form {
    /// Text for reading.
    #[default]
    Plain,
    /// An object for each record.
    Json,
    /// OTLP/JSON, which `open`, `inspect` and collectors read.
    Otlp,
}

/// Records to print, and their format.
#[derive(Clone, Debug, Default)]
pub struct Selection {
    /// Format of the lines.
    pub form: Form,
    /// True if OTLP's log records are printed too, as they are where the filter has a field of log records alone.
    pub logs: bool,
    /// Only matching records.
    pub filter: RecordFilter,
    /// After so many records it ends.
    pub count: Option<u64>,
}

/// End conditions in addition to the number of records.
#[derive(Clone, Copy, Debug, Default)]
pub struct Until {
    /// After the first record: when no other was printed for so long.
    pub quiet_for: Option<Duration>,
    /// Time limit.
    pub timeout: Option<Duration>,
}

/// Prints arrivals to standard output until an end condition holds, its reader closes it, or a signal arrives. Everything accepted by
/// then is printed.
///
/// # Errors
///
/// Signals cannot be received; and as [`run_until`].
pub async fn run(source: impl Into<RecordSource>, selection: Selection, until: Until) -> Result<()> {
    let end = Shutdown::listen()?;
    let ended = async {
        tokio::select! {
            () = end.requested() => {}
            () = output_closed() => {}
        }
    };
    run_until(source, selection, until, io::stdout(), ended).await
}

/// The reason of the end.
enum End {
    Asked,
    Quiet,
    Timeout,
    /// No more records will arrive.
    Lost(Report),
}

/// Prints arrivals to `out` until an end condition holds, `out` is closed, or `shutdown` is ready. Everything accepted by then is printed.
///
/// A separate thread writes to `out` and may block: then a collector's senders are told to retry, and a viewer drops this reader.
///
/// # Errors
/// `out` fails otherwise than by being closed, the time limit passed before an end condition held, or the viewer has ended or dropped
/// this reader.
pub async fn run_until(
    source: impl Into<RecordSource>,
    selection: Selection,
    until: Until,
    out: impl Write + Send + 'static,
    shutdown: impl Future<Output = ()>,
) -> Result<()> {
    let wanted = selection.count;
    let Input {
        next,
        mut running,
        server,
    } = source.into().open(&selection).await?;
    let (count, printed) = watch::channel(0);
    let lines = Printer::new(selection, out, count);
    let mut printing = tokio::task::spawn_blocking(move || lines.run(next));
    let end = tokio::select! {
        ended = &mut printing => {
            finished(ended.wrap_err("the printer failed")?)?;
            stop(server).await;
            return Ok(());
        }
        () = shutdown => End::Asked,
        () = quiet(printed.clone(), until.quiet_for) => End::Quiet,
        () = after(until.timeout) => End::Timeout,
        lost = &mut running => End::Lost(lost),
    };
    // Ends the channel, so that the printer ends when it has printed what is left; unless nothing reads it.
    drop(running);
    stop(server).await;
    match tokio::time::timeout(LAST_LINES, printing).await {
        Ok(ended) => finished(ended.wrap_err("the printer failed")?)?,
        Err(_) => say("the last lines were not read"),
    }
    let printed = *printed.borrow();
    judge(end, printed, wanted, until)
}

async fn stop(server: Option<Server>) {
    if let Some(server) = server {
        server.shutdown().await;
    }
}

/// Reports an end condition that was not met.
fn judge(end: End, printed: u64, wanted: Option<u64>, until: Until) -> Result<()> {
    let records = |count: u64| app::format::count(count, "record");
    match (end, wanted) {
        (End::Quiet | End::Timeout, Some(wanted)) if printed < wanted => Err(eyre!("{} of {} arrived", printed, records(wanted))),
        (End::Timeout, None) if printed == 0 => Err(eyre!("nothing arrived in time")),
        (End::Timeout, None) if until.quiet_for.is_some() => {
            Err(eyre!("records kept arriving until the timeout ({})", records(printed)))
        }
        (End::Lost(_), Some(wanted)) if printed >= wanted => Ok(()),
        (End::Lost(error), _) => Err(error),
        _ => Ok(()),
    }
}

/// Waits until nothing more was printed for so long; for ever without a time, and before the first record.
async fn quiet(mut printed: watch::Receiver<u64>, quiet_for: Option<Duration>) {
    let Some(quiet_for) = quiet_for else {
        return std::future::pending().await;
    };
    let mut news = printed.wait_for(|printed| *printed > 0).await.map(drop);
    while news.is_ok() {
        match tokio::time::timeout(quiet_for, printed.changed()).await {
            Ok(changed) => news = changed,
            Err(_) => return,
        }
    }
    // The printer has ended and reports why itself.
    std::future::pending::<()>().await;
}

async fn after(timeout: Option<Duration>) {
    match timeout {
        Some(timeout) => tokio::time::sleep(timeout).await,
        None => std::future::pending().await,
    }
}

/// Time for the last lines after the end was requested.
const LAST_LINES: Duration = Duration::from_secs(1);

/// Returns the printer's result. A closed pipe (`| head -1`) is not an error.
fn finished(printed: io::Result<()>) -> Result<()> {
    match printed {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        printed => printed.wrap_err("standard output cannot be written to"),
    }
}

/// Formats the addresses of a collector.
pub(crate) fn listening(at: Addresses) -> String {
    let listeners = at.iter().map(|(listener, address)| format!("{listener} on {address}"));
    listeners.collect::<Vec<_>>().join(", ")
}

/// Reports rejections; never ends.
pub(crate) async fn report(mut health: Health) {
    let mut said = HealthSnapshot::default();
    loop {
        health.changed().await;
        let now = health.snapshot();
        for line in news(&said, &now) {
            say(&line);
        }
        said = now;
    }
}

/// Returns lines about the changes between two snapshots.
fn news(before: &HealthSnapshot, now: &HealthSnapshot) -> Vec<String> {
    let last = before.recent.back().map_or(0, |rejected| rejected.number);
    let new = now.recent.iter().filter(|rejected| rejected.number > last);
    let mut news: Vec<String> = new
        .map(|rejected| format!("rejected, {}: {}", rejected.listener, rejected.reason))
        .collect();
    // Reported once: while it lasts, every request is throttled.
    if before.throttled() == 0 && now.throttled() > 0 {
        news.push("output is slow: senders are told to retry".to_owned());
    }
    if before.own_uploads == 0 && now.own_uploads > 0 {
        news.push("client spans of exports to here are hidden (--show-uploads prints them)".to_owned());
    }
    news
}

/// Prints to standard error, which may be closed: that is ignored.
fn say(line: &str) {
    let _ = writeln!(io::stderr(), "spanfall: {line}");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn snapshot(numbers: std::ops::RangeInclusive<u64>, throttled: u64) -> HealthSnapshot {
        let rejected = |number| collector::RecentRejection {
            number,
            time: std::time::SystemTime::UNIX_EPOCH,
            listener: collector::Listener::OtlpHttp,
            reason: format!("reason {number}"),
        };
        let mut snapshot = HealthSnapshot {
            recent: numbers.map(rejected).collect(),
            ..HealthSnapshot::default()
        };
        snapshot.listeners[collector::Listener::OtlpHttp].throttled = throttled;
        snapshot
    }

    #[test]
    fn rejections_are_reported_once() {
        assert_eq!(
            news(&HealthSnapshot::default(), &snapshot(1..=2, 0)),
            ["rejected, OTLP/HTTP: reason 1", "rejected, OTLP/HTTP: reason 2"]
        );
        assert_eq!(
            news(&snapshot(1..=2, 0), &snapshot(2..=3, 0)),
            ["rejected, OTLP/HTTP: reason 3"]
        );
        assert_eq!(news(&snapshot(1..=3, 0), &snapshot(1..=3, 0)), [""; 0]);
    }

    #[test]
    fn own_uploads_are_reported_once() {
        let hidden = |own_uploads| HealthSnapshot {
            own_uploads,
            ..HealthSnapshot::default()
        };
        assert_eq!(news(&hidden(0), &hidden(1)).len(), 1);
        assert_eq!(news(&hidden(1), &hidden(9)), [""; 0]);
    }

    #[test]
    fn slowness_is_said_once() {
        assert_eq!(news(&snapshot(1..=1, 0), &snapshot(1..=1, 5)).len(), 1);
        assert_eq!(news(&snapshot(1..=1, 5), &snapshot(1..=1, 6)), [""; 0]);
    }
}
