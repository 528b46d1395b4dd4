//! Hands Sentry's envelopes on to the real Sentry, unchanged, and says what became of them.
//!
//! A listener that SDKs send to gives each request to [`Relay::forward`] and answers with the [`Answer`]: Sentry's own status, body and
//! rate limits. What cannot be delivered because Sentry is out of reach waits in memory, within [`Limits`], and is tried again; its end
//! comes out of [`Events`]. It reads no item and keeps no copy of what was delivered.
//!
//! - **Unchanged.** The body goes on as it came, compressed as it was. The one exception: an envelope whose header names another
//!   project or key than the target's would be refused by Sentry, so this `dsn` is replaced, and the envelope is then sent inflated.
//!   An SDK that is given [`Target::local_dsn`] never needs it.
//! - **Authentication** is the target's. The SDK's name and version stay in it.
//! - **Retried** is what Sentry [lets its SDKs retry](https://develop.sentry.dev/sdk/foundations/transport/offline-caching/): network
//!   errors, and an attempt that makes no progress. Sentry takes an event once by its id, should it have come after all. An answer is
//!   final, 5xx too.
//! - **Given up** is an envelope that failed [`Limits::tries`] times while Sentry answered other requests. It gives way to them
//!   meanwhile. An outage uses up no tries, however long it lasts.
//! - **Rate limits** hold for the relay as for an SDK: what they stop as a whole is answered with 429 and the time that is left, or
//!   discarded if it has been waiting. What they stop in part is sent, as nothing is taken out of an envelope; Sentry drops that part.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use sentry_relay::{Category, Endpoint, Forward, Limits, Relay, Target};
//! use trace_model::sentry::Delivery;
//!
//! // Nobody listens there.
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
//! let event = events.recv().await.expect("it is told");
//! assert_eq!(event.tag, "mine");
//! assert!(matches!(event.delivery, Delivery::Lost { .. }));
//! # Ok(())
//! # }
//! ```

mod answer;
mod attempt;
mod backoff;
mod buffer;
mod category;
mod engine;
mod limit;
mod outgoing;
mod relay;
mod target;

pub use answer::Answer;
pub use backoff::Backoff;
pub use category::{Categories, Category};
pub use ingest_state::RelayCounts;
pub use outgoing::Endpoint;
pub use relay::{Event, Events, Forward, Limits, Relay, StartError};
pub use target::{Target, TargetError};
