//! The validating walk over a request's bytes, which notes the header of each record and the position of the rest.
//!
//! Nothing is decoded and nothing copied except data shared by the spans of a scope. It accepts exactly what prost decodes, so
//! that every stored record can be decoded when it is shown.

use std::borrow::Cow;
use std::sync::Arc;

use bytes::Bytes;
use otlp_wire::{DEPTH, Malformed, Reader, Value, fields, schema, validate_attribute, validate_field};

use crate::batch::{ByteRange, Carry, DropReason, DroppedSpans, LogHeader, NAME_LENGTH_MAX, SpanFlags, SpanHeader};
use crate::sentry::Gravity;
use crate::wire::KeyValue;
use crate::wire::key_and_text;
use crate::work::{self, VISIT};
use crate::{
    Batch, IdError, Provenance, SERVICE_LENGTH_MAX, Severity, Source, SpanId, SpanKind, StatusCode, TraceId, call_target, decode,
    hash, schema_url, sentry, text,
};

impl Batch {
    /// Reads an OTLP `ExportTraceServiceRequest`. Spans whose ids are unusable are dropped and counted.
    ///
    /// # Errors
    ///
    /// The bytes are not such a message.
    pub fn traces(body: Bytes, source: Source) -> Result<(Self, DroppedSpans), Malformed> {
        unlimited(Self::traces_within(body, source, &mut |_| true))
    }

    /// The same, asking for the memory that its records take before it takes it: `grant` is called with a number of bytes.
    ///
    /// A request of empty records takes forty times its length, so readers of untrusted requests bound this too.
    ///
    /// # Errors
    ///
    /// The bytes are not such a message, or memory was not granted.
    pub fn traces_within(body: Bytes, source: Source, grant: Grant<'_>) -> Result<(Self, DroppedSpans), ReadError> {
        let mut walk = Walk::new(&body, source, grant);
        walk.request(Signal::Traces)?;
        let Walk {
            origins,
            spans,
            long_names,
            rejected,
            origin_bytes,
            list_bytes,
            ..
        } = walk;
        let batch = Self {
            origin_bytes,
            list_bytes,
            long_names,
            ..Self::new(body, origins, spans, Vec::new())
        };
        Ok((batch, rejected))
    }

    /// Reads an OTLP `ExportLogsServiceRequest`. A record whose ids are unusable belongs to no trace.
    ///
    /// # Errors
    ///
    /// The bytes are not such a message.
    pub fn logs(body: Bytes, source: Source) -> Result<Self, Malformed> {
        unlimited(Self::logs_within(body, source, &mut |_| true))
    }

    /// The same within memory that is granted, as [`Batch::traces_within`] has it.
    ///
    /// # Errors
    ///
    /// The bytes are not such a message, or memory was not granted.
    pub fn logs_within(body: Bytes, source: Source, grant: Grant<'_>) -> Result<Self, ReadError> {
        let mut walk = Walk::new(&body, source, grant);
        walk.request(Signal::Logs)?;
        let Walk {
            origins,
            logs,
            origin_bytes,
            list_bytes,
            ..
        } = walk;
        Ok(Self {
            origin_bytes,
            list_bytes,
            ..Self::new(body, origins, Vec::new(), logs)
        })
    }

    /// Nothing.
    #[must_use]
    pub const fn empty() -> Self {
        Self::new(Bytes::new(), Vec::new(), Vec::new(), Vec::new())
    }

    const fn new(body: Bytes, origins: Vec<Provenance>, spans: Vec<SpanHeader>, logs: Vec<LogHeader>) -> Self {
        Self {
            body,
            received_unix_nano: 0,
            origins,
            origin_bytes: 0,
            list_bytes: 0,
            spans,
            logs,
            long_names: Vec::new(),
            taken: 0,
            carry: Carry::EMPTY,
        }
    }
}

/// Callback that grants or denies a number of bytes before they are allocated.
pub type Grant<'a> = &'a mut dyn FnMut(usize) -> bool;

/// A request that was not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// The bytes are not such a message.
    #[error(transparent)]
    Malformed(#[from] Malformed),
    /// The memory that its records need was not granted.
    #[error("no memory for its records")]
    NoMemory,
}

