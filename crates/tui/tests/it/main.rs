//! What the viewer prints outside of its screens, and what its documents say.

#![expect(clippy::expect_used, clippy::unwrap_used, reason = "a test fails by panicking")]

mod docs;
mod inspect;
mod outputs;
mod tail;
mod walls;
