//! Groups of a request by resource and by scope: the origins of their records.

use std::sync::Arc;

use otlp_wire::{Reader, Value, validate_field};

use super::memory::{ReadError, ahead, reserve};
use super::parts::Parts;
use super::resource::{attribute, service_name};
use super::{IN_RESOURCE, IN_SCOPE, Signal, Walk};
use crate::work::{self, VISIT};
use crate::{Provenance, SERVICE_LENGTH_MAX, hash, schema_url, text};

/// Bytes of each origin in addition to its scope: itself, and two shared texts that are replaced once the resource is known.
const PROVENANCE_BYTES: usize = size_of::<Provenance>() + 64;

impl<'a> Walk<'a> {
    pub(super) fn read_resource_group(&mut self, group: &'a [u8], signal: Signal) -> Result<(), ReadError> {
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
