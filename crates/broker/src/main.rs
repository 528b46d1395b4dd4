//! The embedded broker as its own process.

use std::net::SocketAddr;

use broker::{Broker, Config};
use clap::Parser;
use lifecycle::Shutdown;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::prelude::*;

/// In-memory AMQP 0-9-1 broker for the demo, on loopback (`amqp://guest:guest@…/%2f`)
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// Loopback address to listen on; port 0 selects a free port, and the first log line names it
    #[arg(long, env = "BROKER_ADDR", value_name = "ADDR", default_value = "127.0.0.1:0")]
    listen: SocketAddr,
}

#[tokio::main]
async fn main() -> eyre::Result<()> {
    let arguments = Arguments::parse();
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
    let end = Shutdown::listen()?;
    let broker = Broker::bind(Config {
        listen: arguments.listen,
        ..Config::default()
    })
    .await?;
    tracing::info!(ready = true, address = broker.url(), "listening");
    broker.serve(end.requested()).await;
    tracing::info!(ready = false, "stopped");
    Ok(())
}
