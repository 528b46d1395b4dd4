//! A terminal that is closed: its other side is gone, so nothing can be typed in it or shown on it any more.

use std::fs::File;
use std::io::{self, IsTerminal};
use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::Duration;

use rustix::event::Timespec;
use tokio::sync::oneshot;

use crate::closed::is_closed;

/// Reports the end of the terminal. SIGHUP alone does not: only a program that the terminal controls gets it, and to a reader a
/// closed terminal looks like one without input.
#[derive(Debug)]
pub(super) struct Hangup {
    terminal: Option<Arc<OwnedFd>>,
    /// `None` where nothing will be heard.
    closed: Option<oneshot::Receiver<()>>,
    /// Dropped when the event loop has ended.
    ended: Option<mpsc::Sender<()>>,
}

/// Time for the event loop to end. Crossterm never returns from reading a terminal that was closed a moment before.
const EXIT_WAIT_MAX: Duration = Duration::from_secs(2);

impl Hangup {
    /// Watches the terminal that keys are read from. Where that is not possible, only SIGHUP reports it.
    pub(super) fn listen() -> io::Result<Self> {
        let Ok(terminal) = terminal().map(Arc::new) else {
            return Ok(Self {
                terminal: None,
                closed: None,
                ended: None,
            });
        };
        let (sender, closed) = oneshot::channel();
        let (ended, wait) = mpsc::channel();
        let watched = terminal.clone();
        // A thread, since what a runtime registers for reading would wake at each key.
        std::thread::Builder::new().name("hangup".to_owned()).spawn(move || {
            if is_closed(&watched, None) {
                let _ = sender.send(());
                if wait.recv_timeout(EXIT_WAIT_MAX) == Err(RecvTimeoutError::Timeout) {
                    tracing::warn!("the terminal is closed, and the event loop is stuck reading it: exiting");
                    // The demo's services end with their standard input.
                    std::process::exit(0);
                }
            }
        })?;
        Ok(Self {
            terminal: Some(terminal),
            closed: Some(closed),
            ended: Some(ended),
        })
    }

    /// Notes that the event loop has ended, whatever ended it.
    pub(super) fn loop_ended(&mut self) {
        self.ended = None;
    }

    /// Waits until the terminal is closed.
    pub(super) async fn happened(&mut self) {
        if let Some(closed) = &mut self.closed {
            let is_closed = closed.await.is_ok();
            self.closed = None;
            if is_closed {
                return;
            }
        }
        std::future::pending::<()>().await;
    }

    /// Returns true if the terminal is closed now. An error of the terminal does not show it: its kind depends on the call.
    pub(super) fn is_closed(&self) -> bool {
        let now = Timespec::default();
        self.terminal.as_ref().is_some_and(|terminal| is_closed(terminal, Some(&now)))
    }
}

/// The same as crossterm reads from.
fn terminal() -> io::Result<OwnedFd> {
    let input = io::stdin();
    if input.is_terminal() {
        return input.as_fd().try_clone_to_owned();
    }
    Ok(File::open("/dev/tty")?.into())
}
