//! What Sentry has stored of a trace, asked from [Sentry's HTTP API](https://docs.sentry.io/api/), and when to ask.
//!
//! - [`Settings`] are `SENTRY_AUTH_TOKEN`, `SENTRY_ORG` and `SENTRY_URL`; a [`Site`] also knows the pages that a browser shows.
//! - [`Client::trace`] asks once; every way in which that can fail is an [`ApiError`], which says what to do about it.
//! - [`Schedule`] decides which trace is to be asked for, and when. It has no clock: moments come in as numbers.
//!
//! Nothing here sends telemetry to Sentry, and nothing runs by itself: no task, no retry, no log.
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

mod answer;
mod client;
mod error;
mod page;
mod schedule;
mod settings;
mod site;

pub use answer::{StoredError, StoredSpan, StoredTrace};
pub use client::{Client, SetupError};
pub use error::ApiError;
pub use schedule::{Delays, DelaysError, Outcome, Schedule, WATCHED};
pub use settings::{Settings, SettingsError, Token};
pub use site::Site;
