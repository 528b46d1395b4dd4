//! What a process of the demo and the viewer that supervises it agree on: how the process learns that it must end, and how it
//! says that it is ready.
//!
//! It is not a supervisor (that is `spanfall demo`) and knows nothing of telemetry: the embedded broker needs it too.
//!
//! - **Ending.** A process ends on SIGINT or SIGTERM. Under a supervisor ([`SUPERVISED`] is set) it ends as well when its
//!   standard input closes: the supervisor holds the other end and never writes, so the kernel closes it whatever way the
//!   supervisor goes, SIGKILL included. No child is ever left behind, and no `unsafe` is needed for it.
//! - **Ready.** Standard output carries one JSON object a line. One that has a boolean [`READY`] says whether the process does
//!   its work now; it may be said again, in both directions. [`ADDRESS`] beside it is where it listens.
//!
//! ```
//! let line = r#"{"level":"INFO","message":"listening","ready":true,"address":"127.0.0.1:3000"}"#;
//! let said = lifecycle::Readiness::of_line(line).expect("a readiness line");
//! assert!(said.ready);
//! assert_eq!(said.address.as_deref(), Some("127.0.0.1:3000"));
//! ```

use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::oneshot;

/// The environment variable that a supervisor sets (to `1`) to say that closing standard input means "end".
pub const SUPERVISED: &str = "SPANFALL_SUPERVISED";

/// The log field, a boolean, that says whether the process does its work now.
pub const READY: &str = "ready";

/// The log field, a string, that says where a ready process can be reached: `host:port` or a URL.
pub const ADDRESS: &str = "address";

/// What a process said about itself in one line of its output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Readiness {
    /// Whether it does its work now.
    pub ready: bool,
    /// Where it can be reached, if it listens.
    pub address: Option<String>,
}

impl Readiness {
    /// Reads one line of output; `None` when it says nothing about readiness (most lines do not).
    #[must_use]
    pub fn of_line(line: &str) -> Option<Self> {
        // Most lines end here, without being parsed.
        if !line.contains("\"ready\"") {
            return None;
        }
        let line: serde_json::Value = serde_json::from_str(line).ok()?;
        Some(Self {
            ready: line.get(READY)?.as_bool()?,
            address: line.get(ADDRESS).and_then(|address| address.as_str()).map(str::to_owned),
        })
    }
}

/// The signals that ask a process to end, listened to from the moment this is made: from then on none of them ends it by itself.
#[derive(Debug)]
pub struct Shutdown {
    interrupt: Signal,
    terminate: Signal,
    hangup: Option<Signal>,
}

impl Shutdown {
    /// Listens to SIGINT and SIGTERM.
    ///
    /// # Errors
    /// The signal handlers cannot be installed.
    pub fn listen() -> io::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            hangup: None,
        })
    }

    /// Listens to SIGHUP, too: for a program that has a terminal. A service may have been told to survive it (`nohup`).
    ///
    /// # Errors
    /// The signal handler cannot be installed.
    pub fn or_hangup(mut self) -> io::Result<Self> {
        self.hangup = Some(signal(SignalKind::hangup())?);
        Ok(self)
    }

    /// Waits until the process is asked to end: by one of these signals or, under a supervisor, the end of standard input.
    pub async fn requested(mut self) {
        let supervised = std::env::var_os(SUPERVISED).is_some();
        let hangup = async {
            match &mut self.hangup {
                Some(hangup) => _ = hangup.recv().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
            () = hangup => {}
            () = end_of_input(), if supervised => {}
        }
    }
}

/// Waits until the process is asked to end: SIGINT, SIGTERM or, under a supervisor, the end of standard input.
///
/// # Errors
/// The signal handlers cannot be installed.
pub async fn shutdown_requested() -> io::Result<()> {
    Shutdown::listen()?.requested().await;
    Ok(())
}

/// Waits for the end of standard input; what comes before it is read and dropped.
///
/// A plain thread and not tokio's own standard input: a runtime waits for its blocking reads when it stops, so a process that
/// ends on a signal would hang until its supervisor let go of the pipe.
async fn end_of_input() {
    let (ended, end) = oneshot::channel();
    std::thread::spawn(move || {
        // An error means that nobody can ever close it: the same as closed.
        let _ = io::copy(&mut io::stdin().lock(), &mut io::sink());
        let _ = ended.send(());
    });
    let _ = end.await;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_without_readiness_says_nothing() {
        for line in ["", "not json", r#"{"message":"ready"}"#, r#"{"ready":"yes"}"#, r#"["ready"]"#] {
            assert_eq!(Readiness::of_line(line), None, "{line}");
        }
    }

    #[test]
    fn readiness_can_be_taken_back() {
        let said = Readiness::of_line(r#"{"ready":false}"#);
        assert_eq!(
            said,
            Some(Readiness {
                ready: false,
                address: None
            })
        );
    }
}
