//! Suspending the program and resuming it: `^Z`, `fg`, and the signals of both.

mod job;

use std::io;
use std::time::{Duration, Instant};

use rustix::process::{self, Signal};
use tokio::signal::unix::{self, SignalKind};

/// The signals by which a shell stops a job and continues it.
#[derive(Debug)]
pub(super) struct Suspension {
    stop: unix::Signal,
    resume: unix::Signal,
}

/// A request of the shell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Request {
    /// Stop the program.
    Stop,
    /// Enter the terminal again: something else stopped the program (SIGSTOP), and a shell may have used the terminal meanwhile.
    Redraw,
}

impl Suspension {
    pub(super) fn listen() -> io::Result<Self> {
        let listen = |signal: Signal| unix::signal(SignalKind::from_raw(signal.as_raw()));
        Ok(Self {
            stop: listen(Signal::TSTP)?,
            resume: listen(Signal::CONT)?,
        })
    }

    /// Returns when the program is asked to stop, or was stopped.
    pub(super) async fn requested(&mut self) -> Request {
        tokio::select! {
            _ = self.stop.recv() => Request::Stop,
            _ = self.resume.recv() => Request::Redraw,
        }
    }

    /// Stops the program until it is continued, and returns how long that took. The terminal must have been given back.
    pub(super) async fn stop(&mut self) -> io::Result<Duration> {
        let stopped = Instant::now();
        // Not SIGTSTP, which has a handler. The process is stopped when this returns or soon after, so only SIGCONT shows when to continue.
        process::kill_process(process::getpid(), Signal::STOP)?;
        let _ = self.resume.recv().await;
        Ok(stopped.elapsed())
    }
}

/// Asks the whole job to stop, as a terminal that is not raw does on `^Z`: whatever started the program must return to the shell, too.
///
/// # Errors
/// No shell would continue it.
pub(super) fn ask_job_to_stop() -> Result<(), &'static str> {
    const NO_SHELL: &str = "cannot suspend: this terminal has no shell with job control";
    if !job::has_shell() {
        return Err(NO_SHELL);
    }
    process::kill_current_process_group(Signal::TSTP).map_err(|_| NO_SHELL)
}
