//! `spanfall inspect`: what saved traces say, without a screen.
//!
//! All files go into one store, so a trace that is spread over several is one. What could not be read is said on standard error.
//!
//! # JSON
//! An array with one object for each trace that has spans, ordered by start. Each has these keys, always all of them:
//!
//! | key | value |
//! |---|---|
//! | `trace_id` | lower-case hexadecimal, as all ids; ids that are no hexadecimal in the file have been given one ([`trace_files`]) |
//! | `spans` | `[{"span_id", "parent_span_id", "service", "name", "kind", "start_unix_nano", "end_unix_nano", "start_time", "end_time", "status"}]`, parents before their children; `start_time` and `end_time` are RFC 3339 text in UTC |
//! | `roots` | ids of the spans without a parent |
//! | `orphans` | ids of the spans whose parent is not in the trace |
//! | `services` | names, by their first span's start |
//! | `duration_ns` | from the earliest start to the latest end |
//! | `errors` | how many spans have status error |
//! | `lints` | `[{"rule", "span_id", "title", "excess_ns"}]`: the rules of [`trace_model::Rule`]; `excess_ns` says how far a span reaches out of its parent, else it is `null` |
//! | `critical_path` | `[{"span_id", "self_ns"}]`: every span on it, in the order of `spans`, and for how long the trace waited for that span itself; `null` where that can't be said. It is the root's: without what the root does not wait for |
//! | `path_to_last_span` | `[{"span_id", "self_ns", "queued_ns"}]`: the path to the span that ends last, also over messages; `queued_ns` is the time that the span's message was in the queue. Where the root ends last it is the critical path |
//!
//! Of a span `parent_span_id`, `service` and `end_unix_nano` (of one in flight) may be `null`; `kind` and `status` are names in lower
//! case; times are integers of up to 64 bits, which some readers' numbers are not.

mod json;
mod plain;

use std::collections::HashMap;
use std::io::{self, BufWriter, Write};
use std::ops::ControlFlow;
use std::path::PathBuf;

use color_eyre::eyre::{Context, Result, eyre};
use trace_files::Input;
use trace_model::{Analysis, SpanTree, Store, TraceSummary};

use crate::text::clean;

/// As much as there is memory: whoever asks for files wants all of them.
const BUDGET: usize = usize::MAX / 4;

/// Prints what is in files (`-` is standard input); what can be read of them, also where another file can't be. Blocks.
///
/// # Errors
/// A file cannot be read, or `out` fails otherwise than by being closed.
pub fn run(paths: &[PathBuf], json: bool, out: impl Write) -> Result<()> {
    let mut store = Store::new(BUDGET);
    let mut failed = Vec::new();
    for path in paths {
        if let Err(error) = read(path, &mut store) {
            failed.push(clean_lines(&error.to_string()));
        }
    }
    if failed.len() < paths.len() {
        match print(&store, json, BufWriter::new(out)) {
            // The reader's way to say that it has had enough.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {}
            printed => printed.wrap_err("standard output cannot be written to")?,
        }
    }
    if failed.is_empty() {
        Ok(())
    } else {
        Err(eyre!("{}", failed.join("\n")))
    }
}

/// Takes a file in, and says what of it could not be read.
fn read(path: &std::path::Path, store: &mut Store) -> Result<(), trace_files::FileError> {
    let input = Input::open(path)?;
    let report = input.read(&mut |part| {
        store.add(part.batch);
        ControlFlow::Continue(())
    })?;
    let problems = report.problems;
    for problem in &problems.first {
        say(&format!("{}: {problem}", clean(input.name())));
    }
    let rest = problems.count - problems.first.len() as u64;
    if rest > 0 {
        say(&format!("{}: {rest} more could not be read", clean(input.name())));
    }
    Ok(())
}

/// One trace, read through.
struct Trace {
    summary: TraceSummary,
    tree: SpanTree,
    analysis: Analysis,
}

/// The traces that have spans, by start; each is read when it is its turn.
fn traces(store: &Store) -> impl Iterator<Item = Trace> {
    let mut summaries = store.traces(0..store.listed());
    summaries.retain(|trace| trace.spans > 0);
    summaries.sort_by_key(|trace| (trace.start_unix_nano, trace.trace_id));
    summaries.into_iter().map(|summary| {
        let tree = SpanTree::of(store, summary.trace_id);
        let analysis = Analysis::of(&tree);
        Trace { summary, tree, analysis }
    })
}

fn print(store: &Store, json: bool, mut out: impl Write) -> io::Result<()> {
    if json {
        json::write(traces(store), &mut out)?;
    } else {
        plain::write(traces(store), &mut out)?;
    }
    out.flush()
}

impl Trace {
    /// For each span on the critical path, the position of its node and for how long the trace waited for it itself, in nanoseconds.
    fn critical_path(&self) -> Option<&[(usize, u64)]> {
        let path = self.analysis.critical_path().ok()?;
        Some(&path.exclusive)
    }

    /// For each span on the path to the last one, the position of its node, its own time and its message's time in the queue, both in
    /// nanoseconds.
    fn path_to_last_span(&self) -> Option<Vec<(usize, u64, u64)>> {
        let path = self.analysis.path_to_last_span().ok()?;
        let queued: HashMap<usize, u64> = path.queued.iter().copied().collect();
        let step = |&(node, own): &(usize, u64)| (node, own, queued.get(&node).copied().unwrap_or(0));
        Some(path.exclusive.iter().map(step).collect())
    }
}

/// Standard error may be closed, which is no reason to stop.
fn say(line: &str) {
    let _ = writeln!(io::stderr(), "spanfall: {line}");
}

/// Names of files may hold what commands a terminal.
fn clean_lines(text: &str) -> String {
    text.lines().map(clean).collect::<Vec<_>>().join("\n")
}
