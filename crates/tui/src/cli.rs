//! The command line.

mod help;
mod listen;

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use clap::error::ErrorKind;
use clap::{Args, FromArgMatches as _, Parser, Subcommand};
use collector::{AllowedHost, AllowedOrigin};
use trace_model::{Filter, FilterError};

use crate::ask::{DemoCall, List};
use crate::tail::{Form, Selection, Until};
use app::text::clean;
use view::ThemeKind;

pub use help::markdown;
pub use listen::ListenOptions;

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

/// Options of `tail`.
#[derive(Args, Clone, Debug)]
#[command(after_help = TAIL_EXAMPLES)]
pub struct Tail {
    /// Print only matching records, in the filter language of the screen: service:api status:error
    #[arg(value_name = "FILTER")]
    pub filter: Vec<String>,
    /// Print a JSON object per record
    #[arg(long, conflicts_with = "otlp")]
    pub json: bool,
    /// Print OTLP/JSON lines, which open, inspect and collectors can read
    #[arg(long)]
    pub otlp: bool,
    /// Also print OTLP log records
    #[arg(long)]
    pub logs: bool,
    /// Exit after N records
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub count: Option<u64>,
    /// Exit when nothing was printed for this long after the first record: 6s, 500ms
    #[arg(long, value_name = "TIME", value_parser = duration)]
    pub quiet_for: Option<Duration>,
    /// Exit after this long, with status 1 if nothing was printed, --count was not reached, or --quiet-for was not met
    #[arg(long, value_name = "TIME", value_parser = duration)]
    pub timeout: Option<Duration>,
    /// The viewer to follow.
    #[command(flatten)]
    pub attach: AttachOrCollect,
}

/// The viewer to ask, or none.
#[derive(Args, Clone, Copy, Debug)]
pub struct AttachOrCollect {
    /// Which viewer is asked.
    #[command(flatten)]
    pub viewer: Attach,
    /// Collect here, whatever is running; so does each option of the collector
    #[arg(long, conflicts_with = "attach")]
    pub no_attach: bool,
}

/// Which viewer is asked.
#[derive(Args, Clone, Copy, Debug)]
pub struct Attach {
    /// Ask the viewer whose query API is at this address or local port [default: the last started one of this user]
    #[arg(long, value_name = "ADDR", value_parser = listen::address)]
    pub attach: Option<SocketAddr>,
}

/// Options of `query`.
#[derive(Args, Clone, Debug)]
#[command(after_help = QUERY_EXAMPLES)]
pub struct Query {
    /// Print traces with a matching span, in the filter language of the screen: service:api status:error
    #[arg(value_name = "FILTER")]
    pub filter: Vec<String>,
    /// Print at most N traces, the last arrived first
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub limit: u16,
    /// Print a JSON object per trace
    #[arg(long)]
    pub json: bool,
    /// Which viewer is asked.
    #[command(flatten)]
    pub attach: Attach,
}

const QUERY_EXAMPLES: &str = "\
Examples:
  spanfall query status:error --limit 5
  spanfall query service:api --json | jq -r .trace_id

Exit status: 0, 1 (failed), 2 (usage), 3 (no viewer is running)";

/// Options of `show`.
#[derive(Args, Clone, Debug)]
#[command(after_help = SHOW_EXAMPLES)]
pub struct Show {
    /// The list
    #[arg(value_name = "LIST")]
    pub list: List,
    /// Include matching log records and errors, or traces with a matching span, in the filter language of the screen
    #[arg(value_name = "FILTER")]
    pub filter: Vec<String>,
    /// Print at most N rows; of log records and errors the last ones
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub limit: u16,
    /// Print a JSON object per row, or of ingest
    #[arg(long)]
    pub json: bool,
    /// Which viewer is asked.
    #[command(flatten)]
    pub attach: Attach,
}

const SHOW_EXAMPLES: &str = "\
Examples:
  spanfall show errors service:api
  spanfall show operations --json | jq -r 'select(.errors > 0) | .name'

Exit status: 0, 1 (failed), 2 (usage), 3 (no viewer is running)";

