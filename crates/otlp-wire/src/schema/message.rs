//! The form of a message: its fields, each with number, names and type.

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
    pub(super) const fn new(name: &'static str, fields: &'static [Field]) -> Self {
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

pub(super) const fn one(number: u32, name: &'static str, json_name: &'static str, kind: Kind) -> Field {
    Field {
        number,
        name,
        json_name,
        kind,
        repeated: false,
    }
}

pub(super) const fn many(number: u32, name: &'static str, json_name: &'static str, kind: Kind) -> Field {
    Field {
        repeated: true,
        ..one(number, name, json_name, kind)
    }
}
