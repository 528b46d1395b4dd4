//! `spanfall inspect`: summaries of saved traces, without a screen.
//!
//! All files are read into one store, so a trace that is spread over several is one. Parts that cannot be read are reported on
//! standard error. Log records without spans are counted by severity after the traces, in text only.
//!
//! # JSON
//! An array with one object for each trace that has spans, ordered by start. Each has these keys, always all of them:
//!
//! | key | value |
//! |---|---|
//! | `trace_id` | lower-case hexadecimal, as all ids; non-hex ids of the file are replaced ([`trace_files`]) |
//! | `spans` | `[{"span_id", "parent_span_id", "service", "name", "kind", "start_unix_nano", "end_unix_nano", "start_time", "end_time", "status"}]`, parents before their children; `start_time` and `end_time` are RFC 3339 text in UTC |
//! | `roots` | ids of the spans without a parent, or whose parent is ignored since it leads back to them (rule `parent-cycle`) |
//! | `orphans` | ids of the spans whose parent is not in the trace |
//! | `services` | names, by their first span's start |
//! | `duration_ns` | from the earliest start to the latest end |
//! | `errors` | how many spans have status error |
//! | `lints` | `[{"rule", "span_id", "title", "excess_ns"}]`: the rules of [`trace_model::Rule`]; `excess_ns` says how far a span reaches out of its parent, else it is `null` |
//! | `critical_path` | `[{"span_id", "self_ns"}]`: every span on it, in the order of `spans`, and for how long the trace waited for that span itself; `null` if unknown. It is the root's: spans that the root does not wait for are not on it |
//! | `path_to_last_span` | `[{"span_id", "self_ns", "queued_ns"}]`: the path to the span that ends last, also over messages; `queued_ns` is the time that the span's message was in the queue. Where the root ends last it is the critical path |
//!
//! Of a span `parent_span_id`, `service` and `end_unix_nano` (of one in flight) may be `null`; `kind` and `status` are names in lower
//! case; times are integers of up to 64 bits, which some readers' numbers are not.
//!
//! When something could not be read, or there is neither a span nor a log record, the last element is another: `{"unreadable": [{"file", "place", "reason"}]}`,
//! `file` and `place` being `null` for what concerns none in particular. It has no `errors`, so that a condition on all elements fails.

mod json;
mod plain;

use std::collections::{HashMap, HashSet};
use std::io::{self, BufWriter, Write};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use eyre::{Context, Result, eyre};
use serde::Serialize;
use trace_files::{FileError, Input, Memory, Problems, Session};
use trace_model::{Analysis, ListPlace, LogReader, RepeatedLimits, Severity, SpanTree, Store, Totals, TraceId, TraceSummary};

use app::format;
use app::text::{clean, clean_lines};

pub(crate) use plain::{heading, moment, so_far};

/// Something that could not be read.
#[derive(Debug, Serialize)]
struct Unreadable {
    file: Option<String>,
    place: Option<String>,
    reason: String,
}

impl Unreadable {
    /// Concerns all files.
    const fn of_all(reason: String) -> Self {
        Self {
            file: None,
            place: None,
            reason,
        }
    }
}

/// Reason of input that could be read and is empty.
const NOTHING: &str = "no span or log record in the input";

/// The readable content of the files.
struct Contents {
    store: Store,
    unreadable: Vec<Unreadable>,
    /// Reasons of files that could not be read at all, as lines.
    failed: Vec<String>,
    /// Parts of the other files that could not be read.
    missing: u64,
    /// True if everything could be read and has neither spans nor log records.
    is_empty: bool,
}

/// Prints what is in files (`-` is standard input); what can be read of them, also where another file can't be. At most `limit` bytes
/// of memory are used for it, and calls are repeated from these limits on. Blocks.
///
/// # Errors
/// Something of a file could not be read, there is neither a span nor a log record, or `out` fails otherwise than by being closed.
pub fn run(paths: &[PathBuf], json: bool, limit: usize, repeated: RepeatedLimits, out: impl Write) -> Result<()> {
    let mut contents = read_all(paths, limit);
    contents.store.set_repeated_limits(repeated);
    if json || contents.failed.len() < paths.len() {
        match print(&contents, json, BufWriter::new(out)) {
            // The reader closed the pipe.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {}
            printed => printed.wrap_err("standard output cannot be written to")?,
        }
    }
    if contents.is_empty {
        contents.failed.push(NOTHING.to_owned());
    }
    if contents.missing > 0 {
        let parts = format::count(contents.missing, "part");
        contents.failed.push(format!("{parts} of the input could not be read"));
    }
    if contents.failed.is_empty() {
        Ok(())
    } else {
        Err(eyre!("{}", contents.failed.join("\n")))
    }
}

