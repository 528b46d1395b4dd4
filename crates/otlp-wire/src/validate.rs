//! Validation of messages.

use crate::reader::{DEPTH, Malformed, RawField, Reader, Value};
use crate::schema::{self, Field, Kind, Message};

/// Checks every field of a message and of its nested messages, exactly as strictly as prost.
///
/// # Errors
/// The first violation.
pub fn validate(bytes: &[u8], message: &'static Message) -> Result<(), Malformed> {
    validate_to(bytes, message, DEPTH)
}

fn validate_to(bytes: &[u8], message: &'static Message, depth: u32) -> Result<(), Malformed> {
    let mut reader = Reader::new(bytes, depth);
    while let Some(field) = reader.next_field()? {
        validate_field(field, message, depth)?;
    }
    Ok(())
}

/// Checks an attribute, a `KeyValue`, that may contain messages `depth` levels deep. Returns its key if it has the form of nearly all
/// attributes: one short key in ASCII, and one short value that is not nested.
///
/// # Errors
/// The first violation.
#[inline]
pub fn validate_attribute(bytes: &[u8], depth: u32) -> Result<Option<&[u8]>, Malformed> {
    if depth > 0
        && let Some(key) = plain_key(bytes)
    {
        return Ok(Some(key));
    }
    validate_to(bytes, &schema::KEY_VALUE, depth)?;
    Ok(None)
}

/// Checks one field of a message that may contain messages `depth` levels deep.
///
/// # Errors
/// The first violation.
#[inline]
pub fn validate_field(field: RawField<'_>, message: &'static Message, depth: u32) -> Result<(), Malformed> {
    let Some(known) = message.field(field.number) else {
        // Unknown fields are valid while a level is left: prost skips them like a message.
        return if depth == 0 { Err(Malformed::Depth) } else { Ok(()) };
    };
    match (known.kind, field.value) {
        (Kind::String, Value::Bytes(text)) if is_text(text) => Ok(()),
        (Kind::String, Value::Bytes(_)) => Err(Malformed::Utf8 {
            message: message.name,
            field: known.name,
        }),
        (Kind::Message(inner), Value::Bytes(bytes)) => {
            let depth = depth.checked_sub(1).ok_or(Malformed::Depth)?;
            if std::ptr::eq(inner, &raw const schema::KEY_VALUE) {
                return validate_attribute(bytes, depth).map(drop);
            }
            if std::ptr::eq(inner, &raw const schema::ANY_VALUE) && is_plain_value(bytes) {
                return Ok(());
            }
            validate_to(bytes, inner, depth)
        }
        (kind, value) if is_of(kind, value) => Ok(()),
        (_, Value::Bytes(packed)) if known.repeated => validate_packed(packed, known),
        _ => Err(Malformed::WireType {
            message: message.name,
            field: known.name,
        }),
    }
}

#[inline]
fn is_text(bytes: &[u8]) -> bool {
    // Most text is ASCII, which is faster to check.
    is_ascii(bytes) || std::str::from_utf8(bytes).is_ok()
}

/// Like the standard library's, but inlined: for most texts the call would take longer than the check. The last bytes are read as a word
/// that overlaps the one before it, since most texts are as short as a few words.
#[inline]
fn is_ascii(bytes: &[u8]) -> bool {
    const HIGH: u64 = 0x8080_8080_8080_8080;
    let all = if let Some(last) = bytes.last_chunk() {
        let (words, _) = bytes.as_chunks();
        let word = |word: &[u8; 8]| u64::from_le_bytes(*word);
        words.iter().fold(word(last), |all, next| all | word(next))
    } else if let (Some(first), Some(last)) = (bytes.first_chunk(), bytes.last_chunk()) {
        u64::from(u32::from_le_bytes(*first) | u32::from_le_bytes(*last))
    } else {
        bytes.iter().fold(0, |all, byte| all | u64::from(*byte))
    };
    all & HIGH == 0
}

/// Returns the key of an attribute in the most common form: a short key, then a short [plain value](is_plain_value), both in ASCII.
/// Most of a span's bytes are such attributes, so this dominates the speed of parsing; any other form takes the general path.
#[inline]
fn plain_key(bytes: &[u8]) -> Option<&[u8]> {
    const KEY: u8 = 1 << 3 | 2;
    const VALUE: u8 = 2 << 3 | 2;
    let [KEY, length @ ..0x80, rest @ ..] = bytes else {
        return None;
    };
    let (key, rest) = rest.split_at_checked(usize::from(*length))?;
    let [VALUE, length @ ..0x80, value @ ..] = rest else {
        return None;
    };
    (usize::from(*length) == value.len() && is_ascii(key) && is_plain_value(value)).then_some(key)
}

/// Returns true for an `AnyValue` of one number or boolean, or one text in ASCII of less than 16 KiB.
#[inline]
fn is_plain_value(value: &[u8]) -> bool {
    const TEXT: u8 = 1 << 3 | 2;
    const BOOL: u8 = 2 << 3;
    const INT: u8 = 3 << 3;
    const DOUBLE: u8 = 4 << 3 | 1;
    match value {
        [TEXT, length @ ..0x80, text @ ..] => usize::from(*length) == text.len() && is_ascii(text),
        [TEXT, low, high @ ..0x80, text @ ..] => {
            usize::from(low & 0x7f) | usize::from(*high) << 7 == text.len() && is_ascii(text)
        }
        // The high bit of each byte but the last continues the varint. A tenth byte would need a further check.
        [BOOL | INT, more @ .., 0..0x80] => more.len() < 9 && more.iter().all(|byte| *byte >= 0x80),
        [DOUBLE, double @ ..] => double.len() == 8,
        _ => false,
    }
}

/// Returns true if the wire type matches the kind.
const fn is_of(kind: Kind, value: Value<'_>) -> bool {
    match value {
        Value::Varint(_) => matches!(
            kind,
            Kind::Bool | Kind::Int32 | Kind::Int64 | Kind::Uint32 | Kind::Uint64 | Kind::Sint32 | Kind::Enum(_)
        ),
        Value::Fixed64(_) => matches!(kind, Kind::Double | Kind::Fixed64 | Kind::Sfixed64),
        Value::Fixed32(_) => matches!(kind, Kind::Fixed32),
        Value::Bytes(_) => matches!(kind, Kind::Bytes | Kind::Id),
        Value::Group => false,
    }
}

fn validate_packed(packed: &[u8], field: &Field) -> Result<(), Malformed> {
    let whole = |size| {
        if packed.len().is_multiple_of(size) {
            Ok(())
        } else {
            Err(Malformed::Truncated)
        }
    };
    match field.kind {
        Kind::Double | Kind::Fixed64 | Kind::Sfixed64 => whole(8),
        Kind::Fixed32 => whole(4),
        _ => {
            let mut numbers = Reader::new(packed, 0);
            while numbers.remaining() > 0 {
                numbers.varint()?;
            }
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_looked_at_to_its_last_byte() {
        for length in 0..40 {
            let text = vec![0x7f; length];
            assert!(is_ascii(&text), "{length} bytes");
            for at in 0..length {
                let mut text = text.clone();
                text[at] = 0x80;
                assert!(!is_ascii(&text), "byte {at} of {length}");
            }
        }
    }
}
