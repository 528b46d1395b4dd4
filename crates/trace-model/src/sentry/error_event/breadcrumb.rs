//! Breadcrumbs: what happened before an error.

use super::values::{get, members, number, text};
use crate::{Attribute, Value};

/// Something that happened before.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Breadcrumb {
    /// Nanoseconds since the Unix epoch.
    pub unix_nano: Option<u64>,
    /// Source: `http`, `console`, `ui.click`, …
    pub category: Option<String>,
    /// `default`, `http`, `navigation`, …
    pub kind: Option<String>,
    /// `debug`, `info`, `warning`, `error`, `fatal`.
    pub level: Option<String>,
    /// Text of the event.
    pub message: Option<String>,
    /// More about it.
    pub data: Vec<Attribute>,
}

impl Breadcrumb {
    pub(super) fn of(value: &Value) -> Self {
        let of = members(value);
        Self {
            unix_nano: number(of, "unix_nano"),
            category: text(of, "category"),
            kind: text(of, "type"),
            level: text(of, "level"),
            message: text(of, "message"),
            data: get(of, "data").map(members).unwrap_or_default().to_vec(),
        }
    }
}
