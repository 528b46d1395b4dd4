use std::collections::HashMap;
use std::time::SystemTime;

use opentelemetry::propagation::TextMapPropagator as _;
use opentelemetry::trace::{Tracer as _, TracerProvider as _};
use opentelemetry_sdk::trace::{Sampler, SdkTracer, SdkTracerProvider};
use proptest::prelude::*;
use sentry::protocol::{self, EnvelopeItem, TraceContext, Transaction};
use sentry::{Client, ClientOptions, Envelope, Scope, Transport};

use super::*;
use crate::Propagator;

const DAY: Duration = Duration::from_secs(86_400);

/// Limits that no test exceeds.
const PATIENT: Limits = Limits {
    patience: DAY,
    roots: 1000,
};

/// A real client with a collecting transport.
#[derive(Clone, Default)]
struct Sent(Arc<Mutex<Vec<Transaction<'static>>>>);

impl Transport for Sent {
    fn send_envelope(&self, envelope: Envelope) {
        let transactions = envelope.into_items().filter_map(|item| match item {
            EnvelopeItem::Transaction(transaction) => Some(*transaction),
            _ => None,
        });
        self.0.lock().unwrap().extend(transactions);
    }
}

/// A handle to the processor, which the provider owns.
#[derive(Clone, Debug)]
struct Shared(Arc<SentrySpans>);

impl SpanProcessor for Shared {
    fn on_start(&self, span: &mut Span, cx: &Context) {
        self.0.on_start(span, cx);
    }

    fn on_end(&self, data: SpanData) {
        self.0.on_end(data);
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.0.force_flush()
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.0.shutdown_with_timeout(timeout)
    }
}

struct Bench {
    sent: Sent,
    spans: Arc<SentrySpans>,
    provider: SdkTracerProvider,
    tracer: SdkTracer,
}

/// Runs a test with its own Sentry client.
fn with<T>(limits: Limits, run: impl FnOnce(&Bench) -> T) -> T {
    sampled_by(Sampler::AlwaysOn, limits, run)
}

fn sampled_by<T>(sampler: Sampler, limits: Limits, run: impl FnOnce(&Bench) -> T) -> T {
    let sent = Sent::default();
    let mut options = ClientOptions::new().traces_sample_rate(1.0).transport(Arc::new(sent.clone()));
    options.dsn = Some("http://public@127.0.0.1:1/1".parse().unwrap());
    let hub = Hub::new(Some(Arc::new(Client::from(options))), Arc::new(Scope::default()));
    Hub::run(Arc::new(hub), || {
        let spans = Arc::new(SentrySpans::new(limits));
        let provider = SdkTracerProvider::builder()
            .with_sampler(sampler)
            .with_span_processor(Shared(spans.clone()))
            .build();
        let tracer = provider.tracer("test");
        run(&Bench {
            sent,
            spans,
            provider,
            tracer,
        })
    })
}

impl Bench {
    /// Starts a span below `cx` and returns its context.
    fn start(&self, name: &'static str, cx: &Context) -> Context {
        cx.with_span(self.tracer.start_with_context(name, cx))
    }

    fn sent(&self) -> Vec<Transaction<'static>> {
        self.sent.0.lock().unwrap().clone()
    }

    /// Returns the names of the sent transactions: each root with its sorted children.
    fn names(&self) -> Vec<(String, Vec<String>)> {
        let names = |transaction: Transaction<'_>| {
            let children = transaction.spans.into_iter().filter_map(|span| span.description);
            let mut children: Vec<_> = children.collect();
            children.sort();
            (transaction.name.unwrap(), children)
        };
        self.sent().into_iter().map(names).collect()
    }

    fn assert_nothing_is_kept(&self) {
        let spans = self.spans.spans();
        assert!(
            spans.roots.is_empty() && spans.open_below.is_empty() && spans.held.is_empty(),
            "{spans:?}"
        );
    }
}

fn id(cx: &Context) -> String {
    cx.span().span_context().span_id().to_string()
}

fn trace(transaction: &Transaction<'_>) -> TraceContext {
    match transaction.contexts.get("trace") {
        Some(protocol::Context::Trace(trace)) => (**trace).clone(),
        other => panic!("{other:?}"),
    }
}

fn names(expected: &[(&str, &[&str])]) -> Vec<(String, Vec<String>)> {
    let owned = |children: &[&str]| children.iter().map(|&child| child.to_owned()).collect();
    expected
        .iter()
        .map(|&(root, children)| (root.to_owned(), owned(children)))
        .collect()
}

