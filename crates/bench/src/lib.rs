//! `make bench`: measurements with their goals.
//!
//! It runs the real program in a real pseudo-terminal, sends it unique spans over real sockets, reads its screen and the kernel's
//! figures for its processor time and memory, and prints each figure with its goal. It uses the program from outside alone: the
//! command line, the ports, the keys and the screen. Only walk, store and filter are measured in its own process too, to show
//! their share of the time.
//!
//! It is not a test: times depend on the load of the machine, so a missed goal fails nothing.
//!
//! ```text
//! make bench                    # everything; the report is in target/bench/report.md too
//! BENCH_ONLY=http make bench    # one part: http, grpc, arrival, keys, queries, trace, filter, logs, hostile,
//!                               # memory, start, engine, walk
//! ```

mod load;
mod logs;
mod mixes;
mod parts;
mod process;
mod report;
mod samples;
mod spans;
mod viewer;

use std::path::PathBuf;
use std::{env, fs};

use eyre::{Context, Result, bail};

use parts::{PARTS, Part};
use report::Report;

/// Names the one part to measure.
const ONLY: &str = "BENCH_ONLY";
/// The program to measure, instead of the one in the same target directory: to compare with another version.
const PROGRAM: &str = "BENCH_PROGRAM";

/// Measures, prints the report and writes it to `bench/report.md` in the target directory.
///
/// # Errors
/// `BENCH_ONLY` names no part, the program isn't built, or some part could not be measured (the others are in the report).
pub fn run() -> Result<()> {
    let parts = chosen(env::var(ONLY).ok().filter(|name| !name.is_empty()).as_deref())?;
    let program = match env::var_os(PROGRAM) {
        Some(path) => PathBuf::from(path),
        None => testkit::bin("spanfall")?,
    };
    let mut report = Report::new(machine());
    let mut failed = Vec::new();
    for (name, measure) in parts {
        eprintln!("measuring: {name}");
        match measure(&program) {
            Ok(figures) => report.extend(figures),
            Err(error) => {
                eprintln!("{name}: {error:#}");
                report.failed(name, &format!("{error:#}"));
                failed.push(*name);
            }
        }
    }
    println!("\n{report}");
    let path = write(&report).wrap_err("the report cannot be written")?;
    println!("also in {}", path.display());
    if !failed.is_empty() {
        bail!("could not be measured: {}", failed.join(", "));
    }
    Ok(())
}

fn chosen(only: Option<&str>) -> Result<Vec<&'static Part>> {
    let chosen: Vec<_> = PARTS
        .iter()
        .filter(|(name, _)| only.is_none_or(|only| only == *name))
        .collect();
    if chosen.is_empty() {
        let names: Vec<_> = PARTS.iter().map(|(name, _)| *name).collect();
        bail!("{ONLY} is none of: {}", names.join(", "));
    }
    Ok(chosen)
}

/// Returns the facts that the figures depend on, in one line.
fn machine() -> String {
    let processors = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let info = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = info
        .lines()
        .find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    format!(
        "{processors} processors ({}), which the senders share; load average at the start {}.",
        model.map_or("model unknown", |(_, model)| model),
        load.split(' ').next().unwrap_or("unknown"),
    )
}

/// Into the target directory that this program was built into.
fn write(report: &Report) -> Result<PathBuf> {
    let program = env::current_exe()?;
    // target/release/deps/report-<hash>
    let Some(target) = program.ancestors().nth(3) else {
        bail!("{} is in no target directory", program.display())
    };
    let directory = target.join("bench");
    fs::create_dir_all(&directory)?;
    let path = directory.join("report.md");
    fs::write(&path, report.to_string())?;
    Ok(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn part_can_be_chosen_by_its_name() {
        let names = |only| chosen(only).map(|parts| parts.iter().map(|(name, _)| *name).collect::<Vec<_>>());
        assert_eq!(names(Some("grpc")).expect("a part"), ["grpc"]);
        assert_eq!(names(None).expect("parts").len(), PARTS.len());
        assert!(names(Some("grp")).is_err());
    }
}
