//! Help lists what applies: options are accepted before and after each command, and shown only where they do something.

use clap::parser::ValueSource;
use clap::{Arg, ArgMatches, Command, CommandFactory, Id};
use collector::Listener;

use super::Cli;

/// Commands that read the options: the viewer (also in the demo), `serve`, `open`, `inspect`, `tail`.
const COMMANDS: [&str; 13] = [
    "demo",
    "serve",
    "open",
    "inspect",
    "tail",
    "query",
    "show",
    "trace",
    "wait",
    "fire",
    "config",
    "completions",
    "man",
];

/// Options, and the commands that they apply to in addition to the viewer.
const GROUPS: [(&[&str], &[&str]); 8] = [
    (COLLECTOR, &["demo", "serve", "tail", "wait"]),
    (&["allowed_host"], &["demo", "serve", "tail", "wait", "open"]),
    (&["api"], &["demo", "serve", "open"]),
    (&[NOT_OF_THE_VIEWER], &["demo"]),
    (&["max_memory"], &["demo", "serve", "wait", "open", "inspect"]),
    (&["config"], &["demo", "serve", "open", "inspect", "trace", "fire"]),
    (&["theme", "no_mouse"], &["demo", "open"]),
    (&["log_file"], &["demo", "serve", "open"]),
];

/// The option that the viewer without a command does not read.
const NOT_OF_THE_VIEWER: &str = "no_sentry_relay";

/// Options of the collector besides the addresses of its listeners.
const COLLECTOR: &[&str] = &["sentry_relay", "allowed_origin", "max_body", "show_uploads"];

/// Returns true if an option of the collector is on the command line.
pub(super) fn configures_collector(matches: &ArgMatches) -> bool {
    let is_named = |id: &str| matches.value_source(id) == Some(ValueSource::CommandLine);
    let listeners = Listener::ALL.iter().map(|listener| listener.entry().option);
    let mut options = listeners.chain(COLLECTOR.iter().copied()).chain(["allowed_host", "api"]);
    let here = options.any(is_named);
    here || matches.subcommand().is_some_and(|(_, matches)| configures_collector(matches))
}

/// Returns the commands that an option applies to; `None` for all.
fn commands(option: &str) -> Option<&'static [&'static str]> {
    let is_listener = Listener::ALL.iter().any(|listener| listener.entry().option == option);
    let option = if is_listener { COLLECTOR[0] } else { option };
    let group = GROUPS.iter().find(|(options, _)| options.contains(&option));
    group.map(|(_, commands)| *commands)
}

/// Position in the help of the first option that commands share: after those of a command's own.
const AFTER_OWN: usize = 100;

/// The help of every command as Markdown, for `docs/cli.md`.
#[must_use]
pub fn markdown() -> String {
    let mut cli = command().term_width(MARKDOWN_COLUMNS);
    cli.build();
    let mut text = section("spanfall", &mut cli);
    for name in COMMANDS {
        let command = cli.find_subcommand_mut(name).into_iter();
        command.for_each(|command| text.push_str(&section(&format!("spanfall {name}"), command)));
    }
    text
}

/// Columns of the help in [`markdown`].
const MARKDOWN_COLUMNS: usize = 120;

fn section(title: &str, command: &mut Command) -> String {
    let help = command.render_long_help().to_string();
    let lines: Vec<_> = help.lines().map(str::trim_end).collect();
    format!("## {title}\n\n```text\n{}\n```\n\n", lines.join("\n"))
}