#[test]
fn child_that_outlives_its_root_is_in_the_transaction() {
    with(PATIENT, |bench| {
        let root = bench.start("root", &Context::new());
        let child = bench.start("child", &root);
        let ended = SystemTime::UNIX_EPOCH + Duration::from_secs(4_000_000_000);
        root.span().end_with_timestamp(ended);
        // Spans that start now belong to that transaction, too, also directly below the root.
        let late = bench.start("late", &root);
        let later = bench.start("later", &child);
        child.span().end();
        late.span().end();
        assert_eq!(bench.names(), names(&[]), "one is still open");
        later.span().end();
        assert_eq!(bench.names(), names(&[("root", &["child", "late", "later"])]));
        let transaction = &bench.sent()[0];
        assert_eq!(transaction.timestamp, Some(ended), "the root's own end");
        let of = |name: &str| {
            transaction
                .spans
                .iter()
                .find(|span| span.description.as_deref() == Some(name))
        };
        let parent = |name| of(name).and_then(|span| span.parent_span_id).unwrap().to_string();
        assert_eq!((parent("child"), parent("later")), (id(&root), id(&child)));
        bench.assert_nothing_is_kept();
    });
}

#[test]
fn root_without_open_children_is_sent_at_once() {
    with(PATIENT, |bench| {
        let root = bench.start("root", &Context::new());
        bench.start("child", &root).span().end();
        root.span().end();
        assert_eq!(bench.names(), names(&[("root", &["child"])]));
        bench.assert_nothing_is_kept();
    });
}

#[test]
fn held_transaction_has_the_scope_of_its_root_end() {
    with(PATIENT, |bench| {
        let root = bench.start("root", &Context::new());
        let child = bench.start("child", &root);
        let own = Arc::new(Hub::new_from_top(Hub::current()));
        own.configure_scope(|scope| scope.set_tag("request", "mine"));
        Hub::run(own, || root.span().end());
        child.span().end();
        assert_eq!(bench.sent()[0].tags["request"], "mine");
    });
}

#[test]
fn late_span_is_a_transaction_with_its_real_parent() {
    let trace_id = "0af7651916cd43dd8448eb211c80319c";
    let remote = |sampled| format!("{trace_id}-b7ad6b7169203331-{sampled}");
    for (header, reported) in [(None, true), (Some(remote(1)), true), (Some(remote(0)), false)] {
        with(PATIENT, |bench| {
            let headers: HashMap<_, _> = header
                .iter()
                .map(|value| ("sentry-trace".to_owned(), value.clone()))
                .collect();
            let came = Propagator::new(None).extract_with_context(&Context::new(), &headers);
            let root = bench.start("root", &came);
            let short = bench.start("short", &root);
            short.span().end();
            // Its parent has ended while the root is still held.
            let orphan = bench.start("orphan", &short);
            orphan.span().end();
            root.span().end();
            let late = bench.start("late", &root);
            bench.start("below", &late).span().end();
            late.span().end();
            bench.assert_nothing_is_kept();
            let Some(TraceContext { trace_id, .. }) = bench.sent().first().map(trace) else {
                return assert!(!reported, "{header:?}");
            };
            assert!(reported, "the caller has decided against it: {:?}", bench.sent());
            assert_eq!(
                bench.names(),
                names(&[("orphan", &[]), ("root", &["short"]), ("late", &["below"])])
            );
            let parents: Vec<_> = bench.sent().iter().map(trace).collect();
            assert!(parents.iter().all(|trace| trace.trace_id == trace_id), "{parents:?}");
            let parent = |at: usize| parents[at].parent_span_id.map(|id| id.to_string());
            let remote = header.as_ref().map(|_| "b7ad6b7169203331".to_owned());
            assert_eq!([parent(0), parent(1), parent(2)], [Some(id(&short)), remote, Some(id(&root))]);
        });
    }
}

#[test]
fn remote_parent_without_sentry_headers_is_kept() {
    with(PATIENT, |bench| {
        let remote = SpanContext::new(
            opentelemetry::TraceId::from(7),
            SpanId::from(9),
            opentelemetry::TraceFlags::SAMPLED,
            true,
            TraceState::NONE,
        );
        let root = bench.start("root", &Context::new().with_remote_span_context(remote));
        root.span().end();
        let trace = trace(&bench.sent()[0]);
        assert_eq!(trace.trace_id.to_string(), "00000000000000000000000000000007");
        assert_eq!(trace.parent_span_id.unwrap().to_string(), "0000000000000009");
    });
}

