//! The store and the tree through their queries.

#![expect(clippy::expect_used, reason = "a test may fail by it")]

mod analysis;
mod call_target;
mod crisp;
mod cross_check;
mod disorder;
mod folds;
mod hidden;
mod identity;
mod last_span;
mod links;
mod pending;
mod repeated_calls;
mod sentry_otlp;
mod store;
mod support;
mod tree;
