//! `spanfall show`: lists about the stored traces.

mod text;

use std::io::Write;

use clap::ValueEnum;
use eyre::{Context, Result};
use query::Show;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use trace_model::Records;

use super::written;
use crate::attach::Attached;

/// A list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum List {
    /// Log records, each with its trace if it has one
    Logs,
    /// Errors in groups, as on the Errors tab
    Errors,
    /// Operations with counts and latencies
    Operations,
    /// Calls between services
    Map,
    /// Violated rules, each with a trace
    Warnings,
    /// Received and stored data, and rejections
    Ingest,
}

impl List {
    /// Returns its name on the command line, which is that in the API.
    fn name(self) -> String {
        self.to_possible_value()
            .map_or_else(String::new, |value| value.get_name().to_owned())
    }

    /// Returns the kind of records that its filter finds.
    #[must_use]
    pub fn records(self) -> Records {
        let name = self.name();
        let show = Show::ALL.into_iter().find(|show| show.name() == name);
        show.map_or(Records::Spans, Show::records)
    }
}

/// An answer: a list under its name.
#[derive(Deserialize)]
struct Rows(serde_json::Map<String, Value>);

/// Prints a list about the traces that a filter finds.
///
/// # Errors
/// The viewer does not answer, or `out` cannot be written to.
pub async fn show(viewer: &Attached, list: List, filter: &str, limit: usize, json: bool, mut out: impl Write) -> Result<()> {
    let limit = limit.to_string();
    let path = format!("show/{}", list.name());
    let answer = viewer.get(&path, &[("filter", filter), ("limit", &limit)]).await?;
    let answer = answer.unwrap_or_default();
    if list == List::Ingest {
        let ingest: query::Ingest = read(&answer)?;
        let printed = if json { line(&ingest) } else { text::ingest(&ingest) };
        return written(out.write_all(printed.as_bytes()).and_then(|()| out.flush()));
    }
    let mut answer: Rows = read(&answer)?;
    let rows = answer.0.remove(&list.name()).unwrap_or_default();
    let printed = if json {
        rows.as_array().into_iter().flatten().map(line).collect()
    } else {
        lines(list, rows)?
    };
    written(out.write_all(printed.as_bytes()).and_then(|()| out.flush()))
}

fn lines(list: List, rows: Value) -> Result<String> {
    fn of<T: DeserializeOwned>(rows: Value, print: impl FnOnce(&[T]) -> String) -> Result<String> {
        let rows: Vec<T> = serde_json::from_value(rows).wrap_err(UNREADABLE)?;
        Ok(print(&rows))
    }
    match list {
        List::Logs => of(rows, text::logs),
        List::Errors => of(rows, text::errors),
        List::Operations => of(rows, text::operations),
        List::Map => of(rows, text::map),
        List::Warnings => of(rows, text::warnings),
        List::Ingest => Ok(String::new()),
    }
}

const UNREADABLE: &str = "the viewer's answer cannot be read";

fn read<T: DeserializeOwned>(answer: &[u8]) -> Result<T> {
    serde_json::from_slice(answer).wrap_err(UNREADABLE)
}

fn line(value: &impl serde::Serialize) -> String {
    String::from_utf8_lossy(&query::json(value)).into_owned() + "\n"
}
