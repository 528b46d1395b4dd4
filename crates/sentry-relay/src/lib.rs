//! Forwards Sentry envelopes to the real Sentry, unmodified, and reports the outcome.
//!
//! **Boundary:** it knows no items and no listeners.
//!
//! A listener for SDKs passes each request to [`Relay::forward`] and responds with the [`RelayResponse`]: Sentry's own status,
//! body and rate limits. An envelope that cannot be delivered because Sentry is unreachable is buffered in memory, within
//! [`Limits`], and retried; its outcome is an [`Event`] of [`Events`]. The relay parses no item and keeps no copy of a delivered
//! envelope.
//!
//! - **Unmodified.** The body is forwarded with its compression. The one exception: Sentry would reject an envelope whose header
//!   names another project or key than the target's, so this `dsn` is replaced, and the envelope is then sent uncompressed. An SDK
//!   with [`Target::local_dsn`] never needs it.
//! - **Authentication** is the target's, with the SDK's name and version.
//! - **Retries** follow [Sentry's rules for SDKs](https://develop.sentry.dev/sdk/foundations/transport/offline-caching/): network
//!   errors, and an attempt without progress. Sentry deduplicates events by id, should the first try have arrived after all. A
//!   response is final, including 5xx.
//! - **Dropped** is an envelope that failed [`Limits::tries`] times while Sentry responded to other requests. It yields to them
//!   meanwhile. An outage uses up no tries, however long it lasts.
//! - **Rate limits** apply to the relay as to an SDK: an envelope that they stop as a whole is answered with 429 and the
//!   remaining time, or discarded if it was buffered. An envelope that they stop in part is sent unmodified; Sentry drops that
//!   part.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use sentry_relay::{Category, Endpoint, Forward, Limits, Relay, Target};
//! use trace_model::sentry::Delivery;
//!
//! // Nothing listens there.
//! let target = Target::parse("http://5f1e0c5b6d8f4c7f9f3a0d2b1c4e6a88@127.0.0.1:9/42")?;
//! let listener = "127.0.0.1:8969".parse()?;
//! let (relay, mut events) = Relay::start(target, &[listener], Limits::default())?;
//! let answer = relay.forward(Forward {
//!     endpoint: Endpoint::Envelope,
//!     headers: http::HeaderMap::new(),
//!     query: None,
//!     body: "{}\n{\"type\":\"event\"}\n{}".into(),
//!     inflated: "{}\n{\"type\":\"event\"}\n{}".into(),
//!     categories: [Category::of_item("event")].into_iter().collect(),
//!     tag: "mine",
//! });
//! assert!(matches!(answer.await.delivery, Delivery::Waiting { .. }));
//! assert_eq!(relay.counts().waiting, 1);
//!
//! relay.shutdown().await;
//! let event = events.recv().await.expect("an event for the lost envelope");
//! assert_eq!(event.tag, "mine");
//! assert!(matches!(event.delivery, Delivery::Lost { .. }));
//! # Ok(())
//! # }
//! ```

#![warn(missing_docs)]

mod attempt;
mod backoff;
mod buffer;
mod category;
mod engine;
mod event;
mod limit;
mod limits;
mod outgoing;
mod relay;
mod response;
mod target;

pub use backoff::Backoff;
pub use category::{Categories, Category};
pub use event::{Event, Events};
pub use ingest_state::RelayCounts;
pub use limits::Limits;
pub use outgoing::Endpoint;
pub use relay::{Forward, Relay, StartError};
pub use response::RelayResponse;
pub use target::{Target, TargetError};
