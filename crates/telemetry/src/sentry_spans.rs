//! A wrapper around Sentry's span processor that keeps the spans it would lose.
//!
//! [`SentrySpanProcessor`] creates a transaction per *local root*: a span whose parent it does not know, since it has none or it
//! is in another process. The transaction is sent when its root ends, with the children that have ended by then; those that end
//! later are lost. [`SentrySpans`] wraps it:
//!
//! - A root that ends before its children is held until the last of them has ended, and then passed to the processor with its own end
//!   time, within [`Limits`].
//! - A span that starts after its root was sent becomes a separate transaction with its real parent; the processor alone
//!   would use none, or the remote parent of the whole request.
//!
//! Still lost are spans that outlive their root for longer than the limits, and those that exceed a transaction,
//! which holds 1,000 spans below one local root (Sentry's client report counts these).

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use opentelemetry::trace::{SpanContext, TraceContextExt as _, TraceState};
use opentelemetry::{Context, SpanId};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{Span, SpanData, SpanProcessor};
use sentry::integrations::opentelemetry::SentrySpanProcessor;
use sentry::protocol::DynamicSamplingContext;
use sentry::{Hub, TracePropagationContext};

use crate::{propagation, sampling_context};

/// The limits of roots that are held for their children.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// The maximum time from the root's end. Checked whenever a span starts or ends.
    patience: Duration,
    /// The maximum number of held roots. One more releases the oldest.
    roots: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            patience: Duration::from_secs(30),
            roots: 1000,
        }
    }
}

/// The span processor; see the module.
#[derive(Debug)]
pub(crate) struct SentrySpans {
    official: SentrySpanProcessor,
    limits: Limits,
    // Locked while the official processor runs, which has its own lock: a child must not start between the
    // decision to release its root and the release. The processor does not call back.
    spans: Mutex<Spans>,
}

/// Mirrors the spans known to the official processor.
#[derive(Debug, Default)]
struct Spans {
    /// The local root of each span; a root maps to itself.
    roots: HashMap<SpanId, SpanId>,
    /// The received sampling contexts, by root.
    contexts: HashMap<SpanId, DynamicSamplingContext>,
    /// The number of open spans below each root.
    open_below: HashMap<SpanId, usize>,
    /// The held roots, in the order of their ends.
    held: VecDeque<Held>,
}

/// A root that has ended before its children.
#[derive(Debug)]
struct Held {
    data: SpanData,
    /// The Sentry scope at its end, for the transaction.
    hub: Arc<Hub>,
    until: Instant,
}

impl Held {
    fn id(&self) -> SpanId {
        self.data.span_context.span_id()
    }
}

impl SentrySpans {
    /// Binds to the currently active Sentry client.
    pub(crate) fn new(limits: Limits) -> Self {
        Self {
            official: SentrySpanProcessor::new(),
            limits,
            spans: Mutex::default(),
        }
    }

    fn spans(&self) -> MutexGuard<'_, Spans> {
        self.spans.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Releases the roots that exceed the limits.
    fn look(&self, spans: &mut Spans) {
        let now = Instant::now();
        while let Some(first) = spans.held.front()
            && (first.until <= now || spans.held.len() > self.limits.roots)
        {
            self.give_up_first(spans);
        }
    }

    /// Releases the oldest held root, without its open children.
    ///
    /// The official processor must forget these too: otherwise it would add spans below them to a
    /// transaction that was already sent.
    fn give_up_first(&self, spans: &mut Spans) {
        let Some(held) = spans.held.pop_front() else { return };
        let (root, root_data) = (held.id(), held.data.clone());
        self.hand_on(spans, held);
        let open: Vec<_> = spans.roots.extract_if(|_, of| *of == root).collect();
        for (child, _) in open {
            let context = &root_data.span_context;
            self.official.on_end(SpanData {
                span_context: SpanContext::new(context.trace_id(), child, context.trace_flags(), false, TraceState::NONE),
                ..root_data.clone()
            });
        }
    }

    fn hand_on(&self, spans: &mut Spans, held: Held) {
        spans.roots.remove(&held.id());
        spans.open_below.remove(&held.id());
        let context = spans.contexts.remove(&held.id());
        let end = || Hub::run(held.hub, || self.official.on_end(held.data));
        sampling_context::during(context, end);
    }

    /// Releases all held roots.
    fn give_up(&self) {
        let mut spans = self.spans();
        while !spans.held.is_empty() {
            self.give_up_first(&mut spans);
        }
    }
}

impl SpanProcessor for SentrySpans {
    fn on_start(&self, span: &mut Span, cx: &Context) {
        use opentelemetry::trace::Span as _;
        let id = span.span_context().span_id();
        let parent = cx.span();
        let parent = parent.span_context();
        let mut spans = self.spans();
        // First, so that this span does not join a root that exceeds the limits.
        self.look(&mut spans);
        if let Some(&root) = spans.roots.get(&parent.span_id()) {
            spans.roots.insert(id, root);
            *spans.open_below.entry(root).or_default() += 1;
            return self.official.on_start(span, cx);
        }
        spans.roots.insert(id, id);
        spans.open_below.insert(id, 0);
        if let Some(context) = propagation::sampling_context(cx) {
            spans.contexts.insert(id, context);
        }
        // The context of a remote parent names it, and carries its sampling decision.
        let told = parent.is_remote() && cx.get::<TracePropagationContext>().is_some();
        if parent.is_valid() && !told {
            self.official.on_start(span, &propagation::child_context(cx, parent));
        } else {
            self.official.on_start(span, cx);
        }
    }

    fn on_end(&self, data: SpanData) {
        let id = data.span_context.span_id();
        let mut spans = self.spans();
        if spans.open_below.get(&id).is_some_and(|below| *below > 0) {
            let until = Instant::now() + self.limits.patience;
            let hub = Hub::current();
            spans.held.push_back(Held { data, hub, until });
        } else {
            spans.open_below.remove(&id);
            let root = spans.roots.remove(&id);
            let context = spans.contexts.remove(&id);
            sampling_context::during(context, || self.official.on_end(data));
            if let Some(root) = root
                && let Some(below) = spans.open_below.get_mut(&root)
            {
                *below -= 1;
                if *below == 0
                    && let Some(at) = spans.held.iter().position(|held| held.id() == root)
                    && let Some(held) = spans.held.remove(at)
                {
                    self.hand_on(&mut spans, held);
                }
            }
        }
        self.look(&mut spans);
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.give_up();
        self.official.force_flush()
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.give_up();
        self.official.shutdown_with_timeout(timeout)
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.official.set_resource(resource);
    }
}

#[cfg(test)]
mod tests;
