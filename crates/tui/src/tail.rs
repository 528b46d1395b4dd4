//! `spanfall tail`: no screen, one line per span as it arrives.
//!
//! Lines go to standard output, everything that is said about them (where it listens, what was refused) to standard error.
//!
//! # A readable line
//! The span's start as local time, the first eight digits of its trace id, service, name, kind, duration in milliseconds (`…` while
//! it is in flight), status and what was said of it. What was not said is `-`. Characters that would command the terminal are
//! replaced: see [`crate::text`].
//!
//! # A JSON line
//! One object with these keys, always all of them; `null` where there is nothing:
//!
//! | key | value |
//! |---|---|
//! | `trace_id`, `span_id`, `parent_span_id` | lower-case hexadecimal |
//! | `service`, `name` | text; `service` is the resource's `service.name` |
//! | `kind` | `unspecified`, `internal`, `server`, `client`, `producer`, `consumer` |
//! | `start_unix_nano`, `end_unix_nano` | integers; the end is `null` while the span is in flight |
//! | `status` | `{"code": "unset" \| "ok" \| "error", "message": text or null}` |
//! | `attributes`, `resource` | an object; of two attributes with one name the last counts |
//! | `events` | `[{"time_unix_nano", "name", "attributes"}]` |
//! | `links` | `[{"trace_id", "span_id", "attributes"}]` |
//! | `source` | `otlp-grpc` or `otlp-http` |
//!
//! An attribute's value is the JSON value of its type. What JSON has no type for is text: bytes are base64 (with padding), and
//! `"NaN"`, `"Infinity"`, `"-Infinity"` stand for doubles that are not finite. Integers are exact, all 64 bits of them, which some
//! readers' numbers are not.

pub(crate) mod json;
mod plain;

use std::io::{self, BufWriter, Write};

use collector::{Arrival, Arrivals, Collector, Health, HealthSnapshot};
use color_eyre::eyre::{Context, Result};

/// Prints spans until it is asked to end, or until nobody reads `out` any more. What was accepted by then is printed.
///
/// `out` is written to by a thread of its own and may block: then senders are asked to come again.
///
/// # Errors
/// `out` fails otherwise than by being closed, or signals cannot be received.
pub async fn run(collector: Collector, json: bool, out: impl Write + Send + 'static) -> Result<()> {
    run_until(collector, json, out, lifecycle::shutdown_requested()).await
}

/// As [`run`], ended by `shutdown`.
///
/// # Errors
/// As [`run`]; and the error of `shutdown`.
pub async fn run_until(
    collector: Collector,
    json: bool,
    out: impl Write + Send + 'static,
    shutdown: impl Future<Output = io::Result<()>>,
) -> Result<()> {
    let at = collector.addresses();
    say(&format!(
        "OTLP/gRPC on {}, OTLP/HTTP on {}, Sentry on {}",
        at.otlp_grpc, at.otlp_http, at.sentry
    ));
    let (arrivals, health, server) = collector.serve();
    let mut printing = tokio::task::spawn_blocking(move || print(arrivals, json, out));
    let ended = tokio::select! {
        printed = &mut printing => return finished(printed.wrap_err("the printer failed")?),
        ended = shutdown => ended.wrap_err("signals cannot be received"),
        () = report(health) => Ok(()),
    };
    // Ends the channel, so that the printer ends when it has printed what is left; unless nobody takes it.
    server.shutdown().await;
    match tokio::time::timeout(LAST_LINES, printing).await {
        Ok(printed) => finished(printed.wrap_err("the printer failed")?)?,
        Err(_) => say("the last lines were not read by anybody"),
    }
    ended
}

/// How long the last lines may take after the end was asked for.
const LAST_LINES: std::time::Duration = std::time::Duration::from_secs(1);

/// Prints until there are no more arrivals. Blocks.
fn print(mut arrivals: Arrivals, json: bool, out: impl Write) -> io::Result<()> {
    let mut out = BufWriter::new(out);
    let zone = jiff::tz::TimeZone::system();
    while let Some(arrival) = arrivals.blocking_recv() {
        let Arrival::Batch(batch) = arrival else { continue };
        for span in batch.decode_spans() {
            let line = if json { json::line(&span)? } else { plain::line(&span, &zone) };
            writeln!(out, "{line}")?;
        }
        out.flush()?;
    }
    Ok(())
}

/// A closed pipe (`| head -1`) is the reader's way to say that it has had enough.
fn finished(printed: io::Result<()>) -> Result<()> {
    match printed {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        printed => printed.wrap_err("standard output cannot be written to"),
    }
}

/// Says what is refused, for ever.
async fn report(mut health: Health) {
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

/// What happened between two looks.
fn news(before: &HealthSnapshot, now: &HealthSnapshot) -> Vec<String> {
    let last = before.recent.back().map_or(0, |refused| refused.number);
    let new = now.recent.iter().filter(|refused| refused.number > last);
    let mut news: Vec<String> = new
        .map(|refused| format!("refused, {}: {}", refused.listener, refused.reason))
        .collect();
    // Said once: as long as it goes on, every request is one.
    if before.busy() == 0 && now.busy() > 0 {
        news.push("the output is slow: senders are asked to come again".to_owned());
    }
    news
}

/// Standard error may be closed, which is no reason to stop.
fn say(line: &str) {
    let _ = writeln!(io::stderr(), "spanfall: {line}");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn snapshot(numbers: std::ops::RangeInclusive<u64>, busy: u64) -> HealthSnapshot {
        let refused = |number| collector::Refused {
            number,
            time: std::time::SystemTime::UNIX_EPOCH,
            listener: collector::Listener::OtlpHttp,
            reason: format!("reason {number}"),
        };
        let mut snapshot = HealthSnapshot {
            recent: numbers.map(refused).collect(),
            ..HealthSnapshot::default()
        };
        snapshot.otlp_http.busy = busy;
        snapshot
    }

    #[test]
    fn each_refusal_is_said_once() {
        assert_eq!(
            news(&HealthSnapshot::default(), &snapshot(1..=2, 0)),
            ["refused, OTLP/HTTP: reason 1", "refused, OTLP/HTTP: reason 2"]
        );
        assert_eq!(
            news(&snapshot(1..=2, 0), &snapshot(2..=3, 0)),
            ["refused, OTLP/HTTP: reason 3"]
        );
        assert_eq!(news(&snapshot(1..=3, 0), &snapshot(1..=3, 0)), [""; 0]);
    }

    #[test]
    fn slowness_is_said_once() {
        assert_eq!(news(&snapshot(1..=1, 0), &snapshot(1..=1, 5)).len(), 1);
        assert_eq!(news(&snapshot(1..=1, 5), &snapshot(1..=1, 6)), [""; 0]);
    }
}
