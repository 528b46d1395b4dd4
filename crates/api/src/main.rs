//! The API as a program: see the library.
//!
//! `--help` lists its variables. Exits with 64 if a variable is invalid, with 1 if the address cannot be bound.

use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::Duration;

use api::{Origins, Publisher};
use http_server::{Access, Host, Server};
use lifecycle::{Program, Shutdown};
use mail_queue::{DEFAULT_URL, QueueUrl, URL_VARIABLE};
use tokio::net::TcpListener;

/// The time for open requests at shutdown; longer than the publish timeout.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(5);

/// The default listen address, overridden by `API_ADDR`.
const DEFAULT_ADDRESS: &str = "127.0.0.1:3000";

#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error("{0}")]
    Configuration(String),
    #[error("cannot bind the API to {address}: {error} (set API_ADDR)")]
    Listen { address: SocketAddr, error: std::io::Error },
    #[error("{0}")]
    Io(#[from] std::io::Error),
}

const PROGRAM: Program = Program {
    name: env!("CARGO_PKG_NAME"),
    version: env!("CARGO_PKG_VERSION"),
    about: "Accepts requests for password resets over HTTP and publishes them to the queue",
    commands: &[],
    variables: &[
        ("API_ADDR", "the listen address", DEFAULT_ADDRESS),
        (URL_VARIABLE, "the broker", DEFAULT_URL),
        (
            "ALLOWED_HOSTS",
            "additional Host names accepted on loopback, api.example,…: those that a proxy forwards",
            "this machine's",
        ),
        (
            "CORS_ORIGINS",
            "allowed origins of pages, http://localhost:*,…",
            "this machine's, any port",
        ),
    ],
    more: "and those of OpenTelemetry (OTEL_…), Sentry (SENTRY_…), and RUST_LOG: see .env.example",
};

#[tokio::main]
async fn main() -> ExitCode {
    if let Err(code) = PROGRAM.command() {
        return code;
    }
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("api: {}", printable::clean(&failure.to_string()));
            match failure {
                Failure::Configuration(_) => ExitCode::from(64),
                _ => ExitCode::FAILURE,
            }
        }
    }
}

async fn run() -> Result<(), Failure> {
    let configuration = |error: &dyn std::error::Error| Failure::Configuration(error.to_string());
    let url = QueueUrl::from_env().map_err(|error| configuration(&error))?;
    let address = address()?;
    let origins = origins()?;
    let hosts = variable("ALLOWED_HOSTS").unwrap_or_default();
    let hosts = Host::list(&hosts).map_err(|error| Failure::Configuration(format!("ALLOWED_HOSTS: {error}")))?;
    let end = Shutdown::listen()?;
    let guard = telemetry::init(telemetry::service!()).map_err(|error| configuration(&error))?;

    let listen = |error| Failure::Listen { address, error };
    let listener = TcpListener::bind(address).await.map_err(listen)?;
    let address = listener.local_addr()?;
    let (publisher, connection_task) = Publisher::start(url, address);
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let app = api::app(publisher, address, origins);
    let server = Server::new(listener, Access::service(address, hosts), app);
    let mut serving = tokio::spawn(server.run(async {
        let _ = stopped.await;
    }));
    tokio::select! {
        () = end.requested() => {}
        _ = &mut serving => {}
    }
    tracing::info!(ready = false, "shutting down");
    drop(stop);
    if tokio::time::timeout(DRAIN_TIMEOUT, &mut serving).await.is_err() {
        serving.abort();
        let _ = serving.await;
    }
    // All publishers are dropped with the requests, which closes the connection.
    let _ = tokio::time::timeout(DRAIN_TIMEOUT, connection_task).await;
    guard.shutdown();
    Ok(())
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.trim().is_empty())
}

fn address() -> Result<SocketAddr, Failure> {
    let text = variable("API_ADDR").unwrap_or_else(|| DEFAULT_ADDRESS.to_owned());
    text.trim().parse().map_err(|_| {
        Failure::Configuration("API_ADDR is not a valid address (expected HOST:PORT, like 127.0.0.1:3000)".to_owned())
    })
}

fn origins() -> Result<Origins, Failure> {
    match variable("CORS_ORIGINS") {
        Some(text) => text
            .parse()
            .map_err(|error| Failure::Configuration(format!("CORS_ORIGINS: {error}"))),
        None => Ok(Origins::default()),
    }
}
