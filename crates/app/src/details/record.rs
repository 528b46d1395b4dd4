//! A log record as text: its error or body, attributes, and where it came from.

use jiff::tz::TimeZone;
use trace_model::sentry::ErrorEvent;
use trace_model::{LogRecord, Severity, Value};
use value_text::{Document, Form, Outline, Role as PartRole};

use super::column::{Column, PageLayout, fold_mark};
use super::lines::{came_by, level};
use super::page::TWO_COLUMNS;
use super::value::whole;
use super::{ShownError, ShownSpan, SpanPage};
use crate::content::{Line, Means, Role};
use crate::format::at_most;
use crate::times::absolute;

/// Bytes of a JSON text that are laid out.
const JSON_BYTES_MAX: usize = 64 << 10;
/// Lines of JSON that are shown.
const JSON_LINES_MAX: usize = 100;
/// Levels of JSON that are shown at first, below the outermost one.
const JSON_LEVELS: u32 = 1;

impl SpanPage {
    /// Lays out a log record.
    pub(crate) fn of_record(log: &LogRecord, zone: &TimeZone, layout: PageLayout<'_>) -> Self {
        let width = layout.width;
        let is_wide = width >= TWO_COLUMNS;
        let column_width = if is_wide { width / 2 } else { width };
        let attributes = log.attributes.iter().chain(log.resource.iter().filter(|_| !is_wide));
        let mut left = Column::new(column_width.into(), attributes, layout);
        let mut right = Column::new(left.width, log.resource.iter(), layout);
        if ErrorEvent::of(log).is_some() {
            let errors = ShownError::of(log).into_iter().collect();
            let content = ShownSpan {
                errors,
                ..ShownSpan::default()
            };
            left.errors(&content, log.time_unix_nano, false);
        }
        left.cut(log.is_cut);
        left.body(&log.body);
        left.attributes("attributes", &log.attributes);
        let about = if is_wide { &mut right } else { &mut left };
        about.record_identity(log, zone);
        about.resource_of(&log.service, &log.resource, &log.resource_schema_url);
        about.scope_of(&log.scope);
        Self::laid_out(Line::default(), left, right, (width, 0))
    }
}

impl Column<'_> {
    fn body(&mut self, body: &Value) {
        match body {
            Value::Empty => {}
            Value::Map(pairs) => self.attributes("body", pairs),
            Value::String(text) => {
                let mut document = Document::new(crate::text::start(text, JSON_BYTES_MAX), None);
                document.step(JSON_BYTES_MAX);
                self.section("body", None);
                if document.form() == Form::Json {
                    self.json(&document, text);
                } else {
                    self.item("text", false);
                    self.is_value("body", || text.clone());
                    self.paragraph(text, 3, Role::Plain);
                }
            }
            other => {
                self.section("body", None);
                self.item("value", false);
                self.is_value("body", || whole(other));
                self.paragraph(&super::value::value(other), 3, Role::Plain);
            }
        }
    }

    /// Lines of JSON, of which those with others below them fold.
    fn json(&mut self, document: &Document, text: &str) {
        let mut outline = Outline::default();
        outline.show_levels(JSON_LEVELS);
        let folding = document.lines().iter().enumerate().filter(|(_, line)| line.is_fold);
        let toggled: Vec<usize> = folding
            .map(|(at, _)| at)
            .filter(|at| self.is_toggled(("json", *at)))
            .collect();
        for at in toggled {
            outline.toggle(document.lines(), at);
        }
        let mut lines = outline.visible(document.lines());
        for at in lines.by_ref().take(JSON_LINES_MAX) {
            let Some(line) = document.lines().get(at) else { break };
            self.item(("json", at), line.is_fold);
            self.is_value("body", || text.to_owned());
            let mark = if line.is_fold {
                fold_mark(!outline.is_folded(document.lines(), at))
            } else {
                " "
            };
            let indent = usize::try_from(line.level).unwrap_or(0).min(self.width / 4) * 2;
            let mut shown = Line::from(vec![" ".into(), mark.means(Role::Dim), " ".repeat(indent + 1).into()]);
            for part in document.pieces(at, &outline) {
                let room = self.width.saturating_sub(shown.width() + 1);
                shown.push(at_most(part.text.as_ref(), room).means(role(part.role)));
            }
            self.lines.push(shown);
        }
        if lines.next().is_some() {
            self.lines.push(Line::from("   … Enter shows all of it".means(Role::Dim)));
        }
    }

    fn record_identity(&mut self, log: &LogRecord, zone: &TimeZone) {
        self.section("identity", None);
        self.pair("time", &absolute(log.time_unix_nano, zone), 3, Role::Plain);
        let severity = severity_of(&log.severity_text, log.severity);
        self.pair("severity", &severity, 3, Role::Plain);
        if !log.event_name.is_empty() {
            self.pair("event", &log.event_name, 3, Role::Plain);
        }
        let id = |id: Option<String>| id.unwrap_or_else(|| "none".to_owned());
        self.pair("trace", &id(log.trace_id.map(|id| id.to_string())), 3, Role::Plain);
        self.pair("span", &id(log.span_id.map(|id| id.to_string())), 3, Role::Plain);
        self.pair("came by", came_by(log.source, false), 3, Role::Plain);
        if log.dropped > 0 {
            let dropped = crate::format::count(log.dropped.into(), "attribute");
            self.pair("dropped by its SDK", &dropped, 3, Role::Warning);
        }
    }
}

/// Returns the name of a severity, after the sender's text if that is another one.
fn severity_of(text: &str, severity: Severity) -> String {
    let (own, name) = (level(text, severity), level("", severity));
    if own.is_empty() {
        "none".to_owned()
    } else if name.is_empty() || own == name {
        own
    } else {
        format!("{own} ({name})")
    }
}

/// Returns the screen's role for a role of the document.
const fn role(role: PartRole) -> Role {
    match role {
        PartRole::Plain | PartRole::String | PartRole::Literal | PartRole::Own => Role::Plain,
        PartRole::Dim => Role::Dim,
        PartRole::Key | PartRole::Keyword => Role::Accent,
        PartRole::Error => Role::Error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn severity_has_the_text_of_its_sender_if_that_is_another() {
        assert_eq!(severity_of("info", Severity::Info), "INFO");
        assert_eq!(severity_of("", Severity::Warn), "WARN");
        assert_eq!(severity_of("notice", Severity::Info), "NOTICE (INFO)");
        assert_eq!(severity_of("odd", Severity::Unspecified), "ODD");
        assert_eq!(severity_of("", Severity::Unspecified), "none");
    }
}
