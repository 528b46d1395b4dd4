//! What the viewer prints outside of its screens, and what its README promises.

#![expect(clippy::expect_used, clippy::unwrap_used, reason = "a test fails by panicking")]

mod inspect;
mod outputs;
mod readme;
mod tail;
mod walls;
