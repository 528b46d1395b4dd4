//! OTLP's messages as a table.
//!
//! Source: [opentelemetry-proto](https://github.com/open-telemetry/opentelemetry-proto) 1.10, `common/v1`, `resource/v1`, `trace/v1`,
//! `logs/v1`, `metrics/v1` and `collector/*/v1`. A test compares it with what prost generates from the same files.

mod logs;
mod metrics;
mod traces;

pub use logs::{LOG_RECORD, LOGS_REQUEST, RESOURCE_LOGS, SCOPE_LOGS};
pub use metrics::{
    BUCKETS, EXEMPLAR, EXPONENTIAL_HISTOGRAM, EXPONENTIAL_HISTOGRAM_DATA_POINT, GAUGE, HISTOGRAM, HISTOGRAM_DATA_POINT, METRIC,
    METRICS_REQUEST, NUMBER_DATA_POINT, RESOURCE_METRICS, SCOPE_METRICS, SUM, SUMMARY, SUMMARY_DATA_POINT, VALUE_AT_QUANTILE,
};
pub use traces::{RESOURCE_SPANS, SCOPE_SPANS, SPAN, SPAN_EVENT, SPAN_LINK, STATUS, TRACES_REQUEST};

/// Type of a field.
#[derive(Clone, Copy, Debug)]
#[expect(missing_docs, reason = "the names are protobuf's")]
pub enum Kind {
    String,
    Bytes,
    /// Bytes in hexadecimal in OTLP's JSON: trace and span ids.
    Id,
    Bool,
    Int32,
    Int64,
    Uint32,
    Uint64,
    Sint32,
    Fixed32,
    Fixed64,
    Sfixed64,
    Double,
    /// An enumeration with its names.
    Enum(&'static [(&'static str, i32)]),
    Message(&'static Message),
}

/// A field of a message.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    /// Number on the wire.
    pub number: u32,
    /// Name in the schema (`start_time_unix_nano`).
    pub name: &'static str,
    /// Name in JSON (`startTimeUnixNano`).
    pub json_name: &'static str,
    /// Type of its value.
    pub kind: Kind,
    /// True if the field is repeated. Numbers may then be packed.
    pub repeated: bool,
}

/// A message: its fields by number.
#[derive(Debug)]
pub struct Message {
    /// Name in the schema.
    pub name: &'static str,
    /// Fields in order of number.
    pub fields: &'static [Field],
    /// By field number, its index in `fields` plus one; 0 for a number without a field.
    positions: [u8; NUMBERS],
}

/// Upper bound of field numbers, exclusive.
const NUMBERS: usize = 24;

impl Message {
    #[expect(clippy::cast_possible_truncation, reason = "a message has less than 24 fields")]
    const fn new(name: &'static str, fields: &'static [Field]) -> Self {
        let mut positions = [0; NUMBERS];
        let mut at = 0;
        while at < fields.len() {
            positions[fields[at].number as usize] = at as u8 + 1;
            at += 1;
        }
        Self { name, fields, positions }
    }

    /// Returns the field with this number.
    #[must_use]
    #[inline]
    pub fn field(&self, number: u32) -> Option<&'static Field> {
        let position = *self.positions.get(number as usize)?;
        self.fields.get(usize::from(position).wrapping_sub(1))
    }

    /// Returns the field with this name in JSON or in the schema.
    #[must_use]
    pub fn named(&self, name: &str) -> Option<&'static Field> {
        self.fields.iter().find(|field| field.json_name == name || field.name == name)
    }
}

const fn one(number: u32, name: &'static str, json_name: &'static str, kind: Kind) -> Field {
    Field {
        number,
        name,
        json_name,
        kind,
        repeated: false,
    }
}

const fn many(number: u32, name: &'static str, json_name: &'static str, kind: Kind) -> Field {
    Field {
        repeated: true,
        ..one(number, name, json_name, kind)
    }
}

/// `Resource`.
pub static RESOURCE: Message = Message::new(
    "Resource",
    &[
        many(1, "attributes", "attributes", Kind::Message(&KEY_VALUE)),
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
        many(3, "attributes", "attributes", Kind::Message(&KEY_VALUE)),
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
