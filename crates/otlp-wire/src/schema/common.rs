//! Messages that all signals have in common.

use super::message::{Field, Kind, Message, many, one};

/// Returns the attributes of a message.
pub(super) const fn attributes(number: u32) -> Field {
    many(number, "attributes", "attributes", Kind::Message(&KEY_VALUE))
}

/// The resource of a group.
pub(super) const RESOURCE_FIELD: Field = one(1, "resource", "resource", Kind::Message(&RESOURCE));
/// The scope of a group.
pub(super) const SCOPE_FIELD: Field = one(1, "scope", "scope", Kind::Message(&INSTRUMENTATION_SCOPE));
/// The schema URL of a group.
pub(super) const SCHEMA_URL: Field = one(3, "schema_url", "schemaUrl", Kind::String);

/// `Resource`.
pub static RESOURCE: Message = Message::new(
    "Resource",
    &[
        attributes(1),
        one(2, "dropped_attributes_count", "droppedAttributesCount", Kind::Uint32),
        many(3, "entity_refs", "entityRefs", Kind::Message(&ENTITY_REF)),
    ],
);

/// `EntityRef`.
pub static ENTITY_REF: Message = Message::new(
    "EntityRef",
    &[
        one(1, "schema_url", "schemaUrl", Kind::String),
        one(2, "type", "type", Kind::String),
        many(3, "id_keys", "idKeys", Kind::String),
        many(4, "description_keys", "descriptionKeys", Kind::String),
    ],
);

/// `InstrumentationScope`.
pub static INSTRUMENTATION_SCOPE: Message = Message::new(
    "InstrumentationScope",
    &[
        one(1, "name", "name", Kind::String),
        one(2, "version", "version", Kind::String),
        attributes(3),
        one(4, "dropped_attributes_count", "droppedAttributesCount", Kind::Uint32),
    ],
);

/// `KeyValue`.
pub static KEY_VALUE: Message = Message::new(
    "KeyValue",
    &[
        one(1, "key", "key", Kind::String),
        one(2, "value", "value", Kind::Message(&ANY_VALUE)),
        one(3, "key_strindex", "keyStrindex", Kind::Int32),
    ],
);

/// `AnyValue`.
pub static ANY_VALUE: Message = Message::new(
    "AnyValue",
    &[
        one(1, "string_value", "stringValue", Kind::String),
        one(2, "bool_value", "boolValue", Kind::Bool),
        one(3, "int_value", "intValue", Kind::Int64),
        one(4, "double_value", "doubleValue", Kind::Double),
        one(5, "array_value", "arrayValue", Kind::Message(&ARRAY_VALUE)),
        one(6, "kvlist_value", "kvlistValue", Kind::Message(&KEY_VALUE_LIST)),
        one(7, "bytes_value", "bytesValue", Kind::Bytes),
        one(8, "string_value_strindex", "stringValueStrindex", Kind::Int32),
    ],
);

/// `ArrayValue`.
pub static ARRAY_VALUE: Message = Message::new("ArrayValue", &[many(1, "values", "values", Kind::Message(&ANY_VALUE))]);

/// `KeyValueList`.
pub static KEY_VALUE_LIST: Message = Message::new("KeyValueList", &[many(1, "values", "values", Kind::Message(&KEY_VALUE))]);
