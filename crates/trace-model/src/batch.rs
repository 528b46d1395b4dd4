//! Data on its way from the listener to the store: the bytes of a request, and the position of everything in them.

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

use bytes::Bytes;

mod items;
mod service;

use crate::sentry::Gravity;
use crate::{IdError, LogRecord, Provenance, Severity, Span, SpanId, SpanKind, StatusCode, TraceId, pending};
pub use items::{BatchLog, BatchSpan};

/// The longest span name that is kept apart from its span, in bytes.
pub(crate) const NAME_LENGTH_MAX: usize = 4_096;

/// A part of a request's body.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub(crate) struct ByteRange {
    at: u32,
    length: u32,
}

impl ByteRange {
    /// Returns the position of `part`, a slice of `whole`. A body has less than 4 GiB.
    #[expect(clippy::cast_possible_truncation, reason = "`Batch` rejects longer bodies")]
    pub(crate) fn of(whole: &[u8], part: &[u8]) -> Self {
        Self {
            at: (part.as_ptr().addr() - whole.as_ptr().addr()) as u32,
            length: part.len() as u32,
        }
    }

    pub(crate) const fn start(self) -> u32 {
        self.at
    }

    /// The same part of a body that begins with what was at `start`.
    const fn from(self, start: u32) -> Self {
        Self {
            at: self.at.saturating_sub(start),
            length: self.length,
        }
    }

    pub(crate) const fn length(self) -> usize {
        self.length as usize
    }

    pub(crate) const fn range(self) -> Range<usize> {
        self.at as usize..self.at as usize + self.length as usize
    }
}

/// Sampling of a span: the bits of OTLP's `Span.flags` that are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Flags {
    /// True if the W3C trace flags say sampled. Senders that do not write them leave it false.
    pub sampled: bool,
    /// True if the parent is in another process; `None` if unknown.
    pub parent_is_remote: Option<bool>,
}

/// Flags computed in the walk so that the span need not be decoded for them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub(crate) struct SpanFlags(u8);

impl SpanFlags {
    pub(crate) const EXCEPTION: u8 = 1;
    pub(crate) const LINKS: u8 = 1 << 1;
    pub(crate) const EVENTS: u8 = 1 << 2;
    pub(crate) const SAMPLED: u8 = 1 << 3;
    pub(crate) const REMOTE_KNOWN: u8 = 1 << 4;
    pub(crate) const REMOTE: u8 = 1 << 5;
    /// Has an attribute that names a port, or may.
    pub(crate) const PORT: u8 = 1 << 6;

    pub(crate) const fn of(bits: u8) -> Self {
        Self(bits)
    }

    pub(crate) const fn bits(self) -> u8 {
        self.0
    }

    pub(crate) const fn set(&mut self, bits: u8) {
        self.0 |= bits;
    }

    pub(crate) const fn has(self, bit: u8) -> bool {
        self.0 & bit != 0
    }

    /// Notes `Span.flags`: W3C's in the low byte, then whether it is known that the parent is remote, then whether it is.
    pub(crate) const fn set_flags(&mut self, flags: u32) {
        // Of a repeated field the last value counts.
        self.0 &= !(Self::SAMPLED | Self::REMOTE_KNOWN | Self::REMOTE);
        if flags & 1 != 0 {
            self.0 |= Self::SAMPLED;
        }
        if flags & 0x100 != 0 {
            self.0 |= Self::REMOTE_KNOWN;
        }
        if flags & 0x200 != 0 {
            self.0 |= Self::REMOTE;
        }
    }

    pub(crate) fn flags(self) -> Flags {
        Flags {
            sampled: self.has(Self::SAMPLED),
            parent_is_remote: self.has(Self::REMOTE_KNOWN).then_some(self.has(Self::REMOTE)),
        }
    }
}

