//! What must hold of any bytes whatsoever, one plain function for each place where bytes come in.
//!
//! `make fuzz` runs them under libFuzzer (the crate in `fuzz/`), this crate's own test runs them on the stable toolchain: from the same
//! seeds, with a bounded number of damaged copies. It is not for what a right message must become; that is for each crate's tests.
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

/// The most work that a byte may cost, as [`work`] counts it: a slow input is a find, too. A record of two bytes is visited a few times.
const WORK_PER_BYTE: u64 = 1_000;
/// The same, whatever the length.
const WORK_FIXED: u64 = 1 << 20;

/// One place where bytes come in.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// Its name, and that of its program in `fuzz/`.
    pub name: &'static str,
    check: fn(&[u8]),
    documents: &'static [&'static [u8]],
    prepare: fn(&[u8]) -> Vec<u8>,
}

/// All of them.
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

/// Takes in some bytes.
///
/// # Panics
/// Something does not hold that must, it takes more work than its length explains, or there is no such target.
pub fn check(name: &str, data: &[u8]) {
    let Some(target) = TARGETS.iter().find(|target| target.name == name) else {
        panic!("there is no target {name}")
    };
    let ((), counted) = work::of(|| (target.check)(data));
    let most = WORK_PER_BYTE * data.len() as u64 + WORK_FIXED;
    assert!(counted <= most, "{counted} of work for {} bytes", data.len());
}

impl Target {
    /// Where fuzzing begins: this crate's own documents.
    #[must_use]
    pub fn seeds(&self) -> Vec<Vec<u8>> {
        self.documents.iter().map(|document| self.seed_of(document)).collect()
    }

    /// A document as this place gets it: in protobuf, where it is OTLP and this is a place for protobuf.
    #[must_use]
    pub fn seed_of(&self, document: &[u8]) -> Vec<u8> {
        (self.prepare)(document)
    }
}
