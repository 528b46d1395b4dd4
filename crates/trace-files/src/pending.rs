//! Spans and log records on their way into batches: OTLP's nesting is made here, whatever the file's was.

use std::collections::HashMap;
use std::sync::Arc;

use otlp_wire::schema::{self, Message};
use otlp_wire::{DEPTH, Reader, validate_field};
use prost::encoding::{WireType, encode_key, encode_varint, encoded_len_varint};
use trace_model::{Batch, Raw, Source, work};

/// How many bytes of records a batch has before it is handed on: little enough to be taken in between two frames.
const BATCH: usize = 1 << 20;

/// Up to this length what records share is known by its bytes, beyond it by where it is in memory: comparing a large resource for each
/// of its records would cost the product of both.
const COMPARED: usize = 4 << 10;

/// What the two requests have in common: records in groups by resource and scope.
#[derive(Debug, Default)]
pub(crate) struct Pending {
    groups: Vec<Group>,
    resources: HashMap<Key, usize>,
    scopes: HashMap<(usize, Key), usize>,
    /// Of all records, in bytes.
    bytes: usize,
    /// Of all resources and scopes, in bytes.
    shared: usize,
    records: u64,
}

#[derive(Debug)]
struct Group {
    resource: Arc<[u8]>,
    scopes: Vec<Scope>,
}

#[derive(Debug)]
struct Scope {
    scope: Arc<[u8]>,
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

/// The scopes of records that are in a store, by where they are there: it stays as it is meanwhile.
#[derive(Debug, Default)]
pub(crate) struct Scopes(HashMap<usize, Arc<[u8]>>);

impl Scopes {
    fn of(&mut self, record: &Raw<'_>) -> &Arc<[u8]> {
        let scope = &record.origin.scope;
        self.0.entry(scope.as_ptr().addr()).or_insert_with(|| Arc::from(&**scope))
    }
}

impl Pending {
    /// Adds a record that is in a store.
    pub(crate) fn add_raw(&mut self, record: &Raw<'_>, scopes: &mut Scopes) {
        self.add(&record.origin.resource, scopes.of(record), record.bytes);
    }

    /// Adds a record, all in OTLP's protobuf.
    pub(crate) fn add(&mut self, resource: &Arc<[u8]>, scope: &Arc<[u8]>, record: &[u8]) {
        let (groups, shared) = (&mut self.groups, &mut self.shared);
        let of_resource = *self.resources.entry(Key::of(resource)).or_insert_with(|| {
            *shared += resource.len();
            groups.push(Group {
                resource: resource.clone(),
                scopes: Vec::new(),
            });
            groups.len() - 1
        });
        let scopes = &mut groups[of_resource].scopes;
        let of_scope = *self.scopes.entry((of_resource, Key::of(scope))).or_insert_with(|| {
            *shared += scope.len();
            scopes.push(Scope {
                scope: scope.clone(),
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
            let of_scope = |scope: &Scope| length(scope.scope.len()) + scope.records.len();
            let scopes: usize = group.scopes.iter().map(|scope| length(of_scope(scope))).sum();
            begin(&mut body, 1, length(group.resource.len()) + scopes);
            field(&mut body, 1, &group.resource);
            for scope in group.scopes {
                begin(&mut body, 2, of_scope(&scope));
                field(&mut body, 1, &scope.scope);
                body.extend_from_slice(&scope.records);
            }
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
