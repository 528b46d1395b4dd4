//! Commands that ask a running viewer: `query`, `show`, `trace`, `wait` and `fire`.

mod fire;
mod list;
mod show;
mod trace;
mod wait;
mod waterfall;

use std::io::{self, Write};

use eyre::{Context, Result};
use query::Found;
use serde::Deserialize;

use crate::attach::Attached;

pub use fire::{DemoCall, fire};
pub use list::list;
pub use show::{List, show};
pub use trace::{Form, trace};
pub use wait::{Until, wait};

#[derive(Deserialize)]
struct Traces {
    traces: Vec<Found>,
}

/// Returns the traces that a filter finds, the last arrived first.
async fn found(viewer: &Attached, filter: &str, limit: usize, since_unix_nano: u64) -> Result<Vec<Found>> {
    let (limit, since) = (limit.to_string(), since_unix_nano.to_string());
    let parameters = [("filter", filter), ("limit", &limit), ("since_unix_nano", &since)];
    let answer = viewer.get("traces", &parameters).await?.unwrap_or_default();
    let answer: Traces = serde_json::from_slice(&answer).wrap_err("the viewer's answer cannot be read")?;
    Ok(answer.traces)
}

/// A closed pipe (`| head -1`) is not an error.
fn written(result: io::Result<()>) -> Result<()> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        result => result.wrap_err("standard output cannot be written to"),
    }
}

/// Standard error may be closed, which does not end the command.
fn say(line: &str) {
    let _ = writeln!(io::stderr(), "spanfall: {line}");
}
