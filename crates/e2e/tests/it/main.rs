//! The programs together, as a user runs them: one test program, because linking each of twenty took longer than its tests. Tests
//! that measure their own process (`chaos`) or change it (`cross_check`, which starts Sentry's SDK) are separate.

#![expect(clippy::expect_used, clippy::unwrap_used, reason = "a test fails by panicking")]

mod arguments;
mod ask;
mod closed_terminal;
mod compose;
mod delivery;
mod demo;
mod dependencies;
mod errors;
mod event_loop;
mod interop;
mod live;
mod logs;
mod need;
mod open;
mod otel_sdks;
mod page;
mod pause_and_compare;
mod propagation;
mod retry;
mod sentry;
mod sentry_api;
mod sentry_normalizer;
mod sentry_otlp;
mod sentry_poller;
mod sentry_sdks;
mod serve;
mod smtp_tls;
mod tail;
mod tail_attached;
mod telemetry;
