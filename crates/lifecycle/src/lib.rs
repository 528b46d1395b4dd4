//! The contract between a process of the demo and those that start it: command line, shutdown and readiness.
//!
//! **Boundary**: it is not a supervisor (that is `spanfall demo`) and does not depend on telemetry, since the embedded broker uses it too.
//!
//! - **Command line.** A [`Program`] answers `--help` and `--version`, and exits with 2 for an argument that it does not know.
//! - **Shutdown.** A process ends on SIGINT or SIGTERM. Under a supervisor ([`SUPERVISED`] is set) it also ends when its
//!   standard input closes: the supervisor holds the other end and never writes, so the kernel closes it however the
//!   supervisor ends, SIGKILL included. No child is orphaned, and no `unsafe` is needed.
//! - **Readiness.** Standard output has one JSON object per line. One with a boolean [`READY`] reports if the process
//!   is ready; it may change in both directions. [`ADDRESS`] in the same object is the listen address.
//!
//! ```
//! let line = r#"{"level":"INFO","message":"listening","ready":true,"address":"127.0.0.1:3000"}"#;
//! let readiness = lifecycle::Readiness::from_line(line).expect("a readiness line");
//! assert!(readiness.ready);
//! assert_eq!(readiness.address.as_deref(), Some("127.0.0.1:3000"));
//! ```

#![warn(missing_docs)]

mod arguments;

use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::oneshot;

pub use arguments::{Command, Program};

/// The environment variable that a supervisor sets to `1`: the process ends when its standard input closes.
pub const SUPERVISED: &str = "SPANFALL_SUPERVISED";

/// The log field for readiness, a boolean.
pub const READY: &str = "ready";

/// The log field for the address of a ready process: `host:port` or a URL.
pub const ADDRESS: &str = "address";

/// The readiness reported in one line of output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Readiness {
    /// The process is ready.
    pub ready: bool,
    /// The address, if the process listens: `host:port` or a URL.
    pub address: Option<String>,
}

impl Readiness {
    /// Parses one line of output; returns `None` for a line without readiness (most lines).
    #[must_use]
    pub fn from_line(line: &str) -> Option<Self> {
        // Most lines are rejected here, without being parsed.
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

/// The shutdown signals, handled from construction on: from then on none of them ends the process by default.
#[derive(Debug)]
pub struct Shutdown {
    interrupt: Signal,
    terminate: Signal,
    hangup: Option<Signal>,
}

impl Shutdown {
    /// Handles SIGINT and SIGTERM.
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

    /// Handles SIGHUP, too: for a program with a terminal. A service may be started to survive it (`nohup`).
    ///
    /// # Errors
    /// The signal handler cannot be installed.
    pub fn or_hangup(mut self) -> io::Result<Self> {
        self.hangup = Some(signal(SignalKind::hangup())?);
        Ok(self)
    }

    /// Waits for one of the signals or, under a supervisor, the end of standard input.
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

/// Waits for the end of standard input; input is discarded.
///
/// A plain thread and not tokio's standard input: a runtime waits for its blocking reads when it stops, so a process that
/// ends on a signal would hang until its supervisor closed the pipe.
async fn end_of_input() {
    let (ended, end) = oneshot::channel();
    std::thread::spawn(move || {
        // An error is treated as closed.
        let _ = io::copy(&mut io::stdin().lock(), &mut io::sink());
        let _ = ended.send(());
    });
    let _ = end.await;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn line_without_readiness_is_ignored() {
        for line in ["", "not json", r#"{"message":"ready"}"#, r#"{"ready":"yes"}"#, r#"["ready"]"#] {
            assert_eq!(Readiness::from_line(line), None, "{line}");
        }
    }

    #[test]
    fn readiness_can_be_revoked() {
        let said = Readiness::from_line(r#"{"ready":false}"#);
        assert_eq!(
            said,
            Some(Readiness {
                ready: false,
                address: None
            })
        );
    }
}