/// Returns the result of a read with all memory granted.
fn unlimited<T>(read: Result<T, ReadError>) -> Result<T, Malformed> {
    read.map_err(|error| match error {
        ReadError::Malformed(malformed) => malformed,
        // Not said by a grant that is always given.
        ReadError::NoMemory => Malformed::Truncated,
    })
}

#[derive(Clone, Copy)]
enum Signal {
    Traces,
    Logs,
}

impl Signal {
    const fn request(self) -> &'static schema::Message {
        match self {
            Self::Traces => &schema::TRACES_REQUEST,
            Self::Logs => &schema::LOGS_REQUEST,
        }
    }

    const fn resource_group(self) -> &'static schema::Message {
        match self {
            Self::Traces => &schema::RESOURCE_SPANS,
            Self::Logs => &schema::RESOURCE_LOGS,
        }
    }

    const fn scope_group(self) -> &'static schema::Message {
        match self {
            Self::Traces => &schema::SCOPE_SPANS,
            Self::Logs => &schema::SCOPE_LOGS,
        }
    }
}

/// Nesting depth of messages in a request, in its groups by resource, in those by scope, and in a span.
const IN_RESOURCE: u32 = DEPTH - 1;
const IN_SCOPE: u32 = DEPTH - 2;
const IN_RECORD: u32 = DEPTH - 3;

/// The number of `Span.attributes`.
const ATTRIBUTES: u8 = 9;

/// The number of `LogRecord.attributes`.
const LOG_ATTRIBUTES: u8 = 6;

/// Records for which memory is reserved at the start, at most.
const RESERVED_MAX: usize = 4096;

/// Bytes of a list of records from which on it moves to pages of its own.
const MAPPED_LIST_BYTES_MIN: usize = 1 << 20;
/// Allocations of this size have such pages: more than glibc's `DEFAULT_MMAP_THRESHOLD_MAX`.
const MAPPED_BYTES: usize = (32 << 20) + (64 << 10);

/// Bytes of each origin in addition to its scope: itself, and two shared texts that are replaced once the resource is known.
const PROVENANCE_BYTES: usize = size_of::<Provenance>() + 64;

struct Walk<'a> {
    body: &'a [u8],
    source: Source,
    grant: Grant<'a>,
    origins: Vec<Provenance>,
    /// Bytes of memory that these take.
    origin_bytes: usize,
    spans: Vec<SpanHeader>,
    logs: Vec<LogHeader>,
    /// Bytes of memory that were granted for spans or log records.
    list_bytes: usize,
    long_names: Vec<(u32, u64)>,
    rejected: DroppedSpans,
    /// Placeholder of a resource until that is known.
    nothing: Option<(Arc<str>, Arc<[u8]>)>,
}

impl<'a> Walk<'a> {
    const fn new(body: &'a [u8], source: Source, grant: Grant<'a>) -> Self {
        Self {
            body,
            source,
            grant,
            origins: Vec::new(),
            origin_bytes: 0,
            spans: Vec::new(),
            logs: Vec::new(),
            list_bytes: 0,
            long_names: Vec::new(),
            rejected: DroppedSpans::new(),
            nothing: None,
        }
    }

    fn request(&mut self, signal: Signal) -> Result<(), ReadError> {
        if u32::try_from(self.body.len()).is_err() {
            return Err(Malformed::Truncated.into());
        }
        work::add(self.body.len());
        let mut request = Reader::new(self.body, DEPTH);
        while let Some(field) = request.next_field()? {
            match (field.number, field.value) {
                (1, Value::Bytes(group)) => self.read_resource_group(group, signal)?,
                _ => validate_field(field, signal.request(), DEPTH)?,
            }
        }
        Ok(())
    }