#[test]
fn held_root_expires_and_later_spans_are_not_lost() {
    let limits = Limits {
        patience: Duration::ZERO,
        ..PATIENT
    };
    with(limits, |bench| {
        let root = bench.start("root", &Context::new());
        let (slow, slower) = (bench.start("slow", &root), bench.start("slower", &root));
        // The root is expired from now on, which each end checks.
        root.span().end();
        assert_eq!(bench.names(), names(&[("root", &[])]));
        bench.start("below", &slow).span().end();
        slow.span().end();
        slower.span().end();
        assert_eq!(bench.names(), names(&[("root", &[]), ("below", &[])]));
        let below = trace(&bench.sent()[1]);
        assert_eq!(below.parent_span_id.unwrap().to_string(), id(&slow));
        bench.assert_nothing_is_kept();
    });
}

#[test]
fn expired_root_accepts_no_children() {
    with(PATIENT, |bench| {
        let root = bench.start("root", &Context::new());
        let child = bench.start("child", &root);
        root.span().end();
        // Simulates an expired root.
        bench.spans.spans().held[0].until = Instant::now();
        bench.start("late", &root).span().end();
        assert_eq!(bench.names(), names(&[("root", &[]), ("late", &[])]));
        assert_eq!(trace(&bench.sent()[1]).parent_span_id.unwrap().to_string(), id(&root));
        child.span().end();
        bench.assert_nothing_is_kept();
    });
}

#[test]
fn held_roots_are_bounded_oldest_first() {
    with(Limits { roots: 2, ..PATIENT }, |bench| {
        let open: Vec<_> = ["one", "two", "three"]
            .into_iter()
            .map(|name| {
                let root = bench.start(name, &Context::new());
                let child = bench.start("child", &root);
                root.span().end();
                child
            })
            .collect();
        assert_eq!(bench.names(), names(&[("one", &[])]));
        for child in open {
            child.span().end();
        }
        assert_eq!(
            bench.names(),
            names(&[("one", &[]), ("two", &["child"]), ("three", &["child"])])
        );
        bench.assert_nothing_is_kept();
    });
}

#[test]
fn flush_and_shutdown_release_held_roots() {
    for flush in [true, false] {
        with(PATIENT, |bench| {
            let root = bench.start("root", &Context::new());
            let child = bench.start("child", &root);
            root.span().end();
            if flush {
                bench.provider.force_flush().unwrap();
            } else {
                bench.provider.shutdown().unwrap();
            }
            assert_eq!(bench.names(), names(&[("root", &[])]));
            child.span().end();
            bench.assert_nothing_is_kept();
        });
    }
}

#[test]
fn unsampled_spans_are_not_held() {
    sampled_by(Sampler::AlwaysOff, PATIENT, |bench| {
        let root = bench.start("root", &Context::new());
        let child = bench.start("child", &root);
        root.span().end();
        bench.assert_nothing_is_kept();
        child.span().end();
        assert_eq!(bench.names(), names(&[]));
        bench.assert_nothing_is_kept();
    });
}

#[derive(Clone, Debug)]
enum Step {
    /// Starts a span below the one with that number, if any, open or ended.
    Start(Option<usize>),
    End(usize),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let start = proptest::option::of(any::<usize>()).prop_map(Step::Start);
    let end = any::<usize>().prop_map(Step::End);
    proptest::collection::vec(prop_oneof![start, end], 0..60)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]
    #[test]
    fn spans_arrive_once_with_their_parent_in_any_order(steps in steps()) {
        with(PATIENT, |bench| {
            let (mut started, mut expected) = (Vec::<Context>::new(), HashMap::new());
            for step in &steps {
                let of = |number: usize| started.get(number.checked_rem(started.len())?);
                match step {
                    Step::Start(parent) => {
                        let parent = parent.and_then(of);
                        let cx = bench.start("span", &parent.cloned().unwrap_or_default());
                        let trace_id = cx.span().span_context().trace_id().to_string();
                        expected.insert(id(&cx), (trace_id, parent.map(id)));
                        started.push(cx);
                    }
                    // A second end has no effect.
                    Step::End(number) => {
                        if let Some(cx) = of(*number) {
                            cx.span().end();
                        }
                    }
                }
            }
            for cx in &started {
                cx.span().end();
            }
            let mut arrived = HashMap::new();
            for transaction in bench.sent() {
                let root = trace(&transaction);
                let spans = transaction.spans.iter().map(|span| (span.span_id, span.trace_id, span.parent_span_id));
                for (id, trace_id, parent) in spans.chain([(root.span_id, root.trace_id, root.parent_span_id)]) {
                    let twice = arrived.insert(id.to_string(), (trace_id.to_string(), parent.map(|id| id.to_string())));
                    assert!(twice.is_none(), "{steps:?}");
                }
            }
            assert_eq!(arrived, expected);
            bench.assert_nothing_is_kept();
        });
    }
}