/// Options of `trace`.
#[derive(Args, Clone, Debug)]
#[command(after_help = TRACE_EXAMPLES)]
pub struct Trace {
    /// The trace's id, or `last` for the one that arrived last
    #[arg(value_name = "ID")]
    pub id: String,
    /// Print a waterfall of 80 columns with errors and warnings, without queries of URLs (the default)
    #[arg(long, conflicts_with_all = ["json", "otlp"])]
    pub text: bool,
    /// Print the JSON of inspect; whole, with any credentials
    #[arg(long, conflicts_with = "otlp")]
    pub json: bool,
    /// Print OTLP/JSON lines, which open, inspect and collectors can read; whole, with any credentials
    #[arg(long)]
    pub otlp: bool,
    /// Which viewer is asked.
    #[command(flatten)]
    pub attach: Attach,
}

const TRACE_EXAMPLES: &str = "\
Examples:
  spanfall trace last
  spanfall trace 0af7651916cd43dd8448eb211c80319c --otlp > trace.jsonl

Exit status: 0, 1 (not found), 2 (usage), 3 (no viewer is running)";

/// Options of `wait`.
#[derive(Args, Clone, Debug)]
#[command(after_help = WAIT_EXAMPLES)]
pub struct Wait {
    /// Wait for traces with a matching span, in the filter language of the screen: name:\"POST /cart\"
    #[arg(value_name = "FILTER")]
    pub filter: Vec<String>,
    /// Wait for N traces
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub count: u16,
    /// Match spans that start after this time only: 30s (ago), or 2026-11-29T12:00:00Z
    #[arg(long, value_name = "TIME", value_parser = since)]
    pub since: Option<u64>,
    /// Wait until nothing new came for this long; exporters in batches send every 5 s
    #[arg(long, value_name = "TIME", value_parser = duration, default_value = "6s")]
    pub quiet_for: Duration,
    /// Fail after this long
    #[arg(long, value_name = "TIME", value_parser = duration, default_value = "30s")]
    pub timeout: Duration,
    /// Print a JSON object per trace
    #[arg(long)]
    pub json: bool,
    /// Which viewer is asked.
    #[command(flatten)]
    pub attach: AttachOrCollect,
}

const WAIT_EXAMPLES: &str = "\
Examples:
  spanfall serve & make integration-test && spanfall wait name:checkout --count 3
  OTEL_BSP_SCHEDULE_DELAY=100 ./program & spanfall wait service:program --quiet-for 500ms

A trace is complete if no span is open and no parent is missing.
Exit status: 0, 1 (timeout: traces are missing or incomplete), 2 (usage)";

/// Options of `fire`.
#[derive(Args, Clone, Copy, Debug)]
#[command(after_help = FIRE_EXAMPLES)]
pub struct Fire {
    /// The request
    #[arg(value_name = "REQUEST")]
    pub call: DemoCall,
    /// Wait until the trace is complete and print its waterfall, too
    #[arg(long)]
    pub wait: bool,
    /// With --wait: wait until nothing new came for this long
    #[arg(long, value_name = "TIME", value_parser = duration, default_value = "2s", requires = "wait")]
    pub quiet_for: Duration,
    /// With --wait: fail after this long
    #[arg(long, value_name = "TIME", value_parser = duration, default_value = "30s", requires = "wait")]
    pub timeout: Duration,
    /// Which viewer is asked.
    #[command(flatten)]
    pub attach: Attach,
}

const FIRE_EXAMPLES: &str = "\
Examples:
  spanfall fire reset
  spanfall fire invalid --wait

Exit status: 0, 1 (no demo is running, or the trace is not complete), 2 (usage), 3 (no viewer is running)";

/// Parses a moment, in nanoseconds since the Unix epoch: how long ago, or RFC 3339.
fn since(text: &str) -> Result<u64, String> {
    let now = std::time::SystemTime::now();
    let moment = match duration(text) {
        Ok(ago) => now.checked_sub(ago),
        Err(_) => text.parse::<jiff::Timestamp>().ok().map(std::time::SystemTime::from),
    };
    let since = moment.and_then(|moment| moment.duration_since(std::time::UNIX_EPOCH).ok());
    let nano = since.and_then(|since| u64::try_from(since.as_nanos()).ok());
    nano.ok_or_else(|| "not a time: use 30s (ago) or 2026-11-29T12:00:00Z".to_owned())
}

