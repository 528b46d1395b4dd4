//! Header of a span or a log record: one cache line.

use crate::batch::{LogHeader, SpanFlags, SpanHeader};
use crate::sentry::Gravity;
use crate::{Severity, SpanId, SpanKind, StatusCode};

/// Identity of a stored log record. The order of ids is that of the lists: by time, then by arrival.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LogId {
    time_unix_nano: u64,
    number: u64,
}

impl LogId {
    pub(super) const LAST: Self = Self::new(u64::MAX, u64::MAX);

    pub(super) const fn new(time_unix_nano: u64, number: u64) -> Self {
        Self { time_unix_nano, number }
    }

    /// Time of the record, or of its observation if the sender gave none; nanoseconds since the Unix epoch.
    #[must_use]
    pub const fn time_unix_nano(self) -> u64 {
        self.time_unix_nano
    }
}

/// Position of a record in the log: chunk and index. It changes only when the record is copied forward.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct RecordId(u32);

impl RecordId {
    /// Records of a chunk, at most.
    pub(super) const PER_CHUNK: usize = 1 << 14;
    /// Chunks, at most; one number is [`RecordId::NONE`].
    pub(super) const CHUNKS: usize = (1 << 18) - 1;
    /// Nowhere.
    pub(super) const NONE: Self = Self(u32::MAX);

    #[expect(clippy::cast_possible_truncation, reason = "both are below their limits")]
    pub(super) const fn new(chunk: usize, position: usize) -> Self {
        Self((chunk as u32) << 14 | position as u32)
    }

    pub(super) const fn chunk(self) -> usize {
        (self.0 >> 14) as usize
    }

    pub(super) const fn position(self) -> usize {
        (self.0 & 0x3fff) as usize
    }

    pub(super) fn get(self) -> Option<Self> {
        (self != Self::NONE).then_some(self)
    }

    pub(super) const fn to_bits(self) -> u32 {
        self.0
    }

    pub(super) const fn from_bits(bits: u32) -> Self {
        Self(bits)
    }
}

/// The place of a record when it was read. It may have moved since.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RecordPlace(pub(super) RecordId);

impl RecordPlace {
    /// Nowhere.
    pub(crate) const NONE: Self = Self(RecordId::NONE);
}

/// Slot of a trace in the slab, which another trace may take when this one was evicted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Slot(pub(super) u32);

impl Slot {
    /// No trace.
    pub(super) const NONE: Self = Self(u32::MAX);

    pub(super) fn get(self) -> Option<Self> {
        (self != Self::NONE).then_some(self)
    }
}

/// Kind of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RecordKind {
    /// A span by OTLP, or the viewer's own.
    Span,
    Log,
    /// A span by a Sentry envelope.
    SentrySpan,
}

/// In [`Record::kind`], of a span by a Sentry envelope: the same span is stored by OTLP as well, which is the shown one.
const SHADOW_BIT: u8 = 0x80;
/// In [`Record::kind`], of a span by OTLP: it arrived by Sentry's OTLP route, perhaps also in another way.
const SENTRY_OTLP_BIT: u8 = 0x08;
/// In [`Record::kind`], of a span by OTLP: its trace's index has it by id and service, since another service had its id before.
const BY_SERVICE_BIT: u8 = 0x04;
/// In [`Record::kind`], of a log record: it is an error event.
const ERROR_EVENT_BIT: u8 = 1;
/// In [`Record::kind`], of a log record: the lowest bit of its severity.
const SEVERITY_SHIFT: u8 = 3;
/// In [`Record::kind`], of an error event: [`Gravity::Handled`].
const HANDLED: u8 = 4;
/// In [`Record::kind`], of an error event: [`Gravity::Mild`].
const MILD_BIT: u8 = 2;

/// In [`Record::marks`], next to the bits of [`SpanFlags`].
const DEAD_BIT: u8 = 0x80;
/// Next to those: another span of its service has the same id.
const DUPLICATE_BIT: u8 = 0x40;

#[derive(Clone, Copy, Debug)]
pub(super) struct Record {
    /// 0 for a log record outside of any span.
    span_id: u64,
    /// Of a span: 0 for none. Of a log record: its number in order of arrival.
    parent: u64,
    pub(super) start_unix_nano: u64,
    pub(super) end_unix_nano: u64,
    /// Offset of its bytes in the chunk.
    pub(super) offset: u32,
    pub(super) length: u32,
    /// Interned.
    pub(super) name: u32,
    /// Interned.
    pub(super) origin: u32,
    pub(super) trace: Slot,
    /// The records of one trace are linked, in order of arrival.
    pub(super) next: RecordId,
    pub(super) previous: RecordId,
    pub(super) stored_as: RecordKind,
    /// Of a span: kind in three bits and status in two, [`SHADOW_BIT`], [`SENTRY_OTLP_BIT`] and [`BY_SERVICE_BIT`]. Of a log record:
    /// [`ERROR_EVENT_BIT`], with [`MILD_BIT`] or [`HANDLED`], or nothing, and its severity in three bits.
    kind: u8,
    /// Of a span: its [`SpanFlags`]. Of any record: [`DEAD_BIT`] if it is unreferenced. And [`DUPLICATE_BIT`].
    marks: u8,
    /// Number of the search that matched it; 0 for none.
    pub(super) found_by: u8,
}

const _: () = assert!(size_of::<Record>() == 64, "a record fills one cache line");

