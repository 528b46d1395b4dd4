//! The kernel's figures for a process.

use std::fs;
use std::path::Path;
use std::time::Duration;

use eyre::{Context, Result, eyre};

/// The unit of `/proc/<pid>/stat`: Linux shows times to programs in hundredths of a second, whatever its own clock is.
const TICK: Duration = Duration::from_millis(10);

/// A process by its id.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Process(pub(crate) u32);

impl Process {
    /// Processor time of all its threads so far, those that have ended too: user and system, to 10 ms. For long intervals.
    ///
    /// Source: proc(5), `/proc/pid/stat`, fields 14 and 15.
    pub(crate) fn cpu(self) -> Result<Duration> {
        let stat = self.read("stat")?;
        // The second field is the program's name in brackets, which may hold anything.
        let fields = stat.rsplit_once(')').map(|(_, fields)| fields).unwrap_or_default();
        let mut ticks = fields.split_whitespace().skip(11).map(str::parse::<u32>);
        match (ticks.next(), ticks.next()) {
            (Some(Ok(user)), Some(Ok(system))) => Ok(TICK * user + TICK * system),
            _ => Err(eyre!("/proc/{}/stat cannot be read: {stat}", self.0)),
        }
    }

    /// Processor time of the threads that there are, to the nanosecond while they are at rest. For short intervals.
    pub(crate) fn cpu_of_threads(self) -> Result<Duration> {
        let mut sum = Duration::ZERO;
        for thread in fs::read_dir(format!("/proc/{}/task", self.0))? {
            let path = thread?.path().join("schedstat");
            match running(&path) {
                Ok(time) => sum += time,
                // It has ended since the listing.
                Err(_) if !path.exists() => {}
                Err(error) => return Err(error),
            }
        }
        Ok(sum)
    }

    /// Bytes of memory that it has in use (its resident set).
    pub(crate) fn memory(self) -> Result<u64> {
        self.status("VmRSS")
    }

    /// The most that it ever had in use.
    pub(crate) fn peak_memory(self) -> Result<u64> {
        self.status("VmHWM")
    }

    fn status(self, name: &str) -> Result<u64> {
        let status = self.read("status")?;
        let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
        let kibibytes = line.and_then(|line| line.trim().strip_suffix(" kB")?.parse::<u64>().ok());
        Ok(kibibytes.ok_or_else(|| eyre!("/proc/{}/status has no {name}", self.0))? * 1024)
    }

    fn read(self, file: &str) -> Result<String> {
        fs::read_to_string(format!("/proc/{}/{file}", self.0)).wrap_err("the program has ended")
    }
}

/// Processor time of this thread so far.
pub(crate) fn this_thread() -> Result<Duration> {
    // The kernel adds up a thread's time when it schedules: without this it may be a tick late.
    std::thread::yield_now();
    running("/proc/thread-self/schedstat".as_ref())
}

/// The first number of a `schedstat`: nanoseconds on a processor.
///
/// Source: `Documentation/scheduler/sched-stats.rst`.
fn running(path: &Path) -> Result<Duration> {
    let stat = fs::read_to_string(path)?;
    let nanoseconds = stat.split(' ').next().and_then(|number| number.parse().ok());
    Ok(Duration::from_nanos(
        nanoseconds.ok_or_else(|| eyre!("this kernel keeps no schedstat"))?,
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn running_process_uses_time_and_memory() {
        let this = Process(std::process::id());
        let (cpu, threads) = (this.cpu().expect("a number"), this.cpu_of_threads().expect("a number"));
        let mut filled = vec![0_u64; 8 << 20];
        while this.cpu().expect("a number") < cpu + 2 * TICK {
            for (at, number) in filled.iter_mut().enumerate() {
                *number = std::hint::black_box(at as u64 + 1);
            }
        }
        assert!(this.cpu_of_threads().expect("a number") > threads);
        let bytes = size_of_val(filled.as_slice()) as u64;
        assert!(this.memory().expect("a number") > bytes);
    }

    #[test]
    fn ended_process_is_an_error() {
        // The highest id that Linux gives is 4194304.
        assert!(Process(4_194_305).cpu().is_err());
        assert!(Process(4_194_305).memory().is_err());
    }
}