const TAIL_EXAMPLES: &str = "\
Examples:
  spanfall tail --json | jq -r 'select(.status.code == \"error\") | .name'
  spanfall tail status:error duration:'>1s'
  spanfall tail --otlp --quiet-for 6s --timeout 30s > run.jsonl && spanfall inspect run.jsonl

A running viewer is followed; --no-attach, --attach ADDR and each option of the collector choose otherwise.
Exit status: 0, 1 (failed, or an end condition was not met), 2 (usage), 3 (no viewer at the address of --attach)";

impl Tail {
    /// Returns the records to print and when to end.
    ///
    /// # Errors
    /// The filter cannot be parsed.
    pub fn read(&self) -> Result<(Selection, Until), FilterError> {
        let form = match (self.json, self.otlp) {
            (true, _) => Form::Json,
            (_, true) => Form::Otlp,
            _ => Form::Plain,
        };
        let selection = Selection {
            form,
            logs: self.logs,
            filter: Filter::parse(&self.filter.join(" "))?,
            count: self.count,
        };
        let until = Until {
            quiet_for: self.quiet_for,
            timeout: self.timeout,
        };
        Ok((selection, until))
    }
}

/// Parses a length of time: `6s`, `500ms`, `1m 30s`.
fn duration(text: &str) -> Result<Duration, String> {
    let parsed = text.parse::<jiff::SignedDuration>().ok();
    let positive = parsed.and_then(|duration| Duration::try_from(duration).ok());
    positive
        .filter(|duration| !duration.is_zero())
        .ok_or_else(|| "not a duration: use 6s, 500ms or 2m".to_owned())
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

/// Options of all commands.
#[derive(Args, Clone, Debug)]
pub struct Options {
    /// The addresses of the listeners.
    #[command(flatten)]
    pub listen: ListenOptions,
    /// Answer queries in Jaeger's API on this address or local port, or `off` [default: 127.0.0.1:16686, or a free port if that is in
    /// use; for files off]
    #[arg(long, global = true, help_heading = COLLECTOR, value_name = "ADDR")]
    pub api: Option<ApiChoice>,
    /// Accept web pages of this origin, in addition to local ones: `https://app.example`, `http://dev.example:*` (any port) or `null`;
    /// repeatable
    #[arg(long, global = true, help_heading = COLLECTOR, value_name = "ORIGIN")]
    pub allowed_origin: Vec<AllowedOrigin>,
    /// Accept requests with this `Host`, in addition to local names: `viewer.example`; repeatable
    #[arg(long, global = true, help_heading = COLLECTOR, value_name = "HOST")]
    pub allowed_host: Vec<AllowedHost>,
    /// Forward envelopes, unmodified, to the Sentry of this DSN; without a value to that of `SENTRY_DSN`
    #[arg(long, global = true, help_heading = COLLECTOR, value_name = "DSN", num_args = 0..=1, default_missing_value = "", hide_default_value = true)]
    pub sentry_relay: Option<String>,
    /// With `SENTRY_DSN` set, let the demo's services send to Sentry directly
    #[arg(long, global = true, help_heading = COLLECTOR, conflicts_with = "sentry_relay")]
    pub no_sentry_relay: bool,
    /// Keep at most this much in memory (bytes, or with KiB, MiB or GiB, at least 1MiB), then evict the least recently active traces
    /// [default: 256MiB; for files half of the available memory]
    #[arg(long, global = true, value_name = "SIZE")]
    pub max_memory: Option<Size>,
    /// Accept OTLP requests up to this size after decompression, at most 1GiB; memory for requests in flight grows with it
    #[arg(long, global = true, help_heading = COLLECTOR, value_name = "SIZE", default_value = "64MiB")]
    pub max_body: BodySize,
    /// Show client spans of exports to this viewer, which are hidden and counted by default
    #[arg(long, global = true, help_heading = COLLECTOR)]
    pub show_uploads: bool,
    /// Read keys and colors from this TOML file [default: spanfall/config.toml in the user's configuration directory]
    #[arg(long, global = true, help_heading = VIEWER, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Use these colors: auto, dark, light, ansi-dark, ansi-light (16 colors) or none [default: auto]
    #[arg(long, global = true, help_heading = VIEWER, value_name = "NAME")]
    pub theme: Option<ThemeChoice>,
    /// Leave the mouse to the terminal, for selecting text
    #[arg(long, global = true, help_heading = VIEWER)]
    pub no_mouse: bool,
    /// Write the viewer's own log to this file [default: spanfall.log in the user's state directory]
    #[arg(long, global = true, help_heading = VIEWER, value_name = "FILE")]
    pub log_file: Option<PathBuf>,
}

/// Default of `--max-memory`, in bytes.
const MEMORY: usize = 256 << 20;

impl Options {
    /// Memory for received data, in bytes.
    #[must_use]
    pub fn max_memory(&self) -> usize {
        self.max_memory.map_or(MEMORY, |size| size.0)
    }

    /// Memory for files, in bytes. Larger by default: files are opened to see all of them.
    #[must_use]
    pub fn max_memory_of_files(&self) -> usize {
        self.max_memory.map_or_else(crate::memory::half_of_available, |size| size.0)
    }

    /// The collector's configuration.
    #[must_use]
    pub fn collector(&self) -> collector::Config {
        collector::Config {
            addresses: self.listen.0,
            max_body: self.max_body.0.0,
            show_uploads: self.show_uploads,
        }
    }
}

/// Address of the query API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ApiChoice {
    /// On this address.
    On(SocketAddr),
    /// Nowhere.
    Off,
}

