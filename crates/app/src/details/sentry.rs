//! Cross-check of the span, with differences.

use trace_model::sentry::Verdict;
use trace_model::{Source, Span, SpanId, StatusCode, Value};

use super::super::content::Role;
use super::column::Column;
use super::lines::offset;
use super::value::value;
use crate::format;

/// The status of a failure that its sender said nothing else of.
const UNKNOWN_ERROR: &str = "unknown_error";

impl Column<'_> {
    /// Adds the result of the cross-check, unless the span was not checked.
    pub(super) fn sentry(&mut self, span: &Span, there: Option<&Span>, verdict: Option<&Verdict>) {
        let Some(verdict) = verdict.filter(|verdict| **verdict != Verdict::NotChecked) else {
            return;
        };
        self.section("sentry", None);
        self.paragraph(&format!("{} {verdict}", verdict.mark()), 3, Role::verdict(verdict.mark()));
        let sent = there.into_iter().chain((span.source == Source::Sentry).then_some(span));
        if sent.into_iter().any(|sent| sent.status_message == UNKNOWN_ERROR) {
            self.paragraph(
                "unknown_error: an error whose cause was not said; Sentry's failure rate exempts it",
                3,
                Role::Dim,
            );
        }
        // What arrived in an envelope only says all that itself.
        let Some(there) = there.filter(|_| span.source != Source::Sentry) else {
            return;
        };
        for (name, key) in [("op", "sentry.op"), ("origin", "sentry.origin")] {
            if let Some(said) = attribute(there, key) {
                self.pair(name, &said, 3, Role::Plain);
            }
        }
        if let Some(Value::Int(bytes)) = find(there, "sentry.item.bytes") {
            self.pair("item", &format::bytes(u64::try_from(*bytes).unwrap_or(0)), 3, Role::Plain);
        }
        let differs = Role::Warning;
        if there.name != span.name {
            self.pair("name there", &there.name, 3, differs);
        }
        // What nothing was said of counts as well done there.
        let failed = |span: &Span| span.status == StatusCode::Error;
        if failed(there) != failed(span) {
            let status = match there.status_message.as_str() {
                "" => there.status.name().to_owned(),
                message => format!("{}: {message}", there.status.name()),
            };
            self.pair("status there", &status, 3, differs);
        }
        if there.parent_span_id != span.parent_span_id {
            let id = |id: Option<SpanId>| id.map_or_else(|| "none".to_owned(), |id| id.to_string());
            self.pair("parent there", &id(there.parent_span_id), 3, differs);
        }
        // To the microsecond: floats of SDKs are not more exact.
        if there.start_unix_nano.abs_diff(span.start_unix_nano) > 1_000 {
            self.pair(
                "start there",
                &offset(there.start_unix_nano, span.start_unix_nano),
                3,
                differs,
            );
        }
        if let (Some(end), Some(ours)) = (there.end_unix_nano, span.end_unix_nano)
            && end.abs_diff(ours) > 1_000
        {
            self.pair("end there", &offset(end, ours), 3, differs);
        }
    }
}

fn find<'a>(span: &'a Span, key: &str) -> Option<&'a Value> {
    let found = span.attributes.iter().find(|attribute| attribute.key == key)?;
    Some(&found.value)
}

fn attribute(span: &Span, key: &str) -> Option<String> {
    find(span, key).map(value)
}
