//! The page's server as a program: see the library.
//!
//! `--help` lists its variables. Exits with 64 if a variable is invalid, with 1 if the page is missing or the address cannot be bound.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use http_server::{Access, Host, InvalidHost, Server};
use lifecycle::{Program, Shutdown};
use page::{INDEX, InvalidSetting, Settings};
use tokio::net::TcpListener;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::prelude::*;

/// The time for open requests at shutdown.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(2);

/// The default listen address, overridden by `PAGE_ADDR`.
const DEFAULT_ADDRESS: &str = "127.0.0.1:3001";

/// The default directory of the built page, overridden by `PAGE_DIR`.
const DEFAULT_DIR: &str = "frontend/dist";

#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error("{0}")]
    Setting(#[from] InvalidSetting),
    #[error("ALLOWED_HOSTS: {0}")]
    Hosts(#[from] InvalidHost),
    #[error("{0}")]
    Configuration(&'static str),
    #[error("cannot serve {}: no {INDEX} found (run `npm run build` in frontend/, or set PAGE_DIR)", .0.display())]
    Missing(PathBuf),
    #[error("cannot bind the page server to {address}: {error} (set PAGE_ADDR)")]
    Listen { address: SocketAddr, error: std::io::Error },
    #[error("{0}")]
    Io(#[from] std::io::Error),
}

const PROGRAM: Program = Program {
    name: env!("CARGO_PKG_NAME"),
    version: env!("CARGO_PKG_VERSION"),
    about: "Serves the page of the demo",
    commands: &[],
    variables: &[
        ("PAGE_ADDR", "the listen address; port 0 selects a free port", DEFAULT_ADDRESS),
        (
            "ALLOWED_HOSTS",
            "additional Host names accepted on loopback, page.example,…: those that a proxy forwards",
            "this machine's",
        ),
        ("PAGE_DIR", "the built page", DEFAULT_DIR),
        ("API_URL", "the API", "http://127.0.0.1:3000"),
        ("OTLP_HTTP_URL", "the collector for the page's spans", "http://127.0.0.1:4318"),
        (
            "SENTRY_DSN",
            "the Sentry project for the page's spans and errors",
            "unset: Sentry is off",
        ),
        ("SENTRY_ENVIRONMENT", "the environment of spans and errors", "development"),
        (
            "SENTRY_ORG, SENTRY_URL",
            "for links to traces: the organization's slug, and the host if it isn't sentry.io",
            "unset: no links",
        ),
        ("RUST_LOG", "the log filter", "info"),
    ],
    more: "",
};

#[tokio::main]
async fn main() -> ExitCode {
    if let Err(code) = PROGRAM.command() {
        return code;
    }
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("page: {}", printable::clean(&failure.to_string()));
            match failure {
                Failure::Setting(_) | Failure::Hosts(_) | Failure::Configuration(_) => ExitCode::from(64),
                _ => ExitCode::FAILURE,
            }
        }
    }
}

async fn run() -> Result<(), Failure> {
    let settings = Settings::from_lookup(variable)?;
    let address = address()?;
    let hosts = Host::list(&variable("ALLOWED_HOSTS").unwrap_or_default())?;
    let dir = PathBuf::from(variable("PAGE_DIR").unwrap_or_else(|| DEFAULT_DIR.to_owned()));
    if !dir.join(INDEX).is_file() {
        return Err(Failure::Missing(dir));
    }
    let end = Shutdown::listen()?;
    tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_current_span(false)
        .with_span_list(false)
        .with_writer(|| printable::LineWriter(std::io::stdout()))
        .with_max_level(LevelFilter::TRACE)
        .finish()
        .with(log_filter::from_env("RUST_LOG", LevelFilter::INFO))
        .init();

    let listen = |error| Failure::Listen { address, error };
    let listener = TcpListener::bind(address).await.map_err(listen)?;
    let address = listener.local_addr()?;
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let server = Server::new(listener, Access::service(address, hosts), page::app(&dir, &settings));
    let mut serving = tokio::spawn(server.run(async {
        let _ = stopped.await;
    }));
    tracing::info!(ready = true, address = address.to_string(), "listening");
    tokio::select! {
        () = end.requested() => {}
        _ = &mut serving => {}
    }
    tracing::info!(ready = false, "shutting down");
    drop(stop);
    if tokio::time::timeout(DRAIN_TIMEOUT, &mut serving).await.is_err() {
        serving.abort();
    }
    Ok(())
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.trim().is_empty())
}

fn address() -> Result<SocketAddr, Failure> {
    let text = variable("PAGE_ADDR").unwrap_or_else(|| DEFAULT_ADDRESS.to_owned());
    text.trim()
        .parse()
        .map_err(|_| Failure::Configuration("PAGE_ADDR is not an address like 127.0.0.1:3001"))
}