/// Header of a span; the rest is in the body.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct SpanHeader {
    pub(crate) trace_id: TraceId,
    pub(crate) span_id: SpanId,
    pub(crate) parent_span_id: Option<SpanId>,
    pub(crate) start_unix_nano: u64,
    /// 0 while it is in flight.
    pub(crate) end_unix_nano: u64,
    pub(crate) kind: SpanKind,
    pub(crate) status: StatusCode,
    pub(crate) marks: SpanFlags,
    /// Position in [`Batch::origins`].
    pub(crate) origin: u32,
    /// UTF-8.
    pub(crate) name: ByteRange,
    /// The OTLP `Span` message.
    pub(crate) raw: ByteRange,
    /// Set by [`Batch::hide_spans`].
    pub(crate) is_hidden: bool,
}

impl SpanHeader {
    /// Returns the header of the span that a pending span announces; of any other span its own.
    pub(crate) fn resolved(mut self, raw: &[u8]) -> Self {
        let (true, Some(running)) = (self.start_unix_nano == self.end_unix_nano, self.parent_span_id) else {
            return self;
        };
        if let Some(announced) = pending::announced(raw) {
            self.span_id = running;
            self.parent_span_id = announced.parent;
            self.end_unix_nano = 0;
        }
        self
    }
}

/// Header of a log record; the rest is in the body.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct LogHeader {
    /// `None` for a record outside of any trace.
    pub(crate) trace_id: Option<TraceId>,
    pub(crate) span_id: Option<SpanId>,
    /// Time of the event, or of its observation if the sender gave none.
    pub(crate) time_unix_nano: u64,
    pub(crate) severity: Severity,
    /// Set for an error event, which is shown on its span's row.
    pub(crate) gravity: Option<Gravity>,
    /// Position in [`Batch::origins`].
    pub(crate) origin: u32,
    /// The OTLP `LogRecord` message.
    pub(crate) raw: ByteRange,
}

/// The spans or the log records of one request, in the sender's order, with its bytes.
///
/// Created by [`Batch::traces`] and [`Batch::logs`], stored by [`crate::Store::add`].
#[derive(Clone, Debug, PartialEq)]
pub struct Batch {
    pub(crate) body: Bytes,
    pub(crate) received_unix_nano: u64,
    pub(crate) origins: Vec<Provenance>,
    /// Bytes of memory that these take.
    pub(crate) origin_bytes: usize,
    /// Bytes of memory that were granted for spans and log records.
    pub(crate) list_bytes: usize,
    pub(crate) spans: Vec<SpanHeader>,
    pub(crate) logs: Vec<LogHeader>,
    /// Hashes of names longer than [`NAME_LENGTH_MAX`], each with where the name begins, in that order.
    pub(crate) long_names: Vec<(u32, u64)>,
    /// Number of stored records.
    pub(crate) taken: usize,
    pub(crate) carry: Carry,
}

/// State of the store between two parts of a batch.
#[derive(Clone, Debug, PartialEq, Default)]
pub(crate) struct Carry {
    /// Copied part of the next record, which is too long to be copied in one step.
    pub(crate) copied: Vec<u8>,
    /// The trace of the log records that belong to none: its slot, and its arrival.
    pub(crate) without_trace: Option<(u32, u64)>,
}

impl Carry {
    pub(crate) const EMPTY: Self = Self {
        copied: Vec::new(),
        without_trace: None,
    };

    /// A record's bytes: those that were copied, or else where they are.
    pub(crate) fn whole<'a>(&mut self, raw: &'a [u8]) -> Cow<'a, [u8]> {
        if self.copied.is_empty() {
            Cow::Borrowed(raw)
        } else {
            Cow::Owned(std::mem::take(&mut self.copied))
        }
    }
}

impl Batch {
    /// Says when it was received, in nanoseconds since the Unix epoch: what [`crate::Store::services`] shows as last seen.
    #[must_use]
    pub const fn received_at(mut self, unix_nano: u64) -> Self {
        self.received_unix_nano = unix_nano;
        self
    }

    /// Returns the number of spans.
    #[must_use]
    pub const fn span_count(&self) -> usize {
        self.spans.len()
    }

    /// Returns the number of spans that are not hidden.
    #[must_use]
    pub fn shown_spans(&self) -> usize {
        self.spans.iter().filter(|head| !head.is_hidden).count()
    }

