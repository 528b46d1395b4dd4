//! The `spanfall` program; see the library for what it does.

use std::io::Write;
use std::process::ExitCode;

use app::Mode;
use app::text;
use eyre::{Result, eyre};
use spanfall::cli::{Cli, Command};
use spanfall::outward::Outward;
use spanfall::{cli, inspect, ports, tail, viewer};

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
            ExitCode::FAILURE
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
                inspect::run(files, *json, cli.options.max_memory_of_files(), std::io::stdout())
            }
            Some(Command::Config) => print(&spanfall::config::defaults()),
            Some(Command::Tail(tail)) => {
                let (selection, until) = tail.read().map_err(|error| eyre!("cannot parse the filter: {error}"))?;
                let outward = Outward::read(&cli.options, Mode::Viewer)?;
                let collector = ports::bind(&cli.options, &outward).await?;
                tail::run(collector, selection, until, std::io::stdout()).await
            }
        }
    });
    // A blocking task (a name look-up, say) must not delay the end.
    runtime.shutdown_background();
    ended
}

/// Prints to standard output. A closed pipe (`| head -1`) is not an error.
fn print(text: &str) -> Result<()> {
    match std::io::stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(()),
    }
}
