//! The `bench` program; see the library for what it measures.

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
