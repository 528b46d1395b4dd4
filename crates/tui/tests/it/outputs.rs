//! Untrusted text in output without a screen: the same table everywhere.

use std::path::PathBuf;
use std::process::{Command, Output};

use app::text::{clean, is_printable};
use serde_json::json;

/// Returns all of Unicode that an argument can hold, in pieces that fit a file's name.
fn pieces() -> Vec<String> {
    let all: Vec<char> = ('\u{1}'..=char::MAX).filter(|c| *c != '/').collect();
    all.chunks(50_000).map(|piece| piece.iter().collect()).collect()
}

fn is_clean(said: &str) -> bool {
    said.chars().all(|c| c == '\n' || is_printable(c))
}

fn spanfall(words: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_spanfall"));
    command.env_clear().args(words).output().unwrap()
}

#[test]
fn names_of_files_are_cleaned_in_every_error() {
    let hostile: String = ('\u{1}'..'\u{ffff}').filter(|c| !is_printable(*c)).step_by(9).collect();
    let name = format!("a\nspanfall: forged\u{1b}[2J\u{9b}m\u{202e}{hostile}");
    for (words, status) in [
        (vec!["open", &name], 1),
        (vec!["inspect", &name], 1),
        (vec!["--config", &name], 1),
        (vec!["--log-file", "/missing/\u{1b}[2J\u{202e}", "open", "-"], 1),
        (vec!["--theme", &name], 2),
        (vec!["--otlp-grpc", &name], 2),
        (vec![&*name], 2),
        (vec!["config", &name], 2),
    ] {
        let output = spanfall(&words);
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(status), "{said}");
        assert!(is_clean(&said), "{said:?}");
        assert!(said.contains('␛'), "the error names it: {said}");
        let forged = said.lines().skip(1).any(|line| line.starts_with("spanfall: forged"));
        assert!(!forged, "{said}");
    }
}

#[test]
fn errors_that_name_a_file_clean_all_of_unicode() {
    for piece in pieces() {
        let path = PathBuf::from(format!("/missing/{piece}"));
        let file = trace_files::Input::open(&path).unwrap_err().to_string();
        let config = spanfall::config::Config::read(Some(&path)).unwrap_err().to_string();
        let name = clean(&piece);
        for said in [file, config] {
            assert!(is_clean(&said) && said.contains(&*name));
        }
    }
}

#[test]
fn inspect_prints_all_of_unicode_cleaned() {
    let directory = tempfile::tempdir().unwrap();
    // Short enough that neither a name nor a service is cut.
    let all: Vec<char> = ('\0'..=char::MAX).collect();
    let pieces: Vec<String> = all.chunks(250).map(|piece| piece.iter().collect()).collect();
    let spans = pieces.iter().enumerate().map(|(number, piece)| {
        let resource = json!({ "attributes": [{ "key": "service.name", "value": { "stringValue": piece } }] });
        let span = json!({ "traceId": "0af7651916cd43dd8448eb211c80319c", "spanId": format!("{:016x}", number + 1), "name": piece,
            "startTimeUnixNano": (1_000 + number).to_string(), "endTimeUnixNano": "20000" });
        json!({ "resource": resource, "scopeSpans": [{ "spans": [span] }] })
    });
    let file = directory.path().join("trace.json");
    let content = json!({ "resourceSpans": spans.collect::<Vec<_>>() });
    std::fs::write(&file, content.to_string()).unwrap();
    for json in [false, true] {
        let mut out = Vec::new();
        spanfall::inspect::run(
            std::slice::from_ref(&file),
            json,
            256 << 20,
            trace_model::RepeatedLimits::default(),
            &mut out,
        )
        .unwrap();
        let out = String::from_utf8(out).unwrap();
        assert!(is_clean(&out));
        if json {
            let read: serde_json::Value = serde_json::from_str(&out).unwrap();
            let names = read[0]["spans"]
                .as_array()
                .unwrap()
                .iter()
                .map(|span| span["name"].as_str().unwrap());
            assert!(names.eq(&pieces), "JSON stays whole");
        } else {
            assert!(
                pieces.iter().step_by(500).all(|piece| out.contains(&*clean(piece))),
                "services are named"
            );
        }
    }
}