    fn read_resource_group(&mut self, group: &'a [u8], signal: Signal) -> Result<(), ReadError> {
        let first = self.origins.len();
        let (mut resource, mut url) = (Parts::default(), &[][..]);
        let mut reader = Reader::new(group, IN_RESOURCE);
        while let Some(field) = reader.next_field()? {
            match (field.number, field.value) {
                (2, Value::Bytes(scope)) => self.read_scope_group(scope, signal)?,
                (number, value) => {
                    validate_field(field, signal.resource_group(), IN_RESOURCE)?;
                    match (number, value) {
                        (1, Value::Bytes(part)) => resource.add(part),
                        (3, Value::Bytes(text)) => url = text,
                        _ => {}
                    }
                }
            }
        }
        // The resource may follow what it is the resource of.
        if self.origins.len() > first {
            let schema = schema_url(url);
            self.take_for_origins(resource.bytes() + length(schema.as_deref()))?;
            let resource: Arc<[u8]> = resource.joined().into();
            work::add(resource.len() + (self.origins.len() - first) * VISIT);
            let service: Arc<str> = bounded(&service_name(&resource)).into();
            let host = attribute(&resource, b"host.name").and_then(|(_, name)| name);
            let host: Option<Arc<str>> = host.filter(|name| !name.is_empty()).map(|name| bounded(name).into());
            let hash = hash::of(&resource);
            let schema_hash = hash_of_schema(schema.as_deref()).rotate_left(1);
            for origin in &mut self.origins[first..] {
                origin.resource = resource.clone();
                origin.service = service.clone();
                origin.host.clone_from(&host);
                origin.resource_hash = hash;
                origin.resource_schema.clone_from(&schema);
                origin.scope_hash ^= schema_hash;
            }
        }
        Ok(())
    }

    fn read_scope_group(&mut self, group: &'a [u8], signal: Signal) -> Result<(), ReadError> {
        let before = self.spans.len() + self.logs.len();
        let (mut scope, mut url) = (Parts::default(), &[][..]);
        let mut reader = Reader::new(group, IN_SCOPE);
        while let Some(field) = reader.next_field()? {
            match (field.number, field.value, signal) {
                (2, Value::Bytes(span), Signal::Traces) => {
                    if self.spans.len() == before {
                        let ahead = ahead(group, span);
                        reserve(&mut self.spans, ahead, &mut self.list_bytes, self.grant)?;
                    }
                    self.span(span)?;
                }
                (2, Value::Bytes(record), Signal::Logs) => {
                    if self.logs.len() == before {
                        let ahead = ahead(group, record);
                        reserve(&mut self.logs, ahead, &mut self.list_bytes, self.grant)?;
                    }
                    self.log(record)?;
                }
                (number, value, _) => {
                    validate_field(field, signal.scope_group(), IN_SCOPE)?;
                    match (number, value) {
                        (1, Value::Bytes(part)) => scope.add(part),
                        (3, Value::Bytes(text)) => url = text,
                        _ => {}
                    }
                }
            }
        }
        if self.spans.len() + self.logs.len() > before {
            let scope_schema = schema_url(url);
            self.take_for_origins(PROVENANCE_BYTES + scope.bytes() + length(scope_schema.as_deref()))?;
            let scope: Arc<[u8]> = scope.joined().into();
            work::add(scope.len() + VISIT);
            let nothing = self.nothing.get_or_insert_default();
            self.origins.push(Provenance {
                service: nothing.0.clone(),
                source: self.source,
                resource: nothing.1.clone(),
                scope_hash: hash::of(&scope) ^ hash_of_schema(scope_schema.as_deref()),
                scope,
                resource_schema: None,
                scope_schema,
                host: None,
                resource_hash: 0,
            });
        }
        Ok(())
    }

    fn take_for_origins(&mut self, bytes: usize) -> Result<(), ReadError> {
        if !(self.grant)(bytes) {
            return Err(ReadError::NoMemory);
        }
        self.origin_bytes += bytes;
        Ok(())
    }

