//! `spanfall wait`: ends when matching traces are complete.

use std::io::Write;
use std::pin::pin;
use std::time::Duration;

use eyre::Result;
use query::Found;
use tokio::time::Instant;

use super::list::print;
use super::{found, say, written};
use crate::attach::Attached;
use app::format;

/// Traces that are looked at, at most.
const TRACES_MAX: usize = 1_000;

/// Condition to wait for.
#[derive(Clone, Copy, Debug)]
pub struct Until {
    /// Number of matching traces.
    pub count: usize,
    /// Spans that start at this time or later, in nanoseconds since the Unix epoch.
    pub since_unix_nano: u64,
    /// Time without a change of these traces.
    pub quiet_for: Duration,
    /// Time after which it fails.
    pub timeout: Duration,
}

/// Waits until at least so many traces match, all of them are complete, and nothing has changed for a while. Prints the traces and says why
/// it ended.
///
/// # Errors
/// The time is over, the viewer does not answer, or `out` cannot be written to.
pub async fn wait(viewer: &Attached, filter: &str, until: Until, json: bool, out: impl Write) -> Result<()> {
    let timeout = tokio::time::sleep(until.timeout);
    let mut timeout = pin!(timeout);
    let mut revisions = viewer.events("revisions", &[]).await?;
    let mut changed = Instant::now();
    let mut traces: Vec<Found> = Vec::new();
    loop {
        let is_met = traces.len() >= until.count && traces.iter().all(Found::is_complete);
        tokio::select! {
            biased;
            () = &mut timeout => {
                written(print(&traces, json, out))?;
                return Err(eyre::eyre!("{}", unmet(&traces, until.count)));
            }
            // The first one comes at once.
            revision = revisions.next() => {
                if revision?.is_none() {
                    return Err(eyre::eyre!("the viewer at {} has ended", viewer.api()));
                }
                let now = found(viewer, filter, TRACES_MAX.max(until.count), until.since_unix_nano).await?;
                if now != traces {
                    (traces, changed) = (now, Instant::now());
                }
            }
            () = tokio::time::sleep_until(changed + until.quiet_for), if is_met => {
                written(print(&traces, json, out))?;
                let quiet = format::duration(u64::try_from(until.quiet_for.as_nanos()).unwrap_or(u64::MAX));
                let traces = format::count(traces.len() as u64, "trace");
                say(&format!("complete: {traces}, nothing new for {quiet}"));
                return Ok(());
            }
        }
    }
}

/// Says why the wait was in vain.
fn unmet(traces: &[Found], count: usize) -> String {
    if traces.len() < count {
        return format!(
            "timeout: {} of {} arrived",
            traces.len(),
            format::count(count as u64, "trace")
        );
    }
    let incomplete: Vec<_> = traces.iter().filter(|trace| !trace.is_complete()).collect();
    let sum = |number: fn(&Found) -> usize| incomplete.iter().map(|trace| number(trace)).sum::<usize>() as u64;
    if incomplete.is_empty() {
        return "timeout: the traces are complete, and were still changing".to_owned();
    }
    format!(
        "incomplete: {} with {} and {}",
        format::count(incomplete.len() as u64, "trace"),
        format::count(sum(|trace| trace.missing), "missing parent"),
        format::count(sum(|trace| trace.open), "open span"),
    )
}
