//! Writer of protobuf's wire format.

use crate::reader::Value;

/// The bytes written so far.
pub(super) struct Output {
    bytes: Vec<u8>,
    limit: usize,
}

/// Start of an open field's contents.
pub(super) struct Open(usize);

impl Output {
    /// Reuses `bytes`, dropping their contents; the output may exceed `limit` by one value.
    pub(super) fn new(mut bytes: Vec<u8>, limit: usize) -> Self {
        bytes.clear();
        Self { bytes, limit }
    }

    pub(super) const fn is_too_long(&self) -> bool {
        self.bytes.len() > self.limit
    }

    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    pub(super) const fn len(&self) -> usize {
        self.bytes.len()
    }

    pub(super) fn truncate(&mut self, length: usize) {
        self.bytes.truncate(length);
    }

    /// Writes a complete field.
    pub(super) fn field(&mut self, number: u32, value: Value<'_>) {
        let wire_type = match value {
            Value::Varint(_) => 0,
            Value::Fixed64(_) => 1,
            Value::Bytes(_) => 2,
            Value::Group => return,
            Value::Fixed32(_) => 5,
        };
        self.varint(u64::from(number << 3 | wire_type));
        self.value(value);
    }

    /// Writes a value without its key, as in packed fields.
    pub(super) fn value(&mut self, value: Value<'_>) {
        match value {
            Value::Varint(number) => self.varint(number),
            Value::Fixed64(bits) => self.bytes.extend_from_slice(&bits.to_le_bytes()),
            Value::Bytes(bytes) => {
                self.varint(bytes.len() as u64);
                self.bytes.extend_from_slice(bytes);
            }
            Value::Fixed32(bits) => self.bytes.extend_from_slice(&bits.to_le_bytes()),
            Value::Group => {}
        }
    }

    /// Starts a field whose length is known only at its end. Most fields of OTLP are shorter than 128 bytes, with a length of one
    /// byte: that byte is reserved here, and more are inserted at the end.
    pub(super) fn open_field(&mut self, number: u32) -> Open {
        self.field(number, Value::Bytes(&[]));
        Open(self.bytes.len())
    }

    fn varint(&mut self, value: u64) {
        let (bytes, length) = encode(value);
        self.bytes.extend_from_slice(&bytes[..length]);
    }

    /// Writes the length of the output since `open`.
    pub(super) fn close(&mut self, Open(start): Open) {
        let (bytes, length) = encode((self.bytes.len() - start) as u64);
        self.bytes[start - 1] = bytes[0];
        if length > 1 {
            self.bytes.splice(start..start, bytes[1..length].iter().copied());
        }
    }
}

/// Encodes a varint; returns it with its length in bytes.
#[expect(clippy::cast_possible_truncation, reason = "the lowest seven bits are meant")]
fn encode(mut value: u64) -> ([u8; 10], usize) {
    let (mut bytes, mut last) = ([0; 10], 0);
    while value >= 0x80 {
        bytes[last] = value as u8 | 0x80;
        value >>= 7;
        last += 1;
    }
    bytes[last] = value as u8;
    (bytes, last + 1)
}
