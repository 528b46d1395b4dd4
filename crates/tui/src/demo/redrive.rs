//! Putting the demo's dead letters back: `mailer redrive`, run once.

use std::path::PathBuf;
use std::process::{Output, Stdio};

use tokio::process::Command;
use tokio::sync::{mpsc, watch};

use super::{DemoEvent, MAILER, Setup};
use app::Notice;

/// Arguments of `mailer redrive` against the demo's broker.
#[derive(Clone, Debug)]
pub(super) struct Redrive {
    program: PathBuf,
    environment: Vec<(&'static str, String)>,
    broker_url: watch::Receiver<Option<String>>,
    events: mpsc::Sender<DemoEvent>,
}

impl Redrive {
    pub(super) fn new(setup: &Setup, broker_url: watch::Receiver<Option<String>>, events: mpsc::Sender<DemoEvent>) -> Self {
        Self {
            program: setup.programs.join(MAILER),
            environment: setup.environment.clone(),
            broker_url,
            events,
        }
    }

    /// Runs it and reports the number of requeued dead letters.
    pub(super) async fn run(self) {
        let url = self.broker_url.borrow().clone();
        let notice = match url {
            None => failed("the broker is not ready"),
            Some(url) => match self.command(url).output().await {
                Ok(output) => said(&output),
                Err(error) => failed(&format!("it cannot be started: {error}")),
            },
        };
        // An error means that the viewer is ending.
        let _ = self.events.send(DemoEvent::Notice(notice)).await;
    }

    fn command(&self, url: String) -> Command {
        let mut command = Command::new(&self.program);
        command
            .arg("redrive")
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .env("RABBITMQ_URL", url)
            .env_remove("SENTRY_AUTH_TOKEN")
            .stdin(Stdio::null())
            .process_group(0)
            .kill_on_drop(true);
        command
    }
}

/// The last line is the count, or on standard error the reason.
fn said(output: &Output) -> Notice {
    let last = |bytes: &[u8]| String::from_utf8_lossy(bytes).lines().last().unwrap_or_default().to_owned();
    if output.status.success() {
        return Notice {
            text: last(&output.stdout),
            error: false,
        };
    }
    failed(&last(&output.stderr))
}

fn failed(why: &str) -> Notice {
    Notice {
        text: format!("mailer redrive failed: {why}"),
        error: true,
    }
}
