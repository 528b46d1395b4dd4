//! `make bench`; see the library for what it measures. A benchmark to Cargo, so that building all programs compiles none of it.

use std::process::ExitCode;

fn main() -> ExitCode {
    match bench::run() {
        Ok(()) => ExitCode::SUCCESS,
        // What is in the way is for the person who started it: a backtrace would only hide it.
        Err(report) => {
            eprintln!("bench: {report:#}");
            ExitCode::FAILURE
        }
    }
}
