//! Spans and log records to be batched: builds OTLP's nesting, independent of the file's.

use std::collections::HashMap;
use std::sync::Arc;

use otlp_wire::schema::{self, Message};
use otlp_wire::{DEPTH, Reader, validate_field};
use prost::encoding::{WireType, encode_key, encode_varint, encoded_len_varint};
use trace_model::{Batch, RawRecord, Source, work};

use crate::resource_scope::ResourceScope;

/// Bytes of records per batch: small enough to be ingested between two frames.
const BATCH_BYTES: usize = 1 << 20;

/// Maximum number of records in a line of a saved file, and bytes of them from which on a line is full.
const LINE_RECORDS_MAX: u64 = 500;
const LINE_BYTES: usize = 256 << 10;

/// Shared data up to this many bytes is compared by content, longer data by address: comparing a large resource for each of its
/// records would be quadratic.
const COMPARED_BYTES_MAX: usize = 4 << 10;

/// Records grouped by resource and scope, for both kinds of requests.
#[derive(Debug, Default)]
pub(crate) struct Pending {
    groups: Vec<Group>,
    resources: HashMap<(Key, Schema), usize>,
    scopes: HashMap<(usize, Key, Schema), usize>,
    /// Bytes of all records.
    bytes: usize,
    /// Bytes of all resources and scopes.
    shared: usize,
    records: u64,
}

/// An optional schema URL.
type Schema = Option<Arc<str>>;

#[derive(Debug)]
struct Group {
    resource: Arc<[u8]>,
    schema: Schema,
    scopes: Vec<Scope>,
}

#[derive(Debug)]
struct Scope {
    /// The message.
    bytes: Arc<[u8]>,
    schema: Schema,
    /// Concatenated fields.
    records: Vec<u8>,
}

#[derive(Debug, PartialEq, Eq, Hash)]
enum Key {
    Bytes(Box<[u8]>),
    /// The address stays unique, because the group keeps the data alive.
    Address(usize),
}

impl Key {
    fn of(shared: &Arc<[u8]>) -> Self {
        if shared.len() <= COMPARED_BYTES_MAX {
            work::add(shared.len());
            Self::Bytes(Box::from(&**shared))
        } else {
            Self::Address(shared.as_ptr().addr())
        }
    }
}

impl Pending {
    /// Adds a record of a store.
    pub(crate) fn add_raw(&mut self, record: &RawRecord<'_>) {
        let origin = ResourceScope {
            resource: record.origin.resource.clone(),
            scope: record.origin.scope.clone(),
            resource_schema: record.origin.resource_schema.clone(),
            scope_schema: record.origin.scope_schema.clone(),
        };
        self.add(&origin, record.bytes);
    }

    /// Adds a record; all arguments are OTLP's protobuf.
    pub(crate) fn add(&mut self, origin: &ResourceScope, record: &[u8]) {
        let (resource, scope) = (&origin.resource, &origin.scope);
        let (groups, shared) = (&mut self.groups, &mut self.shared);
        let key = (Key::of(resource), origin.resource_schema.clone());
        let of_resource = *self.resources.entry(key).or_insert_with(|| {
            *shared += resource.len() + url_length(origin.resource_schema.as_deref());
            groups.push(Group {
                resource: resource.clone(),
                schema: origin.resource_schema.clone(),
                scopes: Vec::new(),
            });
            groups.len() - 1
        });
        let scopes = &mut groups[of_resource].scopes;
        let key = (of_resource, Key::of(scope), origin.scope_schema.clone());
        let of_scope = *self.scopes.entry(key).or_insert_with(|| {
            *shared += scope.len() + url_length(origin.scope_schema.as_deref());
            scopes.push(Scope {
                bytes: scope.clone(),
                schema: origin.scope_schema.clone(),
                records: Vec::new(),
            });
            scopes.len() - 1
        });
        field(&mut scopes[of_scope].records, 2, record);
        work::add(record.len());
        self.bytes += record.len();
        self.records += 1;
    }

    /// Returns true if the batch should be released. Shared data is copied once per batch, so a batch has at least as many bytes
    /// of records.
    pub(crate) fn is_full(&self) -> bool {
        self.bytes >= BATCH_BYTES.max(self.shared)
    }

    /// Returns true if the lines should be released, for the same reason not before there are as many bytes of records as shared data.
    pub(crate) fn is_full_line(&self) -> bool {
        (self.records >= LINE_RECORDS_MAX || self.bytes >= LINE_BYTES) && self.bytes >= self.shared
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.records == 0
    }

    /// Removes the records as a request body.
    pub(crate) fn body(&mut self) -> Vec<u8> {
        let Self {
            groups, bytes, shared, ..
        } = std::mem::take(self);
        work::add(bytes + shared);
        let mut body = Vec::with_capacity(bytes + shared + bytes / 8);
        for group in groups {
            group.write(&mut body);
        }
        body
    }

    /// Removes the records as a request body for each resource.
    pub(crate) fn bodies(&mut self) -> impl Iterator<Item = Vec<u8>> {
        let Self {
            groups, bytes, shared, ..
        } = std::mem::take(self);
        work::add(bytes + shared);
        groups.into_iter().map(|group| {
            let mut body = Vec::new();
            group.write(&mut body);
            body
        })
    }

    pub(crate) fn take_spans(&mut self) -> Batch {
        // Added records were validated.
        Batch::traces(self.body().into(), Source::File).map_or_else(|_| Batch::empty(), |(batch, _)| batch)
    }

    pub(crate) fn take_logs(&mut self) -> Batch {
        Batch::logs(self.body().into(), Source::File).unwrap_or_else(|_| Batch::empty())
    }
}

impl Group {
    /// Writes it as a field of a request.
    fn write(self, body: &mut Vec<u8>) {
        let of_url = |schema: &Schema| schema.as_ref().map_or(0, |url| length(url.len()));
        let of_scope = |scope: &Scope| length(scope.bytes.len()) + scope.records.len() + of_url(&scope.schema);
        let scopes: usize = self.scopes.iter().map(|scope| length(of_scope(scope))).sum();
        begin(body, 1, length(self.resource.len()) + scopes + of_url(&self.schema));
        field(body, 1, &self.resource);
        for scope in self.scopes {
            begin(body, 2, of_scope(&scope));
            field(body, 1, &scope.bytes);
            body.extend_from_slice(&scope.records);
            put_url(body, scope.schema.as_deref());
        }
        put_url(body, self.schema.as_deref());
    }
}

fn url_length(url: Option<&str>) -> usize {
    url.map_or(0, str::len)
}

/// Writes `schema_url`, which has the same number for resources and scopes.
fn put_url(to: &mut Vec<u8>, url: Option<&str>) {
    if let Some(url) = url {
        field(to, 3, url.as_bytes());
    }
}

/// Writes a length-delimited field.
fn field(to: &mut Vec<u8>, number: u32, bytes: &[u8]) {
    begin(to, number, bytes.len());
    to.extend_from_slice(bytes);
}

/// Writes the key and length of a length-delimited field.
fn begin(to: &mut Vec<u8>, number: u32, bytes: usize) {
    encode_key(number, WireType::LengthDelimited, to);
    encode_varint(bytes as u64, to);
}

/// Returns the size of such a field with a number below 16.
fn length(bytes: usize) -> usize {
    1 + encoded_len_varint(bytes as u64) + bytes
}

/// Returns true if a span, log record, resource or scope is valid at its position in a request: messages may be nested less
/// deeply there than on their own.
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
