//! Spans and log records on their way into batches: OTLP's nesting is made here, whatever the file's was.

use std::collections::HashMap;
use std::sync::Arc;

use otlp_wire::schema::{self, Message};
use otlp_wire::{DEPTH, Reader, validate_field};
use prost::encoding::{WireType, encode_key, encode_varint, encoded_len_varint};
use trace_model::{Batch, Raw, Source, work};

use crate::sink::Origin;

/// How many bytes of records a batch has before it is handed on: little enough to be taken in between two frames.
const BATCH: usize = 1 << 20;

/// Up to this length what records share is known by its bytes, beyond it by where it is in memory: comparing a large resource for each
/// of its records would cost the product of both.
const COMPARED: usize = 4 << 10;

/// What the two requests have in common: records in groups by resource and scope.
#[derive(Debug, Default)]
pub(crate) struct Pending {
    groups: Vec<Group>,
    resources: HashMap<(Key, Schema), usize>,
    scopes: HashMap<(usize, Key, Schema), usize>,
    /// Of all records, in bytes.
    bytes: usize,
    /// Of all resources and scopes, in bytes.
    shared: usize,
    records: u64,
}

/// A schema URL, if there is one.
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
    /// One field after the other.
    records: Vec<u8>,
}

#[derive(Debug, PartialEq, Eq, Hash)]
enum Key {
    Bytes(Box<[u8]>),
    /// It is kept in a group, so that nothing else can be there.
    Address(usize),
}

impl Key {
    fn of(shared: &Arc<[u8]>) -> Self {
        if shared.len() <= COMPARED {
            work::add(shared.len());
            Self::Bytes(Box::from(&**shared))
        } else {
            Self::Address(shared.as_ptr().addr())
        }
    }
}

impl Pending {
    /// Adds a record that is in a store.
    pub(crate) fn add_raw(&mut self, record: &Raw<'_>) {
        let origin = Origin {
            resource: record.origin.resource.clone(),
            scope: record.origin.scope.clone(),
            resource_schema: record.origin.resource_schema.clone(),
            scope_schema: record.origin.scope_schema.clone(),
        };
        self.add(&origin, record.bytes);
    }

    /// Adds a record, all in OTLP's protobuf.
    pub(crate) fn add(&mut self, origin: &Origin, record: &[u8]) {
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

    /// Whether it is time to hand it on. What records share is copied once per batch, so there are at least as many bytes of records.
    pub(crate) fn is_full(&self) -> bool {
        self.bytes >= BATCH.max(self.shared)
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.records == 0
    }

    /// What has come together, as a request's body; then there is nothing.
    pub(crate) fn body(&mut self) -> Vec<u8> {
        let Self {
            groups, bytes, shared, ..
        } = std::mem::take(self);
        work::add(bytes + shared);
        let mut body = Vec::with_capacity(bytes + shared + bytes / 8);
        for group in groups {
            let of_url = |schema: &Schema| schema.as_ref().map_or(0, |url| length(url.len()));
            let of_scope = |scope: &Scope| length(scope.bytes.len()) + scope.records.len() + of_url(&scope.schema);
            let scopes: usize = group.scopes.iter().map(|scope| length(of_scope(scope))).sum();
            begin(&mut body, 1, length(group.resource.len()) + scopes + of_url(&group.schema));
            field(&mut body, 1, &group.resource);
            for scope in group.scopes {
                begin(&mut body, 2, of_scope(&scope));
                field(&mut body, 1, &scope.bytes);
                body.extend_from_slice(&scope.records);
                put_url(&mut body, scope.schema.as_deref());
            }
            put_url(&mut body, group.schema.as_deref());
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

fn url_length(url: Option<&str>) -> usize {
    url.map_or(0, str::len)
}

/// Writes `schema_url`, which has the same number for resources and scopes.
fn put_url(to: &mut Vec<u8>, url: Option<&str>) {
    if let Some(url) = url {
        field(to, 3, url.as_bytes());
    }
}

/// Writes a field that holds bytes.
fn field(to: &mut Vec<u8>, number: u32, bytes: &[u8]) {
    begin(to, number, bytes.len());
    to.extend_from_slice(bytes);
}

/// Writes what stands before the bytes of a field.
fn begin(to: &mut Vec<u8>, number: u32, bytes: usize) {
    encode_key(number, WireType::LengthDelimited, to);
    encode_varint(bytes as u64, to);
}

/// How long such a field is, of a number below 16.
fn length(bytes: usize) -> usize {
    1 + encoded_len_varint(bytes as u64) + bytes
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
