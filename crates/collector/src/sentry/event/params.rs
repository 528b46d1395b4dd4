//! The parameters of a message: `%s`, `%(name)s`, `{}`, `{0}` and `{name}`, as Sentry fills them in.
//!
//! Source: [Message interface](https://develop.sentry.dev/sdk/foundations/transport/event-payloads/message/).

use std::collections::HashMap;

use serde_json::value::RawValue;

use super::super::json::{self, Object};

/// Bytes of a formatted message: parameters can be repeated many times.
const LENGTH: usize = 8 * 1024;

enum Params<'a> {
    List(Vec<&'a RawValue>),
    Named(HashMap<&'a str, &'a RawValue>),
}

impl Params<'_> {
    fn get(&self, name: &str) -> Option<&RawValue> {
        match self {
            Self::List(list) => list.get(name.parse::<usize>().ok()?).copied(),
            Self::Named(members) => members.get(name).copied(),
        }
    }
}

/// The message with its parameters; what names none that is there stays as it is.
pub(super) fn interpolate(message: &str, params: &RawValue) -> String {
    let object = Object::of(params);
    let params = match (json::elements(params), &object) {
        (Some(list), _) => Params::List(list),
        (None, Some(object)) => Params::Named(object.members().collect()),
        (None, None) => return message.to_owned(),
    };
    let is_percent = message.contains('%');
    let mut text = String::new();
    let mut rest = message;
    let mut position = 0;
    while let Some(at) = rest.find(if is_percent { '%' } else { '{' }) {
        text.push_str(&rest[..at]);
        rest = &rest[at..];
        let place = if is_percent { percent(rest) } else { curly(rest) };
        let (length, name) = place.unwrap_or((1, None));
        let written = &rest[..length];
        rest = &rest[length..];
        if written == "%%" || written == "{{" {
            text.push_str(&written[..1]);
            continue;
        }
        let value = place.and_then(|_| {
            if let Some(name) = name {
                return params.get(name);
            }
            position += 1;
            params.get(&(position - 1).to_string())
        });
        match value {
            Some(value) if text.len() < LENGTH => push(&mut text, value),
            _ => text.push_str(written),
        }
    }
    text.push_str(rest);
    text
}

/// The length of a place like `%s`, `%5.2f` or `%(name)s`, and its name.
fn percent(text: &str) -> Option<(usize, Option<&str>)> {
    let after = text.strip_prefix('%')?;
    if after.starts_with('%') {
        return Some((2, None));
    }
    let (name, conversion) = match after.strip_prefix('(') {
        Some(named) => {
            let (name, conversion) = named.split_once(')')?;
            (Some(name), conversion)
        }
        None => (None, after),
    };
    let modifiers = conversion.bytes().take_while(|byte| b"#0123456789-+.".contains(byte)).count();
    let kind = *conversion.as_bytes().get(modifiers)?;
    b"sdifgeExXorc"
        .contains(&kind)
        .then(|| (text.len() - conversion.len() + modifiers + 1, name))
}

/// The length of a place like `{}`, `{0}` or `{name}`, and its name.
fn curly(text: &str) -> Option<(usize, Option<&str>)> {
    if text.starts_with("{{") {
        return Some((2, None));
    }
    let (name, _) = text.strip_prefix('{')?.split_once('}')?;
    let is_name = name
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte));
    is_name.then(|| (name.len() + 2, Some(name).filter(|name| !name.is_empty())))
}

/// A text without its quotes, anything else as it is written, cut where that is long.
fn push(text: &mut String, value: &RawValue) {
    let value = json::text(value).unwrap_or_else(|| value.get().into());
    let room = LENGTH.saturating_sub(text.len());
    let end = (0..=room.min(value.len())).rev().find(|at| value.is_char_boundary(*at));
    text.push_str(&value[..end.unwrap_or(0)]);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn interpolated(message: &str, params: &str) -> String {
        interpolate(message, &RawValue::from_string(params.to_owned()).unwrap())
    }

    #[test]
    fn params_are_filled_in_by_position_and_by_name() {
        for (message, params, expected) in [
            ("user %s of %d", r#"["ann", 3]"#, "user ann of 3"),
            (
                "%(who)s said %(what)r, 100%%",
                r#"{"who":"ann","what":{"a":1}}"#,
                "ann said {\"a\":1}, 100%",
            ),
            ("took %.2f s", "[1.5]", "took 1.5 s"),
            ("{} and {}", r#"["a", true]"#, "a and true"),
            ("{1} before {0}", r#"["a", "b"]"#, "b before a"),
            ("{name} {{x}}", r#"{"name":"é"}"#, "é {x}}"),
        ] {
            assert_eq!(interpolated(message, params), expected, "{message}");
        }
    }

    #[test]
    fn placeholder_without_a_parameter_is_kept() {
        for (message, params) in [
            ("%s %s", r"[]"),
            ("50% of %", r#"["a"]"#),
            ("%(name", r#"{"name":1}"#),
            ("{ not a place } {", r#"["a"]"#),
            ("%s", "7"),
            ("%é", r#"["a"]"#),
        ] {
            assert_eq!(interpolated(message, params), message);
        }
        assert_eq!(interpolated("%s %s", r#"["a"]"#), "a %s");
    }

    #[test]
    fn formatted_message_is_bounded() {
        let params = format!("[\"{}\"]", "é".repeat(10_000));
        let message = "{0}".repeat(10_000);
        assert!(interpolated(&message, &params).len() <= LENGTH + message.len());
    }
}
