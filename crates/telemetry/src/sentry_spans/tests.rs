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

/// As long and as many as any test takes.
const PATIENT: Limits = Limits {
    patience: DAY,
    roots: 1000,
};

/// A real client whose envelopes end here.
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

/// What ours is behind once the provider has it.
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

/// Runs a test with a Sentry client of its own.
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
    /// The context of a span below that of `cx`.
    fn start(&self, name: &'static str, cx: &Context) -> Context {
        cx.with_span(self.tracer.start_with_context(name, cx))
    }

    fn sent(&self) -> Vec<Transaction<'static>> {
        self.sent.0.lock().unwrap().clone()
    }

    /// The names of what was sent: each root, and what came with it, sorted.
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
            spans.roots.is_empty() && spans.below.is_empty() && spans.held.is_empty(),
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
fn a_child_that_outlives_its_root_is_in_the_transaction() {
    with(PATIENT, |bench| {
        let root = bench.start("root", &Context::new());
        let child = bench.start("child", &root);
        let ended = SystemTime::UNIX_EPOCH + Duration::from_secs(4_000_000_000);
        root.span().end_with_timestamp(ended);
        // What starts now is of that transaction, too, below the root itself as well.
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
fn a_root_without_open_children_leaves_at_once() {
    with(PATIENT, |bench| {
        let root = bench.start("root", &Context::new());
        bench.start("child", &root).span().end();
        root.span().end();
        assert_eq!(bench.names(), names(&[("root", &["child"])]));
        bench.assert_nothing_is_kept();
    });
}

#[test]
fn a_held_transaction_has_the_scope_that_its_root_ended_in() {
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
fn a_span_that_starts_after_its_parent_has_gone_says_whose_child_it_is() {
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
            // Its parent has gone while the root is still there.
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
fn a_remote_parent_that_sentry_was_not_told_of_is_one_all_the_same() {
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
fn waiting_has_an_end_and_what_starts_below_who_was_late_is_not_lost() {
    let limits = Limits {
        patience: Duration::ZERO,
        ..PATIENT
    };
    with(limits, |bench| {
        let root = bench.start("root", &Context::new());
        let (slow, slower) = (bench.start("slow", &root), bench.start("slower", &root));
        // Nobody waits for it from now on, and each end is a look.
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
fn nothing_joins_a_root_that_must_go() {
    with(PATIENT, |bench| {
        let root = bench.start("root", &Context::new());
        let child = bench.start("child", &root);
        root.span().end();
        // As if it had waited for as long as it may.
        bench.spans.spans().held[0].until = Instant::now();
        bench.start("late", &root).span().end();
        assert_eq!(bench.names(), names(&[("root", &[]), ("late", &[])]));
        assert_eq!(trace(&bench.sent()[1]).parent_span_id.unwrap().to_string(), id(&root));
        child.span().end();
        bench.assert_nothing_is_kept();
    });
}

#[test]
fn of_too_many_that_wait_the_first_goes() {
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
fn a_flush_and_the_end_hand_on_all_that_is_held() {
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
fn spans_that_are_not_sampled_are_not_kept() {
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
    /// A span below the one of that number, if there is one, open or not.
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
    fn whatever_the_order_each_span_arrives_once_with_its_parent(steps in steps()) {
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
                    // A second end is none.
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
