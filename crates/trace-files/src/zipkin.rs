//! Zipkin's JSON, versions 1 and 2, and Zipkin's merging of partial reports.
//!
//! Source: [Zipkin API](https://zipkin.io/zipkin-api/), `zipkin2-api.yaml` and `zipkin-api.yaml`; `zipkin2.internal.Trace` and
//! `zipkin2.v1.V1SpanConverter` of [openzipkin/zipkin](https://github.com/openzipkin/zipkin). Both sides of a call may share an
//! id; the tree of the trace decides which of them is the child.

mod merge;
mod v1;
mod v2;

use std::collections::BTreeMap;

use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::common::v1::any_value::Value as Any;
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::Span;
use opentelemetry_proto::tonic::trace::v1::span::{Event, SpanKind};
use prost::Message as _;
use serde_json::Value;
use trace_model::{SpanId, TraceId};

use crate::resource_scope::ResourceScope;
use crate::tags::{Tags, attribute, text};

pub(crate) use merge::Traces;
pub(crate) use v1::spans as v1_spans;
pub(crate) use v2::span as v2_span;

/// A span of one report, possibly partial.
#[derive(Clone, Debug)]
pub(crate) struct Part {
    pub(crate) trace_id: TraceId,
    span_id: SpanId,
    parent: Option<SpanId>,
    kind: Option<SpanKind>,
    name: String,
    /// Nanoseconds since the Unix epoch; 0 if unknown.
    start: u64,
    /// Nanoseconds.
    duration: Option<u64>,
    /// Nanoseconds by which the end precedes the start: a negative duration of a clock that was set back.
    backwards: u64,
    local: Endpoint,
    remote: Endpoint,
    /// Time in nanoseconds since the Unix epoch, and text.
    annotations: Vec<(u64, String)>,
    tags: BTreeMap<String, Any>,
    /// True if another service started the span.
    shared: bool,
}

/// The reporting or the called service.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Endpoint {
    service: String,
    ipv4: String,
    ipv6: String,
    port: i64,
}

impl Endpoint {
    fn read(json: &Value) -> Self {
        let said = |name: &str| json[name].as_str().unwrap_or_default().to_owned();
        Self {
            service: said("serviceName"),
            ipv4: said("ipv4"),
            ipv6: said("ipv6"),
            port: json["port"].as_i64().unwrap_or_default(),
        }
    }

    fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Returns true if both may be the same: an absent field is compatible with any value.
    fn is_compatible(&self, other: &Self) -> bool {
        let agree = |one: &str, other: &str| one.is_empty() || other.is_empty() || one == other;
        agree(&self.service, &other.service)
            && agree(&self.ipv4, &other.ipv4)
            && agree(&self.ipv6, &other.ipv6)
            && (self.port == 0 || other.port == 0 || self.port == other.port)
    }

    fn merge(&mut self, other: Self) {
        let fill = |own: &mut String, other: String| {
            if own.is_empty() {
                *own = other;
            }
        };
        fill(&mut self.service, other.service);
        fill(&mut self.ipv4, other.ipv4);
        fill(&mut self.ipv6, other.ipv6);
        if self.port == 0 {
            self.port = other.port;
        }
    }

    /// Adds address and port by the names of OpenTelemetry's conventions.
    fn add_to(&self, attributes: &mut Vec<KeyValue>, prefix: &str) {
        let address = if self.ipv4.is_empty() { &self.ipv6 } else { &self.ipv4 };
        if !address.is_empty() {
            attributes.push(text(&format!("{prefix}.address"), address));
        }
        if self.port != 0 {
            attributes.push(attribute(&format!("{prefix}.port"), Any::IntValue(self.port)));
        }
    }
}

/// Returns the end of a span. OTLP writes a missing end as zero.
fn end(start: u64, duration: u64, backwards: u64) -> u64 {
    let backwards = if duration == 0 { backwards } else { 0 };
    start.saturating_add(duration).saturating_sub(backwards).max(1)
}

/// Reads a start in nanoseconds since the Unix epoch; 0 if unknown. As in Zipkin, a negative one is unknown.
fn start(json: &Value) -> Result<u64, &'static str> {
    let nano = match json {
        Value::Null => 0,
        time => crate::tags::duration(time).ok_or("invalid timestamp: not a number of microseconds")?,
    };
    Ok(u64::try_from(nano).unwrap_or(0))
}

