//! Forbidden crate dependencies.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Crates that a crate must not depend on, directly or indirectly.
const FORBIDDEN: &[(&str, &[&str])] = &[
    // JSON only with its feature.
    (
        "otlp-wire",
        &["trace-model", "prost", "opentelemetry-proto", "serde-json", "tokio", "bytes"],
    ),
    ("trace-model", &["tokio", "tonic", "axum", "hyper", "ratatui", "serde-json"]),
    (
        "trace-stats",
        &["tokio", "tonic", "axum", "hyper", "ratatui", "serde-json", "collector"],
    ),
    ("graph-layout", &["trace-model", "ratatui", "tokio", "proptest"]),
    (
        "trace-files",
        &["collector", "tokio", "tonic", "axum", "hyper", "ratatui", "sentry", "lapin"],
    ),
    ("query", &["tokio", "tonic", "axum", "hyper", "http", "ratatui", "collector"]),
    ("query-api", &["collector", "ratatui", "tonic", "app"]),
    (
        "ingest-state",
        &["tokio", "tonic", "axum", "hyper", "http", "ratatui", "http-server", "reqwest"],
    ),
    ("http-client", &["aws-lc-sys", "openssl-sys", "trace-model", "axum"]),
    (
        "http-server",
        &[
            "trace-model",
            "collector",
            "ratatui",
            "telemetry",
            "opentelemetry",
            "tonic",
            "sentry",
        ],
    ),
    ("collector", &["ratatui", "crossterm", "sentry", "lapin"]),
    (
        "app",
        &[
            "ratatui",
            "ratatui-widgets",
            "crossterm",
            "tokio",
            "hyper",
            "http",
            "tonic",
            "reqwest",
            "collector",
            "sentry-api",
            "sentry-relay",
        ],
    ),
    (
        "view",
        &[
            "crossterm",
            "ratatui-crossterm",
            "tokio",
            "hyper",
            "tonic",
            "reqwest",
            "collector",
        ],
    ),
    (
        "spanfall",
        &[
            "sentry",
            "lapin",
            "lettre",
            "telemetry",
            "broker",
            "mail-queue",
            "aws-lc-sys",
            "zstd-sys",
        ],
    ),
    (
        "sentry-api",
        &["collector", "ratatui", "axum", "sentry", "lapin", "sentry-relay"],
    ),
    ("sentry-relay", &["collector", "ratatui", "axum", "sentry", "lapin"]),
    // It uses the viewer only as a program.
    ("bench", &["spanfall", "collector", "ratatui", "axum", "sentry", "lapin"]),
    ("lifecycle", &["tracing", "opentelemetry", "ratatui"]),
    ("broker", &["lapin", "sentry", "opentelemetry", "ratatui"]),
    ("page", &["telemetry", "sentry", "opentelemetry", "lapin", "ratatui"]),
    ("telemetry", &["axum", "lettre", "ratatui", "trace-model", "collector"]),
    ("mail-queue", &["axum", "lettre", "ratatui", "trace-model", "collector"]),
    (
        "api",
        &["lettre", "ratatui", "crossterm", "trace-model", "collector", "broker"],
    ),
    (
        "mailer",
        &["axum", "ratatui", "crossterm", "trace-model", "collector", "broker"],
    ),
];

#[test]
fn dependencies_point_inward() {
    assert!(dependencies_of("spanfall").contains("ratatui"), "names are what they seem");
    for &(room, walls) in FORBIDDEN {
        let compiled = dependencies_of(room);
        assert!(compiled.contains(room), "{room} is a room");
        for beyond in walls {
            assert!(!compiled.contains(*beyond), "{room} compiles {beyond}");
        }
    }
}

/// Other listeners would have no limits, and would answer other people's pages.
#[test]
fn listeners_go_through_http_server() {
    for program in ["api", "collector", "page", "query-api", "tui"] {
        let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(program).join("src");
        for source in files_below(&sources) {
            let text = std::fs::read_to_string(&source).unwrap();
            let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
            let serves = code.filter(|line| line.contains("axum::serve(") || line.contains("serve_connection("));
            assert_eq!(serves.count(), 0, "{}", source.display());
        }
    }
}

fn files_below(directory: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
    entries
        .flat_map(|path| if path.is_dir() { files_below(&path) } else { vec![path] })
        .collect()
}

/// Returns the names of all crates compiled for a crate when built alone.
fn dependencies_of(room: &str) -> HashSet<String> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let arguments = [
        "tree",
        "--locked",
        "--edges",
        "normal",
        "--prefix",
        "none",
        "--format",
        "{lib}",
        "--package",
        room,
    ];
    let output = Command::new(cargo)
        .args(arguments)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let names = String::from_utf8(output.stdout).unwrap();
    names
        .lines()
        .filter_map(|line| line.split_whitespace().next())
        .map(|name| name.replace('_', "-"))
        .collect()
}
