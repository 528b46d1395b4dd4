//! `spanfall trace`: one trace, as text for the user, or whole.

use std::io::Write;

use eyre::{Context, Result};
use query::CrossCheck;
use trace_model::{ListPlace, RepeatedLimits, Store};

use super::{say, waterfall, written};
use crate::attach::Attached;
use crate::inspect;
use crate::problem::Exit;

/// Output format of a trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Form {
    /// A waterfall.
    #[default]
    Text,
    /// The JSON of [`inspect`].
    Json,
    /// OTLP/JSON lines.
    Otlp,
}

/// Prints the trace with an id, or the one that arrived last; calls are repeated from these limits on.
///
/// # Errors
/// It is not stored, the viewer does not answer, or `out` cannot be written to.
pub async fn trace(viewer: &Attached, id: &str, form: Form, repeated: RepeatedLimits, mut out: impl Write) -> Result<()> {
    let is_id = !id.is_empty() && id.len() <= 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit());
    if id != "last" && !is_id {
        return Err(Exit::usage("not a trace id: use up to 32 hexadecimal digits, or last".to_owned()).into());
    }
    let Some(lines) = viewer.get(&format!("traces/{id}"), &[]).await? else {
        return Err(eyre::eyre!("trace not found: {id}"));
    };
    if form != Form::Text {
        say("the trace is whole, with any credentials in it");
    }
    if form == Form::Otlp {
        return written(out.write_all(&lines).and_then(|()| out.flush()));
    }
    let mut store = inspect::read_lines(lines)?;
    store.set_repeated_limits(repeated);
    if form == Form::Json {
        return written(inspect::print_json(&store, out));
    }
    let cross_check = cross_check(viewer, &store).await?;
    written(waterfall::print(&store, cross_check.as_ref(), out))
}

/// Returns the cross-check of the trace of a store. Only the viewer has what it needs; `None` if the trace was evicted meanwhile.
async fn cross_check(viewer: &Attached, store: &Store) -> Result<Option<CrossCheck>> {
    let (traces, _) = store.arrived_after(ListPlace::default(), 1);
    let Some(trace_id) = traces.first() else { return Ok(None) };
    let answer = viewer.get(&format!("traces/{trace_id}/cross-check"), &[]).await?;
    let read = |answer: Vec<u8>| serde_json::from_slice(&answer).wrap_err("the viewer's answer cannot be read");
    answer.map(read).transpose()
}
