//! The page as a person uses it: a real browser, real keys and clicks, and what of it arrives where.
//!
//! Chromium, Node and the built page (`npm ci && npm run build` in `frontend/`) are needed; without them these tests say aloud that
//! they were skipped, or fail if `SPANFALL_REQUIRE_BROWSER` is set to 1.

mod apart;
mod demo;
mod origins;
mod person;
