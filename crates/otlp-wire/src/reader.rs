//! Reader of protobuf's wire format.
//!
//! Source: [Encoding](https://protobuf.dev/programming-guides/encoding/); errors and the nesting limit are those of prost, so
//! that accepted bytes can be decoded later.

/// Maximum nesting of messages, as in prost.
pub const DEPTH: u32 = 100;

/// Invalid protobuf.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// The bytes end within a field, or a field exceeds the message that contains it.
    #[error("truncated field")]
    Truncated,
    /// A varint of more than 64 bits.
    #[error("varint longer than 64 bits")]
    Varint,
    /// A field number of zero or over 29 bits, or an unknown wire type.
    #[error("invalid field key")]
    Key,
    /// A known field with the wrong type.
    #[error("{message}.{field} has the wrong type")]
    WireType {
        /// Name of the message in OTLP's schema.
        message: &'static str,
        /// Name of the field in OTLP's schema.
        field: &'static str,
    },
    /// Text that is not UTF-8.
    #[error("{message}.{field} is not UTF-8")]
    Utf8 {
        /// Name of the message in OTLP's schema.
        message: &'static str,
        /// Name of the field in OTLP's schema.
        field: &'static str,
    },
    /// The end of a group without its start.
    #[error("unmatched end of group")]
    Group,
    /// Messages nested deeper than [`DEPTH`].
    #[error("nested deeper than {DEPTH} messages")]
    Depth,
}

/// A field's value by wire type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Value<'a> {
    /// Integers, booleans and enumerations.
    Varint(u64),
    /// `fixed64`, `sfixed64`, `double`.
    Fixed64(u64),
    /// `fixed32`, `sfixed32`, `float`.
    Fixed32(u32),
    /// Text, bytes, messages, packed numbers.
    Bytes(&'a [u8]),
    /// A group, which OTLP does not use; the reader has skipped it.
    Group,
}

/// A field with its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RawField<'a> {
    /// Number of the schema.
    pub number: u32,
    /// Value on the wire.
    pub value: Value<'a>,
}

/// Reads fields one by one.
#[derive(Clone, Debug)]
pub struct Reader<'a> {
    rest: &'a [u8],
    depth: u32,
}

impl<'a> Reader<'a> {
    /// Creates a reader of a message that may contain messages `depth` levels deep ([`DEPTH`] for an outermost one).
    #[must_use]
    pub const fn new(message: &'a [u8], depth: u32) -> Self {
        Self { rest: message, depth }
    }

    /// Returns the number of remaining bytes.
    #[must_use]
    pub const fn remaining(&self) -> usize {
        self.rest.len()
    }

    /// Returns the next field; `None` at the end.
    ///
    /// # Errors
    /// The bytes are not a field.
    #[inline(always)]
    #[expect(
        clippy::inline_always,
        reason = "measured: the parser calls it some forty times a span, and one call costs as much as the rest"
    )]
    pub fn next_field(&mut self) -> Result<Option<RawField<'a>>, Malformed> {
        if self.rest.is_empty() {
            return Ok(None);
        }
        let (number, wire_type) = self.key()?;
        let value = match wire_type {
            0 => Value::Varint(self.varint()?),
            1 => Value::Fixed64(u64::from_le_bytes(self.array()?)),
            2 => Value::Bytes(self.delimited()?),
            3 => {
                self.skip_group(number)?;
                Value::Group
            }
            4 => return Err(Malformed::Group),
            5 => Value::Fixed32(u32::from_le_bytes(self.array()?)),
            _ => return Err(Malformed::Key),
        };
        Ok(Some(RawField { number, value }))
    }

    /// Returns the next field if it has this number (below 16), is length-delimited and shorter than 128 bytes, like most
    /// attributes of a span. Else nothing is read.
    #[inline]
    pub const fn next_if_short(&mut self, number: u8) -> Option<&'a [u8]> {
        let [key, length @ 0..0x80, rest @ ..] = self.rest else {
            return None;
        };
        if *key != number << 3 | 2 {
            return None;
        }
        let Some((value, rest)) = rest.split_at_checked(*length as usize) else {
            return None;
        };
        self.rest = rest;
        Some(value)
    }

    #[inline]
    fn key(&mut self) -> Result<(u32, u32), Malformed> {
        let key = u32::try_from(self.varint()?).map_err(|_| Malformed::Key)?;
        if key < 8 {
            return Err(Malformed::Key);
        }
        Ok((key >> 3, key & 7))
    }

    /// Reads a number without a key, as in packed fields.
    ///
    /// # Errors
    /// The bytes end, or the number has more than 64 bits.
    #[inline]
    pub fn varint(&mut self) -> Result<u64, Malformed> {
        match self.rest {
            [byte, rest @ ..] if *byte < 0x80 => {
                self.rest = rest;
                Ok(u64::from(*byte))
            }
            _ => self.long_varint(),
        }
    }

    fn long_varint(&mut self) -> Result<u64, Malformed> {
        let mut value = 0;
        for (at, byte) in self.rest.iter().take(10).enumerate() {
            value |= u64::from(byte & 0x7f) << (7 * at);
            if *byte < 0x80 {
                // The tenth byte has the last of 64 bits.
                if at == 9 && *byte > 1 {
                    return Err(Malformed::Varint);
                }
                self.rest = &self.rest[at + 1..];
                return Ok(value);
            }
        }
        Err(if self.rest.len() < 10 {
            Malformed::Truncated
        } else {
            Malformed::Varint
        })
    }

    #[inline]
    pub(crate) fn array<const N: usize>(&mut self) -> Result<[u8; N], Malformed> {
        let (bytes, rest) = self.rest.split_first_chunk().ok_or(Malformed::Truncated)?;
        self.rest = rest;
        Ok(*bytes)
    }

    #[inline]
    fn delimited(&mut self) -> Result<&'a [u8], Malformed> {
        let length = usize::try_from(self.varint()?).map_err(|_| Malformed::Truncated)?;
        let (bytes, rest) = self.rest.split_at_checked(length).ok_or(Malformed::Truncated)?;
        self.rest = rest;
        Ok(bytes)
    }

    /// Skips a group up to and including its end.
    fn skip_group(&mut self, number: u32) -> Result<(), Malformed> {
        let mut open = vec![number];
        while let Some(innermost) = open.last().copied() {
            let (number, wire_type) = self.key()?;
            if wire_type == 4 {
                if number != innermost {
                    return Err(Malformed::Group);
                }
                open.pop();
                continue;
            }
            // The group itself does not count as a level, but its contents do.
            if open.len() >= self.depth as usize {
                return Err(Malformed::Depth);
            }
            match wire_type {
                0 => drop(self.varint()?),
                1 => drop(self.array::<8>()?),
                2 => drop(self.delimited()?),
                3 => open.push(number),
                5 => drop(self.array::<4>()?),
                _ => return Err(Malformed::Key),
            }
        }
        Ok(())
    }
}

/// Iterator over the fields of a valid message: see [`fields`].
#[derive(Clone, Debug)]
pub struct Fields<'a>(Reader<'a>);

/// Iterates over a message that [`crate::validate`] has accepted; any other message is read up to its first error.
#[must_use]
pub const fn fields(message: &[u8]) -> Fields<'_> {
    Fields(Reader::new(message, DEPTH))
}

impl<'a> Iterator for Fields<'a> {
    type Item = RawField<'a>;

    #[inline]
    fn next(&mut self) -> Option<RawField<'a>> {
        self.0.next_field().ok().flatten()
    }
}
