//! What the tests across processes need: the services as a person starts them, and real receivers for all that they send.
//!
//! It is not a part of the product, and it starts nothing by itself. The receivers speak the real protocols on real sockets; what
//! they got is looked at in the tests.

pub mod envelopes;
pub mod mail;
pub mod node;
pub mod proxy;
pub mod python;
pub mod screen;
pub mod sentry_api;
pub mod services;
pub mod spans;
pub mod tail;
pub mod viewer;

/// Why something could not be started.
pub type Error = Box<dyn std::error::Error + Send + Sync>;

/// How long anything may take that is waited for; generous, since tests run beside compilers.
pub const DEADLINE: std::time::Duration = std::time::Duration::from_secs(60);
