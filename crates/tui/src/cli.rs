//! The command line.

mod commands;
mod help;
mod listen;
mod options;
mod size;

use std::ffi::OsString;
use std::path::PathBuf;

use clap::error::ErrorKind;
use clap::{FromArgMatches as _, Parser, Subcommand};

use app::text::clean;

pub use commands::{Attach, AttachOrCollect, Fire, Query, Show, Tail, Trace, Wait, clock};
pub use help::markdown;
pub use listen::ListenOptions;
pub use options::{ApiChoice, Options, ThemeChoice};
pub use size::{BodySize, Size};

/// Environment variables, for help.
const VARIABLES: &str = "\
Environment:
  SENTRY_AUTH_TOKEN, SENTRY_ORG  Poll Sentry for what it stored (cross-check, x); the token needs org:read
  SENTRY_URL                     URL of a self-hosted Sentry [default: https://sentry.io]
  SENTRY_DSN                     Where --sentry-relay forwards envelopes; the demo forwards them by default
  SPANFALL_LOG                   Log filter, such as debug or collector=trace [default: warn]
  NO_COLOR                       Draw without colors";

/// A terminal viewer for distributed traces.
///
/// Receives OpenTelemetry (OTLP) and Sentry data on localhost and draws each trace as a live waterfall. Without a command it starts the
/// viewer. On the screen, ? shows the keys and / filters.
#[derive(Debug, Parser)]
#[command(version, propagate_version = true, after_help = VARIABLES)]
pub struct Cli {
    /// The command; without one the viewer.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// Options of all commands.
    #[command(flatten)]
    pub options: Options,
    /// True if an option of the collector is on the command line.
    #[arg(skip)]
    pub configures_collector: bool,
}

/// A command.
#[derive(Clone, Debug, Subcommand)]
pub enum Command {
    /// Start the viewer with the demo: broker, API, mailer and page as child processes
    Demo,
    /// Show saved traces: OTLP, Jaeger, Zipkin or `tail` output, detected by content
    Open {
        /// Files, plain or compressed with gzip or Zstandard; - is standard input
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
    },
    /// Print a summary of saved traces
    Inspect {
        /// Print a JSON array of traces with spans, roots, orphans, warnings and critical paths
        #[arg(long)]
        json: bool,
        /// Files, plain or compressed with gzip or Zstandard; - is standard input
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
    },
    /// Print the default configuration as TOML, commented out
    Config,
    /// Run the viewer without a screen: store what arrives and answer queries
    Serve,
    /// Print a line per span, error and Sentry log as it arrives: in the running viewer, or here
    Tail(Tail),
    /// Print a line per matching trace of the running viewer
    Query(Query),
    /// Print a list about the traces of the running viewer: logs, errors, operations, map, warnings, or its ingest
    Show(Show),
    /// Print a trace of the running viewer
    Trace(Trace),
    /// Wait until matching traces are complete: in the running viewer, or in what arrives here
    Wait(Wait),
    /// Send a request through the demo of the running viewer and print the id of its trace
    Fire(Fire),
    /// Print a script that completes commands and options in a shell
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Print a manual page
    Man {
        /// The command; without one spanfall's
        command: Option<String>,
    },
}

/// Parses a command line. The error quotes arguments, cleaned: a script may pass on what others wrote.
///
/// # Errors
///
/// An argument is invalid, or help or the version was requested.
pub fn parse(line: impl IntoIterator<Item = OsString>) -> Result<Cli, clap::Error> {
    let line: Vec<OsString> = line.into_iter().collect();
    try_parse(line.iter().cloned()).map_err(|error| {
        // The same mistake in text that prints makes the same error.
        let printable = line.iter().map(|word| clean(&word.to_string_lossy()).into_owned().into());
        let other = || {
            let text = format!("an argument cannot be used: {}", error.kind());
            help::command().error(ErrorKind::InvalidValue, text)
        };
        try_parse(printable).err().unwrap_or_else(other)
    })
}

fn try_parse(line: impl IntoIterator<Item = OsString>) -> Result<Cli, clap::Error> {
    help::command().try_get_matches_from(line).and_then(|matches| {
        let mut cli = Cli::from_arg_matches(&matches)?;
        cli.configures_collector = help::configures_collector(&matches);
        Ok(cli)
    })
}

/// Prints a page of the manual; `None` for a command that does not exist.
#[must_use]
pub fn manual(command: Option<&str>) -> Option<Vec<u8>> {
    let mut cli = help::command();
    cli.build();
    let page = match command {
        None => cli,
        Some(name) => cli.find_subcommand(name)?.clone(),
    };
    let mut text = Vec::new();
    clap_mangen::Man::new(page).render(&mut text).ok()?;
    Some(text)
}

/// Returns the script that completes commands in a shell.
#[must_use]
pub fn completions(shell: clap_complete::Shell) -> Vec<u8> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut help::command(), "spanfall", &mut script);
    script
}

