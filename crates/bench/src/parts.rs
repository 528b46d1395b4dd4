//! The parts of the benchmark. Each starts viewers of its own and returns figures.

mod arrival;
mod engine;
mod filter;
mod hostile;
mod ingest;
mod keys;
mod large_trace;
mod memory;
mod queries;
mod start;
mod walk;

use std::path::Path;

use eyre::Result;

use crate::report::Figure;

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
    ("hostile", hostile::measure),
    ("memory", memory::measure),
    ("start", start::measure),
    ("engine", engine::measure),
    ("walk", walk::measure),
];
