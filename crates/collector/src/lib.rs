//! Everything that listens: OTLP over gRPC, OTLP over HTTP, and Sentry envelopes. Bytes in, [`trace_model`] batches out.
//!
//! **Invariant:** memory of a request is reserved before it is taken, so no mix of senders takes more than the budget. **Boundary:** it does not know the
//! store or the screen.
//!
//! It stores, decodes and analyzes nothing. Each request becomes at most one [`Arrival`] in a queue that is bounded by count and
//! by bytes; when that is full the sender is told to retry in its own protocol, and it is counted. [`Health`] has the counts of
//! accepted and rejected requests.
//!
//! Ports are bound ([`Collector::bind`]) before anything starts ([`Collector::serve`]), so that a taken one can be reported on a
//! screen that is still normal. All listeners bind to loopback only, because senders are not authenticated. Requests of pages of
//! other origins are denied by `Origin`, and DNS rebinding by `Host`; [`Collector::allow`] allows more.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), collector::BindError> {
//! use collector::{Addresses, Collector, Config, Listener};
//!
//! let any_port = "127.0.0.1:0".parse().expect("an address");
//! let collector = Collector::bind(Config { addresses: Addresses::from_fn(|_| any_port), ..Config::default() }).await?;
//! println!("OTLP/HTTP on {}", collector.addresses()[Listener::OtlpHttp]);
//! let (mut arrivals, health, server) = collector.serve();
//! assert!(arrivals.try_recv().is_err());
//! assert_eq!(health.snapshot().listeners[Listener::OtlpHttp].spans, 0);
//! server.shutdown().await;
//! # Ok(())
//! # }
//! ```

#![warn(missing_docs)]

mod admission;
mod arrival;
mod bind;
mod body;
mod budget;
mod content_encoding;
mod content_type;
pub mod envelope;
mod health;
mod intake;
mod layers;
mod limits;
mod listeners;
mod otlp;
mod own_uploads;
mod pool;
mod rejection;
pub mod sentry;
mod server;
mod signal;

pub use arrival::{Arrival, Arrivals, Delivery, SentryArrival};
pub use bind::{BindError, Collector, Config, PortError, bind_failure};
pub use budget::Share;
pub use health::Health;
pub use http_server::{AllowedOrigin, Host as AllowedHost, InvalidHost, InvalidOrigin};
pub use ingest_state::{
    Addresses, Denial, Denials, EnvelopeCounts, HealthSnapshot, ItemCount, Listener, ListenerCounts, PerListener, Protocol,
    QueueDepth, RecentRejection, RelayCounts,
};
pub use limits::{BODY_DEFAULT, BODY_MAX};
pub use sentry_relay::{StartError as RelayError, Target as RelayTarget};
pub use server::Server;
