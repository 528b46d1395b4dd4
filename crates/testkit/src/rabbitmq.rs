//! A private RabbitMQ, started for one test and stopped after it.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::{TimedOut, eventually, unused_address};

/// The environment variable that makes a missing RabbitMQ fail a test (`1`) instead of skipping it.
pub const REQUIRE_RABBITMQ: &str = "SPANFALL_REQUIRE_RABBITMQ";

/// The real script: the one in `/usr/sbin` changes the user, and signals would reach only that wrapper.
const SERVER: &str = "/usr/lib/rabbitmq/bin/rabbitmq-server";

/// The start timeout. Startup takes five seconds on an idle machine; tests often run in parallel with a compiler.
const START_TIMEOUT: Duration = Duration::from_secs(90);

/// The shell script that runs both in one process group, which ends when the shell's input closes: with the test, even if that is killed.
/// Without its own `epmd` the node would start one that outlives it.
const RUN_SCRIPT: &str = r#"epmd -address 127.0.0.1 & "$0" & read -r _; kill -KILL 0"#;

/// The reason RabbitMQ is not available.
#[derive(Debug, thiserror::Error)]
pub enum RabbitMqError {
    /// The program is missing.
    #[error("cannot find RabbitMQ: not installed (`apt-get install --no-install-recommends rabbitmq-server`)")]
    NotInstalled,
    /// A directory cannot be created, or the program cannot be started.
    #[error("cannot start RabbitMQ")]
    Io(#[from] io::Error),
    /// RabbitMQ does not respond with an AMQP handshake.
    #[error("RabbitMQ did not start: {source}\n{log}")]
    NotReady {
        /// The elapsed deadline.
        source: TimedOut,
        /// The output of the node.
        log: String,
    },
}

/// A running `rabbitmq-server` with its own node name, ports and directories, on loopback only. Killed when dropped.
#[derive(Debug)]
pub struct RabbitMq {
    port: u16,
    /// The ports of the node, its distribution and its epmd.
    ports: [u16; 3],
    group: Child,
    // Dropped after `drop` has killed the node, which writes into it.
    home: TempDir,
}

impl RabbitMq {
    /// Starts a node and waits until it responds.
    ///
    /// # Errors
    /// RabbitMQ is not installed, cannot be started, or does not respond in time.
    pub async fn start() -> Result<Self, RabbitMqError> {
        if !Path::new(SERVER).exists() {
            return Err(RabbitMqError::NotInstalled);
        }
        let home = tempfile::Builder::new().prefix("rabbitmq-").tempdir()?;
        let ports @ [port, dist, epmd] = [unused_port()?, unused_port()?, unused_port()?];
        let group = command(home.path(), port, dist, epmd)?.spawn()?;
        let broker = Self {
            port,
            ports,
            group,
            home,
        };
        broker.answers().await?;
        Ok(broker)
    }

    async fn answers(&self) -> Result<(), RabbitMqError> {
        let port = self.port;
        let answers = || async move { handshake(port).await.ok() };
        if let Err(source) = eventually(START_TIMEOUT, answers).await {
            let log = std::fs::read_to_string(self.home.path().join("output")).unwrap_or_default();
            return Err(RabbitMqError::NotReady { source, log });
        }
        Ok(())
    }

    /// Kills the node with all its processes (SIGKILL).
    pub fn kill(&mut self) {
        self.signal(Signal::KILL);
        let _ = self.group.wait();
    }

    /// Restarts the node after [`kill`](Self::kill), with its data, and waits until it responds.
    ///
    /// # Errors
    /// The node cannot be started, or does not respond in time.
    pub async fn start_again(&mut self) -> Result<(), RabbitMqError> {
        let [port, dist, epmd] = self.ports;
        self.group = command(self.home.path(), port, dist, epmd)?.spawn()?;
        self.answers().await
    }

    /// Stops all its processes (SIGSTOP) until [`resume`](Self::resume).
    pub fn pause(&self) {
        self.signal(Signal::STOP);
    }

    /// Resumes all its processes (SIGCONT).
    pub fn resume(&self) {
        self.signal(Signal::CONT);
    }

    fn signal(&self, signal: Signal) {
        if let Some(group) = Pid::from_raw(self.group.id().cast_signed()) {
            let _ = kill_process_group(group, signal);
        }
    }

