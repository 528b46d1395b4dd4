//! Helpers of tests across processes: the services as a user starts them, and real receivers of everything they send.
//!
//! It is not a part of the product, and starts nothing by itself. The receivers speak the real protocols on real sockets; the
//! tests check the received data.

pub mod envelopes;
pub mod mail;
pub mod node;
pub mod proxy;
pub mod python;
pub mod screen;
pub mod sentry_api;
pub mod serve;
pub mod services;
pub mod spans;
pub mod tail;
pub mod viewer;

/// A process or server that could not be started.
pub type Error = Box<dyn std::error::Error + Send + Sync>;

/// Timeout of every wait; generous, because tests share the machine with compilers.
pub const DEADLINE: std::time::Duration = std::time::Duration::from_secs(60);
