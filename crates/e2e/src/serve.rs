//! `spanfall serve` on free ports.

use std::net::SocketAddr;
use std::process::Command;

use serde_json::Value;
use testkit::{Process, eventually};

use crate::tail::FREE_PORTS;
use crate::{DEADLINE, Error};

/// `spanfall serve`, listening.
pub struct Serve {
    /// The process that was started.
    pub process: Process,
    /// The address for OTLP over HTTP.
    pub otlp_http: SocketAddr,
    /// The address for envelopes.
    pub sentry: SocketAddr,
    /// The address for queries.
    pub api: SocketAddr,
    environment: Vec<(String, String)>,
}

impl Serve {
    /// Starts it with more arguments and variables.
    ///
    /// # Errors
    /// It isn't built, or does not listen.
    pub async fn start(arguments: &[&str], environment: &[(&str, String)]) -> Result<Self, Error> {
        let mut command = Command::new(testkit::bin("spanfall")?);
        command
            .arg("serve")
            .args(arguments)
            .args(FREE_PORTS)
            .args(["--api", "127.0.0.1:0"]);
        command.envs(environment.iter().map(|(name, value)| (name, value)));
        let process = Process::spawn(command)?;
        let listening = || async { process.stderr().into_iter().find(|line| line.contains("query API on ")) };
        let listening = eventually(DEADLINE, listening).await?;
        let address = |listener: &str| -> Result<SocketAddr, Error> {
            let (_, after) = listening.split_once(listener).ok_or("no such listener")?;
            Ok(after.split(',').next().unwrap_or_default().parse()?)
        };
        Ok(Self {
            otlp_http: address("OTLP/HTTP on ")?,
            sentry: address("Sentry on ")?,
            api: address("query API on ")?,
            environment: environment
                .iter()
                .map(|(name, value)| ((*name).to_owned(), value.clone()))
                .collect(),
            process,
        })
    }

    /// Sends OTLP/JSON to it.
    ///
    /// # Errors
    /// The request is rejected.
    pub async fn send_otlp(&self, request: &Value) -> Result<(), Error> {
        let client = http_client::builder().no_proxy().timeout(DEADLINE).build()?;
        let request = client.post(format!("http://{}/v1/traces", self.otlp_http)).json(request);
        request.send().await?.error_for_status()?;
        Ok(())
    }

    /// Waits with `spanfall wait` until matching traces are complete, and returns them.
    ///
    /// # Errors
    /// They are not.
    pub async fn wait(&self, filter: &str) -> Result<Vec<Value>, Error> {
        let mut command = Command::new(testkit::bin("spanfall")?);
        let timeout = format!("{}s", DEADLINE.as_secs());
        command.args(["wait", filter, "--json", "--quiet-for", "10ms", "--timeout", &timeout]);
        command.envs(self.environment.iter().cloned());
        command.args(["--attach", &self.api.to_string()]);
        let ended = tokio::task::spawn_blocking(move || command.output()).await??;
        if !ended.status.success() {
            return Err(String::from_utf8_lossy(&ended.stderr).into());
        }
        let lines = ended.stdout.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
        Ok(lines.map(serde_json::from_slice).collect::<Result<_, _>>()?)
    }

    /// Queries it until the answer is as wanted.
    ///
    /// # Errors
    /// It never is.
    pub async fn query(&self, target: &str, is_wanted: impl Fn(&Value) -> bool) -> Result<Value, Error> {
        query(self.api, target, is_wanted).await
    }
}

/// Queries an API until the answer is as wanted.
///
/// # Errors
/// It never is.
pub async fn query(api: SocketAddr, target: &str, is_wanted: impl Fn(&Value) -> bool) -> Result<Value, Error> {
    let client = http_client::builder().no_proxy().timeout(DEADLINE).build()?;
    let ask = || async {
        let answer = client.get(format!("http://{api}{target}")).send().await.ok()?;
        answer.json::<Value>().await.ok().filter(&is_wanted)
    };
    Ok(eventually(DEADLINE, ask).await?)
}