    /// Like [`start`](Self::start), but returns `None` (with a note on standard error) if RabbitMQ is not installed, unless
    /// [`REQUIRE_RABBITMQ`] is set.
    ///
    /// # Panics
    /// If RabbitMQ cannot be started, or is required but not installed.
    pub async fn start_or_skip() -> Option<Self> {
        let required = std::env::var_os(REQUIRE_RABBITMQ).is_some_and(|value| value == "1");
        match Self::start().await {
            Ok(broker) => Some(broker),
            Err(error @ RabbitMqError::NotInstalled) if !required => {
                eprintln!("SKIPPED: not tested against a real broker: {error} ({REQUIRE_RABBITMQ}=1 makes this a failure)");
                None
            }
            Err(error) => panic!("{error}"),
        }
    }

    /// Returns the URL, `amqp://guest:guest@127.0.0.1:<port>/%2f`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("amqp://guest:guest@127.0.0.1:{}/%2f", self.port)
    }

    /// Returns the listen address.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, self.port).into()
    }
}

impl Drop for RabbitMq {
    fn drop(&mut self) {
        self.kill();
    }
}

fn command(home: &Path, port: u16, dist: u16, epmd: u16) -> io::Result<Command> {
    let output = std::fs::File::create(home.join("output"))?;
    let config = home.join("rabbitmq.conf");
    std::fs::write(&config, "")?;
    std::fs::write(home.join("enabled_plugins"), "[].\n")?;
    let mut command = Command::new("sh");
    command
        .args(["-c", RUN_SCRIPT, SERVER])
        .current_dir(home)
        .env("HOME", home)
        .env("RABBITMQ_NODENAME", format!("spanfall-{port}@localhost"))
        .env("RABBITMQ_NODE_PORT", port.to_string())
        .env("RABBITMQ_NODE_IP_ADDRESS", "127.0.0.1")
        .env("RABBITMQ_DIST_PORT", dist.to_string())
        .env("RABBITMQ_MNESIA_BASE", home.join("mnesia"))
        .env("RABBITMQ_LOG_BASE", home.join("log"))
        .env("RABBITMQ_CONFIG_FILE", config)
        .env("RABBITMQ_ENABLED_PLUGINS_FILE", home.join("enabled_plugins"))
        .env("RABBITMQ_PID_FILE", home.join("pid"))
        .env(
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS",
            "-kernel inet_dist_use_interface {127,0,0,1}",
        )
        .env("ERL_CRASH_DUMP", home.join("crash"))
        .env("ERL_EPMD_ADDRESS", "127.0.0.1")
        .env("ERL_EPMD_PORT", epmd.to_string())
        .stdin(Stdio::piped())
        .stdout(output.try_clone()?)
        .stderr(output)
        .process_group(0);
    Ok(command)
}

fn unused_port() -> io::Result<u16> {
    unused_address().map(|address| address.port())
}

/// Returns `true` if the listener responds to the protocol header with a method frame (`connection.start`).
async fn handshake(port: u16) -> io::Result<()> {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await?;
    stream.write_all(b"AMQP\0\0\x09\x01").await?;
    if stream.read_u8().await? == 1 {
        Ok(())
    } else {
        Err(io::ErrorKind::InvalidData.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn rabbitmq_responds_and_is_killed_when_dropped() {
        let Some(broker) = RabbitMq::start_or_skip().await else {
            return;
        };
        let port = broker.port;
        handshake(port).await.unwrap();
        drop(broker);
        rejects(port).await;
    }

    #[tokio::test]
    async fn rabbitmq_ends_with_a_killed_test() {
        let Some(mut broker) = RabbitMq::start_or_skip().await else {
            return;
        };
        // Exactly what the kernel does when it kills a process.
        drop(broker.group.stdin.take());
        rejects(broker.port).await;
    }

    /// Waits for the port to close, which happens a moment after the kill.
    async fn rejects(port: u16) {
        let rejected = || async move {
            handshake(port)
                .await
                .err()
                .filter(|error| error.kind() == io::ErrorKind::ConnectionRefused)
        };
        eventually(Duration::from_secs(10), rejected).await.unwrap();
    }
}