fn read_all(paths: &[PathBuf], limit: usize) -> Contents {
    let memory = Memory::within(limit);
    let mut session = Session::new(memory);
    let mut contents = Contents {
        store: Store::new(memory.store()),
        unreadable: Vec::new(),
        failed: Vec::new(),
        missing: 0,
        is_empty: false,
    };
    for path in paths {
        if let Err(error) = contents.read(&mut session, path) {
            let file = path.display().to_string();
            let reason = |(place, reason)| Unreadable {
                file: Some(file.clone()),
                place,
                reason,
            };
            contents.unreadable.extend(error.reasons().into_iter().map(reason));
            contents.failed.push(clean_lines(&error.to_string()));
        }
    }
    let warnings = session.finish(&mut |part| {
        contents.store.add(part.batch);
        ControlFlow::Continue(())
    });
    warn("", &warnings);
    let totals = contents.store.totals();
    if let Some(reason) = left_out(&totals, limit) {
        say(&reason);
        contents.missing += 1;
        contents.unreadable.push(Unreadable::of_all(reason));
    }
    // A condition on all elements of an empty array holds.
    if totals.spans + totals.logs == 0 && contents.unreadable.is_empty() {
        contents.is_empty = true;
        contents.unreadable.push(Unreadable::of_all(NOTHING.to_owned()));
    }
    contents
}

impl Contents {
    /// Reads a file and reports its unreadable parts.
    fn read(&mut self, session: &mut Session, path: &Path) -> Result<(), FileError> {
        let input = Input::open(path)?;
        let report = session.read(&input, &mut |part| {
            self.store.add(part.batch);
            ControlFlow::Continue(())
        })?;
        let file = clean(input.name());
        for (place, reason) in report.problems.reasons() {
            match &place {
                Some(place) => say(&format!("{file}: {place}: {reason}")),
                None => say(&format!("{file}: {reason}")),
            }
            self.unreadable.push(Unreadable {
                file: Some(input.name().to_owned()),
                place,
                reason,
            });
        }
        if report.spans + report.logs == 0 && report.problems.count == 0 {
            say(&format!("warning: {file}: no spans or log records"));
        }
        self.missing += report.problems.count;
        warn(&format!("{file}: "), &report.warnings);
        Ok(())
    }
}

/// Prints warnings about what was read.
fn warn(prefix: &str, warnings: &Problems) {
    for warning in &warnings.first {
        say(&format!("warning: {prefix}{warning}"));
    }
    let more = warnings.count - warnings.first.len() as u64;
    if more > 0 {
        say(&format!("warning: {prefix}{}", format::count(more, "more warning")));
    }
}

/// Describes what a memory limit in bytes dropped; `None` if nothing.
pub(crate) fn left_out(totals: &Totals, limit: usize) -> Option<String> {
    let traces = totals.evicted_traces;
    let spans = totals.evicted_spans + totals.truncated_spans;
    let logs = totals.evicted_logs + totals.truncated_logs;
    let what = [(spans, "span"), (traces, "whole trace"), (logs, "log record")];
    let what = what.into_iter().filter(|(count, _)| *count > 0);
    let what: Vec<String> = what.map(|(count, noun)| format::count(count, noun)).collect();
    let limit = format::bytes(limit as u64);
    (!what.is_empty()).then(|| {
        format!(
            "{} dropped: the memory limit is {limit} (raise --max-memory)",
            what.join(", ")
        )
    })
}

/// One trace with its analysis.
pub(crate) struct Trace {
    pub(crate) summary: TraceSummary,
    pub(crate) tree: SpanTree,
    analysis: Analysis,
}

