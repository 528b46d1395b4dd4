//! The embedded AMQP 0-9-1 broker, which lets the demo run without RabbitMQ.
//!
//! **Boundary:** it knows neither the demo nor telemetry.
//!
//! It is a real broker on a loopback socket, limited to what the demo uses: PLAIN login as `guest`, the virtual host
//! `/`, named queues on the default exchange, consumers with a prefetch, acknowledgements, publisher confirms, `mandatory`,
//! dead-lettering through the default exchange, and `x-message-ttl` of a queue. It behaves as RabbitMQ does (one conformance suite
//! runs against both); everything else is rejected with the protocol's error, never silently ignored.
//!
//! **Queues and messages live in memory only** and are lost when the process ends, despite `durable` and
//! `delivery_mode=2`. It listens on loopback only, because its one password is public.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), broker::BindError> {
//! let broker = broker::Broker::bind(broker::Config::default()).await?;
//! assert!(broker.url().starts_with("amqp://guest:guest@127.0.0.1:"));
//!
//! // Serves until the future completes, then closes its connections with 320 CONNECTION_FORCED.
//! broker.serve(async { /* a signal */ }).await;
//! # Ok(())
//! # }
//! ```

mod config;
mod content;
mod core;
mod exception;
mod frame;
mod handshake;
mod memory;
mod message;
mod outbox;
mod presence;
mod server;
mod session;
mod shared;

pub use config::Config;
pub use server::{BindError, Broker};
