//! The other side of a terminal or a pipe that is closed.

use std::io;
use std::os::fd::AsFd;
use std::thread;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use tokio::sync::oneshot;

/// Waits until the other side is closed, for a time at most; false also if it cannot be watched.
pub(crate) fn is_closed(watched: impl AsFd, timeout: Option<&Timespec>) -> bool {
    loop {
        // No event is requested: hang-ups are always reported.
        let mut polled = [PollFd::new(&watched, PollFlags::empty())];
        match poll(&mut polled, timeout) {
            Err(Errno::INTR) => {}
            Err(_) => return false,
            Ok(_) => return polled[0].revents().intersects(PollFlags::HUP | PollFlags::ERR),
        }
    }
}

/// Waits until nothing reads standard output anymore, which writing shows with the next line only.
pub(crate) async fn output_closed() {
    let (sender, closed) = oneshot::channel();
    // A thread of its own: it waits until the program ends, which no thread of the runtime should.
    let watching = thread::Builder::new().name("output".to_owned()).spawn(move || {
        if is_closed(io::stdout(), None) {
            let _ = sender.send(());
        }
    });
    if watching.is_err() || closed.await.is_err() {
        // It cannot be watched.
        std::future::pending::<()>().await;
    }
}
