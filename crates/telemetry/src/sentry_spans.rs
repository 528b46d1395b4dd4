//! Sentry's span processor, without the spans that it loses by itself.
//!
//! [`SentrySpanProcessor`] makes a transaction of each *local root*: a span whose parent it does not know, since there is none or it
//! is in another process. The transaction leaves when its root ends, with the children that have ended by then; those that end
//! later are lost. [`SentrySpans`] stands before it:
//!
//! - A root that ends before its children is held until the last of them has ended, and then handed on with its own end. Not for
//!   ever, and not any number of them: what is [`Limits`] are for.
//! - A span that starts when its parent has gone becomes a transaction of its own. It is told that parent; by itself the processor
//!   would take none, or the remote one that the whole request came from.
//!
//! What stays lost: a span that outlives its root for longer than the limits say, and what one transaction cannot hold, which is
//! more than 1,000 spans below one local root (Sentry's client report counts these).

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

/// How long, and how many, roots wait for their children.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// From a root's own end. It is looked at whenever a span starts or ends.
    patience: Duration,
    /// One more, and the one that waits longest goes.
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

/// The processor: see the module.
#[derive(Debug)]
pub(crate) struct SentrySpans {
    official: SentrySpanProcessor,
    limits: Limits,
    // Held while the official processor works, which has a lock of its own around all it does: a child must not start between our
    // decision to let its root go and the root's going. Nothing in there comes back here.
    spans: Mutex<Spans>,
}

/// Exactly the spans that the official processor knows.
#[derive(Debug, Default)]
struct Spans {
    /// The local root of each, which is its own.
    roots: HashMap<SpanId, SpanId>,
    /// The sampling contexts that roots came with.
    contexts: HashMap<SpanId, DynamicSamplingContext>,
    /// How many are open below each root.
    below: HashMap<SpanId, usize>,
    /// Roots that ended before them, in that order.
    held: VecDeque<Held>,
}

/// A root that ended.
#[derive(Debug)]
struct Held {
    data: SpanData,
    /// The scope it ended in, which the transaction is to have.
    hub: Arc<Hub>,
    until: Instant,
}

impl Held {
    fn id(&self) -> SpanId {
        self.data.span_context.span_id()
    }
}

impl SentrySpans {
    /// Binds to the Sentry client that is active now.
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

    /// Ends the waiting of those that waited for too long, or are too many.
    fn look(&self, spans: &mut Spans) {
        let now = Instant::now();
        while let Some(first) = spans.held.front()
            && (first.until <= now || spans.held.len() > self.limits.roots)
        {
            self.give_up_first(spans);
        }
    }

    /// Hands the root on that has waited longest, without the children that are still open.
    ///
    /// The official processor has to forget these as well: as long as it knows them, it would add what starts below them to a
    /// transaction that has left.
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
        spans.below.remove(&held.id());
        let context = spans.contexts.remove(&held.id());
        let end = || Hub::run(held.hub, || self.official.on_end(held.data));
        sampling_context::during(context, end);
    }

    /// Hands on all that is held.
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
        // First, so that this one does not join a root that must go.
        self.look(&mut spans);
        if let Some(&root) = spans.roots.get(&parent.span_id()) {
            spans.roots.insert(id, root);
            *spans.below.entry(root).or_default() += 1;
            return self.official.on_start(span, cx);
        }
        spans.roots.insert(id, id);
        spans.below.insert(id, 0);
        if let Some(context) = propagation::sampling_context(cx) {
            spans.contexts.insert(id, context);
        }
        // What came with a remote parent names that one, and brings what its sender decided.
        let told = parent.is_remote() && cx.get::<TracePropagationContext>().is_some();
        if parent.is_valid() && !told {
            self.official.on_start(span, &propagation::below(cx, parent));
        } else {
            self.official.on_start(span, cx);
        }
    }

    fn on_end(&self, data: SpanData) {
        let id = data.span_context.span_id();
        let mut spans = self.spans();
        if spans.below.get(&id).is_some_and(|below| *below > 0) {
            let until = Instant::now() + self.limits.patience;
            let hub = Hub::current();
            spans.held.push_back(Held { data, hub, until });
        } else {
            spans.below.remove(&id);
            let root = spans.roots.remove(&id);
            let context = spans.contexts.remove(&id);
            sampling_context::during(context, || self.official.on_end(data));
            if let Some(root) = root
                && let Some(below) = spans.below.get_mut(&root)
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