    fn span(&mut self, raw: &'a [u8]) -> Result<(), ReadError> {
        let (mut trace_id, mut span_id, mut parent, mut name) = (&[][..], &[][..], &[][..], &[][..]);
        let (mut start, mut end, mut kind, mut status) = (0, 0, 0, 0);
        let mut marks = SpanFlags::default();
        let mut reader = Reader::new(raw, IN_RECORD);
        while let Some(field) = reader.next_field()? {
            // The first attribute is followed by more of them: most of a span's fields.
            if field.number == u32::from(ATTRIBUTES) {
                while let Some(attribute) = reader.next_if_short(ATTRIBUTES) {
                    let key = validate_attribute(attribute, IN_RECORD - 1)?;
                    note_port(&mut marks, kind, key);
                }
            }
            match (field.number, field.value) {
                (1, Value::Bytes(id)) => trace_id = id,
                (2, Value::Bytes(id)) => span_id = id,
                (4, Value::Bytes(id)) => parent = id,
                (6, Value::Varint(number)) => kind = number,
                (7, Value::Fixed64(time)) => start = time,
                (8, Value::Fixed64(time)) => end = time,
                (number, value) => {
                    validate_field(field, &schema::SPAN, IN_RECORD)?;
                    match (number, value) {
                        (5, Value::Bytes(text)) => name = text,
                        (9, Value::Bytes(attribute)) => note_port(&mut marks, kind, Some(KeyValue::read(attribute).key)),
                        (11, Value::Bytes(event)) => marks.set(of_event(event)),
                        (13, Value::Bytes(_)) => marks.set(SpanFlags::LINKS),
                        (15, Value::Bytes(message)) => status = last_number(message, 3).unwrap_or(status),
                        (16, Value::Fixed32(flags)) => marks.set_flags(flags),
                        _ => {}
                    }
                }
            }
        }
        let name = ByteRange::of(self.body, if name.is_empty() { &self.body[..0] } else { name });
        if name.length() > NAME_LENGTH_MAX {
            let whole = &self.body[name.range()];
            work::add(whole.len());
            self.long_names.push((name.start(), hash::of(whole)));
        }
        match ids(trace_id, span_id, parent) {
            Ok((trace_id, span_id, parent_span_id)) => {
                reserve(&mut self.spans, 1, &mut self.list_bytes, self.grant)?;
                let header = SpanHeader {
                    trace_id,
                    span_id,
                    parent_span_id,
                    start_unix_nano: start,
                    end_unix_nano: end,
                    kind: SpanKind::from_otlp(enumeration(kind)),
                    status: StatusCode::from_otlp(enumeration(status)),
                    marks,
                    origin: self.origin(),
                    name,
                    raw: ByteRange::of(self.body, raw),
                    is_hidden: false,
                };
                self.spans.push(header.resolved(raw));
            }
            Err(reason) => self.rejected.add(reason, 1),
        }
        Ok(())
    }

    fn log(&mut self, raw: &'a [u8]) -> Result<(), ReadError> {
        let (mut trace_id, mut span_id) = (&[][..], &[][..]);
        let (mut time, mut observed, mut event_name) = (0, 0, &[][..]);
        let (mut severity, mut severity_text) = (0, &[][..]);
        let mut exception = ExceptionMarks::default();
        let mut reader = Reader::new(raw, IN_RECORD);
        while let Some(field) = reader.next_field()? {
            // Attributes follow each other, as those of spans do.
            if field.number == u32::from(LOG_ATTRIBUTES) {
                while let Some(attribute) = reader.next_if_short(LOG_ATTRIBUTES) {
                    let key = validate_attribute(attribute, IN_RECORD - 1)?;
                    exception.note(key.unwrap_or_else(|| KeyValue::read(attribute).key), attribute);
                }
            }
            match (field.number, field.value) {
                (1, Value::Fixed64(value)) => time = value,
                (2, Value::Varint(value)) => severity = value,
                (9, Value::Bytes(id)) => trace_id = id,
                (10, Value::Bytes(id)) => span_id = id,
                (11, Value::Fixed64(value)) => observed = value,
                (number, value) => {
                    validate_field(field, &schema::LOG_RECORD, IN_RECORD)?;
                    match (number, value) {
                        (3, Value::Bytes(text)) => severity_text = text,
                        (6, Value::Bytes(attribute)) => exception.note(KeyValue::read(attribute).key, attribute),
                        (12, Value::Bytes(name)) => event_name = name,
                        _ => {}
                    }
                }
            }
        }
        // The text was validated as UTF-8; it counts only without a number.
        let severity = match enumeration(severity) {
            0 => Severity::of(0, std::str::from_utf8(severity_text).unwrap_or_default()),
            number => Severity::of(number, ""),
        };
        let ExceptionMarks {
            has_exception,
            is_handled,
        } = exception;
        let is_from_sentry = self.source == Source::Sentry;
        let is_error_event = sentry::is_error_event(event_name) || (has_exception && !severity.is_mild() && !is_from_sentry);
        reserve(&mut self.logs, 1, &mut self.list_bytes, self.grant)?;
        self.logs.push(LogHeader {
            trace_id: TraceId::try_from(trace_id).ok(),
            span_id: SpanId::try_from(span_id).ok(),
            time_unix_nano: if time == 0 { observed } else { time },
            severity,
            gravity: is_error_event.then(|| Gravity::of(severity, is_handled)),
            origin: self.origin(),
            raw: ByteRange::of(self.body, raw),
        });
        Ok(())
    }

