//! Text in JSON that is binary or a number in protobuf.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use super::number::Number;

static STANDARD: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, LENIENT);
static URL_SAFE: GeneralPurpose = GeneralPurpose::new(&alphabet::URL_SAFE, LENIENT);

/// With or without padding, and with any unused bits in the last character.
const LENIENT: GeneralPurposeConfig = GeneralPurposeConfig::new()
    .with_decode_padding_mode(DecodePaddingMode::Indifferent)
    .with_decode_allow_trailing_bits(true);

/// Returns the number of an enumeration's name, with or without the common prefix of its names.
pub(super) fn named(names: &[(&str, i32)], text: &str) -> Option<Number> {
    let is_it = |name: &str| {
        let parts = name.len().checked_sub(text.len()).and_then(|at| name.split_at_checked(at));
        parts.is_some_and(|(prefix, rest)| rest.eq_ignore_ascii_case(text) && (prefix.is_empty() || prefix.ends_with('_')))
    };
    let (_, number) = names.iter().find(|(name, _)| is_it(name))?;
    Some(Number::Signed((*number).into()))
}

/// Decodes an id; `None` if it is neither hexadecimal nor padded base64.
pub(super) fn id(text: &str) -> Option<Vec<u8>> {
    // Base64 of 16 or 8 bytes.
    if matches!(text.len(), 24 | 12) && text.ends_with('=') {
        return base64(text);
    }
    let digits = text.as_bytes();
    if !digits.len().is_multiple_of(2) {
        return None;
    }
    let digit = |digit: u8| char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok());
    digits
        .chunks_exact(2)
        .map(|pair| Some(digit(pair[0])? << 4 | digit(pair[1])?))
        .collect()
}

/// Decodes base64 of any variant.
pub(super) fn base64(text: &str) -> Option<Vec<u8>> {
    let engine = if text.contains(['-', '_']) { &URL_SAFE } else { &STANDARD };
    engine.decode(text).ok()
}
