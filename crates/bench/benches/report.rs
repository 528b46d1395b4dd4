//! `make bench`; see the library for what it measures. A benchmark to Cargo, so that building all programs compiles none of it.

use std::process::ExitCode;

fn main() -> ExitCode {
    match bench::run() {
        Ok(()) => ExitCode::SUCCESS,
        // Errors are for the user: a backtrace would only hide them.
        Err(report) => {
            eprintln!("bench: {report:#}");
            ExitCode::FAILURE
        }
    }
}
