//! Running a program of the workspace and reading its output.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Read};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use lifecycle::Readiness;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tokio::sync::watch;

use crate::{TimedOut, eventually};

/// Maximum wait for the end of the output of a process that has exited.
const OUTPUT_END_MAX: Duration = Duration::from_secs(2);

/// A missing binary of the workspace.
#[derive(Debug, thiserror::Error)]
#[error("cannot find the program `{0}`: not built (run `cargo build --workspace --bins --tests`)")]
pub struct MissingBin(String);

/// Returns the path of a binary of this workspace, in the target directory of the running test.
///
/// # Errors
/// The binary is missing; the error names the command that builds it. Cargo builds only the binaries of a test's own crate.
pub fn bin(name: &str) -> Result<PathBuf, MissingBin> {
    // target/debug/deps/<test>-<hash> (or target/debug/<program>), so: target/debug/<name>.
    std::env::current_exe()
        .iter()
        .flat_map(|test| test.ancestors().skip(1).take(3))
        .map(|dir| dir.join(name).with_extension(std::env::consts::EXE_EXTENSION))
        .find(|path| path.is_file())
        .ok_or_else(|| MissingBin(name.to_owned()))
}

/// A failed wait for a process. The message contains its output, for diagnosis.
#[derive(Debug, thiserror::Error)]
pub enum ProcessError {
    /// The deadline passed.
    #[error("{what}: {source}\n{output}")]
    TimedOut {
        /// The expected event.
        what: &'static str,
        /// The deadline.
        source: TimedOut,
        /// The standard output and error so far.
        output: String,
    },
    /// The process ended before.
    #[error("{what}: the process ended\n{output}")]
    Ended {
        /// The expected event.
        what: &'static str,
        /// The standard output and error.
        output: String,
    },
}

/// A running program: its standard output is collected line by line, and it is killed (SIGKILL) and reaped when dropped.
///
/// Its standard input is a pipe that stays open until [`close_stdin`](Self::close_stdin).
#[derive(Debug)]
pub struct Process {
    child: Mutex<Child>,
    pid: u32,
    stdin: Mutex<Option<ChildStdin>>,
    stdout: Collected,
    stderr: Collected,
}

impl Process {
    /// Starts `command` (program, arguments and environment as the caller set them) with its three standard streams piped.
    ///
    /// # Errors
    /// The program cannot be started.
    pub fn spawn(mut command: Command) -> std::io::Result<Self> {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        Ok(Self {
            pid: child.id(),
            stdin: Mutex::new(child.stdin.take()),
            stdout: Collected::from(child.stdout.take()),
            stderr: Collected::from(child.stderr.take()),
            child: Mutex::new(child),
        })
    }

    /// Starts the workspace's binary `name` with `env` added to the environment of the test.
    ///
    /// # Errors
    /// The program is not built, or cannot be started.
    pub fn of_workspace<K: AsRef<OsStr>, V: AsRef<OsStr>>(
        name: &str,
        env: impl IntoIterator<Item = (K, V)>,
    ) -> std::io::Result<Self> {
        let path = bin(name).map_err(std::io::Error::other)?;
        let mut command = Command::new(path);
        command.envs(env);
        Self::spawn(command)
    }

    /// Returns the process id.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// Returns the lines of standard output so far.
    #[must_use]
    pub fn stdout(&self) -> Vec<String> {
        self.stdout.lines().clone()
    }

    /// Returns the lines of standard error so far.
    #[must_use]
    pub fn stderr(&self) -> Vec<String> {
        self.stderr.lines().clone()
    }

    /// Returns the JSON lines of standard output so far.
    #[must_use]
    pub fn json(&self) -> Vec<Value> {
        self.stdout
            .lines()
            .iter()
            .filter_map(|line| serde_json::from_str(line).ok())
            .collect()
    }

    /// Waits for the first JSON line of standard output that `matches`, counted from the start of the process.
    ///
    /// # Errors
    /// The deadline passed, or the output ended before.
    pub async fn line(&self, deadline: Duration, matches: impl Fn(&Value) -> bool) -> Result<Value, ProcessError> {
        self.find(deadline, "no such line", |line| {
            serde_json::from_str(line).ok().filter(&matches)
        })
        .await
    }

    /// Waits for a readiness line, and returns its address.
    ///
    /// # Errors
    /// The deadline passed, or the output ended before.
    pub async fn ready(&self, deadline: Duration) -> Result<Option<String>, ProcessError> {
        let ready = |line: &str| Readiness::from_line(line).filter(|said| said.ready);
        Ok(self.find(deadline, "not ready", ready).await?.address)
    }

    async fn find<T>(&self, deadline: Duration, what: &'static str, read: impl Fn(&str) -> Option<T>) -> Result<T, ProcessError> {
        let mut told = self.stdout.ended.subscribe();
        let mut seen = 0;
        let finding = async {
            loop {
                // Lines are checked before the end of the output is.
                let ended = *told.borrow_and_update();
                {
                    let lines = self.stdout.lines();
                    if let Some(found) = lines.iter().skip(seen).find_map(|line| read(line)) {
                        return Some(found);
                    }
                    seen = lines.len();
                }
                if ended || told.changed().await.is_err() {
                    return None;
                }
            }
        };
        match tokio::time::timeout(deadline, finding).await {
            Ok(Some(found)) => Ok(found),
            Ok(None) => Err(ProcessError::Ended {
                what,
                output: self.output(),
            }),
            Err(_) => Err(self.timed_out(what, TimedOut(deadline))),
        }
    }