/// Headings of options in help.
const COLLECTOR: &str = "Collector options";
const VIEWER: &str = "Viewer options";

#[cfg(test)]
mod tests {
    use super::*;
    use app::text::is_printable;

    #[test]
    fn errors_quote_arguments_cleaned() {
        let everything: String = ('\u{1}'..=char::MAX).collect();
        // clap searches these for a similar one, which takes time.
        let odd: String = ('\u{1}'..='\u{ffff}').filter(|c| !is_printable(*c)).step_by(7).collect();
        for words in [
            vec!["--theme", &everything],
            vec!["--max-memory", &everything],
            vec!["--otlp-http", &everything],
            vec![&odd],
            vec!["config", &odd],
            vec!["--odd", &odd],
        ] {
            let line = std::iter::once("spanfall").chain(words.iter().copied()).map(OsString::from);
            let error = parse(line).expect_err("nonsense").to_string();
            let left = error.chars().find(|c| *c != '\n' && !is_printable(*c));
            assert_eq!(left, None, "{words:.20?}");
        }
        assert!(parse(["spanfall", "tail"].map(OsString::from)).is_ok());
    }

    #[test]
    fn body_limit_has_a_default_and_an_upper_bound() {
        let parsed = |line: &[&str]| Cli::try_parse_from(line).map(|cli| cli.options.collector().max_body).ok();
        assert_eq!(parsed(&["spanfall"]), Some(collector::BODY_DEFAULT));
        assert_eq!(parsed(&["spanfall", "tail", "--max-body", "1GiB"]), Some(collector::BODY_MAX));
        for size in ["1025MiB", "0", "x"] {
            assert_eq!(parsed(&["spanfall", "--max-body", size]), None, "{size}");
        }
    }

    #[test]
    fn relay_option_accepts_a_dsn_or_nothing() {
        for (line, relay) in [
            (vec!["spanfall"], None),
            (vec!["spanfall", "demo", "--sentry-relay"], Some("")),
            (
                vec!["spanfall", "--sentry-relay", "http://key@host/1"],
                Some("http://key@host/1"),
            ),
            (
                vec!["spanfall", "--sentry-relay=http://key@host/1", "demo"],
                Some("http://key@host/1"),
            ),
        ] {
            let cli = Cli::try_parse_from(&line).expect("a valid line");
            assert_eq!(cli.options.sentry_relay.as_deref(), relay, "{line:?}");
        }
    }

    #[test]
    fn allowed_origins_and_hosts_may_be_repeated() {
        let line = [
            "spanfall",
            "--allowed-origin",
            "https://a.example",
            "tail",
            "--allowed-origin",
            "null",
        ];
        let cli = Cli::try_parse_from(line).expect("a valid line");
        assert!(!cli.options.allowed_origin.is_empty());
        let line = [
            "spanfall",
            "--allowed-host=a.example",
            "--allowed-host=192.0.2.1",
            "--allowed-origin=http://a:*",
        ];
        let cli = Cli::try_parse_from(line).expect("a valid line");
        assert_eq!((cli.options.allowed_host.len(), cli.options.allowed_origin.len()), (2, 1));
        for line in [
            ["spanfall", "--allowed-origin", "*"],
            ["spanfall", "--allowed-host", "a.example:80"],
        ] {
            assert!(Cli::try_parse_from(line).is_err(), "{line:?}");
        }
    }

    #[test]
    fn flags_are_taken_before_and_after_the_command() {
        for line in [
            ["spanfall", "--otlp-http", "127.0.0.1:0", "demo"],
            ["spanfall", "demo", "--otlp-http", "127.0.0.1:0"],
        ] {
            let cli = Cli::try_parse_from(line).expect("a valid line");
            assert_eq!(cli.options.listen.0[collector::Listener::OtlpHttp].port(), 0, "{line:?}");
        }
    }
}
