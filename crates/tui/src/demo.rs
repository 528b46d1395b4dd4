//! The demo behind the viewer: an embedded broker, the API and the mailer as child processes, and the requests that keys fire.
//!
//! The programs are found beside the viewer's own. With `RABBITMQ_URL` set that broker is used and the embedded one is not
//! started; with `SENTRY_DSN` set envelopes go there, else to the viewer. Spans come to the viewer in any case.

mod child;
mod output;
mod request;
mod supervisor;

use std::net::TcpListener;
use std::path::{Path, PathBuf};

use collector::Addresses;
use color_eyre::eyre::{Context, Result, eyre};
use trace_model::Batch;

pub use request::Requests;
pub use supervisor::Supervisor;

use crate::app::{Notice, OutputLine, ServiceState};
use crate::problem::Problem;

/// The API's process.
pub const API: &str = "api";
/// The mailer's process.
pub const MAILER: &str = "mailer";
/// The embedded broker's process.
pub const BROKER: &str = "broker";

/// What the demo tells the event loop.
#[derive(Clone, Debug)]
pub enum DemoEvent {
    /// A process is now like this.
    State(&'static str, ServiceState),
    /// A process printed a line.
    Output(OutputLine),
    /// The viewer's own span of a request: when it starts, and again when it ends.
    Spans(Batch),
    /// How a request went.
    Notice(Notice),
}

/// All that has to be right before anything is started.
#[derive(Debug)]
pub struct Setup {
    programs: PathBuf,
    rabbitmq_url: Option<String>,
    environment: Vec<(&'static str, String)>,
}

impl Setup {
    /// Checks what can be checked while the terminal is still a normal one.
    ///
    /// # Errors
    /// A program is missing, or the API's address is taken: said with what to do about it.
    pub fn check(addresses: Addresses) -> Result<Self> {
        let programs = beside_this_program()?;
        let rabbitmq_url = set("RABBITMQ_URL");
        let wanted = [BROKER, API, MAILER]
            .into_iter()
            .filter(|name| *name != BROKER || rabbitmq_url.is_none());
        for name in wanted {
            if !programs.join(name).is_file() {
                return Err(Problem {
                    what: format!(
                        "the demo needs the program `{name}` beside this one, in {}",
                        programs.display()
                    ),
                    advice: "build all of them with: cargo build --workspace --bins".to_owned(),
                }
                .into());
            }
        }
        api_address_is_free()?;
        let mut environment = vec![
            ("OTEL_EXPORTER_OTLP_ENDPOINT", format!("http://{}", addresses.otlp_http)),
            ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf".to_owned()),
        ];
        if set("SENTRY_DSN").is_none() {
            environment.push(("SENTRY_DSN", format!("http://spanfall@{}/1", addresses.sentry)));
        }
        if set("SENTRY_ENVIRONMENT").is_none() {
            environment.push(("SENTRY_ENVIRONMENT", "demo".to_owned()));
        }
        Ok(Self {
            programs,
            rabbitmq_url,
            environment,
        })
    }
}

/// A variable that is set to something.
fn set(variable: &str) -> Option<String> {
    std::env::var(variable).ok().filter(|value| !value.is_empty())
}

fn beside_this_program() -> Result<PathBuf> {
    let this = std::env::current_exe().wrap_err("cannot tell where this program is")?;
    // A link may stand elsewhere; the others are beside the real file.
    let this = this.canonicalize().unwrap_or(this);
    this.parent()
        .map(Path::to_path_buf)
        .ok_or_else(|| eyre!("this program has no directory"))
}

/// The API would say so itself, but on a screen that is no longer normal.
fn api_address_is_free() -> Result<(), Problem> {
    let address = set("API_ADDR").unwrap_or_else(|| "127.0.0.1:3000".to_owned());
    // Bound for a moment only: no connection is made, so the port is free again at once.
    TcpListener::bind(&address).map(drop).map_err(|error| Problem {
        what: format!("the demo's API cannot listen on {address}: {error}"),
        advice: "choose another address with API_ADDR, such as API_ADDR=127.0.0.1:3100".to_owned(),
    })
}
