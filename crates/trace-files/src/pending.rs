//! Spans and log records on their way into batches: OTLP's nesting is made here, whatever the file's was.

use std::collections::HashMap;

use otlp_wire::schema::{self, Message};
use otlp_wire::{DEPTH, Reader, validate_field};
use prost::encoding::{WireType, encode_key, encode_varint};
use trace_model::{Batch, Source};

/// How many bytes a batch has before it is handed on: little enough to be taken in between two frames.
const BATCH: usize = 1 << 20;

/// What the two requests have in common: records in groups by resource and scope.
#[derive(Debug, Default)]
pub(crate) struct Pending {
    groups: Vec<Group>,
    /// By resource and scope.
    known: HashMap<Vec<u8>, usize>,
    bytes: usize,
    records: u64,
}

#[derive(Debug)]
struct Group {
    resource: Vec<u8>,
    scope: Vec<u8>,
    /// One field after the other.
    records: Vec<u8>,
}

impl Pending {
    /// Adds a record, all in OTLP's protobuf.
    pub(crate) fn add(&mut self, resource: &[u8], scope: &[u8], record: &[u8]) {
        let mut key = (resource.len() as u64).to_le_bytes().to_vec();
        key.extend_from_slice(resource);
        key.extend_from_slice(scope);
        let (groups, bytes) = (&mut self.groups, &mut self.bytes);
        let at = *self.known.entry(key).or_insert_with(|| {
            *bytes += resource.len() + scope.len();
            groups.push(Group {
                resource: resource.to_vec(),
                scope: scope.to_vec(),
                records: Vec::new(),
            });
            groups.len() - 1
        });
        field(&mut groups[at].records, 2, record);
        *bytes += record.len();
        self.records += 1;
    }

    pub(crate) const fn is_full(&self) -> bool {
        self.bytes >= BATCH
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.records == 0
    }

    /// What has come together, as a request's body; then there is nothing.
    pub(crate) fn body(&mut self) -> Vec<u8> {
        let Self { groups, bytes, .. } = std::mem::take(self);
        let mut body = Vec::with_capacity(bytes + bytes / 8);
        for group in groups {
            let mut of_scope = Vec::with_capacity(group.scope.len() + group.records.len() + 8);
            field(&mut of_scope, 1, &group.scope);
            of_scope.extend_from_slice(&group.records);
            let mut of_resource = Vec::with_capacity(group.resource.len() + of_scope.len() + 16);
            field(&mut of_resource, 1, &group.resource);
            field(&mut of_resource, 2, &of_scope);
            field(&mut body, 1, &of_resource);
        }
        body
    }

    pub(crate) fn take_spans(&mut self) -> Batch {
        // What is added has been checked.
        Batch::traces(self.body().into(), Source::File).map_or_else(|_| Batch::empty(), |(batch, _)| batch)
    }

    pub(crate) fn take_logs(&mut self) -> Batch {
        Batch::logs(self.body().into(), Source::File).unwrap_or_else(|_| Batch::empty())
    }
}

/// Writes a field that holds bytes.
pub(crate) fn field(to: &mut Vec<u8>, number: u32, bytes: &[u8]) {
    encode_key(number, WireType::LengthDelimited, to);
    encode_varint(bytes.len() as u64, to);
    to.extend_from_slice(bytes);
}

/// Whether a span, a log record, a resource or a scope may stand where it stands in a request: that is as deep as messages may be
/// nested there, which is less deep than on their own.
pub(crate) fn fits(bytes: &[u8], message: &'static Message) -> bool {
    let depth = DEPTH
        - if std::ptr::eq(message, &raw const schema::RESOURCE) {
            2
        } else {
            3
        };
    let mut reader = Reader::new(bytes, depth);
    loop {
        match reader.next_field() {
            Ok(Some(field)) if validate_field(field, message, depth).is_ok() => {}
            Ok(None) => return true,
            _ => return false,
        }
    }
}
