//! Files of all formats, valid and damaged.

#![expect(clippy::unwrap_used, reason = "a test may fail by it")]

mod collector;
mod compressed;
mod damaged;
mod fixtures;
mod jaeger;
mod linear;
mod otlp;
mod rejected;
mod save;
mod session;
mod support;
mod tail;
mod zipkin;
