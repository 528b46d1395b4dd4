//! Client for [Sentry's HTTP API](https://docs.sentry.io/api/): the stored data of a trace, and the schedule of polling it.
//!
//! **Boundary:** it knows no envelopes and no screens; tokens are in a type that does not print them.
//!
//! - [`Settings`] are `SENTRY_AUTH_TOKEN`, `SENTRY_ORG` and `SENTRY_URL`; a [`Site`] also builds the URLs of its pages.
//! - [`Client::trace`] sends one request; every failure is an [`ApiError`], whose message says how to fix it.
//! - [`Schedule`] decides which trace to request, and when. It has no clock: times are passed in.
//!
//! The crate sends no telemetry to Sentry, and does nothing in the background: no task, no retry, no log.
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use sentry_api::{Client, Settings};
//!
//! let trace_id = "0af7651916cd43dd8448eb211c80319c".parse()?;
//! if let Some(Settings { site, token: Some(token) }) = Settings::from_env()? {
//!     println!("{}", site.trace_url(trace_id));
//!     let stored = Client::new(site, token)?.trace(trace_id).await?;
//!     println!("{} spans, all of them: {}", stored.spans.len(), stored.complete);
//! }
//! # Ok(()) }
//! ```

#![warn(missing_docs)]

mod client;
mod error;
mod page;
mod response;
mod schedule;
mod settings;
mod site;

pub use client::{Client, SetupError};
pub use error::{ApiError, SettingsError};
pub use response::{SentryError, SentrySpan, SentryTrace};
pub use schedule::{Delays, DelaysError, Outcome, Schedule, WATCHED_MAX};
pub use settings::{Settings, Token};
pub use site::Site;
