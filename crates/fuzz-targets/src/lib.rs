//! Properties that must hold for all inputs, one plain function for each entry point of bytes.
//!
//! `make fuzz` runs them under libFuzzer (the crate in `fuzz/`), this crate's own test runs them on the stable toolchain: from
//! the same seeds, with a bounded number of damaged copies. The results of valid messages are checked by the tests of each crate.
//!
//! ```
//! // Neither a message nor a panic.
//! fuzz_targets::check("traces", b"\xff\xff");
//! ```

mod envelope;
mod files;
mod filter;
mod ingest;
mod json;
mod protobuf;
mod seeds;
mod walk;

use trace_model::work;

pub use ingest::{PROTOCOLS, Protocol, ingest, look};
pub use seeds::fixtures;

/// Maximum work per byte, as counted by [`work`]: slow inputs count as failures, too. A record of two bytes is visited a few
/// times.
const WORK_PER_BYTE: u64 = 1_000;
/// Maximum work in addition to that.
const WORK_FIXED: u64 = 1 << 20;

/// An entry point of bytes.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// Name of the target, and of its program in `fuzz/`.
    pub name: &'static str,
    check: fn(&[u8]),
    documents: &'static [&'static [u8]],
    prepare: fn(&[u8]) -> Vec<u8>,
}

/// All targets.
pub const TARGETS: [Target; 8] = [
    Target {
        name: "traces",
        check: protobuf::traces,
        documents: &[seeds::TRACES],
        prepare: protobuf::traces_from,
    },
    Target {
        name: "logs",
        check: protobuf::logs,
        documents: &[seeds::LOGS],
        prepare: protobuf::logs_from,
    },
    Target {
        name: "metrics",
        check: protobuf::metrics,
        documents: &[seeds::METRICS],
        prepare: protobuf::metrics_from,
    },
    Target {
        name: "json",
        check: json::check,
        documents: &[seeds::TRACES, seeds::LOGS, seeds::METRICS],
        prepare: <[u8]>::to_vec,
    },
    Target {
        name: "filter",
        check: filter::check,
        documents: &filter::SEEDS,
        prepare: filter::with_span,
    },
    Target {
        name: "envelope",
        check: envelope::check,
        documents: &[seeds::ENVELOPE, seeds::ENVELOPE_ITEMS],
        prepare: <[u8]>::to_vec,
    },
    Target {
        name: "files",
        check: files::check,
        documents: &[seeds::TRACES, seeds::LOGS, seeds::JAEGER, seeds::ZIPKIN],
        prepare: <[u8]>::to_vec,
    },
    Target {
        name: "ingest",
        check: ingest::check,
        documents: &[
            seeds::TRACES,
            seeds::LOGS,
            seeds::METRICS,
            seeds::ENVELOPE,
            seeds::ENVELOPE_ITEMS,
        ],
        prepare: ingest::with_protocol,
    },
];

/// Checks an input.
///
/// # Panics
/// A property does not hold, the work exceeds the bound for the input's length, or the target is unknown.
pub fn check(name: &str, data: &[u8]) {
    let Some(target) = TARGETS.iter().find(|target| target.name == name) else {
        panic!("unknown target {name}")
    };
    let ((), counted) = work::of(|| (target.check)(data));
    let most = WORK_PER_BYTE * data.len() as u64 + WORK_FIXED;
    assert!(counted <= most, "{counted} of work for {} bytes", data.len());
}

impl Target {
    /// Returns the initial inputs: this crate's own documents.
    #[must_use]
    pub fn seeds(&self) -> Vec<Vec<u8>> {
        self.documents.iter().map(|document| self.seed_of(document)).collect()
    }

    /// Converts a document for this target: OTLP/JSON becomes protobuf for targets of protobuf.
    #[must_use]
    pub fn seed_of(&self, document: &[u8]) -> Vec<u8> {
        (self.prepare)(document)
    }
}