    /// Waits for the process to exit and for the end of its output.
    ///
    /// # Errors
    /// The deadline passed.
    pub async fn exited(&self, deadline: Duration) -> Result<ExitStatus, ProcessError> {
        let ended = || std::future::ready(lock(&self.child).try_wait().ok().flatten());
        let status = eventually(deadline, ended)
            .await
            .map_err(|source| self.timed_out("still running", source))?;
        for output in [&self.stdout, &self.stderr] {
            let mut ended = output.ended.subscribe();
            // A process that it has started may still hold the pipe.
            let _ = tokio::time::timeout(OUTPUT_END_MAX, ended.wait_for(|ended| *ended)).await;
        }
        Ok(status)
    }

    /// Sends SIGTERM.
    pub fn terminate(&self) {
        self.signal(Signal::TERM);
    }

    /// Sends SIGINT.
    pub fn interrupt(&self) {
        self.signal(Signal::INT);
    }

    /// Sends SIGKILL.
    pub fn kill(&self) {
        self.signal(Signal::KILL);
    }

    /// Sends SIGSTOP, which pauses it until [`resume`](Self::resume).
    pub fn pause(&self) {
        self.signal(Signal::STOP);
    }

    /// Sends SIGCONT.
    pub fn resume(&self) {
        self.signal(Signal::CONT);
    }

    /// Closes its standard input, which a supervised process interprets as the end of its supervisor.
    pub fn close_stdin(&self) {
        drop(lock(&self.stdin).take());
    }

    fn signal(&self, signal: Signal) {
        // Under the lock and only before it is reaped, so that the id cannot have been reused.
        let mut child = lock(&self.child);
        if let (Ok(None), Some(pid)) = (child.try_wait(), Pid::from_raw(self.pid.cast_signed())) {
            let _ = kill_process(pid, signal);
        }
    }

    fn timed_out(&self, what: &'static str, source: TimedOut) -> ProcessError {
        ProcessError::TimedOut {
            what,
            source,
            output: self.output(),
        }
    }

    fn output(&self) -> String {
        format!(
            "stdout:\n{}\nstderr:\n{}",
            self.stdout.lines().join("\n"),
            self.stderr.lines().join("\n")
        )
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let mut child = lock(&self.child);
        let _ = child.kill();
        let _ = child.wait();
    }
}

/// The lines of one stream, read by its own thread, so that it works with any runtime and without one.
#[derive(Debug)]
struct Collected {
    lines: Arc<Mutex<Vec<String>>>,
    /// Notified at every line; `true` once the stream has ended.
    ended: watch::Sender<bool>,
}

impl Collected {
    fn from(stream: Option<impl Read + Send + 'static>) -> Self {
        let lines = Arc::new(Mutex::new(Vec::new()));
        let ended = watch::Sender::new(false);
        let (into, said) = (lines.clone(), ended.clone());
        std::thread::spawn(move || {
            for line in stream
                .into_iter()
                .flat_map(|stream| BufReader::new(stream).split(b'\n'))
                .map_while(Result::ok)
            {
                lock(&into).push(String::from_utf8_lossy(&line).into_owned());
                said.send_replace(false);
            }
            said.send_replace(true);
        });
        Self { lines, ended }
    }

    fn lines(&self) -> MutexGuard<'_, Vec<String>> {
        lock(&self.lines)
    }
}

/// Locks, ignoring poisoning: a second panic would hide the reason of a failed test.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOON: Duration = Duration::from_secs(10);

    fn sh(script: &str) -> Process {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        Process::spawn(command).unwrap()
    }

    #[tokio::test]
    async fn process_finds_the_line_and_the_address() {
        let process = sh(r#"echo noise; echo '{"n":1}'; echo '{"ready":true,"address":"here"}'; cat"#);
        assert_eq!(process.ready(SOON).await.unwrap().as_deref(), Some("here"));
        assert_eq!(process.line(SOON, |line| line["n"] == 1).await.unwrap()["n"], 1);
        assert_eq!(process.json().len(), 2);
        process.close_stdin();
        assert!(process.exited(SOON).await.unwrap().success());
    }

    #[tokio::test]
    async fn ended_process_is_not_awaited() {
        let error = sh("echo why >&2; echo last").ready(SOON).await.unwrap_err();
        assert!(matches!(&error, ProcessError::Ended { .. }), "{error}");
        assert!(error.to_string().contains("last"), "{error}");
    }

    #[tokio::test]
    async fn output_is_complete_once_the_process_has_exited() {
        let process = sh("seq 20000; seq 20000 >&2");
        assert!(process.exited(SOON).await.unwrap().success());
        assert_eq!((process.stdout().len(), process.stderr().len()), (20_000, 20_000));
    }

    #[tokio::test]
    async fn process_receives_signals() {
        let process = sh(r#"trap 'exit 7' TERM; echo '{"ready":true}'; while :; do sleep 0.01; done"#);
        process.ready(SOON).await.unwrap();
        process.terminate();
        assert_eq!(process.exited(SOON).await.unwrap().code(), Some(7));
    }

    #[test]
    fn dropped_process_is_killed() {
        let process = sh("cat");
        let proc = PathBuf::from(format!("/proc/{}", process.pid()));
        assert!(proc.exists());
        drop(process);
        assert!(!proc.exists());
    }

    #[test]
    fn missing_binary_names_the_build_command() {
        let error = bin("no-such-program").unwrap_err().to_string();
        assert!(error.contains("cargo build --workspace --bins --tests"), "{error}");
    }
}
