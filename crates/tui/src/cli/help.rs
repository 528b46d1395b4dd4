//! Help lists what applies: options are accepted before and after each command, and shown only where they do something.

use clap::{Command, CommandFactory};

use super::Cli;

/// What reads the options: the viewer, also with the demo behind it, the screen of files, the lines of files, the lines of what arrives.
const COMMANDS: [&str; 5] = ["demo", "open", "inspect", "tail", "config"];

/// The options by what they are about, with the commands that they apply to besides the viewer.
const GROUPS: [(&[&str], &[&str]); 5] = [
    (&["otlp_grpc", "otlp_http", "sentry", "sentry_relay"], &["demo", "tail"]),
    (&["allowed_origin", "allowed_host", "max_body"], &["demo", "tail"]),
    (&["no_sentry_relay"], &["demo"]),
    (&["max_memory"], &["demo", "open"]),
    (&["config", "theme", "no_mouse", "log_file"], &["demo", "open"]),
];

/// The command line as clap knows it, with help that is true for each command.
pub(super) fn command() -> Command {
    let mut cli = Cli::command();
    // Options become those of the commands only now.
    cli.build();
    for name in COMMANDS {
        for (options, commands) in GROUPS {
            if !commands.contains(&name) {
                cli = cli.mut_subcommand(name, |command| {
                    options
                        .iter()
                        .fold(command, |command, id| command.mut_arg(*id, |arg| arg.hide(true)))
                });
            }
        }
    }
    cli
}

#[cfg(test)]
mod tests {
    use super::*;

    fn help(name: &str) -> String {
        let mut cli = command();
        let found = cli.find_subcommand_mut(name).expect("a command");
        found.render_long_help().to_string()
    }

    #[test]
    fn help_lists_the_options_that_apply() {
        for (name, listed, left_out) in [
            (
                "demo",
                &["--otlp-grpc", "--sentry-relay", "--max-memory", "--theme"][..],
                &[][..],
            ),
            ("open", &["--max-memory", "--theme", "--config"], &["--otlp-grpc", "--sentry"]),
            (
                "inspect",
                &["--json"],
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
            for option in listed {
                assert!(help.contains(option), "{name} {option}\n{help}");
            }
            for option in left_out {
                assert!(!help.contains(option), "{name} {option}\n{help}");
            }
        }
    }

    #[test]
    fn help_knows_every_option_and_every_command() {
        let cli = Cli::command();
        let known = |id: &str| GROUPS.iter().any(|(options, _)| options.contains(&id));
        for option in cli.get_arguments().filter(|option| option.is_global_set()) {
            assert!(known(option.get_id().as_str()), "{}", option.get_id());
        }
        for command in cli.get_subcommands() {
            assert!(COMMANDS.contains(&command.get_name()), "{}", command.get_name());
        }
    }
}
