//! The programs together, as a user runs them: one test program, because linking each of twenty took longer than its tests. What
//! measures its own process (`chaos`) or changes it (`cross_check`, where Sentry's SDK is started) has its own.

#![expect(clippy::expect_used, clippy::unwrap_used, reason = "a test fails by panicking")]

mod asker;
mod closed_terminal;
mod compose;
mod delivery;
mod demo;
mod event_loop;
mod hands;
mod house;
mod live;
mod need;
mod open;
mod otel_sdks;
mod page;
mod propagation;
mod retry;
mod sentry;
mod sentry_api;
mod sentry_normalizer;
mod sentry_otlp;
mod sentry_sdks;
mod smtp_tls;
mod tail;
mod telemetry;
