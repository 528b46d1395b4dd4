//! Each target with its seeds and damaged copies of them: the same ones in every run, bounded by number.

#![expect(clippy::unwrap_used, reason = "a test may fail by it")]

use std::path::Path;

use collector::envelope::Envelope;
use collector::sentry;
use fastrand::Rng;
use fuzz_targets::{TARGETS, fixtures};

/// Total number of damaged copies of a target's own seeds.
const SEED_COPIES: usize = 8_000;
/// Total bytes of the damaged copies of a fixture, so that large ones get fewer copies.
const FIXTURE_COPIES_BYTES: usize = 250_000;

/// Byte sequences that random damage rarely produces.
const TOKENS: [&[u8]; 30] = [
    b"{",
    b"}",
    b"[",
    b"]",
    b",",
    b":",
    b"\"",
    b"\\",
    b"\\ud800",
    b"null",
    b"true",
    b"-1",
    b"1e999",
    b"18446744073709551616",
    b"\"NaN\"",
    b"(",
    b")",
    b"!",
    b"*",
    b"..",
    b" OR ",
    b"\n",
    b"\0",
    b"\xff",
    b"\x80\x80\x80\x80\x80\x80\x80\x80\x80\x02",
    b"\xff\xff\xff\xff\x0f",
    b"\x0b",
    b"\x0c",
    b"\xc3\xa9",
    b"\xe2\x80\xae",
];

/// Prints the input if the check panics.
struct Input<'a>(&'a [u8]);

impl Drop for Input<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("the input: b\"{}\"", self.0.escape_ascii());
        }
    }
}

fn run(name: &str) {
    let target = TARGETS.iter().find(|target| target.name == name).unwrap();
    let check = |data: &[u8]| {
        let input = Input(data);
        fuzz_targets::check(name, input.0);
    };
    let mut random = Rng::with_seed(7);
    let seeds = target.seeds();
    for seed in &seeds {
        check(seed);
        for length in 0..seed.len() {
            check(&seed[..length]);
        }
        for _ in 0..SEED_COPIES / seeds.len() {
            check(&damaged(seed, &mut random));
        }
    }
    let Some(directory) = std::env::var_os("SPANFALL_FIXTURES") else {
        eprintln!("only our own seeds: SPANFALL_FIXTURES is not set");
        return;
    };
    for document in fixtures(Path::new(&directory)).unwrap() {
        let seed = target.seed_of(&document);
        check(&seed);
        for _ in 0..FIXTURE_COPIES_BYTES / (seed.len() + 1000) {
            check(&damaged(&seed, &mut random));
        }
    }
}

/// Returns a copy with several damages.
fn damaged(seed: &[u8], random: &mut Rng) -> Vec<u8> {
    let mut bytes = seed.to_vec();
    for _ in 0..random.usize(1..=4) {
        let at = random.usize(0..=bytes.len());
        let part = at..bytes.len().min(at + random.usize(1..=32));
        match random.u8(0..7) {
            0 if at < bytes.len() => bytes[at] ^= 1 << random.u8(0..8),
            1 if at < bytes.len() => bytes[at] = random.u8(..),
            2 => drop(bytes.drain(part)),
            3 => {
                let copied = bytes[part].to_vec();
                let to = random.usize(0..=bytes.len());
                drop(bytes.splice(to..to, copied));
            }
            4 => drop(bytes.splice(at..at, TOKENS[random.usize(..TOKENS.len())].iter().copied())),
            5 => drop(bytes.splice(part, TOKENS[random.usize(..TOKENS.len())].iter().copied())),
            _ => bytes.truncate(at.max(bytes.len() / 2)),
        }
    }
    bytes
}

macro_rules! targets {
    ($($name:ident),*) => {
        $(
            #[test]
            fn $name() {
                run(stringify!($name));
            }
        )*

        #[test]
        fn targets_are_all_run() {
            assert_eq!([$(stringify!($name)),*], TARGETS.map(|target| target.name));
        }
    };
}

targets!(traces, logs, metrics, json, filter, envelope, files, ingest);

/// An unreadable seed covers little.
#[test]
fn seeds_are_read() {
    for target in TARGETS {
        let protobuf = ["traces", "logs", "metrics"].contains(&target.name);
        for seed in target.seeds() {
            assert!(!seed.starts_with(b"{") || !protobuf, "{}", target.name);
        }
    }
}

/// Every item of an envelope.
#[test]
fn seeds_of_envelopes_have_items_of_all_kinds() {
    let target = TARGETS.iter().find(|target| target.name == "envelope").unwrap();
    let items = Envelope::parse(target.seeds().pop().unwrap().into()).unwrap();
    let reading = sentry::read(&items, sentry::RequestMeta::default());
    assert_eq!(reading.problems, [""; 0]);
    let counts = reading.counts;
    assert_eq!((counts.spans, counts.errors, counts.log_records), (3, 1, 1));
    let contents = reading.contents;
    let told = [contents.check_ins, contents.sessions, contents.client_reports];
    assert!(told.iter().all(|told| !told.is_empty()), "{told:?}");
}