/// Reads a duration in nanoseconds.
fn duration(json: &Value) -> Result<Option<i128>, &'static str> {
    match json {
        Value::Null => Ok(None),
        time => crate::tags::duration(time)
            .map(Some)
            .ok_or("invalid duration: not a number of microseconds"),
    }
}

impl Part {
    fn new(trace_id: TraceId, span_id: SpanId) -> Self {
        Self {
            trace_id,
            span_id,
            parent: None,
            kind: None,
            name: String::new(),
            start: 0,
            duration: None,
            backwards: 0,
            local: Endpoint::default(),
            remote: Endpoint::default(),
            annotations: Vec::new(),
            tags: BTreeMap::new(),
            shared: false,
        }
    }

    /// Sets how long it took, in nanoseconds; less than none by a clock that was set back.
    fn lasts(&mut self, nano: i128) {
        let saturated = |nano: i128| u64::try_from(nano.max(0)).unwrap_or(u64::MAX);
        (self.duration, self.backwards) = (Some(saturated(nano)), saturated(-nano));
    }

    /// Returns the approximate memory in bytes.
    pub(crate) fn bytes(&self) -> usize {
        let annotations = self.annotations.iter().map(|(_, value)| value.len() + 64);
        let tags = self.tags.iter().map(|(key, value)| key.len() + size(value) + 96);
        size_of::<Self>() + self.name.len() + 128 + annotations.sum::<usize>() + tags.sum::<usize>()
    }

    /// Returns the start, if known: without a time of its own, that of an annotation.
    fn earliest(&self) -> Option<u64> {
        if self.start > 0 {
            return Some(self.start);
        }
        self.annotations.iter().map(|(time, _)| *time).min()
    }

    /// Converts to OTLP's protobuf. A span without a time starts with its trace, where it is visible.
    fn into_otlp(self, trace_start: u64) -> (TraceId, ResourceScope, Vec<u8>) {
        let start = self.earliest().unwrap_or(trace_start);
        let mut read = Tags::default();
        self.local.add_to(&mut read.attributes, "network.local");
        if !self.remote.service.is_empty() {
            read.attributes.push(text("peer.service", self.remote.service.as_str()));
        }
        self.remote.add_to(&mut read.attributes, "network.peer");
        for (key, value) in self.tags {
            match (key.as_str(), value) {
                // Tags have no other types; the presence of the tag marks a failure.
                ("error", Any::StringValue(message)) => read.failed(&message),
                ("error", _) => read.failed(""),
                (key, value) => read.add(key, value),
            }
        }
        let event = |(time_unix_nano, name)| Event {
            time_unix_nano,
            name,
            ..Event::default()
        };
        let span = Span {
            trace_id: self.trace_id.as_bytes().to_vec(),
            span_id: self.span_id.as_bytes().to_vec(),
            parent_span_id: self.parent.map(|id| id.as_bytes().to_vec()).unwrap_or_default(),
            name: self.name,
            kind: self.kind.unwrap_or(read.kind).into(),
            start_time_unix_nano: start,
            end_time_unix_nano: self.duration.map_or(0, |duration| end(start, duration, self.backwards)),
            status: read.status(),
            trace_state: read.trace_state,
            attributes: read.attributes,
            events: self.annotations.into_iter().map(event).collect(),
            ..Span::default()
        };
        let service = (!self.local.service.is_empty()).then(|| text("service.name", self.local.service));
        let resource = Resource {
            attributes: service.into_iter().collect(),
            ..Resource::default()
        };
        let origin = ResourceScope {
            resource: resource.encode_to_vec().into(),
            scope: read.scope.encode_to_vec().into(),
            ..ResourceScope::default()
        };
        (self.trace_id, origin, span.encode_to_vec())
    }
}

/// Returns the approximate size of a value in bytes.
fn size(value: &Any) -> usize {
    match value {
        Any::StringValue(text) => text.len(),
        Any::BytesValue(bytes) => bytes.len(),
        Any::ArrayValue(array) => array.values.iter().map(|any| 40 + any.value.as_ref().map_or(0, size)).sum(),
        _ => 0,
    }
}
