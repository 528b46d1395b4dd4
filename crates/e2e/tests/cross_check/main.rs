//! The cross-check with Sentry, read from the screen: every mark with its reason.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod api;
mod endpoint;
mod propagator;
mod relay;
mod trace;
