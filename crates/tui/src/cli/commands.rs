//! Arguments of the commands.

use std::net::SocketAddr;
use std::time::Duration;

use clap::Args;
use query::RecordFilter;
use trace_model::{Clock, FilterError};

use super::listen;
use crate::ask::{DemoCall, List};
use crate::tail::{Form, Selection, Until};

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
    /// Also print OTLP log records, as filters with a field of log records alone do: severity:>=warn body:timeout
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

/// The clock of a filter's times: now, in the zone of this machine.
#[must_use]
pub fn clock() -> Clock {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let nanos = since.map_or(0, |since| since.as_nanos());
    Clock::in_local_zone(u64::try_from(nanos).unwrap_or(u64::MAX))
}

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
  spanfall tail severity:'>=warn' service:mailer
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
            filter: RecordFilter::parse(&self.filter.join(" "), &clock())?,
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
