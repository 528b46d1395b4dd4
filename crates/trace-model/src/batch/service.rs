//! Naming the service of resources that do not.

use std::sync::Arc;

use otlp_wire::{Value, fields};
use prost::encoding::{WireType, encode_key, encode_varint};

use super::Batch;
use crate::wire::key_and_text;
use crate::{hash, work};

const SERVICE_NAME: &[u8] = b"service.name";
/// The numbers of `Resource.attributes`, `KeyValue.key`, `KeyValue.value` and `AnyValue.string_value`.
const ATTRIBUTES: u32 = 1;
const KEY: u32 = 1;
const VALUE: u32 = 2;
const STRING: u32 = 1;

/// A resource with its new name.
struct Named {
    before: Arc<[u8]>,
    resource: Arc<[u8]>,
    hash: u64,
}

impl Batch {
    /// Sets `service.name` to `name` in the resources whose service is unnamed.
    pub fn name_services(&mut self, name: &str, is_unnamed: impl Fn(&str) -> bool) {
        // The scopes of a resource share it.
        let mut last: Option<Named> = None;
        let service: Arc<str> = name.into();
        for origin in self.origins.iter_mut().filter(|origin| is_unnamed(&origin.service)) {
            let known = last.take().filter(|last| Arc::ptr_eq(&last.before, &origin.resource));
            let named = known.unwrap_or_else(|| {
                let resource: Arc<[u8]> = with_service(&origin.resource, name).into();
                work::add(resource.len());
                self.origin_bytes += resource.len().saturating_sub(origin.resource.len());
                Named {
                    before: origin.resource.clone(),
                    hash: hash::of(&resource),
                    resource,
                }
            });
            origin.service = service.clone();
            origin.resource = named.resource.clone();
            origin.resource_hash = named.hash;
            last = Some(named);
        }
    }
}

/// A resource with another service's name, the other fields as they are.
fn with_service(resource: &[u8], name: &str) -> Vec<u8> {
    let mut named = Vec::with_capacity(resource.len() + name.len() + 32);
    for field in fields(resource) {
        let is_service = |attribute| field.number == ATTRIBUTES && key_and_text(attribute).0 == SERVICE_NAME;
        match field.value {
            Value::Bytes(bytes) if !is_service(bytes) => delimited(field.number, bytes, &mut named),
            Value::Varint(number) => {
                encode_key(field.number, WireType::Varint, &mut named);
                encode_varint(number, &mut named);
            }
            // The service's name; of other types a resource has no field.
            Value::Bytes(_) | Value::Fixed64(_) | Value::Fixed32(_) | Value::Group => {}
        }
    }
    let (mut value, mut attribute) = (Vec::new(), Vec::new());
    delimited(STRING, name.as_bytes(), &mut value);
    delimited(KEY, SERVICE_NAME, &mut attribute);
    delimited(VALUE, &value, &mut attribute);
    delimited(ATTRIBUTES, &attribute, &mut named);
    named
}

fn delimited(number: u32, bytes: &[u8], to: &mut Vec<u8>) {
    encode_key(number, WireType::LengthDelimited, to);
    encode_varint(bytes.len() as u64, to);
    to.extend_from_slice(bytes);
}
