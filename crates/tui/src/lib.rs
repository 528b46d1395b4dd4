//! The viewer: collector, store and screen in one process.
//!
//! **Invariant:** a turn of the event loop takes milliseconds. **Boundary:** only the event loop does I/O.
//!
//! A span's way here: [`collector`] hands batches over a bounded channel to the one event loop ([`viewer`]), which owns the
//! [`trace_model::Store`] and the [`app::App`]; [`view`] draws what is visible. Keys become actions by one table ([`app::keymap`]), actions
//! become effects by [`app::App::apply`], and only the event loop carries effects out. Nothing that draws does I/O.

pub mod ask;
pub mod attach;
pub mod cli;
mod closed;
pub mod config;
pub mod demo;
pub mod inspect;
pub mod memory;
pub mod ports;
pub mod problem;
pub mod runtime;
pub mod sentry_config;
pub mod sentry_poller;
pub mod tail;
pub mod viewer;
