//! The query API over real sockets, with a store behind it.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod attacks;
mod documents;
mod fire;
mod jaeger;
mod streams;
mod support;