    /// The position of the origin that is added at the end of the scope.
    #[expect(
        clippy::cast_possible_truncation,
        reason = "each has at least two bytes of a body of less than 4 GiB"
    )]
    const fn origin(&self) -> u32 {
        self.origins.len() as u32
    }
}

/// Notes whether a client span's attributes name a port, of which most do not: then nothing reads them for its target. One in an unusual
/// form, whose key is `None`, may name one. A kind of 0 may follow.
#[inline]
fn note_port(marks: &mut SpanFlags, kind: u64, key: Option<&[u8]>) {
    let may_be_client = kind == 0 || kind == SpanKind::Client as u64;
    if may_be_client && key.is_none_or(call_target::may_have_port) {
        marks.set(SpanFlags::PORT);
    }
}

/// Returns the number of records to expect in a group after its first one. Records of one sender are alike, but for a few bytes: growing step
/// by step would copy them all again.
fn ahead(group: &[u8], first: &[u8]) -> usize {
    let ahead = (group.len() / (first.len() + 1)).min(RESERVED_MAX);
    ahead + ahead / 8
}

/// Makes room for more items once it is granted, for twice as many each time, and adds to `granted` how many bytes that takes.
///
/// Moves a list that has become large once, to where an allocator has pages of its own for it, which the system gets back when it
/// is freed. Memory that is not granted is never written there: it takes addresses, not memory.
fn reserve<T>(list: &mut Vec<T>, more: usize, granted: &mut usize, grant: Grant<'_>) -> Result<(), ReadError> {
    let needed = (list.len() + more) * size_of::<T>();
    if needed <= *granted {
        return Ok(());
    }
    let wanted = needed.max(2 * *granted);
    if !grant(wanted - *granted) {
        return Err(ReadError::NoMemory);
    }
    *granted = wanted;
    let allocated = if wanted > MAPPED_LIST_BYTES_MIN {
        wanted.max(MAPPED_BYTES)
    } else {
        wanted
    };
    list.reserve_exact((allocated / size_of::<T>()).saturating_sub(list.len()).max(more));
    Ok(())
}

/// A message in several parts: protobuf merges them, which concatenating their bytes does.
#[derive(Default)]
pub(crate) struct Parts<'a> {
    first: &'a [u8],
    all: Vec<u8>,
}

impl<'a> Parts<'a> {
    pub(crate) fn add(&mut self, part: &'a [u8]) {
        if self.first.is_empty() {
            self.first = part;
        } else {
            if self.all.is_empty() {
                self.all.extend_from_slice(self.first);
            }
            self.all.extend_from_slice(part);
        }
    }

    pub(crate) const fn is_joined(&self) -> bool {
        !self.all.is_empty()
    }

    /// Bytes of memory that joining and keeping it takes.
    const fn bytes(&self) -> usize {
        if self.all.is_empty() {
            self.first.len()
        } else {
            2 * self.all.len()
        }
    }

    pub(crate) fn joined(&self) -> &[u8] {
        if self.all.is_empty() { self.first } else { &self.all }
    }
}

fn ids(trace_id: &[u8], span_id: &[u8], parent: &[u8]) -> Result<(TraceId, SpanId, Option<SpanId>), DropReason> {
    let of = |field| move |error| DropReason { field, error };
    Ok((
        trace_id.try_into().map_err(of("trace_id"))?,
        span_id.try_into().map_err(of("span_id"))?,
        // A root has no parent id; some senders write it as zeros.
        match SpanId::try_from(parent) {
            Ok(id) => Some(id),
            Err(IdError::Zero | IdError::Length { found: 0, .. }) => None,
            Err(error) => return Err(of("parent_span_id")(error)),
        },
    ))
}