impl FromStr for ApiChoice {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "off" => Ok(Self::Off),
            text => listen::address(text).map(Self::On),
        }
    }
}

/// A theme, or `None` to detect one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ThemeChoice(pub Option<ThemeKind>);

impl FromStr for ThemeChoice {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "auto" {
            Ok(Self(None))
        } else {
            text.parse().map(|kind| Self(Some(kind)))
        }
    }
}

/// A number of bytes: `262144`, `256KiB`, `256 MiB`, `1GiB` (powers of 1024; `K`, `KB`, `M`, … mean the same).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size(pub usize);

impl FromStr for Size {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
        let (number, unit) = text.split_at(digits);
        let number: usize = number
            .parse()
            .map_err(|_| "not a size: use a whole number of bytes, KiB, MiB or GiB".to_owned())?;
        let scale: usize = match unit.trim().to_ascii_lowercase().as_str() {
            "" | "b" => 1,
            "k" | "kb" | "kib" => 1 << 10,
            "m" | "mb" | "mib" => 1 << 20,
            "g" | "gb" | "gib" => 1 << 30,
            other => return Err(format!("unknown unit {other:?}: use KiB, MiB or GiB")),
        };
        match number.checked_mul(scale) {
            Some(bytes) if bytes >= 1 << 20 => Ok(Self(bytes)),
            Some(_) => Err("too small: use at least 1MiB".to_owned()),
            None => Err("too large for this machine".to_owned()),
        }
    }
}

/// A [`Size`] that a request's body may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BodySize(pub Size);

impl FromStr for BodySize {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let size: Size = text.parse()?;
        if size.0 > collector::BODY_MAX {
            return Err("too large: use at most 1GiB".to_owned());
        }
        Ok(Self(size))
    }
}

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
    fn sizes_are_read_with_their_units() {
        for (text, bytes) in [
            ("1048576", 1 << 20),
            ("256MiB", 256 << 20),
            ("256 mib", 256 << 20),
            ("2g", 2 << 30),
            ("2048K", 2 << 20),
        ] {
            assert_eq!(text.parse(), Ok(Size(bytes)), "{text}");
        }
        for text in [
            "",
            "MiB",
            "-1",
            "1.5GiB",
            "12 parsecs",
            "1023KiB",
            "99999999999999999999",
            "17179869184GiB",
        ] {
            assert!(text.parse::<Size>().is_err(), "{text}");
        }
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
