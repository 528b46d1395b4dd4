//! The embedded AMQP 0-9-1 broker: it lets the demo run on a machine that has no RabbitMQ.
//!
//! It is a real broker on a real (loopback) socket, but only of what the demo uses: PLAIN login as `guest`, the virtual host
//! `/`, named queues on the default exchange, consumers with a prefetch, acknowledgements, publisher confirms, `mandatory`,
//! dead-lettering through the default exchange, and `x-message-ttl` of a queue. Where it does something it does it as RabbitMQ does (one conformance program
//! runs against both); everything else is refused with the protocol's own error, never taken and ignored.
//!
//! It is not a place to keep anything: **queues and messages live in memory** and are gone with the process, `durable` and
//! `delivery_mode=2` notwithstanding. It listens on loopback only, since its one password is public.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), broker::BindError> {
//! let broker = broker::Broker::bind(broker::Config::default()).await?;
//! assert!(broker.url().starts_with("amqp://guest:guest@127.0.0.1:"));
//!
//! // Serves until the future given to it is done, then closes its connections with 320 CONNECTION_FORCED.
//! broker.serve(async { /* a signal */ }).await;
//! # Ok(())
//! # }
//! ```

mod config;
mod content;
mod core;
mod frame;
mod handshake;
mod memory;
mod message;
mod outbox;
mod presence;
mod refusal;
mod server;
mod session;

pub use config::Config;
pub use server::{BindError, Broker};