/// The command line as clap knows it, with help that is true for each command.
pub(super) fn command() -> Command {
    let mut cli = Cli::command();
    let shared: Vec<Id> = cli.get_arguments().map(|option| option.get_id().clone()).collect();
    for (at, id) in shared.into_iter().enumerate() {
        cli = cli.mut_arg(id, |option| option.display_order(AFTER_OWN + at));
    }
    let options: Vec<Arg> = cli.get_arguments().filter(|option| option.is_global_set()).cloned().collect();
    let applies = |option: &Arg, name: &str| {
        let commands = commands(option.get_id().as_str());
        commands.is_none_or(|commands| commands.contains(&name))
    };
    for name in COMMANDS {
        // clap hands an option down to the commands that do not have one of its name.
        let hidden = options.iter().filter(|option| !applies(option, name));
        let hidden = hidden.map(|option| option.clone().hide(true));
        // What is hidden from the viewer's own help would be hidden here, too.
        let shown = options
            .iter()
            .filter(|option| option.get_id() == NOT_OF_THE_VIEWER && applies(option, name));
        let own = hidden.chain(shown.cloned());
        cli = cli.mut_subcommand(name, |command| command.args(own));
    }
    cli.mut_arg(NOT_OF_THE_VIEWER, |option| option.hide(true))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn help(name: &str) -> String {
        let mut cli = command();
        cli.build();
        let found = match name {
            "" => &mut cli,
            name => cli.find_subcommand_mut(name).expect("a command"),
        };
        found.render_long_help().to_string()
    }

    #[test]
    fn help_lists_the_options_that_apply() {
        for (name, listed, left_out) in [
            (
                "demo",
                &[
                    "--otlp-grpc",
                    "--sentry-relay",
                    "--no-sentry-relay",
                    "--max-memory",
                    "--theme",
                ][..],
                &[][..],
            ),
            ("", &["--otlp-grpc", "--sentry-relay", "--theme"], &["--no-sentry-relay"]),
            (
                "open",
                &["--max-memory", "--theme", "--config", "--api"],
                &["--otlp-grpc", "--sentry"],
            ),
            (
                "serve",
                &["--otlp-grpc", "--api", "--max-memory", "--config"],
                &["--theme", "--no-mouse"],
            ),
            (
                "inspect",
                &["--json", "--config"],
                &["--otlp-grpc", "--theme", "--no-mouse", "--log-file"],
            ),
            (
                "tail",
                &["--otlp-http", "--sentry", "--count"],
                &["--theme", "--no-mouse", "--max-memory"],
            ),
            ("config", &[], &["--otlp-grpc", "--theme", "--max-memory", "--log-file"]),
        ] {
            let help = help(name);
            let lists = |option: &str| help.lines().any(|line| line.trim_start().starts_with(option));
            for option in listed {
                assert!(lists(option), "{name} {option}\n{help}");
            }
            for option in left_out {
                assert!(!lists(option), "{name} {option}\n{help}");
            }
        }
    }

    #[test]
    fn help_lists_a_commands_own_options_first() {
        for (name, last, first) in [("tail", "--timeout", "--otlp-grpc"), ("inspect", "--json", "--max-memory")] {
            let help = help(name);
            let place = |option: &str| help.find(&format!("  {option} "));
            assert!(place(last) < place(first), "{help}");
        }
    }

    #[test]
    fn options_are_read_by_every_command_that_shows_them_or_not() {
        for words in ["demo", "serve", "open FILE", "inspect FILE", "tail", "config"] {
            let port = |listener: Listener| 1 + listener as u16;
            let listen = Listener::ALL.map(|listener| format!("{} {}", listener.flag(), port(listener)));
            let listen = listen.join(" ");
            let line = format!("spanfall {words} {listen} --max-memory 2MiB --config c.toml --theme light --log-file l");
            let cli = super::super::parse(line.split(' ').map(Into::into)).expect("a valid line");
            let options = cli.options;
            let ports = Listener::ALL.map(|listener| options.listen.0[listener].port());
            assert_eq!(ports, Listener::ALL.map(port), "{words}");
            assert_eq!(options.max_memory(), 2 << 20, "{words}");
            let paths = [options.config, options.log_file].map(|path| path.expect("a path"));
            assert_eq!(paths.map(|path| path.display().to_string()), ["c.toml", "l"], "{words}");
        }
    }

    #[test]
    fn help_knows_every_option_and_every_command() {
        let cli = Cli::command();
        for option in cli.get_arguments().filter(|option| option.is_global_set()) {
            assert!(commands(option.get_id().as_str()).is_some(), "{}", option.get_id());
        }
        for command in cli.get_subcommands() {
            assert!(COMMANDS.contains(&command.get_name()), "{}", command.get_name());
        }
    }
}
