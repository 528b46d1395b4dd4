//! The mailer as a program: see the library. `mailer redrive` puts dead letters back into the queue.
//!
//! `--help` lists its variables. Exits with 64 if a variable is invalid, with 1 if the directory or the journal cannot be used.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use lifecycle::{Command, Program, Shutdown};
use mail_queue::{DEFAULT_DELAYS, DEFAULT_URL, DELAYS_VARIABLE, PublishError, QueueUrl, RetrySchedule, URL_VARIABLE};
use mailer::{DEFAULT_RESET_URL, FileTransport, Journal, MailTransport, Mailer, SmtpTransport};

/// The default mail directory, overridden by `MAIL_DIR`.
const DEFAULT_DIR: &str = "out/mail";

#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error("{0}")]
    Configuration(String),
    #[error("cannot use mail directory {dir}: {error} (set MAIL_DIR)")]
    Directory { dir: String, error: std::io::Error },
    #[error("cannot use journal {}: {error} (set MAIL_JOURNAL)", path.display())]
    Journal { path: PathBuf, error: std::io::Error },
    #[error("cannot listen for signals: {0}")]
    Signals(#[from] std::io::Error),
    #[error("cannot put dead letters back into the queue: {0} (the remaining ones are kept; run it again)")]
    Redrive(#[from] PublishError),
}

/// The command that puts dead letters back.
const REDRIVE: &str = "redrive";

const PROGRAM: Program = Program {
    name: env!("CARGO_PKG_NAME"),
    version: env!("CARGO_PKG_VERSION"),
    about: "Consumes reset requests from the queue and sends a mail for each",
    commands: &[Command {
        name: REDRIVE,
        about: "Put dead letters back into the queue, with a fresh retry schedule",
        details: "\
Run it after the cause is fixed: the mail server was down for longer than the retries last, it rejected the sender
(SMTP 5xx), or the mailer was misconfigured. Each message keeps its trace and its id, so a mail that was already sent
is not sent again. A malformed message becomes a dead letter again at once; its header `mail-error` has the reason.

It uses the mailer's broker and can run while mailers run. It prints the number of messages.",
    }],
    variables: &[
        (URL_VARIABLE, "the broker", DEFAULT_URL),
        (
            "SMTP_URL",
            "the mail server: smtps://<host>, smtp://<host>?tls=required (STARTTLS), or without TLS smtp://<host>:<port>",
            "none: mails are written as files",
        ),
        ("SMTP_TLS_CA", "an additional CA certificate (PEM)", "none"),
        ("MAIL_DIR", "the directory of those files", DEFAULT_DIR),
        (
            "MAIL_JOURNAL",
            "the file with the ids of sent mails",
            "sent.journal in MAIL_DIR",
        ),
        (
            DELAYS_VARIABLE,
            "the delays between the attempts to send a mail",
            DEFAULT_DELAYS,
        ),
        ("RESET_URL", "the page that the link in the mail opens", DEFAULT_RESET_URL),
    ],
    more: "and those of OpenTelemetry (OTEL_…), Sentry (SENTRY_…), and RUST_LOG: see .env.example",
};

#[tokio::main]
async fn main() -> ExitCode {
    let done = match PROGRAM.command() {
        Ok(Some(REDRIVE)) => redrive().await,
        Ok(_) => run().await,
        Err(code) => return code,
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("mailer: {}", printable::clean(&failure.to_string()));
            match failure {
                Failure::Configuration(_) => ExitCode::from(64),
                Failure::Directory { .. } | Failure::Journal { .. } | Failure::Signals(_) | Failure::Redrive(_) => {
                    ExitCode::FAILURE
                }
            }
        }
    }
}

async fn run() -> Result<(), Failure> {
    let configuration = |error: &dyn std::error::Error| Failure::Configuration(error.to_string());
    let url = QueueUrl::from_env().map_err(|error| configuration(&error))?;
    let schedule = RetrySchedule::from_env().map_err(|error| configuration(&error))?;
    let transport = transport()?;
    let journal = journal()?;
    let reset_url = variable("RESET_URL").unwrap_or_else(|| DEFAULT_RESET_URL.to_owned());
    let end = Shutdown::listen()?;
    let guard = telemetry::init(telemetry::service!()).map_err(|error| configuration(&error))?;
    let mailer = Mailer::new(transport, reset_url, schedule, journal);
    mailer::consume(&url, mailer.into(), end.requested()).await;
    guard.shutdown();
    Ok(())
}

async fn redrive() -> Result<(), Failure> {
    let configuration = |error: &dyn std::error::Error| Failure::Configuration(error.to_string());
    let url = QueueUrl::from_env().map_err(|error| configuration(&error))?;
    let guard = telemetry::init_command(telemetry::service!()).map_err(|error| configuration(&error))?;
    let moved = mailer::redrive(&url).await;
    guard.shutdown();
    println!("dead letters put back: {}", moved?);
    Ok(())
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.trim().is_empty())
}

fn mail_dir() -> String {
    variable("MAIL_DIR").unwrap_or_else(|| DEFAULT_DIR.to_owned())
}

fn journal() -> Result<Journal, Failure> {
    let path = variable("MAIL_JOURNAL").map_or_else(|| PathBuf::from(mail_dir()).join("sent.journal"), PathBuf::from);
    Journal::open(path.clone()).map_err(|error| Failure::Journal { path, error })
}

/// Reads the additional CA certificate.
fn authority() -> Result<Option<Vec<u8>>, Failure> {
    let Some(path) = variable("SMTP_TLS_CA") else {
        return Ok(None);
    };
    let read = std::fs::read(&path);
    read.map(Some)
        .map_err(|error| Failure::Configuration(format!("SMTP_TLS_CA: cannot read {path}: {error}")))
}

fn transport() -> Result<Box<dyn MailTransport>, Failure> {
    if let Some(url) = variable("SMTP_URL") {
        let authority = authority()?;
        let smtp = SmtpTransport::new(url.trim(), authority.as_deref());
        let smtp = smtp.map_err(|problem| Failure::Configuration(format!("SMTP_URL {problem}")))?;
        return Ok(Box::new(smtp));
    }
    let given = variable("MAIL_DIR");
    let dir = given.clone().unwrap_or_else(|| DEFAULT_DIR.to_owned());
    let files = match given {
        Some(_) => FileTransport::new(PathBuf::from(&dir)),
        None => no_symlink(Path::new(&dir)).and_then(|()| FileTransport::new(PathBuf::from(&dir))),
    };
    match files {
        Ok(files) => Ok(Box::new(files)),
        Err(error) => Err(Failure::Directory { dir, error }),
    }
}

/// Fails if a part of the path is a symlink: mails hold tokens, and the default directory was not chosen by the user.
fn no_symlink(path: &Path) -> std::io::Result<()> {
    let is_symlink = |part: &&Path| part.symlink_metadata().is_ok_and(|metadata| metadata.is_symlink());
    match path.ancestors().find(is_symlink) {
        Some(part) => Err(std::io::Error::other(format!("{} is a symlink", part.display()))),
        None => Ok(()),
    }
}
