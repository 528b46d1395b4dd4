//! Statistics over many traces, by the public interface.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test may fail by it")]

mod compare;
mod errors;
mod fixtures;
mod graph;
mod map;
mod support;
mod survey;
mod template;
mod warnings;
mod work;
