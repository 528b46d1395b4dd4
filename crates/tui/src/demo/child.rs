//! One child process: start, output, end.

use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use futures_util::StreamExt;
use lifecycle::Readiness;
use tokio::io::AsyncRead;
use tokio::process::{self, Command};
use tokio::sync::{mpsc, watch};
use tokio_util::codec::{FramedRead, LinesCodec};

use super::{DemoEvent, output};
use app::ServiceState;

/// Time for a process to end after its standard input was closed.
const STOP_WAIT_MAX: Duration = Duration::from_secs(6);
/// Between an end and the next start, doubled each time up to [`LONGEST_PAUSE`].
const SHORTEST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(8);
/// A longer line is dropped.
const LONGEST_LINE: usize = 64 * 1024;

/// The wish that everything ends, as one process sees it.
#[derive(Clone, Debug)]
pub(super) struct Stopping(watch::Receiver<bool>);

impl Stopping {
    pub(super) fn new(wish: &watch::Receiver<bool>) -> Self {
        Self(wish.clone())
    }

    pub(super) fn now(&self) -> bool {
        *self.0.borrow()
    }

    pub(super) async fn wait(&mut self) {
        // A dropped sender counts as a request to stop.
        let _ = self.0.wait_for(|stop| *stop).await;
    }
}

/// A program that is run, again and again if need be.
#[derive(Debug)]
pub(super) struct Child {
    name: &'static str,
    program: PathBuf,
    pub(super) arguments: Vec<String>,
    pub(super) environment: Vec<(&'static str, String)>,
    events: mpsc::Sender<DemoEvent>,
    pause: Duration,
}

impl Child {
    pub(super) fn new(name: &'static str, program: PathBuf, events: mpsc::Sender<DemoEvent>) -> Self {
        Self {
            name,
            program,
            arguments: Vec::new(),
            environment: Vec::new(),
            events,
            pause: SHORTEST_PAUSE,
        }
    }

    /// Runs the program until it ends, or until the demo stops and it has had its time.
    pub(super) async fn run(&mut self, stopping: &mut Stopping, mut on_ready: impl FnMut(&Readiness)) {
        self.say(ServiceState::Starting).await;
        let mut process = match self.spawn() {
            Ok(process) => process,
            Err(error) => {
                return self
                    .say(ServiceState::Exited {
                        status: format!("cannot be started: {error}"),
                    })
                    .await;
            }
        };
        // Held open: its end makes the process exit, even when this one is killed.
        let input = process.stdin.take();
        let mut out = lines(process.stdout.take());
        let mut err = lines(process.stderr.take());
        let ended = loop {
            tokio::select! {
                Some(line) = out.next() => self.read(line, &mut on_ready).await,
                Some(line) = err.next() => self.read(line, &mut |_| {}).await,
                ended = process.wait() => break ended,
                () = stopping.wait() => {
                    drop(input);
                    return end(&mut process).await;
                }
            }
        };
        self.read_rest(out, err).await;
        self.say(ServiceState::Exited { status: describe(ended) }).await;
    }

    /// Waits before the next start.
    pub(super) async fn pause(&mut self, stopping: &mut Stopping) {
        let _ = tokio::time::timeout(self.pause, stopping.wait()).await;
        self.pause = (self.pause * 2).min(LONGEST_PAUSE);
    }

    fn spawn(&self) -> std::io::Result<process::Child> {
        self.command().spawn()
    }

    fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command
            .args(&self.arguments)
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .env(lifecycle::SUPERVISED, "1")
            // Only the viewer uses it.
            .env_remove("SENTRY_AUTH_TOKEN")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            // A separate process group: the terminal's signals are for the viewer, which ends its children in order.
            .process_group(0)
            .kill_on_drop(true);
        command
    }

    async fn read(&mut self, line: Result<String, impl std::fmt::Display>, on_ready: &mut impl FnMut(&Readiness)) {
        let line = match line {
            Ok(line) => line,
            Err(error) => {
                return self
                    .tell(DemoEvent::Output(output::line(
                        self.name,
                        &format!("(unreadable output: {error})"),
                    )))
                    .await;
            }
        };
        if let Some(readiness) = Readiness::from_line(&line) {
            on_ready(&readiness);
            if readiness.ready {
                self.pause = SHORTEST_PAUSE;
                self.say(ServiceState::Ready {
                    address: readiness.address,
                })
                .await;
            } else {
                self.say(ServiceState::NotReady).await;
            }
        }
        self.tell(DemoEvent::Output(output::line(self.name, &line))).await;
    }

    /// The last line printed explains why it ended.
    async fn read_rest(&mut self, mut out: Lines, mut err: Lines) {
        // Its own children, if any, could hold the pipe open.
        let _ = tokio::time::timeout(Duration::from_secs(1), async {
            while let Some(line) = out.next().await {
                self.read(line, &mut |_| {}).await;
            }
            while let Some(line) = err.next().await {
                self.read(line, &mut |_| {}).await;
            }
        })
        .await;
    }

    async fn say(&self, state: ServiceState) {
        self.tell(DemoEvent::State(self.name, state)).await;
    }

    async fn tell(&self, event: DemoEvent) {
        // An error means that the viewer is ending and the receiver is gone.
        let _ = self.events.send(event).await;
    }
}

type Lines = FramedRead<Box<dyn AsyncRead + Send + Unpin>, LinesCodec>;

fn lines(pipe: Option<impl AsyncRead + Send + Unpin + 'static>) -> Lines {
    let pipe: Box<dyn AsyncRead + Send + Unpin> = match pipe {
        Some(pipe) => Box::new(pipe),
        None => Box::new(tokio::io::empty()),
    };
    FramedRead::new(pipe, LinesCodec::new_with_max_length(LONGEST_LINE))
}

/// Gives the process its time, then ends it by force.
async fn end(process: &mut process::Child) {
    if tokio::time::timeout(STOP_WAIT_MAX, process.wait()).await.is_err() {
        tracing::warn!(pid = process.id(), "a process did not end in time and is killed");
        let _ = process.kill().await;
    }
}

fn describe(ended: std::io::Result<ExitStatus>) -> String {
    ended.map_or_else(|error| error.to_string(), |status| status.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn token_is_not_passed_to_children() {
        let (events, _events) = mpsc::channel(1);
        let child = Child::new("api", "api".into(), events);
        let command = child.command();
        let token = command.as_std().get_envs().find(|(name, _)| *name == "SENTRY_AUTH_TOKEN");
        assert_eq!(token.map(|(_, value)| value), Some(None), "taken out of what it inherits");
    }
}
