//! The trace's sampling context (Sentry's *dynamic sampling context*) for the `trace` header of a transaction's envelope.
//!
//! The root of a trace decides it, and `baggage` propagates it. Sentry's span processor does not handle it, so it is passed from the span's
//! context to the transport, which runs on the thread on which the root span ends.
//! Source: [Dynamic sampling context](https://develop.sentry.dev/sdk/telemetry/traces/dynamic-sampling-context/).

use std::cell::RefCell;

use sentry::protocol::DynamicSamplingContext;

thread_local! {
    static CURRENT: RefCell<Option<DynamicSamplingContext>> = const { RefCell::new(None) };
}

/// Ends a root span; envelopes sent in the meantime have this context.
pub(crate) fn during<R>(context: Option<DynamicSamplingContext>, end: impl FnOnce() -> R) -> R {
    CURRENT.set(context);
    let result = end();
    CURRENT.set(None);
    result
}

/// Returns the context of the root span being ended, if it has one.
pub(crate) fn current() -> Option<DynamicSamplingContext> {
    CURRENT.with_borrow(Clone::clone)
}
