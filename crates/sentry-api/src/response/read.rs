//! Parses one page: streaming, flat from the start.
//!
//! No nested structure is ever built, because even dropping a deep tree could overflow the stack. Only lists of items are parsed by
//! recursion, on a thread whose stack is large enough for a depth that no trace has.

use std::{fmt, thread};

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use trace_model::SpanId;

use super::text::Text;
use super::{SentryError, SentrySpan};

/// Maximum nesting of spans. Sentry writes them by recursion in Python, which fails before.
const DEPTH_MAX: usize = 1_000;
/// Stack of the parsing thread in bytes: four times the use of an unoptimized build. Only the used part becomes memory.
const STACK_BYTES: usize = DEPTH_MAX * 32 * 1024;

/// One page of a response.
#[derive(Debug)]
pub(crate) struct Page {
    pub(super) spans: Vec<SentrySpan>,
    pub(super) errors: Vec<SentryError>,
    pub(super) complete: bool,
}

impl Page {
    /// Parses a body of either endpoint. Skips unknown members and kinds of items.
    ///
    /// # Errors
    /// The body is not JSON, or has another shape: the message has the position, and never a part of the body.
    pub(crate) fn read(body: &[u8]) -> Result<Self, String> {
        thread::scope(|scope| {
            let reading = thread::Builder::new().stack_size(STACK_BYTES);
            let reading = reading.spawn_scoped(scope, || Self::read_here(body));
            let page = reading.map_err(|error| format!("cannot start a thread: {error}"))?.join();
            page.unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        })
    }

    fn read_here(body: &[u8]) -> Result<Self, String> {
        let mut page = Self {
            spans: Vec::new(),
            errors: Vec::new(),
            complete: true,
        };
        // With a reader, serde_json counts lines incrementally; with a slice, it recounts from the start for each list that an
        // error leaves.
        let mut json = serde_json::Deserializer::from_reader(body);
        json.disable_recursion_limit();
        let read = Body(&mut page).deserialize(&mut json);
        read.and_then(|()| json.end()).map_err(|error| {
            let problem = match error.classify() {
                serde_json::error::Category::Data => "not a trace",
                serde_json::error::Category::Eof => "truncated JSON",
                _ => "invalid JSON",
            };
            format!("{problem} at line {} column {}", error.line(), error.column())
        })?;
        Ok(page)
    }
}

/// The whole body.
struct Body<'a>(&'a mut Page);

impl<'de> DeserializeSeed<'de> for Body<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Body<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a trace")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<(), A::Error> {
        read_orphans(self.0, Kind::Other, |list| list.visit_seq(items))
    }

    /// The older shape, which has transactions but not their spans.
    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        let mut known = false;
        while let Some(key) = members.next_key::<Text>()? {
            let otherwise = match &*key {
                "transactions" => Kind::Span,
                "orphan_errors" => Kind::Error,
                _ => {
                    members.next_value::<IgnoredAny>()?;
                    continue;
                }
            };
            known = true;
            read_orphans(self.0, otherwise, |list| members.next_value_seed(list))?;
        }
        self.0.complete = false;
        if known {
            Ok(())
        } else {
            Err(A::Error::custom("expected a list or transactions"))
        }
    }
}

/// Parses a top-level list.
fn read_orphans<E>(page: &mut Page, otherwise: Kind, read: impl FnOnce(Items) -> Result<(), E>) -> Result<(), E> {
    let mut errors = Vec::new();
    read(Items {
        page,
        errors: &mut errors,
        depth: 0,
        otherwise,
    })?;
    page.errors.append(&mut errors);
    Ok(())
}

/// The kind of an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Span,
    Error,
    /// For example an uptime check.
    Other,
}

/// A list of items: children or errors.
struct Items<'a> {
    page: &'a mut Page,
    /// Collects the errors of this list until their span is known.
    errors: &'a mut Vec<SentryError>,
    /// Nesting depth.
    depth: usize,
    /// Kind of an item without `event_type`.
    otherwise: Kind,
}

