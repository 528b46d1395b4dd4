//! The demo of the viewer: an embedded broker, the API and the mailer as child processes, and the requests that keys send.
//!
//! The programs are in the viewer's own directory. With `RABBITMQ_URL` set that broker is used and the embedded one is not
//! started; with `SENTRY_DSN` set envelopes are forwarded there by the viewer, or sent directly with `--no-sentry-relay`. Spans
//! arrive at the viewer in any case.

mod child;
mod output;
mod redrive;
mod request;
mod supervisor;

use std::path::{Path, PathBuf};

use collector::{Addresses, Listener};
use eyre::{Context, Result, eyre};
use trace_model::Batch;

pub use request::Requests;
pub use supervisor::Supervisor;

use crate::ports::TakenPort;
use crate::problem::Problem;
use crate::sentry_config::SentryConfig;
pub use app::{API, BROKER, MAILER, PAGE};
use app::{Notice, OutputLine, ServiceState};

/// An event of the demo for the event loop.
#[derive(Clone, Debug)]
pub enum DemoEvent {
    /// A process is now like this.
    State(&'static str, ServiceState),
    /// A process printed a line.
    Output(OutputLine),
    /// The viewer's own span of a request: when it starts, and again when it ends.
    Spans(Batch),
    /// Result of a request.
    Notice(Notice),
}

/// The checked preconditions of the demo.
#[derive(Debug)]
pub struct Setup {
    programs: PathBuf,
    rabbitmq_url: Option<String>,
    /// The built page; without it the demo has none.
    page: Option<PathBuf>,
    environment: Vec<(&'static str, String)>,
    page_environment: Vec<(&'static str, String)>,
}

impl Setup {
    /// Checks what can be checked while the terminal is still a normal one.
    ///
    /// # Errors
    /// A program is missing: said with what to do about it.
    pub fn check(addresses: Addresses, sentry_config: &SentryConfig) -> Result<Self> {
        let programs = beside_this_program()?;
        let rabbitmq_url = set("RABBITMQ_URL");
        let page = built_page(&programs);
        let left_out = |name| name == BROKER && rabbitmq_url.is_some() || name == PAGE && page.is_none();
        for name in [BROKER, API, MAILER, PAGE].into_iter().filter(|name| !left_out(*name)) {
            if !programs.join(name).is_file() {
                return Err(Problem {
                    what: format!("the demo needs the program `{name}` in {}", programs.display()),
                    advice: "build all of them with: cargo build --workspace --bins".to_owned(),
                }
                .into());
            }
        }
        let otlp_http = format!("http://{}", addresses[Listener::OtlpHttp]);
        let or_ours = |variable: &str, ours: String| set(variable).unwrap_or(ours);
        let sentry = [
            ("SENTRY_DSN", services_dsn(addresses, sentry_config)),
            ("SENTRY_ENVIRONMENT", or_ours("SENTRY_ENVIRONMENT", "demo".to_owned())),
        ];
        let mut environment = vec![
            ("OTEL_EXPORTER_OTLP_ENDPOINT", otlp_http.clone()),
            ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf".to_owned()),
            // So that what runs is on the screen while it runs.
            ("SPANFALL_LIVE", "true".to_owned()),
        ];
        environment.extend(sentry.clone());
        let mut page_environment = vec![("OTLP_HTTP_URL", otlp_http)];
        page_environment.extend(sentry);
        Ok(Self {
            programs,
            rabbitmq_url,
            page,
            environment,
            page_environment,
        })
    }

    /// The names of the processes in the order of the header, with the page even if it was not built.
    #[must_use]
    pub fn processes(&self) -> Vec<(&'static str, ServiceState)> {
        let embedded = self.rabbitmq_url.is_none().then_some((BROKER, ServiceState::Starting));
        let page = match self.page {
            Some(_) => ServiceState::Starting,
            None => ServiceState::Absent {
                why: "the page is not built: make demo does it when Node 20 or newer is there",
            },
        };
        let services = [(API, ServiceState::Starting), (MAILER, ServiceState::Starting), (PAGE, page)];
        embedded.into_iter().chain(services).collect()
    }
}

/// Returns the DSN of the services: Sentry's if they send there directly, else the viewer's, with the key that the relay's target
/// expects.
fn services_dsn(addresses: Addresses, sentry_config: &SentryConfig) -> String {
    match (&sentry_config.services_dsn, &sentry_config.relay) {
        (Some(dsn), _) => dsn.clone(),
        (None, Some(target)) => target.local_dsn(addresses[Listener::Sentry]),
        (None, None) => format!("http://spanfall@{}/1", addresses[Listener::Sentry]),
    }
}

/// Returns the directory of the built page: `PAGE_DIR`, or `frontend/dist` of the tree that this program was built in.
fn built_page(programs: &Path) -> Option<PathBuf> {
    let said = set("PAGE_DIR").map(PathBuf::from);
    let candidates = match &said {
        Some(said) => vec![said.clone()],
        None => [Path::new(".")]
            .into_iter()
            .chain(programs.ancestors())
            .map(|tree| tree.join("frontend/dist"))
            .collect(),
    };
    candidates.into_iter().find(|page| page.join("index.html").is_file())
}

/// A variable that is set to something.
fn set(variable: &str) -> Option<String> {
    std::env::var(variable).ok().filter(|value| !value.is_empty())
}

fn beside_this_program() -> Result<PathBuf> {
    let this = std::env::current_exe().wrap_err("cannot find the directory of this program")?;
    // A symlink may be elsewhere; the other programs are next to the real file.
    let this = this.canonicalize().unwrap_or(this);
    this.parent()
        .map(Path::to_path_buf)
        .ok_or_else(|| eyre!("this program has no directory"))
}

/// Returns the ports of the services that cannot be bound. The processes would report them too, but when the screen is already
/// taken over.
pub(crate) fn taken_ports() -> Vec<TakenPort> {
    let check = |service, variable, address: &str| {
        TakenPort::check(service, variable, &set(variable).unwrap_or_else(|| address.to_owned()))
    };
    let has_page = beside_this_program().is_ok_and(|programs| built_page(&programs).is_some());
    let page = has_page.then(|| check("page", "PAGE_ADDR", "127.0.0.1:3001")).flatten();
    check("API", "API_ADDR", "127.0.0.1:3000").into_iter().chain(page).collect()
}
