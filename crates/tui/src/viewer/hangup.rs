//! A terminal that is closed: its other side is gone, so nothing can be typed in it or shown on it any more.

use std::fs::File;
use std::io::{self, IsTerminal};
use std::os::fd::{AsFd, OwnedFd};

use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;
use tokio::sync::oneshot;

/// Reports the end of the terminal. SIGHUP alone does not: only a program that the terminal controls gets it, and to a reader a closed
/// terminal looks like one in which nothing is typed.
#[derive(Debug)]
pub(super) struct Hangup(Option<oneshot::Receiver<()>>);

impl Hangup {
    /// Watches the terminal that keys are read from. Where that is not possible, SIGHUP and errors of the terminal are left.
    pub(super) fn listen() -> io::Result<Self> {
        let Ok(terminal) = terminal() else { return Ok(Self(None)) };
        let (sender, closed) = oneshot::channel();
        // A thread, since what a runtime registers for reading would wake at each key.
        std::thread::Builder::new().name("hangup".to_owned()).spawn(move || {
            if is_closed_at_last(&terminal) {
                let _ = sender.send(());
            }
        })?;
        Ok(Self(Some(closed)))
    }

    /// Waits until the terminal is closed.
    pub(super) async fn happened(&mut self) {
        if let Some(closed) = &mut self.0 {
            let is_closed = closed.await.is_ok();
            self.0 = None;
            if is_closed {
                return;
            }
        }
        std::future::pending::<()>().await;
    }
}

/// Waits until a terminal is closed; false if it cannot be watched.
fn is_closed_at_last(terminal: &OwnedFd) -> bool {
    loop {
        // No event is asked for: hang-ups are always reported.
        let mut watched = [PollFd::new(terminal, PollFlags::empty())];
        match poll(&mut watched, None) {
            Err(Errno::INTR) => {}
            Err(_) => return false,
            Ok(_) => return watched[0].revents().intersects(PollFlags::HUP | PollFlags::ERR),
        }
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

/// Whether an error says that the terminal is closed.
pub(super) fn is_reason(error: &eyre::Report) -> bool {
    let closed = Some(Errno::IO.raw_os_error());
    let mut causes = error.chain().filter_map(|cause| cause.downcast_ref::<io::Error>());
    causes.any(|cause| cause.raw_os_error() == closed || cause.kind() == io::ErrorKind::BrokenPipe)
}

#[cfg(test)]
mod tests {
    use eyre::Context;

    use super::*;

    #[test]
    fn an_error_of_a_closed_terminal_is_told_from_others() {
        let report = |errno: Errno| {
            let error: Result<(), _> = Err(io::Error::from(errno));
            error.wrap_err("the terminal cannot be drawn to").expect_err("an error")
        };
        assert!(is_reason(&report(Errno::IO)) && is_reason(&report(Errno::PIPE)));
        assert!(!is_reason(&report(Errno::NOSPC)));
    }
}
