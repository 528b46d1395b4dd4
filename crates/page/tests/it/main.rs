//! The page's server from outside.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod program;
mod server;
