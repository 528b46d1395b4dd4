//! The `spanfall` program; see the library for what it does.

use std::io::Write;
use std::process::ExitCode;

use app::Mode;
use app::text;
use eyre::Result;
use query_api::Address;
use spanfall::ask::{self, Form, Until};
use spanfall::attach::Attached;
use spanfall::cli::{AttachOrCollect, Cli, Command, Wait};
use spanfall::config::Config;
use spanfall::problem::Exit;
use spanfall::sentry_config::SentryConfig;
use spanfall::{cli, inspect, ports, tail, viewer};
use trace_model::{Filter, FilterError, Records, RepeatedLimits};

/// Threads that receive, at most: everything they receive passes the one event loop. Each has a heap of its own, with its own
/// holes.
const WORKERS_MAX: usize = 4;

fn main() -> ExitCode {
    let cli = cli::parse(std::env::args_os()).unwrap_or_else(|error| error.exit());
    match run(&cli) {
        Ok(()) => ExitCode::SUCCESS,
        // Errors at the start are for the user: a backtrace would only hide them.
        Err(report) => {
            let said = text::clean_lines(&format!("{report:#}"));
            // Standard error may be closed.
            let _ = writeln!(std::io::stderr(), "spanfall: {said}");
            report
                .downcast_ref::<Exit>()
                .map_or(ExitCode::FAILURE, |exit| ExitCode::from(exit.status))
        }
    }
}

fn run(cli: &Cli) -> Result<()> {
    let workers = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(workers.min(WORKERS_MAX))
        .enable_all()
        .build()?;
    let ended = runtime.block_on(async {
        match &cli.command {
            None => Box::pin(viewer::run(&cli.options, Mode::Viewer)).await,
            Some(Command::Demo) => Box::pin(viewer::run(&cli.options, Mode::Demo)).await,
            Some(Command::Open { files }) => Box::pin(viewer::open(&cli.options, files.clone())).await,
            Some(Command::Serve) => viewer::serve(&cli.options).await,
            // Nothing else runs that it could block.
            Some(Command::Inspect { json, files }) => {
                let limit = cli.options.max_memory_of_files();
                inspect::run(files, *json, limit, repeated_limits(cli)?, std::io::stdout())
            }
            Some(Command::Config) => print(spanfall::config::defaults().as_bytes()),
            Some(Command::Completions { shell }) => print(&cli::completions(*shell)),
            Some(Command::Man { command }) => match cli::manual(command.as_deref()) {
                Some(page) => print(&page),
                None => Err(Exit::usage("no such command: see spanfall --help".to_owned()).into()),
            },
            Some(Command::Query(query)) => {
                let filter = filter(&query.filter, Records::Spans)?;
                let viewer = Attached::required(query.attach.attach).await?;
                ask::list(&viewer, &filter, query.limit.into(), query.json, std::io::stdout()).await
            }
            Some(Command::Show(show)) => {
                let filter = filter(&show.filter, show.list.records())?;
                let viewer = Attached::required(show.attach.attach).await?;
                ask::show(&viewer, show.list, &filter, show.limit.into(), show.json, std::io::stdout()).await
            }
            Some(Command::Trace(trace)) => {
                let form = match (trace.json, trace.otlp) {
                    (true, _) => Form::Json,
                    (_, true) => Form::Otlp,
                    _ => Form::Text,
                };
                let viewer = Attached::required(trace.attach.attach).await?;
                ask::trace(&viewer, &trace.id, form, repeated_limits(cli)?, std::io::stdout()).await
            }
            Some(Command::Fire(fire)) => {
                let viewer = Attached::required(fire.attach.attach).await?;
                let until = fire.wait.then_some(Until {
                    count: 1,
                    since_unix_nano: 0,
                    quiet_for: fire.quiet_for,
                    timeout: fire.timeout,
                });
                ask::fire(&viewer, fire.call, until, repeated_limits(cli)?, std::io::stdout()).await
            }
            Some(Command::Wait(wait)) => Box::pin(self::wait(cli, wait)).await,
            Some(Command::Tail(tail)) => {
                let (selection, until) = tail.read().map_err(|error| unparsed(&error))?;
                if let Some(viewer) = attached(cli, tail.attach).await? {
                    return tail::run(viewer, selection, until).await;
                }
                let sentry_config = SentryConfig::read(&cli.options, Mode::Viewer)?;
                let collector = ports::bind(&cli.options, &sentry_config).await?;
                tail::run(collector, selection, until).await
            }
        }
    });
    // A blocking task (a name look-up, say) must not delay the end.
    runtime.shutdown_background();
    ended
}

/// Reads from which limits on calls are repeated.
fn repeated_limits(cli: &Cli) -> Result<RepeatedLimits> {
    Ok(Config::read(cli.options.config.as_deref())?.repeated)
}

/// Waits in the running viewer, or collects here.
async fn wait(cli: &Cli, wait: &Wait) -> Result<()> {
    let filter = filter(&wait.filter, Records::Spans)?;
    let until = Until {
        count: wait.count.into(),
        since_unix_nano: wait.since.unwrap_or(0),
        quiet_for: wait.quiet_for,
        timeout: wait.timeout,
    };
    if let Some(viewer) = attached(cli, wait.attach).await? {
        return ask::wait(&viewer, &filter, until, wait.json, std::io::stdout()).await;
    }
    let any = Address::Only(([127, 0, 0, 1], 0).into());
    let headless = viewer::Headless::bind(&cli.options, "wait", Some(any)).await?;
    let Some(api) = headless.api() else {
        return Err(Exit::usage("wait needs its query API: leave out --api off".to_owned()).into());
    };
    let viewer = Attached::to(api)?;
    tokio::select! {
        ended = ask::wait(&viewer, &filter, until, wait.json, std::io::stdout()) => ended,
        () = headless.run(&cli.options, std::future::pending()) => Ok(()),
    }
}

/// The running viewer; `None` to collect here.
async fn attached(cli: &Cli, attach: AttachOrCollect) -> Result<Option<Attached>> {
    let viewer = attach.viewer.attach;
    if cli.configures_collector && viewer.is_some() {
        return Err(Exit::usage("--attach and options of the collector exclude each other".to_owned()).into());
    }
    if attach.no_attach || cli.configures_collector {
        return Ok(None);
    }
    Attached::find(viewer).await
}

/// Checks a filter; it is parsed again by the viewer.
fn filter(words: &[String], records: Records) -> Result<String> {
    let text = words.join(" ");
    match Filter::parse_for(&text, records, &cli::clock()) {
        Ok(_) => Ok(text),
        Err(error) => Err(unparsed(&error).into()),
    }
}

fn unparsed(error: &FilterError) -> Exit {
    Exit::usage(format!("cannot parse the filter: {error}"))
}

/// Prints to standard output. A closed pipe (`| head -1`) is not an error.
fn print(text: &[u8]) -> Result<()> {
    match std::io::stdout().write_all(text) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(()),
    }
}
