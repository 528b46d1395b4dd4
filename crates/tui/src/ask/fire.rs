//! `spanfall fire`: sends a request through the demo of the running viewer.

use std::io::Write;

use clap::ValueEnum;
use eyre::{Context, Result};
use serde::Deserialize;
use trace_model::RepeatedLimits;

use super::{Form, Until, trace, wait, written};
use crate::attach::Attached;

/// A request of the demo.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum DemoCall {
    /// Reset a password: API, queue, mailer and mail
    Reset,
    /// The same with an invalid address, which the API rejects
    Invalid,
}

#[derive(Deserialize)]
struct Fired {
    trace_id: String,
}

/// Sends a request and prints the id of its trace. With `until` it waits for the trace and prints its waterfall, complete or not.
///
/// # Errors
/// The viewer runs no demo, the trace is not complete in time, or `out` cannot be written to.
pub async fn fire(
    viewer: &Attached,
    call: DemoCall,
    until: Option<Until>,
    repeated: RepeatedLimits,
    mut out: impl Write,
) -> Result<()> {
    let name = match call {
        DemoCall::Reset => "reset",
        DemoCall::Invalid => "invalid",
    };
    let answer = viewer.post(&format!("fire/{name}")).await?;
    let Fired { trace_id } = serde_json::from_slice(&answer).wrap_err("the viewer's answer cannot be read")?;
    written(writeln!(out, "{trace_id}").and_then(|()| out.flush()))?;
    let Some(until) = until else { return Ok(()) };
    let waited = wait(viewer, &format!("trace:{trace_id}"), until, false, std::io::sink()).await;
    trace(viewer, &trace_id, Form::Text, repeated, out).await?;
    waited
}