impl Record {
    pub(super) fn of_span(head: &SpanHeader, stored_as: RecordKind) -> Self {
        Self {
            span_id: u64::from_be_bytes(*head.span_id.as_bytes()),
            parent: head.parent_span_id.map_or(0, |id| u64::from_be_bytes(*id.as_bytes())),
            start_unix_nano: head.start_unix_nano,
            end_unix_nano: head.end_unix_nano,
            offset: 0,
            length: 0,
            name: 0,
            origin: 0,
            trace: Slot::NONE,
            next: RecordId::NONE,
            previous: RecordId::NONE,
            stored_as,
            kind: (head.kind as u8) << 4 | head.status as u8,
            marks: head.marks.bits(),
            found_by: 0,
        }
    }

    pub(super) fn of_log(head: &LogHeader, number: u64) -> Self {
        Self {
            span_id: head.span_id.map_or(0, |id| u64::from_be_bytes(*id.as_bytes())),
            parent: number,
            start_unix_nano: head.time_unix_nano,
            end_unix_nano: head.time_unix_nano,
            offset: 0,
            length: 0,
            name: 0,
            origin: 0,
            trace: Slot::NONE,
            next: RecordId::NONE,
            previous: RecordId::NONE,
            stored_as: RecordKind::Log,
            kind: (head.severity as u8) << SEVERITY_SHIFT
                | match head.gravity {
                    None => 0,
                    Some(Gravity::Error) => ERROR_EVENT_BIT,
                    Some(Gravity::Handled) => ERROR_EVENT_BIT | HANDLED,
                    Some(Gravity::Mild) => ERROR_EVENT_BIT | MILD_BIT,
                },
            marks: 0,
            found_by: 0,
        }
    }

    pub(super) const fn is_dead(&self) -> bool {
        self.marks & DEAD_BIT != 0
    }

    pub(super) const fn set_dead(&mut self) {
        self.marks |= DEAD_BIT;
    }

    /// Returns the marks of a span.
    pub(super) const fn marks(&self) -> SpanFlags {
        SpanFlags::of(self.marks & !(DEAD_BIT | DUPLICATE_BIT))
    }

    /// Returns true for a span with the id of another one of its service.
    pub(super) const fn is_duplicate(&self) -> bool {
        self.marks & DUPLICATE_BIT != 0
    }

    pub(super) const fn set_duplicate(&mut self) {
        self.marks |= DUPLICATE_BIT;
    }

    pub(super) fn span_id(&self) -> Option<SpanId> {
        SpanId::from_bytes(self.span_id.to_be_bytes()).ok()
    }

    pub(super) const fn has_span_id(&self, span_id: SpanId) -> bool {
        self.span_id == u64::from_be_bytes(*span_id.as_bytes())
    }

    pub(super) fn parent_span_id(&self) -> Option<SpanId> {
        SpanId::from_bytes(self.parent.to_be_bytes()).ok()
    }

    pub(super) const fn is_root(&self) -> bool {
        self.parent == 0
    }

    /// Returns its start; `None` for a span without one below another. A root may begin at 0.
    pub(super) fn known_start(&self) -> Option<u64> {
        (self.start_unix_nano > 0 || self.is_root()).then_some(self.start_unix_nano)
    }

    pub(super) const fn in_flight(&self) -> bool {
        self.end_unix_nano == 0
    }

    /// Returns the kind of a span.
    pub(super) fn kind(&self) -> SpanKind {
        SpanKind::from_otlp(i32::from(self.kind >> 4 & 7))
    }

    /// Returns the status of a span.
    pub(super) fn status(&self) -> StatusCode {
        StatusCode::from_otlp(i32::from(self.kind & 3))
    }

    /// Returns true for a span by a Sentry envelope that is stored by OTLP as well.
    pub(super) const fn is_shadow(&self) -> bool {
        self.kind & SHADOW_BIT != 0
    }

    pub(super) const fn set_shadow(&mut self) {
        self.kind |= SHADOW_BIT;
    }

    /// Returns true for a span that arrived by Sentry's OTLP route.
    pub(super) const fn is_sentry_otlp(&self) -> bool {
        self.kind & SENTRY_OTLP_BIT != 0
    }

    pub(super) const fn set_sentry_otlp(&mut self) {
        self.kind |= SENTRY_OTLP_BIT;
    }

    /// Returns true for a span that its trace's index has by id and service.
    pub(super) const fn is_by_service(&self) -> bool {
        self.kind & BY_SERVICE_BIT != 0
    }

    pub(super) const fn set_by_service(&mut self) {
        self.kind |= BY_SERVICE_BIT;
    }

    /// Returns true for a log record that reports an error.
    pub(super) fn is_error_event(&self) -> bool {
        self.stored_as == RecordKind::Log && self.kind & ERROR_EVENT_BIT != 0
    }

    /// Returns the identity of a log record.
    pub(super) const fn log_id(&self) -> LogId {
        LogId::new(self.start_unix_nano, self.parent)
    }

    /// Returns the severity of a log record.
    pub(super) fn severity(&self) -> Severity {
        let known = Severity::ALL.get(usize::from(self.kind >> SEVERITY_SHIFT));
        known.copied().unwrap_or_default()
    }

    /// Returns how grave an error event is; `None` for any other record.
    pub(super) fn gravity(&self) -> Option<Gravity> {
        self.is_error_event().then_some(match self.kind {
            kind if kind & MILD_BIT != 0 => Gravity::Mild,
            kind if kind & HANDLED != 0 => Gravity::Handled,
            _ => Gravity::Error,
        })
    }

    /// Returns true if it has a row.
    pub(super) fn is_row(&self) -> bool {
        match self.stored_as {
            RecordKind::Span => true,
            RecordKind::SentrySpan => !self.is_shadow(),
            RecordKind::Log => false,
        }
    }

    /// Returns the bytes of the log that it accounts for.
    pub(super) const fn bytes(&self) -> usize {
        size_of::<Self>() + self.length as usize
    }
}
