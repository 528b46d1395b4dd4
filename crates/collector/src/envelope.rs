//! Sentry's envelope format.
