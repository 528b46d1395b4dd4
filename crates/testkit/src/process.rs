//! Running a program of the workspace and reading what it says.

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

/// A program of the workspace isn't built.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` is not built beside this test: run `cargo build --workspace --bins --tests` first")]
pub struct MissingBin(String);

/// The path of a binary of this workspace, found in the target directory that the running test was built into.
///
/// # Errors
/// It isn't there; the error says which command builds it. Cargo builds the binaries of a test's own crate, not those of others.
pub fn bin(name: &str) -> Result<PathBuf, MissingBin> {
    // target/debug/deps/<test>-<hash> (or target/debug/<program>), so: target/debug/<name>.
    std::env::current_exe()
        .iter()
        .flat_map(|test| test.ancestors().skip(1).take(3))
        .map(|dir| dir.join(name).with_extension(std::env::consts::EXE_EXTENSION))
        .find(|path| path.is_file())
        .ok_or_else(|| MissingBin(name.to_owned()))
}

/// A process did not do what was waited for. All it said so far is in the message: it is what one needs to see.
#[derive(Debug, thiserror::Error)]
pub enum ProcessError {
    /// The time was up.
    #[error("{what}: {source}\n{output}")]
    TimedOut {
        /// What was waited for.
        what: &'static str,
        /// How long.
        source: TimedOut,
        /// Its standard output and error so far.
        output: String,
    },
    /// It ended, so that it can never come.
    #[error("{what}: the process ended\n{output}")]
    Ended {
        /// What was waited for.
        what: &'static str,
        /// Its standard output and error.
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
    /// It could not be started.
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
    /// It isn't built, or could not be started.
    pub fn of_workspace<K: AsRef<OsStr>, V: AsRef<OsStr>>(
        name: &str,
        env: impl IntoIterator<Item = (K, V)>,
    ) -> std::io::Result<Self> {
        let path = bin(name).map_err(std::io::Error::other)?;
        let mut command = Command::new(path);
        command.envs(env);
        Self::spawn(command)
    }

    /// The process id.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// The lines of standard output so far, as they were said.
    #[must_use]
    pub fn stdout(&self) -> Vec<String> {
        self.stdout.lines().clone()
    }

    /// The lines of standard error so far.
    #[must_use]
    pub fn stderr(&self) -> Vec<String> {
        self.stderr.lines().clone()
    }

    /// The lines of standard output so far that are JSON.
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
    /// The deadline passed, or the output ended without one.
    pub async fn line(&self, deadline: Duration, matches: impl Fn(&Value) -> bool) -> Result<Value, ProcessError> {
        self.find(deadline, "no such line", |line| {
            serde_json::from_str(line).ok().filter(&matches)
        })
        .await
    }

    /// Waits until the process says that it is ready, and gives the address it then names.
    ///
    /// # Errors
    /// The deadline passed, or the output ended without that.
    pub async fn ready(&self, deadline: Duration) -> Result<Option<String>, ProcessError> {
        let ready = |line: &str| Readiness::of_line(line).filter(|said| said.ready);
        Ok(self.find(deadline, "not ready", ready).await?.address)
    }

    async fn find<T>(&self, deadline: Duration, what: &'static str, read: impl Fn(&str) -> Option<T>) -> Result<T, ProcessError> {
        let mut told = self.stdout.ended.subscribe();
        let mut seen = 0;
        let finding = async {
            loop {
                // What is here is looked at before the end of the output is believed.
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

    /// Waits until the process has ended.
    ///
    /// # Errors
    /// It had not at the deadline.
    pub async fn exited(&self, deadline: Duration) -> Result<ExitStatus, ProcessError> {
        let ended = || std::future::ready(lock(&self.child).try_wait().ok().flatten());
        eventually(deadline, ended)
            .await
            .map_err(|source| self.timed_out("still running", source))
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

    /// Sends SIGSTOP: it does nothing until [`resume`](Self::resume).
    pub fn pause(&self) {
        self.signal(Signal::STOP);
    }

    /// Sends SIGCONT.
    pub fn resume(&self) {
        self.signal(Signal::CONT);
    }

    /// Closes its standard input: what a supervised process takes for the end of its supervisor.
    pub fn close_stdin(&self) {
        drop(lock(&self.stdin).take());
    }

    fn signal(&self, signal: Signal) {
        // Under the lock and only while it isn't reaped, so that the id cannot have become somebody else's.
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

/// The lines of one stream, read by a thread of its own (so that it works in any runtime, and in none).
#[derive(Debug)]
struct Collected {
    lines: Arc<Mutex<Vec<String>>>,
    /// Told at every line; `true` once the stream has ended.
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

/// A test that failed while it held the lock must not hide its reason behind a second panic.
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
    async fn finds_the_line_and_the_address() {
        let process = sh(r#"echo noise; echo '{"n":1}'; echo '{"ready":true,"address":"here"}'; cat"#);
        assert_eq!(process.ready(SOON).await.unwrap().as_deref(), Some("here"));
        assert_eq!(process.line(SOON, |line| line["n"] == 1).await.unwrap()["n"], 1);
        assert_eq!(process.json().len(), 2);
        process.close_stdin();
        assert!(process.exited(SOON).await.unwrap().success());
    }

    #[tokio::test]
    async fn an_ended_process_is_not_waited_for() {
        let error = sh("echo why >&2; echo last").ready(SOON).await.unwrap_err();
        assert!(matches!(&error, ProcessError::Ended { .. }), "{error}");
        assert!(error.to_string().contains("last"), "{error}");
    }

    #[tokio::test]
    async fn signals_arrive() {
        let process = sh(r#"trap 'exit 7' TERM; echo '{"ready":true}'; while :; do sleep 0.01; done"#);
        process.ready(SOON).await.unwrap();
        process.terminate();
        assert_eq!(process.exited(SOON).await.unwrap().code(), Some(7));
    }

    #[test]
    fn a_dropped_process_is_gone() {
        let process = sh("cat");
        let proc = PathBuf::from(format!("/proc/{}", process.pid()));
        assert!(proc.exists());
        drop(process);
        assert!(!proc.exists());
    }

    #[test]
    fn a_missing_binary_says_how_to_build_it() {
        let error = bin("no-such-program").unwrap_err().to_string();
        assert!(error.contains("cargo build --workspace --bins --tests"), "{error}");
    }
}
