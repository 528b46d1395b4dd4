//! Files of all kinds, whole and damaged.

#![expect(clippy::unwrap_used, reason = "a test may fail by it")]

mod damaged;
mod fixtures;
mod jaeger;
mod otlp;
mod save;
mod support;
mod zipkin;
