//! Documents match the program: parts of them are generated, the rest is checked.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use trace_model::Records;

use app::keymap;
use clap::CommandFactory;
use spanfall::cli::{self, Cli};
use spanfall::config;

/// Lines of the README: what is more belongs into `docs`.
const README_LINES_MAX: usize = 150;
/// Writes the generated parts instead of comparing them.
const UPDATE: &str = "SPANFALL_UPDATE_DOCS";

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Every document with its path.
pub(crate) fn documents() -> Vec<(PathBuf, String)> {
    let markdown = |directory: &Path| -> Vec<PathBuf> {
        let entries = std::fs::read_dir(directory).expect("a directory");
        let paths = entries.map(|entry| entry.expect("an entry").path());
        paths
            .filter(|path| path.extension().is_some_and(|name| name == "md"))
            .collect()
    };
    let paths = [markdown(&root()), markdown(&root().join("docs"))].concat();
    paths.into_iter().map(|path| (path.clone(), read(&path))).collect()
}

/// The commands and their arguments in blocks of shell lines.
fn command_lines(text: &str) -> Vec<&str> {
    let blocks = text.split("\n```\n").skip(1).step_by(2);
    blocks.flat_map(str::lines).collect()
}

/// Returns the inline code of a text.
fn code(text: &str) -> Vec<&str> {
    let outside: Vec<_> = text.split("```").step_by(2).collect();
    outside
        .into_iter()
        .flat_map(|text| text.split('`').skip(1).step_by(2))
        .collect()
}

fn check_generated(document: &str, part: &str, generated: &str) {
    let path = root().join("docs").join(document);
    let text = read(&path);
    let (start, end) = (format!("<!-- generated: {part} -->\n"), "<!-- /generated -->");
    let (before, rest) = text.split_once(&start).expect("the start of the generated part");
    let (found, after) = rest.split_once(end).expect("the end of the generated part");
    let generated = format!("{}\n", generated.trim_end());
    if std::env::var_os(UPDATE).is_some() {
        std::fs::write(&path, format!("{before}{start}{generated}{end}{after}")).expect("a document");
        return;
    }
    assert_eq!(
        found, generated,
        "update it with {UPDATE}=1 cargo test --workspace --test it docs"
    );
}

#[test]
fn keys_document_lists_the_keymap() {
    check_generated("keys.md", "keys", &keymap::markdown());
}

#[test]
fn commands_document_is_the_help() {
    check_generated("cli.md", "cli", &cli::markdown());
}

#[test]
fn configuration_document_has_the_defaults() {
    check_generated(
        "config.md",
        "config",
        &format!("```toml\n{}\n```", config::defaults().trim_end()),
    );
}

#[test]
fn readme_is_short() {
    let lines = read(&root().join("README.md")).lines().count();
    assert!(lines <= README_LINES_MAX, "{lines} lines");
}

#[test]
fn readme_names_every_command_of_the_viewer() {
    let all: String = documents().into_iter().map(|(_, text)| text).collect();
    for command in Cli::command().get_subcommands() {
        let name = format!("spanfall {}", command.get_name());
        assert!(
            all.contains(&format!("`{name}")) || all.contains(&format!("\n{name}")),
            "{name}"
        );
    }
}

#[test]
fn flags_in_documents_exist() {
    let command = Cli::command();
    let of = |command: &clap::Command| -> Vec<String> {
        let longs = command.get_arguments().filter_map(clap::Arg::get_long);
        longs.map(|long| format!("--{long}")).collect()
    };
    let mut flags: BTreeSet<String> = of(&command).into_iter().collect();
    flags.extend(command.get_subcommands().flat_map(of));
    flags.extend(["--help".to_owned(), "--version".to_owned()]);
    let mut seen = 0;
    // Documents for contributors name flags of cargo, too.
    let of_users = documents().into_iter().filter(|(path, _)| !path.ends_with("CONTRIBUTING.md"));
    for (path, text) in of_users {
        let in_lines = command_lines(&text).into_iter().filter(|line| line.contains("spanfall "));
        // Programs of others have flags, too: in a line each word belongs to what is between two pipes.
        let of_spanfall = in_lines
            .flat_map(|line| line.split(['|', '&']))
            .filter(|part| part.trim().starts_with("spanfall"));
        let in_code = code(&text)
            .into_iter()
            .filter(|code| code.starts_with("--") || code.starts_with("spanfall"));
        for word in of_spanfall.chain(in_code).flat_map(str::split_whitespace) {
            if word.starts_with("--") {
                let flag = word.trim_end_matches(|c: char| !c.is_ascii_lowercase());
                assert!(flags.contains(flag), "{}: {word}", path.display());
                seen += 1;
            }
        }
    }
    assert!(seen > 20, "{seen}");
}

