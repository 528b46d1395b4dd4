//! The README says what the program does.

use clap::CommandFactory;
use spanfall::cli::Cli;
use spanfall::keymap;

const START: &str = "<!-- keys: made from the keymap, checked by a test -->\n";
const END: &str = "<!-- /keys -->";

fn readme() -> String {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../README.md");
    std::fs::read_to_string(path).expect("the README")
}

#[test]
fn its_keys_are_those_of_the_keymap() {
    let readme = readme();
    let (before, rest) = readme.split_once(START).expect("the keys begin");
    let (table, after) = rest.split_once(END).expect("the keys end");
    if std::env::var_os("SPANFALL_UPDATE_README").is_some() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../README.md");
        std::fs::write(path, format!("{before}{START}{}{END}{after}", keymap::markdown())).expect("the README");
        return;
    }
    assert_eq!(
        table,
        keymap::markdown(),
        "take it over with SPANFALL_UPDATE_README=1 cargo test -p spanfall --test it readme"
    );
}

#[test]
fn it_names_every_command_and_flag_with_its_default() {
    let readme = readme();
    let command = Cli::command();
    for subcommand in command.get_subcommands() {
        assert!(
            readme.contains(&format!("`spanfall {}", subcommand.get_name())),
            "{}",
            subcommand.get_name()
        );
    }
    for argument in command
        .get_arguments()
        .filter_map(|argument| argument.get_long().map(|long| (long, argument)))
    {
        let (long, argument) = argument;
        assert!(readme.contains(&format!("`--{long}")), "--{long}");
        for default in argument.get_default_values() {
            assert!(readme.contains(default.to_str().expect("text")), "--{long} {default:?}");
        }
    }
}

#[test]
fn every_filter_in_it_is_one() {
    let readme = readme();
    let (_, rest) = readme
        .split_once("| filter | finds spans |\n|---|---|\n")
        .expect("the table of filters");
    let (table, _) = rest.split_once("\n\n").expect("its end");
    let mut filters = 0;
    for row in table.lines() {
        let examples = row.trim_start_matches("| ").split(" | ").next().expect("a first cell");
        for example in examples.split('`').skip(1).step_by(2) {
            assert!(trace_model::Filter::parse(example).is_ok(), "{example}");
            filters += 1;
        }
    }
    assert!(filters > 12, "{filters}");
}

#[test]
fn every_configuration_in_it_is_one() {
    let readme = readme();
    let blocks: Vec<_> = readme.split("```toml\n").skip(1).collect();
    assert!(!blocks.is_empty(), "there is none");
    for block in blocks {
        let (text, _) = block.split_once("```").expect("the end of a block");
        assert!(spanfall::config::Config::parse(text).is_ok(), "{text}");
    }
}
