//! Values of a JSON text that have not been read yet, each with its place.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserializer as _, MapAccess, Visitor};
use serde_json::value::RawValue;

/// A value, as its text: a part of the file's.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Node<'a>(pub(crate) &'a RawValue);

/// A name with its value.
pub(crate) type Member<'a> = (Cow<'a, str>, Node<'a>);

impl<'a> Node<'a> {
    pub(crate) fn json(self) -> &'a str {
        self.0.get()
    }

    /// Where it begins in the text that it is a part of, in bytes.
    pub(crate) fn offset(self, text: &str) -> usize {
        self.json().as_ptr().addr().saturating_sub(text.as_ptr().addr())
    }

    pub(crate) fn is_null(self) -> bool {
        self.json() == "null"
    }

    pub(crate) fn is_object(self) -> bool {
        self.json().starts_with('{')
    }

    pub(crate) fn is_array(self) -> bool {
        self.json().starts_with('[')
    }

    /// An object's names and values, in order and as often as they stand there.
    pub(crate) fn members(self) -> serde_json::Result<Vec<Member<'a>>> {
        serde_json::Deserializer::from_str(self.json()).deserialize_map(Members)
    }

    /// An array's elements.
    pub(crate) fn elements(self) -> serde_json::Result<Vec<Node<'a>>> {
        let elements: Vec<&RawValue> = serde_json::from_str(self.json())?;
        Ok(elements.into_iter().map(Node).collect())
    }
}

struct Members;

impl<'a> Visitor<'a> for Members {
    type Value = Vec<Member<'a>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'a>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut members = Vec::new();
        while let Some((name, value)) = map.next_entry::<Name<'a>, &RawValue>()? {
            members.push((name.0, Node(value)));
        }
        Ok(members)
    }
}

/// Borrowed where nothing in it is escaped.
#[derive(serde::Deserialize)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);