/// Returns the flags for an event of a span.
fn of_event(event: &[u8]) -> u8 {
    let names = fields(event).filter_map(|field| match field.value {
        Value::Bytes(name) if field.number == 2 => Some(name),
        _ => None,
    });
    let is_exception = names.last() == Some(sentry::EXCEPTION.as_bytes());
    SpanFlags::EVENTS | if is_exception { SpanFlags::EXCEPTION } else { 0 }
}

/// Marks of an exception among the attributes of a log record.
#[derive(Clone, Copy, Default)]
struct ExceptionMarks {
    has_exception: bool,
    is_handled: bool,
}

impl ExceptionMarks {
    #[inline]
    fn note(&mut self, key: &[u8], attribute: &[u8]) {
        self.has_exception |= sentry::is_exception_key(key);
        self.is_handled |= key == sentry::EXCEPTIONS && sentry::is_handled(attribute);
    }
}

/// Returns a number; of a repeated field the last value counts.
fn last_number(message: &[u8], number: u32) -> Option<u64> {
    let numbers = fields(message).filter_map(|field| match field.value {
        Value::Varint(value) if field.number == number => Some(value),
        _ => None,
    });
    numbers.last()
}

/// Protobuf cuts an enumeration's number to 32 bits.
#[expect(clippy::cast_possible_truncation, reason = "so does protobuf")]
const fn enumeration(number: u64) -> i32 {
    number as i32
}

/// `service.name`; a number, a list or any other value as text, since some programs set those.
pub(crate) fn service_name(resource: &[u8]) -> Cow<'_, str> {
    match attribute(resource, b"service.name") {
        Some((attribute, text)) => text.map_or_else(|| Cow::Owned(decode::value_as_text(attribute)), Cow::Borrowed),
        None => Cow::Borrowed(""),
    }
}

/// An attribute of a resource, by its key, and its value where that is text.
fn attribute<'a>(resource: &'a [u8], wanted: &[u8]) -> Option<(&'a [u8], Option<&'a str>)> {
    let attributes = fields(resource).filter_map(|field| match (field.number, field.value) {
        (1, Value::Bytes(attribute)) => Some(attribute),
        _ => None,
    });
    for attribute in attributes {
        let (key, text) = key_and_text(attribute);
        if key == wanted {
            return Some((attribute, text));
        }
    }
    None
}

fn bounded(name: &str) -> &str {
    text::cut(name, SERVICE_LENGTH_MAX)
}

fn length(url: Option<&str>) -> usize {
    url.map_or(0, str::len)
}

fn hash_of_schema(url: Option<&str>) -> u64 {
    url.map_or(0, |url| hash::of(url.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A request of log records without any field, in scopes of a hundred.
    fn empty_logs(scopes: usize) -> Bytes {
        let scope = [&[0x12, 200, 1][..], &[0x12, 0].repeat(100)].concat();
        let scopes = scope.repeat(scopes);
        let mut body = vec![0x0a];
        prost::encoding::encode_varint(scopes.len() as u64, &mut body);
        body.extend_from_slice(&scopes);
        body.into()
    }

    #[test]
    fn memory_of_records_is_granted_before_it_is_taken() {
        let body = empty_logs(50);
        let mut granted = 0;
        let read = Batch::logs_within(body.clone(), Source::File, &mut |bytes| {
            granted += bytes;
            true
        });
        let batch = read.expect("a request");
        assert_eq!(batch.log_count(), 5000);
        assert_eq!(batch.bytes(), body.len() + granted);
        assert!(granted > 20 * body.len(), "records take more than their bytes");

        for limit in [0, granted / 2, granted - 1] {
            let mut left = limit;
            let read = Batch::logs_within(body.clone(), Source::File, &mut |bytes| {
                left.checked_sub(bytes).map(|less| left = less).is_some()
            });
            assert_eq!(read, Err(ReadError::NoMemory), "{limit} of {granted}");
        }
    }
}
