//! Visitors for serde.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::number::Number;
use super::state::{State, TOO_LONG};
use super::text::{base64, named};
use crate::reader::Value;
use crate::schema::{Field, Kind, Message};

/// Parses the outermost object.
pub(super) struct Outermost<'a> {
    pub(super) state: &'a mut State,
    pub(super) message: &'static Message,
}

impl<'de> DeserializeSeed<'de> for Outermost<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Outermost<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the object {}", self.message.name)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<(), A::Error> {
        object(self.state, self.message, map)
    }

    // The default implementations of serde would quote the value.

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        Err(self.not("null"))
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<(), E> {
        Err(self.not("true or false"))
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<(), E> {
        Err(self.not("a number"))
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<(), E> {
        Err(self.not("a number"))
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<(), E> {
        Err(self.not("a number"))
    }

    fn visit_str<E: Error>(self, _: &str) -> Result<(), E> {
        Err(self.not("text"))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, _: A) -> Result<(), A::Error> {
        Err(self.not("an array"))
    }
}

impl Outermost<'_> {
    fn not<E: Error>(&self, found: &str) -> E {
        E::custom(format_args!("{found}, not the object {}", self.message.name))
    }
}

/// Writes the fields of an object.
fn object<'de, A: MapAccess<'de>>(state: &mut State, message: &'static Message, mut map: A) -> Result<(), A::Error> {
    while let Some(field) = map.next_key_seed(Name(message))? {
        match field {
            Some(field) => map.next_value_seed(Contents::of(state, message, field))?,
            None => drop(map.next_value::<IgnoredAny>()?),
        }
    }
    Ok(())
}

/// Parses a field's name.
struct Name(&'static Message);

impl<'de> DeserializeSeed<'de> for Name {
    type Value = Option<&'static Field>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Name {
    type Value = Option<&'static Field>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<Self::Value, E> {
        Ok(self.0.named(name))
    }
}

/// Position of a value.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Position {
    /// After its name.
    Field,
    /// In an array, as a field of its own.
    Element,
    /// In an array of numbers, which share one packed field.
    Packed,
}

/// Parses the contents of a field.
struct Contents<'a> {
    state: &'a mut State,
    message: &'static Message,
    field: &'static Field,
    position: Position,
}

impl<'a> Contents<'a> {
    const fn of(state: &'a mut State, message: &'static Message, field: &'static Field) -> Self {
        let position = Position::Field;
        Self {
            state,
            message,
            field,
            position,
        }
    }

    fn error<E: Error>(&self, what: impl fmt::Display) -> E {
        E::custom(format_args!("{}.{} {what}", self.message.name, self.field.name))
    }

    fn unexpected<E: Error>(&self, found: &str) -> E {
        if self.position == Position::Field && self.field.repeated {
            return self.error(format_args!("is {found}, not an array"));
        }
        let wanted = match self.field.kind {
            Kind::String => "text",
            Kind::Bytes => "base64",
            Kind::Id => "hexadecimal",
            Kind::Bool => "true or false",
            Kind::Enum(_) => "a name or a number",
            Kind::Message(_) => "an object",
            _ => "a number",
        };
        self.error(format_args!("is {found}, not {wanted}"))
    }

    /// Returns true if a single value is expected, and not an array.
    fn is_single(&self) -> bool {
        !self.field.repeated || self.position != Position::Field
    }

    fn write(&mut self, value: Value<'_>) {
        if self.position == Position::Packed {
            self.state.output.value(value);
        } else {
            self.state.output.field(self.field.number, value);
        }
    }

    fn number<E: Error>(&mut self, number: Number) -> Result<(), E> {
        if !self.is_single() || !is_number(self.field.kind) {
            return Err(self.unexpected("a number"));
        }
        let Some(value) = number.of_kind(self.field.kind) else {
            return Err(self.error("has a number out of range"));
        };
        self.write(value);
        Ok(())
    }

