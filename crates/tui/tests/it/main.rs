//! Output of the viewer outside of its screens, and its documents.

#![expect(clippy::expect_used, clippy::unwrap_used, reason = "a test fails by panicking")]

mod agreement;
mod circles;
mod docs;
mod inspect;
mod language;
mod outputs;
mod sources;
mod tail;
mod walls;
