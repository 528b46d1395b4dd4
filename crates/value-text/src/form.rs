//! Forms of a text.

use crate::{base64, json, sql, stack, start, url};

/// So much of a text is looked at to recognize it, in bytes.
const LOOKED_AT: usize = 4_096;

/// Form of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Anything else.
    Text,
    /// A JSON document, or the start of one.
    Json,
    /// A statement of SQL.
    Sql,
    /// A stack trace of Java, Python, JavaScript, Go, Rust or .NET.
    StackTrace,
    /// A URL with parts worth telling apart.
    Url,
    /// Bytes in base64.
    Base64,
}

/// Hint about a text's form, from the name of its attribute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hint {
    /// A statement for a database.
    Statement,
    /// A stack trace.
    StackTrace,
}

impl Hint {
    /// Reads the name of an attribute.
    #[must_use]
    pub fn of_key(key: &str) -> Option<Self> {
        match key {
            "db.query.text" | "db.statement" => Some(Self::Statement),
            _ if key.ends_with("stacktrace") || key.ends_with("stack_trace") => Some(Self::StackTrace),
            _ => None,
        }
    }
}

impl Form {
    /// Recognizes a text by its start.
    #[must_use]
    pub fn of(text: &str, hint: Option<Hint>) -> Self {
        let first = start(text, LOOKED_AT);
        if json::is_json(first) {
            return Self::Json;
        }
        match hint {
            // Statements of other databases are not SQL, and do not begin with a keyword of it.
            Some(Hint::Statement) if sql::is_statement(first) => return Self::Sql,
            Some(Hint::StackTrace) => return Self::StackTrace,
            _ => {}
        }
        if stack::is_stack_trace(first) {
            Self::StackTrace
        } else if sql::is_sql(first) {
            Self::Sql
        } else if text.len() <= LOOKED_AT && url::is_url(text) {
            Self::Url
        } else if base64::is_base64(first, first.len() == text.len()) {
            Self::Base64
        } else {
            Self::Text
        }
    }

    /// Its name for a title.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Json => "JSON",
            Self::Sql => "SQL",
            Self::StackTrace => "stack trace",
            Self::Url => "URL",
            Self::Base64 => "base64",
        }
    }
}
