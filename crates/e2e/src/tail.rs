//! `spanfall tail` on free ports.

use std::process::Command;

use testkit::{Process, eventually};

use crate::{DEADLINE, Error};

/// Lets the system choose the ports.
pub const FREE_PORTS: [&str; 6] = [
    "--otlp-grpc",
    "127.0.0.1:0",
    "--otlp-http",
    "127.0.0.1:0",
    "--sentry",
    "127.0.0.1:0",
];

/// `spanfall tail`, listening.
pub struct Tail {
    /// The process that was started.
    pub process: Process,
    /// The address for OTLP over gRPC.
    pub otlp_grpc: String,
    /// The address for OTLP over HTTP.
    pub otlp_http: String,
    /// The address for envelopes.
    pub sentry: String,
}

impl Tail {
    /// Starts it with more arguments.
    ///
    /// # Errors
    /// It isn't built, or does not listen.
    pub async fn start(arguments: &[&str]) -> Result<Self, Error> {
        let mut command = Command::new(testkit::bin("spanfall")?);
        command.arg("tail").args(arguments).args(FREE_PORTS);
        Self::within(command).await
    }

    /// Runs a command that starts it, and waits until it says where it listens.
    ///
    /// # Errors
    /// It could not be started, or does not listen.
    pub async fn within(command: Command) -> Result<Self, Error> {
        let process = Process::spawn(command)?;
        let listening = || async { process.stderr().into_iter().find(|line| line.contains("OTLP/gRPC on ")) };
        let listening = eventually(DEADLINE, listening).await?;
        let address = |listener: &str| -> Result<String, Error> {
            let (_, after) = listening.split_once(listener).ok_or("no such listener")?;
            Ok(after.split(',').next().unwrap_or_default().to_owned())
        };
        Ok(Self {
            otlp_grpc: address("OTLP/gRPC on ")?,
            otlp_http: address("OTLP/HTTP on ")?,
            sentry: address("Sentry on ")?,
            process,
        })
    }
}
