//! The mailer as a program: see the library.
//!
//! | variable | meaning | default |
//! |---|---|---|
//! | `RABBITMQ_URL` | the broker | `amqp://guest:guest@127.0.0.1:5672/%2f` |
//! | `SMTP_URL` | where mail goes, `smtp://<host>:<port>`, without TLS | unset: into files |
//! | `MAIL_DIR` | the directory of those files | `out/mail` |
//! | `RESET_URL` | the page that the link in the mail opens | `http://127.0.0.1:3001/reset-password` |
//!
//! The rest is telemetry's. It exits with 64 when a variable holds nonsense, with 1 when it cannot write into the directory.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use mail_queue::QueueUrl;
use mailer::{DEFAULT_RESET_URL, FileTransport, MailTransport, Mailer, SmtpTransport};

/// Where mails go unless `MAIL_DIR` names a directory.
const DEFAULT_DIR: &str = "out/mail";

#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error("{0}")]
    Configuration(String),
    #[error("cannot use {dir} for mail: {error}; set MAIL_DIR to another directory")]
    Directory { dir: String, error: std::io::Error },
}

#[tokio::main]
async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("mailer: {failure}");
            match failure {
                Failure::Configuration(_) => ExitCode::from(64),
                Failure::Directory { .. } => ExitCode::FAILURE,
            }
        }
    }
}

async fn run() -> Result<(), Failure> {
    let configuration = |error: &dyn std::error::Error| Failure::Configuration(error.to_string());
    let url = QueueUrl::from_env().map_err(|error| configuration(&error))?;
    let transport = transport()?;
    let reset_url = variable("RESET_URL").unwrap_or_else(|| DEFAULT_RESET_URL.to_owned());
    // As a task, so that the signals are caught from now on and not only once somebody waits for them.
    let end = tokio::spawn(lifecycle::shutdown_requested());
    let guard = telemetry::init(telemetry::service!()).map_err(|error| configuration(&error))?;
    let mailer = Mailer::new(transport, reset_url);
    mailer::consume(&url, mailer.into(), async {
        // If signals cannot be caught, they end the process by themselves.
        let _ = end.await;
    })
    .await;
    guard.shutdown();
    Ok(())
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.trim().is_empty())
}

fn transport() -> Result<Box<dyn MailTransport>, Failure> {
    if let Some(url) = variable("SMTP_URL") {
        let smtp = SmtpTransport::new(url.trim()).map_err(|problem| Failure::Configuration(format!("SMTP_URL {problem}")))?;
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

/// Fails if a part of a path is a symlink: nobody chose where the default directory leads, and mails hold tokens.
fn no_symlink(path: &Path) -> std::io::Result<()> {
    let is_symlink = |part: &&Path| part.symlink_metadata().is_ok_and(|metadata| metadata.is_symlink());
    match path.ancestors().find(is_symlink) {
        Some(part) => Err(std::io::Error::other(format!("{} is a symlink", part.display()))),
        None => Ok(()),
    }
}