    /// Returns the number of log records.
    #[must_use]
    pub const fn log_count(&self) -> usize {
        self.logs.len()
    }

    /// Returns true if there is neither a span nor a log record.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.spans.is_empty() && self.logs.is_empty()
    }

    /// Returns the bytes of memory it accounts for while it waits for the store.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let heads = self.spans.len() * size_of::<SpanHeader>() + self.logs.len() * size_of::<LogHeader>();
        self.body.len() + heads.max(self.list_bytes) + self.origin_bytes
    }

    /// The ids of the spans, in the sender's order.
    pub fn span_ids(&self) -> impl Iterator<Item = (TraceId, SpanId)> {
        self.spans.iter().map(|head| (head.trace_id, head.span_id))
    }

    /// The spans, each decoded whole.
    pub fn decode_spans(&self) -> impl Iterator<Item = Span> {
        self.each_span().filter_map(|span| span.decode_whole())
    }

    /// The log records, each decoded whole.
    pub fn decode_logs(&self) -> impl Iterator<Item = LogRecord> {
        self.each_log().map(|log| log.decode_whole())
    }

    /// Returns a span's name as it is stored outside of it, in UTF-8. A long one is truncated, with a hash at its end that keeps it apart
    /// from others.
    pub(crate) fn name(&self, head: &SpanHeader) -> Cow<'_, [u8]> {
        let name = self.bytes_at(head.name);
        if name.len() <= NAME_LENGTH_MAX {
            return Cow::Borrowed(name);
        }
        let begin = String::from_utf8_lossy(&name[..NAME_LENGTH_MAX]);
        let hash = self.hash_of_long_name(head).unwrap_or_default();
        Cow::Owned(format!("{}… #{hash:016x}", begin.trim_end_matches('\u{fffd}')).into_bytes())
    }

    fn hash_of_long_name(&self, head: &SpanHeader) -> Option<u64> {
        let known = self.long_names.binary_search_by_key(&head.name.at, |(at, _)| *at);
        Some(self.long_names[known.ok()?].1)
    }

    pub(crate) fn bytes_at(&self, piece: ByteRange) -> &[u8] {
        self.body.get(piece.range()).unwrap_or_default()
    }
}

/// A span dropped from an accepted request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field} {error}")]
pub struct DropReason {
    /// Invalid field: `trace_id`, `span_id`, `parent_span_id`.
    pub field: &'static str,
    /// Error of the id.
    pub error: IdError,
}

/// Spans dropped from an accepted request. Displays as the reason for the sender.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct DroppedSpans {
    reasons: Vec<(DropReason, u64)>,
    other: u64,
}

impl DroppedSpans {
    /// Distinct reasons kept: a hostile request can have a different one for each span.
    const REASONS: usize = 3;

    pub(crate) const fn new() -> Self {
        Self {
            reasons: Vec::new(),
            other: 0,
        }
    }

    /// Counts more spans that were not taken.
    pub fn add(&mut self, reason: DropReason, spans: u64) {
        if let Some((_, count)) = self.reasons.iter_mut().find(|(known, _)| *known == reason) {
            *count += spans;
        } else if self.reasons.len() < Self::REASONS {
            self.reasons.push((reason, spans));
        } else {
            self.other += spans;
        }
    }

    /// Counts those of another part of the request too.
    pub fn merge(&mut self, other: Self) {
        for (reason, spans) in other.reasons {
            self.add(reason, spans);
        }
        self.other += other.other;
    }

    /// Returns the number of spans.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.other + self.reasons.iter().map(|(_, count)| count).sum::<u64>()
    }

    /// Returns true if no span was dropped.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.count() == 0
    }
}

impl fmt::Display for DroppedSpans {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("spans dropped: ")?;
        for (at, (reason, count)) in self.reasons.iter().enumerate() {
            let comma = if at > 0 { ", " } else { "" };
            write!(f, "{comma}{reason} ({})", printable::grouped(*count))?;
        }
        if self.other > 0 {
            write!(f, ", other reasons ({})", printable::grouped(self.other))?;
        }
        Ok(())
    }
}
