//! JSON as SDKs write it: members of unexpected types are as good as absent, and cost nothing but themselves.
//!
//! A document is validated once; members are then read in place. Nothing recurses but the reading of values, which is bounded
//! ([`super::value`]).

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, Visitor};
use serde_json::value::RawValue;

/// An object's members as they are written.
#[derive(Debug, Default)]
pub(super) struct Object<'a> {
    members: Vec<(Cow<'a, str>, &'a RawValue)>,
}

impl<'a> Object<'a> {
    /// Reads a document. The reason never quotes it.
    pub(super) fn parse(document: &'a [u8]) -> Result<Self, String> {
        let document = std::str::from_utf8(document).map_err(|error| error.to_string())?;
        if !document.trim_ascii_start().starts_with('{') {
            return Err("not a JSON object".to_owned());
        }
        serde_json::from_str(document).map_err(|error| error.to_string())
    }

    /// Returns `None` for anything but an object.
    pub(super) fn of(raw: &'a RawValue) -> Option<Self> {
        raw.get().starts_with('{').then(|| serde_json::from_str(raw.get()).ok())?
    }

    /// Returns a member. Of members with the same name the last counts; `null` counts as absent.
    pub(super) fn get(&self, key: &str) -> Option<&'a RawValue> {
        let (_, raw) = self.members.iter().rfind(|(name, _)| name == key)?;
        (raw.get() != "null").then_some(*raw)
    }

    /// Text that is not empty.
    pub(super) fn text(&self, key: &str) -> Option<Cow<'a, str>> {
        text(self.get(key)?).filter(|text| !text.is_empty())
    }

    /// The first of several members that is text and not empty.
    pub(super) fn first_text(&self, keys: &[&str]) -> Option<Cow<'a, str>> {
        keys.iter().find_map(|key| self.text(key))
    }

    /// Returns an object; an empty one for other values.
    pub(super) fn object(&self, key: &str) -> Self {
        self.get(key).and_then(Self::of).unwrap_or_default()
    }

    /// Returns the elements of an array, which may be in a member `values` of an object.
    pub(super) fn list(&self, key: &str) -> Vec<&'a RawValue> {
        let Some(raw) = self.get(key) else { return Vec::new() };
        elements(raw).unwrap_or_else(|| {
            let inner = Self::of(raw).and_then(|object| object.get("values"));
            inner.and_then(elements).unwrap_or_default()
        })
    }

    pub(super) fn u64(&self, key: &str) -> Option<u64> {
        self.get(key)?.get().parse().ok()
    }

    pub(super) fn bool(&self, key: &str) -> Option<bool> {
        self.get(key)?.get().parse().ok()
    }

    pub(super) fn members(&self) -> impl Iterator<Item = (&str, &'a RawValue)> {
        self.members.iter().map(|(name, raw)| (&**name, *raw))
    }
}

impl<'de> Deserialize<'de> for Object<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;

        impl<'de> Visitor<'de> for Members {
            type Value = Object<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some(name) = map.next_key_seed(Text)? {
                    members.push((name, map.next_value()?));
                }
                Ok(Object { members })
            }
        }

        deserializer.deserialize_map(Members)
    }
}

/// Returns a string's text; `None` for other types.
///
/// Halves of surrogate pairs are replaced: JavaScript writes them where it has cut a text short.
pub(super) fn text(raw: &RawValue) -> Option<Cow<'_, str>> {
    let is_text = raw.get().starts_with('"');
    is_text.then(|| Text.deserialize(&mut serde_json::Deserializer::from_str(raw.get())).ok())?
}

/// Returns `None` for anything but an array.
pub(super) fn elements(raw: &RawValue) -> Option<Vec<&RawValue>> {
    raw.get().starts_with('[').then(|| serde_json::from_str(raw.get()).ok())?
}

/// Reads a string as bytes first: as text it would have to be right Unicode.
struct Text;

impl<'de> DeserializeSeed<'de> for Text {
    type Value = Cow<'de, str>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_bytes(self)
    }
}

impl<'de> Visitor<'de> for Text {
    type Value = Cow<'de, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_borrowed_bytes<E: Error>(self, bytes: &'de [u8]) -> Result<Self::Value, E> {
        Ok(String::from_utf8_lossy(bytes))
    }

    fn visit_bytes<E: Error>(self, bytes: &[u8]) -> Result<Self::Value, E> {
        Ok(String::from_utf8_lossy(bytes).into_owned().into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wrong_type_costs_only_its_member() {
        let object = Object::parse(br#" {"a":1,"b":"x","c":[1],"d":{"values":[1,2]},"e":true,"f":null,"g":""} "#).unwrap();
        assert_eq!((object.text("a"), object.text("b")), (None, Some("x".into())));
        assert_eq!((object.text("f"), object.text("g"), object.text("h")), (None, None, None));
        assert_eq!((object.u64("a"), object.u64("b"), object.u64("c")), (Some(1), None, None));
        assert_eq!((object.bool("e"), object.bool("a")), (Some(true), None));
        assert_eq!(["b", "c", "d", "h"].map(|key| object.list(key).len()), [0, 1, 2, 0]);
        assert!(object.object("c").get("values").is_none() && object.object("d").get("values").is_some());
        assert_eq!(object.first_text(&["a", "h", "b"]), Some("x".into()));
    }

    #[test]
    fn last_of_two_members_with_one_name_counts() {
        let object = Object::parse(br#"{"a":1,"a":2,"\u0061":3}"#).unwrap();
        assert_eq!(object.u64("a"), Some(3));
    }

    #[test]
    fn half_a_surrogate_pair_is_replaced() {
        let object = Object::parse(br#"{"a\ud83d":"b\ud83dc\u00e9"}"#).unwrap();
        let (name, raw) = object.members().next().unwrap();
        assert!(name.starts_with('a') && name.ends_with('\u{fffd}'));
        let value = text(raw).unwrap();
        assert!(value.starts_with("b\u{fffd}") && value.ends_with("cé"), "{value}");
    }

    #[test]
    fn error_for_a_non_object_does_not_quote_it() {
        let deep = format!("{{\"a\":{}", "[".repeat(100_000));
        for document in [
            &b""[..],
            b"[]",
            b"\"secret\"",
            b"{\"secret\"",
            b"{\"a\":secret}",
            b"{\"secret\":\xff}",
            b"{}x",
            deep.as_bytes(),
        ] {
            let error = Object::parse(document).unwrap_err();
            assert!(!error.is_empty() && !error.contains("secret"), "{error}");
        }
        assert!(Object::parse(b"{}\n").is_ok());
    }
}
