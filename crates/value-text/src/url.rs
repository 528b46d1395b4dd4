//! URLs, split into their parts.

use crate::line::{Content, Line};

/// Returns true if a text is a URL with more than a host.
pub(crate) fn is_url(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once("://") else {
        return false;
    };
    let is_scheme = !scheme.is_empty()
        && scheme.len() < 32
        && scheme
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte));
    is_scheme && rest.contains(['/', '?']) && !text.contains(|c: char| c.is_whitespace() || c.is_control())
}

/// Its parts, each with its name; parameters are decoded, the path as well.
pub(crate) fn parts(text: &str) -> Vec<Line> {
    let mut lines = vec![Line::new(0..text.len(), 0, Content::Text)];
    let mut add = |name: &'static str, value: &str| {
        if !value.is_empty() {
            lines.push(Line::new(0..0, 0, Content::Part(name, value.into())));
        }
    };
    let (scheme, rest) = text.split_once("://").unwrap_or(("", text));
    let (rest, fragment) = rest.split_once('#').unwrap_or((rest, ""));
    let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (authority, path) = rest.find('/').map_or((rest, ""), |at| rest.split_at(at));
    let (user, host) = authority.rsplit_once('@').unwrap_or(("", authority));
    // The last colon that is not within an IPv6 address.
    let port = host.rfind(':').filter(|colon| !host[*colon..].contains(']'));
    let (host, port) = port.map_or((host, ""), |colon| (&host[..colon], &host[colon + 1..]));
    add("scheme", scheme);
    add("user", user);
    add("host", host);
    add("port", port);
    add("path", &decoded(path, false));
    for pair in query.split('&') {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let (name, value) = (decoded(name, true), decoded(value, true));
        add(
            "parameter",
            &if value.is_empty() { name } else { format!("{name} = {value}") },
        );
    }
    add("fragment", &decoded(fragment, false));
    lines
}

/// Decodes `%2F`, and `+` in parameters; what is not UTF-8 then stays as it is.
fn decoded(text: &str, is_form: bool) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [byte, after @ ..] = rest {
        let escape = (*byte == b'%').then(|| after.get(..2)).flatten();
        let value = escape.and_then(|hex| u8::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok());
        let is_hex = escape.is_some_and(|hex| hex.iter().all(u8::is_ascii_hexdigit));
        let (byte, after) = match value.filter(|_| is_hex) {
            Some(value) => (value, &after[2..]),
            None if *byte == b'+' && is_form => (b' ', after),
            None => (*byte, after),
        };
        bytes.push(byte);
        rest = after;
    }
    String::from_utf8(bytes).unwrap_or_else(|_| text.to_owned())
}
