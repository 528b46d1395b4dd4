//! The API and the mailer in their own processes, with receivers of their telemetry.

use std::path::PathBuf;
use std::process::Command;

use reqwest::{Client, Response};
use tempfile::TempDir;
use testkit::Process;

use crate::envelopes::Envelopes;
use crate::spans::Spans;
use crate::{DEADLINE, Error};

/// The running services with one broker. The API exports its spans over HTTP and the mailer over gRPC, to cover both.
#[derive(Debug)]
pub struct Services {
    /// The API.
    pub api: Process,
    /// The mailer; replaceable ([`Services::start_mailer`]).
    pub mailer: Process,
    /// OpenTelemetry receiver.
    pub spans: Spans,
    /// Sentry receiver.
    pub envelopes: Envelopes,
    /// URL of the API: `http://127.0.0.1:<port>`.
    pub api_url: String,
    broker: String,
    mail: TempDir,
    client: Client,
}

/// Starts the embedded broker as a process, and returns its URL.
///
/// # Errors
/// It isn't built or does not start.
pub async fn embedded_broker() -> Result<(Process, String), Error> {
    let broker = Process::spawn(program("broker")?)?;
    let url = broker.ready(DEADLINE).await?.ok_or("the broker prints no address")?;
    Ok((broker, url))
}

/// Returns a command for a program of the workspace, without this test's environment.
fn program(name: &str) -> Result<Command, Error> {
    let mut command = Command::new(testkit::bin(name)?);
    command.env_clear().env("RUST_BACKTRACE", "1");
    Ok(command)
}

impl Services {
    /// Starts both services with the broker at `broker` and waits until they are ready.
    ///
    /// # Errors
    /// One of them isn't built or does not become ready.
    pub async fn start(broker: &str) -> Result<Self, Error> {
        Self::start_with(broker, &[]).await
    }

    /// Like [`Self::start`], with additional variables for both.
    ///
    /// # Errors
    /// One of them isn't built or does not become ready.
    pub async fn start_with(broker: &str, env: &[(&str, &str)]) -> Result<Self, Error> {
        let (spans, envelopes) = (Spans::receive().await?, Envelopes::receive().await?);
        let mail = tempfile::tempdir()?;
        let mut api = program("api")?;
        api.env("API_ADDR", "127.0.0.1:0")
            .env("RABBITMQ_URL", broker)
            .env("OTEL_EXPORTER_OTLP_ENDPOINT", format!("http://{}", spans.http))
            .env("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf")
            .env("SENTRY_DSN", envelopes.dsn())
            .env("SENTRY_ENVIRONMENT", "test")
            .envs(env.iter().copied());
        let api = Process::spawn(api)?;
        let mailer = mailer(broker, &spans, &envelopes, &mail, env)?;
        let address = api.ready(DEADLINE).await?.ok_or("the API prints no address")?;
        mailer.ready(DEADLINE).await?;
        Ok(Self {
            api,
            mailer,
            spans,
            envelopes,
            api_url: format!("http://{address}"),
            broker: broker.to_owned(),
            mail,
            client: http_client::builder().no_proxy().build()?,
        })
    }

    /// Starts another mailer in addition to the first, with additional variables.
    ///
    /// # Errors
    /// It does not become ready.
    pub async fn start_mailer(&self, env: &[(&str, &str)]) -> Result<Process, Error> {
        let mailer = mailer(&self.broker, &self.spans, &self.envelopes, &self.mail, env)?;
        mailer.ready(DEADLINE).await?;
        Ok(mailer)
    }

    /// Requests a reset mail to `email`.
    ///
    /// # Errors
    /// The request fails.
    pub async fn request(&self, email: &str, headers: &[(&str, &str)]) -> Result<Response, reqwest::Error> {
        let url = format!("{}/users/reset-password", self.api_url);
        let body = format!(r#"{{"email":"{email}"}}"#);
        let mut request = self.client.post(url).header("content-type", "application/json").body(body);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.send().await
    }

    /// Returns the directory of the mails.
    #[must_use]
    pub fn mail_dir(&self) -> PathBuf {
        self.mail.path().to_owned()
    }

    /// Returns the recipients of all mails sent so far, sorted.
    ///
    /// # Errors
    /// The directory cannot be read.
    pub fn recipients(&self) -> Result<Vec<String>, Error> {
        let mut recipients = Vec::new();
        for file in std::fs::read_dir(self.mail.path())? {
            let path = file?.path();
            if path.extension().is_some_and(|extension| extension == "eml") {
                let mail = std::fs::read_to_string(path)?;
                let to = mail.lines().find_map(|line| line.strip_prefix("To: "));
                recipients.push(to.ok_or("a mail without a recipient")?.to_owned());
            }
        }
        recipients.sort();
        Ok(recipients)
    }
}

fn mailer(broker: &str, spans: &Spans, envelopes: &Envelopes, mail: &TempDir, env: &[(&str, &str)]) -> Result<Process, Error> {
    let mut mailer = program("mailer")?;
    mailer
        .env("RABBITMQ_URL", broker)
        .env("MAIL_DIR", mail.path())
        .env("OTEL_EXPORTER_OTLP_ENDPOINT", format!("http://{}", spans.grpc))
        .env("SENTRY_DSN", envelopes.dsn())
        .env("SENTRY_ENVIRONMENT", "test")
        .envs(env.iter().copied());
    Ok(Process::spawn(mailer)?)
}