    fn text<E: Error>(&mut self, text: &str) -> Result<(), E> {
        if !self.is_single() {
            return Err(self.unexpected("text"));
        }
        let decoded;
        let value = match self.field.kind {
            Kind::String => Value::Bytes(text.as_bytes()),
            Kind::Bytes => {
                decoded = base64(text).ok_or_else(|| self.unexpected("text"))?;
                Value::Bytes(&decoded)
            }
            Kind::Id => {
                let Some(bytes) = (self.state.id)(self.field.name, text) else {
                    self.state.invalid_id(self.message, self.field.name);
                    return Ok(());
                };
                decoded = bytes;
                Value::Bytes(&decoded)
            }
            Kind::Bool => match text {
                "true" => Value::Varint(1),
                "false" => Value::Varint(0),
                _ => return Err(self.unexpected("text")),
            },
            Kind::Message(_) => return Err(self.unexpected("text")),
            Kind::Enum(names) => {
                let number = named(names, text).or_else(|| Number::parse(text));
                return self.number(number.ok_or_else(|| self.error("has an unknown name"))?);
            }
            _ => return self.number(Number::parse(text).ok_or_else(|| self.unexpected("text"))?),
        };
        self.write(value);
        Ok(())
    }
}

impl<'de> DeserializeSeed<'de> for Contents<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Contents<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.message.name, self.field.name)
    }

    fn visit_unit<E: Error>(mut self) -> Result<(), E> {
        match (self.position, self.field.kind) {
            (Position::Field, _) => {}
            (_, Kind::Bool) => self.write(Value::Varint(0)),
            (_, kind) => self.write(Number::Unsigned(0).of_kind(kind).unwrap_or(Value::Bytes(&[]))),
        }
        Ok(())
    }

    fn visit_bool<E: Error>(mut self, value: bool) -> Result<(), E> {
        match self.field.kind {
            Kind::Bool if self.is_single() => {
                self.write(Value::Varint(value.into()));
                Ok(())
            }
            _ => Err(self.unexpected(if value { "true" } else { "false" })),
        }
    }

    fn visit_u64<E: Error>(mut self, number: u64) -> Result<(), E> {
        self.number(Number::Unsigned(number))
    }

    fn visit_i64<E: Error>(mut self, number: i64) -> Result<(), E> {
        self.number(Number::Signed(number))
    }

    fn visit_f64<E: Error>(mut self, number: f64) -> Result<(), E> {
        self.number(Number::Float(number))
    }

    fn visit_str<E: Error>(mut self, text: &str) -> Result<(), E> {
        self.text(text)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut array: A) -> Result<(), A::Error> {
        if self.is_single() {
            return Err(self.unexpected("an array"));
        }
        let Self {
            state, message, field, ..
        } = self;
        let packed = is_number(field.kind).then(|| state.output.open_field(field.number));
        let position = if packed.is_some() {
            Position::Packed
        } else {
            Position::Element
        };
        loop {
            let element = Contents {
                state: &mut *state,
                message,
                field,
                position,
            };
            if array.next_element_seed(element)?.is_none() {
                break;
            }
            // Arrays of numbers cause the growth.
            if state.output.is_too_long() {
                return Err(A::Error::custom(TOO_LONG));
            }
        }
        if let Some(open) = packed {
            state.output.close(open);
        }
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<(), A::Error> {
        let Kind::Message(message) = self.field.kind else {
            return Err(self.unexpected("an object"));
        };
        if !self.is_single() {
            return Err(self.unexpected("an object"));
        }
        let start = self.state.output.len();
        let open = self.state.output.open_field(self.field.number);
        object(self.state, message, map)?;
        if self.state.end_of(message, start) {
            self.state.output.close(open);
        }
        Ok(())
    }
}

/// Returns true if JSON has it as a number, and the wire packs it.
const fn is_number(kind: Kind) -> bool {
    !matches!(kind, Kind::String | Kind::Bytes | Kind::Id | Kind::Bool | Kind::Message(_))
}
