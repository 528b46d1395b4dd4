//! The validating walk over a request's bytes, which notes the header of each record and the position of the rest.
//!
//! Nothing is decoded and nothing copied except data shared by the spans of a scope. It accepts exactly what prost decodes, so
//! that every stored record can be decoded when it is shown.

mod groups;
mod log;
mod memory;
mod parts;
mod resource;
mod span;

use std::sync::Arc;

use bytes::Bytes;
use otlp_wire::{DEPTH, Malformed, Reader, Value, schema, validate_field};

use crate::batch::{Carry, DroppedSpans, LogHeader, SpanHeader};
use crate::{Batch, Provenance, Source, work};
use memory::unlimited;
pub use memory::{Grant, ReadError};
pub(crate) use parts::Parts;
pub(crate) use resource::service_name;

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

    /// The position of the origin that is added at the end of the scope.
    #[expect(
        clippy::cast_possible_truncation,
        reason = "each has at least two bytes of a body of less than 4 GiB"
    )]
    const fn origin(&self) -> u32 {
        self.origins.len() as u32
    }
}

/// Protobuf cuts an enumeration's number to 32 bits.
#[expect(clippy::cast_possible_truncation, reason = "so does protobuf")]
const fn enumeration(number: u64) -> i32 {
    number as i32
}
