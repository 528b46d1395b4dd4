//! The trace's sampling context (Sentry's *dynamic sampling context*): what a transaction's envelope must say in its `trace` header.
//!
//! Whoever starts a trace decides it, and `baggage` carries it on. Sentry's span processor knows neither, so it is handed from the span's
//! context to the transport, which runs on the thread on which the root span ends.
//! Source: [Dynamic sampling context](https://develop.sentry.dev/sdk/telemetry/traces/dynamic-sampling-context/).

use std::cell::RefCell;

use sentry::protocol::DynamicSamplingContext;

thread_local! {
    static CURRENT: RefCell<Option<DynamicSamplingContext>> = const { RefCell::new(None) };
}

/// Ends a root span: what is sent meanwhile has this context.
pub(crate) fn during<R>(context: Option<DynamicSamplingContext>, end: impl FnOnce() -> R) -> R {
    CURRENT.set(context);
    let result = end();
    CURRENT.set(None);
    result
}

/// The context of the root span that ends now, if it came with one.
pub(crate) fn current() -> Option<DynamicSamplingContext> {
    CURRENT.with_borrow(Clone::clone)
}