/// The traces that have spans, by start; each is read when it is its turn.
pub(crate) fn traces(store: &Store) -> impl Iterator<Item = Trace> {
    by_start(store).into_iter().filter_map(|trace_id| {
        let summary = store.summarize(trace_id)?;
        let tree = SpanTree::of(store, trace_id);
        let analysis = Analysis::of(&tree);
        Some(Trace { summary, tree, analysis })
    })
}

/// Returns the ids of the traces that have spans, by start. (Summaries of all of them may take as much memory as the store.)
fn by_start(store: &Store) -> Vec<TraceId> {
    let (ids, _) = store.listed_after(ListPlace::default(), usize::MAX);
    let summaries = ids.into_iter().filter_map(|trace_id| store.summarize(trace_id));
    let with_spans = summaries.filter(|trace| trace.spans > 0);
    let mut starts: Vec<_> = with_spans.map(|trace| (trace.start_unix_nano, trace.trace_id)).collect();
    starts.sort_unstable();
    starts.into_iter().map(|(_, trace_id)| trace_id).collect()
}

/// Counts the log records that belong to no trace with spans, the worst severity first.
fn logs_without_spans(store: &Store) -> Vec<(Severity, u64)> {
    let with_spans: HashSet<TraceId> = by_start(store).into_iter().collect();
    let mut counts = Severity::ALL.map(|severity| (severity, 0));
    LogReader::of_all().step(store, u64::MAX, |log| {
        let is_in_a_trace = log.trace_id().is_some_and(|trace_id| with_spans.contains(&trace_id));
        let of_severity = counts.iter_mut().find(|(severity, _)| *severity == log.severity());
        if let Some((_, count)) = of_severity.filter(|_| !is_in_a_trace) {
            *count += 1;
        }
    });
    counts.into_iter().rev().filter(|(_, count)| *count > 0).collect()
}

/// Reads OTLP/JSON lines of a viewer.
///
/// # Errors
/// They are not such lines.
pub(crate) fn read_lines(lines: Vec<u8>) -> Result<Store> {
    let memory = Memory::within(crate::memory::half_of_available());
    let mut store = Store::new(memory.store());
    let mut session = Session::new(memory);
    let mut take = |part: trace_files::Part| {
        store.add(part.batch);
        ControlFlow::Continue(())
    };
    let report = session.read(&Input::new("the viewer's answer".to_owned(), lines), &mut take)?;
    session.finish(&mut take);
    if report.problems.count > 0 {
        return Err(eyre!("the viewer's answer cannot be read"));
    }
    Ok(store)
}

/// Prints all traces of a store as JSON.
pub(crate) fn print_json(store: &Store, mut out: impl Write) -> io::Result<()> {
    json::write(traces(store), &[], &mut out)?;
    out.flush()
}

fn print(contents: &Contents, json: bool, mut out: impl Write) -> io::Result<()> {
    let traces = traces(&contents.store);
    if json {
        json::write(traces, &contents.unreadable, &mut out)?;
    } else {
        plain::write(traces, &logs_without_spans(&contents.store), &mut out)?;
    }
    out.flush()
}

impl Trace {
    /// Returns, for each span on the critical path, its node's position and the time that the trace waited for it itself, in
    /// nanoseconds.
    pub(crate) fn critical_path(&self) -> Option<&[(usize, u64)]> {
        let path = self.analysis.critical_path().ok()?;
        Some(&path.exclusive)
    }

    /// Returns, for each span on the path to the last one, its node's position, its self time and its message's time in the
    /// queue, both in nanoseconds.
    fn path_to_last_span(&self) -> Option<Vec<(usize, u64, u64)>> {
        let path = self.analysis.path_to_last_span().ok()?;
        let queued: HashMap<usize, u64> = path.queued.iter().copied().collect();
        let step = |&(node, own): &(usize, u64)| (node, own, queued.get(&node).copied().unwrap_or(0));
        Some(path.exclusive.iter().map(step).collect())
    }
}

/// Prints to standard error, which may be closed: that is ignored.
fn say(line: &str) {
    let _ = writeln!(io::stderr(), "spanfall: {line}");
}