#[test]
fn make_targets_in_documents_exist() {
    let makefile = read(&root().join("Makefile"));
    let targets: BTreeSet<&str> = makefile
        .lines()
        .filter_map(|line| line.split_once(':'))
        .map(|(name, _)| name)
        .collect();
    let mut seen = 0;
    for (path, text) in documents() {
        let lines = command_lines(&text).into_iter().chain(code(&text));
        for target in lines.filter_map(|line| line.strip_prefix("make ")) {
            let target = target.split_whitespace().next().expect("a target");
            assert!(targets.contains(target), "{}: make {target}", path.display());
            seen += 1;
        }
    }
    assert!(seen > 5, "{seen}");
}

#[test]
fn links_in_documents_lead_somewhere() {
    let mut seen = 0;
    for (path, text) in documents() {
        let prose: String = text.split("```").step_by(2).collect();
        for target in prose.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            if target.starts_with("http") {
                continue;
            }
            let (file, anchor) = target.split_once('#').unwrap_or((target, ""));
            let file = if file.is_empty() {
                path.clone()
            } else {
                path.parent().expect("a directory").join(file)
            };
            assert!(file.exists(), "{}: {target}", path.display());
            if !anchor.is_empty() {
                let headings = read(&file);
                let found = headings
                    .lines()
                    .filter(|line| line.starts_with('#'))
                    .any(|line| heading_anchor(line) == anchor);
                assert!(found, "{}: {target}", path.display());
            }
            seen += 1;
        }
    }
    assert!(seen > 20, "{seen}");
}

/// The anchor that GitHub gives a heading.
fn heading_anchor(line: &str) -> String {
    let words = line.trim_start_matches('#').trim().to_lowercase();
    let kept = words.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
    kept.map(|c| if c == ' ' { '-' } else { c }).collect()
}

#[test]
fn filters_in_documents_parse() {
    let text = read(&root().join("docs/filter.md"));
    let clock = trace_model::Clock::in_local_zone(1_790_000_000_000_000_000);
    let tables = [
        ("spans", &[Records::Spans][..]),
        ("what happened", &[Records::Spans, Records::Logs]),
        ("log records", &[Records::Logs]),
    ];
    let mut filters = 0;
    for (what, records) in tables {
        let (_, rest) = text
            .split_once(&format!("| filter | finds {what} |\n|---|---|\n"))
            .expect("the table of filters");
        let (table, _) = rest.split_once("\n\n").expect("its end");
        for row in table.lines() {
            let examples = row.trim_start_matches("| ").split(" | ").next().expect("a first cell");
            for example in examples.split('`').skip(1).step_by(2) {
                for records in records {
                    let parsed = trace_model::Filter::parse_for(example, *records, &clock);
                    assert!(parsed.is_ok(), "{example}: {parsed:?}");
                }
                filters += 1;
            }
        }
    }
    assert!(filters > 24, "{filters}");
}

#[test]
fn configurations_in_documents_parse() {
    let mut blocks = 0;
    for (path, text) in documents() {
        for block in text.split("```toml\n").skip(1) {
            let (text, _) = block.split_once("```").expect("the end of a block");
            assert!(config::Config::parse(text).is_ok(), "{}: {text}", path.display());
            blocks += 1;
        }
    }
    assert!(blocks > 1, "{blocks}");
}
