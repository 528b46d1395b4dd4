//! The parts of the benchmark. Each starts viewers of its own and returns figures.

mod arrival;
mod engine;
mod filter;
mod hostile;
mod ingest;
mod keys;
mod large_trace;
mod logs;
mod memory;
mod queries;
mod start;
mod walk;

use std::path::Path;

use eyre::Result;

use crate::load::{Load, LoadPlan, Protocol};
use crate::report::Figure;
use crate::samples::Samples;
use crate::viewer::Viewer;

/// Spans per second of a high load.
const PACE: u64 = 100_000;
/// The title of the popup that `?` opens and Esc closes.
const HELP: &str = "Keys and marks";

/// Starts a viewer that receives spans at a high rate.
fn loaded(program: &Path) -> Result<(Viewer, Load)> {
    let viewer = Viewer::start(program, &[])?;
    let plan = LoadPlan {
        records: u64::MAX,
        pace: Some(PACE),
    };
    let load = Load::start(Protocol::Http, viewer.otlp_http()?, plan);
    viewer.wait("the first spans", |screen| {
        crate::viewer::count_of(screen, "span").is_some_and(|spans| spans > PACE)
    })?;
    Ok((viewer, load))
}

/// Opens and closes the help, and measures from each key to its frame.
fn press(viewer: &mut Viewer, presses: usize, samples: &mut Samples) -> Result<()> {
    for press in 0..presses {
        let open = press % 2 == 0;
        let done = move |screen: &str| screen.contains(HELP) == open;
        samples.add(viewer.time("the effect of a key", done, |viewer| {
            viewer.press(if open { "?" } else { "\x1b" })
        })?);
    }
    Ok(())
}

/// A part of the run by its name, with what measures it.
pub(crate) type Part = (&'static str, fn(&Path) -> Result<Vec<Figure>>);

/// Every part, in the order of the report.
pub(crate) const PARTS: &[Part] = &[
    ("http", ingest::http),
    ("grpc", ingest::grpc),
    ("arrival", arrival::measure),
    ("keys", keys::measure),
    ("queries", queries::measure),
    ("trace", large_trace::measure),
    ("filter", filter::measure),
    ("logs", logs::measure),
    ("hostile", hostile::measure),
    ("memory", memory::measure),
    ("start", start::measure),
    ("engine", engine::measure),
    ("walk", walk::measure),
];
