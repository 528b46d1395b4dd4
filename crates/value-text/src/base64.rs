//! Bytes in base64.

use printable::bytes;

/// Shorter texts are as likely to be words.
const SHORTEST: usize = 64;
/// So much is decoded to tell what it is.
const LOOKED_AT: usize = 64;

/// Returns true if a text with this start, `whole` or not, is base64: only its alphabet, with letters of both cases and digits.
pub(crate) fn is_base64(start: &str, whole: bool) -> bool {
    let start = without_prefix(start);
    let body = start.trim_end_matches('=');
    let padding = start.len() - body.len();
    let has = |is: fn(&u8) -> bool| body.bytes().any(|byte| is(&byte));
    body.len() >= SHORTEST
        && padding <= 2
        && (!whole || padding == 0 && body.len() % 4 != 1 || start.len().is_multiple_of(4))
        && body.bytes().all(|byte| sextet(byte).is_some())
        && has(u8::is_ascii_uppercase)
        && has(u8::is_ascii_lowercase)
        && has(u8::is_ascii_digit)
        && !is_hex(body)
}

fn is_hex(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Without `data:image/png;base64,`.
fn without_prefix(text: &str) -> &str {
    let data = text.strip_prefix("data:").and_then(|data| data.split_once(";base64,"));
    data.map_or(text, |(_, data)| data)
}

/// Returns its name: its size, and size and format of the decoded data.
pub(crate) fn name(text: &str) -> String {
    let body = without_prefix(text).trim_end_matches('=');
    let size = body.len() / 4 * 3 + body.len() % 4 * 3 / 4;
    let first = decoded(crate::start(body, LOOKED_AT));
    let kind = kind(&first).map(|kind| format!(": {kind}")).unwrap_or_default();
    format!(
        "base64 of {}{kind} ({} as text)",
        bytes(size as u64),
        bytes(text.len() as u64)
    )
}

fn kind(bytes: &[u8]) -> Option<&'static str> {
    const MAGIC: [(&[u8], &str); 8] = [
        (b"\x89PNG", "a PNG image"),
        (b"\xff\xd8\xff", "a JPEG image"),
        (b"GIF8", "a GIF image"),
        (b"%PDF", "a PDF document"),
        (b"\x1f\x8b", "gzip"),
        (b"PK\x03\x04", "a ZIP archive"),
        (b"\x28\xb5\x2f\xfd", "Zstandard"),
        (b"{", "JSON"),
    ];
    let known = MAGIC
        .iter()
        .find(|(magic, _)| bytes.starts_with(magic))
        .map(|(_, name)| *name);
    known.or_else(|| {
        bytes
            .iter()
            .all(|byte| byte.is_ascii_graphic() || byte.is_ascii_whitespace())
            .then_some("text")
    })
}

fn decoded(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let (mut bits, mut count) = (0_u32, 0);
    for value in text.bytes().filter_map(sextet) {
        bits = bits << 6 | u32::from(value);
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push(u8::try_from(bits >> count & 0xff).unwrap_or(0));
        }
    }
    bytes
}

const fn sextet(byte: u8) -> Option<u8> {
    Some(match byte {
        b'A'..=b'Z' => byte - b'A',
        b'a'..=b'z' => byte - b'a' + 26,
        b'0'..=b'9' => byte - b'0' + 52,
        b'+' | b'-' => 62,
        b'/' | b'_' => 63,
        _ => return None,
    })
}
