//! Compact notation for spans.

use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::span::Link;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span, Status};
use testkit::otlp::attribute;
use trace_model::{ListPlace, Source, Store, TraceId, otlp};
use trace_stats::{Survey, SurveyPass};

pub(crate) const MILLI: u64 = 1_000_000;
/// Common start time, so that none starts at 0.
pub(crate) const START: u64 = 1_000_000_000_000;

/// A span to be stored; times are milliseconds since [`START`].
#[derive(Clone, Debug)]
pub(crate) struct Sent {
    pub(crate) trace: u64,
    pub(crate) id: u64,
    /// 0 for a root.
    pub(crate) parent: u64,
    pub(crate) service: String,
    pub(crate) name: String,
    /// `c`lient, `s`erver, `p`roducer, co`n`sumer or `i`nternal.
    pub(crate) kind: char,
    pub(crate) start: u64,
    /// `None` while in flight.
    pub(crate) end: Option<u64>,
    pub(crate) failed: bool,
    pub(crate) attributes: Vec<(&'static str, String)>,
    pub(crate) linked: bool,
}

/// Creates a span: trace, id and parent; service and kind; start and end.
pub(crate) fn sent((trace, id, parent): (u64, u64, u64), service: &str, kind: char, (start, end): (u64, u64)) -> Sent {
    Sent {
        trace,
        id,
        parent,
        service: service.to_owned(),
        name: "work".to_owned(),
        kind,
        start,
        end: Some(end),
        failed: false,
        attributes: Vec::new(),
        linked: false,
    }
}

impl Sent {
    pub(crate) fn named(self, name: &str) -> Self {
        let name = name.to_owned();
        Self { name, ..self }
    }

    pub(crate) fn failed(self) -> Self {
        Self { failed: true, ..self }
    }

    pub(crate) fn with(mut self, key: &'static str, value: &str) -> Self {
        self.attributes.push((key, value.to_owned()));
        self
    }

    fn to_otlp(&self) -> ResourceSpans {
        let kind = "iscpn".find(self.kind).unwrap();
        let span = Span {
            trace_id: u128::from(self.trace).to_be_bytes().to_vec(),
            span_id: self.id.to_be_bytes().to_vec(),
            parent_span_id: if self.parent == 0 {
                Vec::new()
            } else {
                self.parent.to_be_bytes().to_vec()
            },
            name: self.name.clone(),
            kind: i32::try_from(kind).unwrap() + 1,
            start_time_unix_nano: START + self.start * MILLI,
            end_time_unix_nano: self.end.map_or(0, |end| START + end * MILLI),
            status: self.failed.then(|| Status {
                code: 2,
                message: String::new(),
            }),
            attributes: self.attributes.iter().map(|(key, value)| attribute(key, value)).collect(),
            links: Vec::from_iter(self.linked.then(|| Link {
                trace_id: vec![9; 16],
                span_id: vec![9; 8],
                ..Link::default()
            })),
            ..Span::default()
        };
        let resource = Resource {
            attributes: vec![attribute("service.name", &self.service)],
            ..Resource::default()
        };
        ResourceSpans {
            resource: Some(resource),
            scope_spans: vec![ScopeSpans {
                spans: vec![span],
                ..ScopeSpans::default()
            }],
            ..ResourceSpans::default()
        }
    }
}

pub(crate) fn add(store: &mut Store, spans: &[Sent]) {
    let (batch, rejected) = otlp::batch(spans.iter().map(Sent::to_otlp).collect(), Source::OtlpHttp);
    assert!(rejected.is_empty(), "{rejected}");
    store.add(batch);
}

pub(crate) fn store(spans: &[Sent]) -> Store {
    let mut store = Store::new(1 << 30);
    add(&mut store, spans);
    store
}

/// A survey of the listed traces, in steps.
pub(crate) struct Listed {
    traces: std::vec::IntoIter<TraceId>,
    pass: SurveyPass,
}

impl Listed {
    pub(crate) fn new(store: &Store) -> Self {
        let (traces, _) = store.listed_after(ListPlace::default(), usize::MAX);
        Self {
            traces: traces.into_iter(),
            pass: SurveyPass::default(),
        }
    }

    /// Returns true if there is more.
    pub(crate) fn step(&mut self, store: &Store, work: u64) -> bool {
        if self.pass.step(store, work) {
            return true;
        }
        let Some(trace_id) = self.traces.next() else { return false };
        self.pass.add(trace_id);
        true
    }
}

pub(crate) fn survey(store: &Store, slice: u64) -> Survey {
    let mut listed = Listed::new(store);
    while listed.step(store, slice) {}
    listed.pass.finish()
}

pub(crate) fn id(place: Option<&trace_stats::SpanPlace>) -> (u128, u64) {
    let place = place.expect("a place");
    (
        u128::from_be_bytes(*place.trace_id.as_bytes()),
        u64::from_be_bytes(*place.key.span_id.as_bytes()),
    )
}
