//! The page as used by a user: a real browser, real keys and clicks, and the data that arrives.
//!
//! Chromium, Node and the built page (`npm ci && npm run build` in `frontend/`) are required; without them these tests print that
//! they were skipped, or fail if `SPANFALL_REQUIRE_BROWSER` is 1.

mod degraded;
mod demo;
mod origins;
mod user;
