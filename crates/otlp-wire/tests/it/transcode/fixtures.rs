//! Documents written by other programs.

use std::fs;
use std::path::Path;

use otlp_wire::json::{Transcoded, transcode};
use otlp_wire::schema::{LOGS_REQUEST, METRICS_REQUEST, TRACES_REQUEST};
use otlp_wire::{Value, fields, validate};

#[test]
fn fixtures_are_read() {
    let Some(fixtures) = std::env::var_os("SPANFALL_FIXTURES") else {
        eprintln!("skipped: SPANFALL_FIXTURES is not set");
        return;
    };
    let (mut files, mut spans, mut rejected) = (0, 0, 0);
    for entry in fs::read_dir(Path::new(&fixtures).join("otlp")).unwrap() {
        let path = entry.unwrap().path();
        let content = fs::read(&path).unwrap();
        let documents: Vec<&[u8]> = match path.extension().and_then(|extension| extension.to_str()) {
            Some("json") => vec![&content],
            Some("jsonl") => content.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).collect(),
            _ => continue,
        };
        files += 1;
        for document in documents {
            let transcoded = read(document).unwrap_or_else(|| panic!("{} is not a request", path.display()));
            spans += count(&transcoded.bytes, &[1, 2, 2]);
            rejected += transcoded.rejected.iter().map(|reason| reason.spans).sum::<u64>();
        }
    }
    assert!(files > 0 && spans > 0, "{files} files with {spans} spans");
    // One fixture has ids with letters beyond f, for this purpose.
    assert!(rejected > 0);
}

/// Parses a request of the signal that is not empty.
fn read(document: &[u8]) -> Option<Transcoded> {
    [&TRACES_REQUEST, &LOGS_REQUEST, &METRICS_REQUEST]
        .into_iter()
        .find_map(|schema| {
            let transcoded = transcode(document, schema).unwrap();
            validate(&transcoded.bytes, schema).unwrap();
            Some(transcoded).filter(|transcoded| !transcoded.bytes.is_empty())
        })
}

/// Counts the messages on a path of field numbers.
fn count(message: &[u8], path: &[u32]) -> usize {
    let Some((number, rest)) = path.split_first() else { return 1 };
    let inner = fields(message).filter_map(|field| match field.value {
        Value::Bytes(inner) if field.number == *number => Some(inner),
        _ => None,
    });
    inner.map(|inner| count(inner, rest)).sum()
}