impl<'de> DeserializeSeed<'de> for Items<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Items<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of spans or errors")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        if self.depth > DEPTH_MAX {
            return Err(A::Error::custom("nested too deeply"));
        }
        loop {
            let item = Item(Items {
                page: self.page,
                errors: self.errors,
                ..self
            });
            if items.next_element_seed(item)?.is_none() {
                return Ok(());
            }
        }
    }
}

/// One item of such a list.
struct Item<'a>(Items<'a>);

impl<'de> DeserializeSeed<'de> for Item<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Item<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a span or an error")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        let list = self.0;
        let mut said = Members::default();
        let mut errors = Vec::new();
        while let Some(key) = members.next_key::<Text>()? {
            if let Some(place) = said.place(&key) {
                *place = members.next_value()?;
                continue;
            }
            let otherwise = match &*key {
                "children" => list.otherwise,
                "errors" | "occurrences" | "performance_issues" => Kind::Error,
                _ => {
                    members.next_value::<IgnoredAny>()?;
                    continue;
                }
            };
            members.next_value_seed(Items {
                page: list.page,
                errors: &mut errors,
                depth: list.depth + 1,
                otherwise,
            })?;
        }
        // Its own id usually follows its children.
        let kind = said.kind(list.otherwise);
        let span_id = if kind == Kind::Span { said.id() } else { None };
        for error in &mut errors {
            error.span_id = error.span_id.or(span_id);
        }
        list.page.errors.append(&mut errors);
        match (kind, span_id) {
            (Kind::Span, Some(span_id)) => list.page.spans.push(said.span(span_id)),
            (Kind::Span, None) => list.page.complete = false,
            (Kind::Error, _) => list.errors.push(said.error()),
            (Kind::Other, _) => {}
        }
        Ok(())
    }
}

/// The members of an item.
#[derive(Default)]
struct Members {
    event_type: Text,
    event_id: Text,
    span_id: Text,
    parent_span_id: Text,
    op: Text,
    name: Text,
    description: Text,
    transaction: Text,
    is_transaction: Text,
    project: Text,
    level: Text,
    span: Text,
}

impl Members {
    fn place(&mut self, key: &str) -> Option<&mut Text> {
        Some(match key {
            "event_type" => &mut self.event_type,
            "event_id" => &mut self.event_id,
            "span_id" => &mut self.span_id,
            "parent_span_id" => &mut self.parent_span_id,
            "op" | "transaction.op" => &mut self.op,
            "name" => &mut self.name,
            "description" | "title" => &mut self.description,
            "transaction" => &mut self.transaction,
            "is_transaction" => &mut self.is_transaction,
            "project_slug" => &mut self.project,
            "level" => &mut self.level,
            "span" => &mut self.span,
            _ => return None,
        })
    }

    fn kind(&self, otherwise: Kind) -> Kind {
        match &*self.event_type {
            "span" | "transaction" => Kind::Span,
            "error" | "occurrence" => Kind::Error,
            "" => otherwise,
            _ => Kind::Other,
        }
    }

    /// Returns the id of a span: the older endpoint has a separate member for it, since its `event_id` is the id of the event.
    fn id(&self) -> Option<SpanId> {
        id(&self.span_id).or_else(|| id(&self.event_id))
    }

    fn span(self, span_id: SpanId) -> SentrySpan {
        SentrySpan {
            span_id,
            parent_span_id: id(&self.parent_span_id),
            op: self.op.into_inner(),
            // The older endpoint returns transactions only, and does not mark them.
            is_transaction: &*self.is_transaction == "true" || !self.span_id.is_empty(),
            name: self.description.or(self.name).into_inner(),
            project: self.project.into_inner(),
            transaction: self.transaction.into_inner(),
        }
    }

    fn error(self) -> SentryError {
        SentryError {
            span_id: id(&self.span),
            event_id: self.event_id.into_inner(),
            title: self.description.or(self.name).into_inner(),
            level: self.level.into_inner(),
        }
    }
}

/// Parses a span id. Sentry's storage has ids of 16 bytes, of which the last 8 are the span's.
fn id(text: &str) -> Option<SpanId> {
    let digits = if text.len() == 32 { text.get(16..)? } else { text };
    digits.parse().ok()
}

#[cfg(test)]
mod tests;
