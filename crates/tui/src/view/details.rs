//! The selected span: everything its sender said.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::{Style, Stylize};
use ratatui::text::{Line, Span as Text};
use trace_model::{Attribute, Event, Link, Log, Severity, Span, StatusCode, Value};
use unicode_width::UnicodeWidthStr;

use super::traces::service_name;
use super::{format, hint, ruled, theme, title};
use crate::app::{App, LOGS, Pane};
use crate::text::clean;

pub(super) fn draw(frame: &mut Frame, app: &App, area: Rect) {
    if area.is_empty() {
        return;
    }
    let focused = app.pane == Pane::Details;
    let heading = Rect { height: 1, ..area };
    let body = Rect {
        y: area.y + 1,
        height: area.height - 1,
        ..area
    };
    let (Some(span), Some(page)) = (app.details.span(), app.details.page()) else {
        ruled(frame, Line::from(title(" SPAN", focused)), heading);
        if app.waterfall.selected().is_some() {
            frame.render_widget(
                hint([Line::from(
                    "this span has not arrived, only spans that name it as their parent".fg(theme::DIM),
                )]),
                body,
            );
        }
        return;
    };
    let mut line = Line::from(vec![
        title(" SPAN ", focused),
        Text::raw(service_name(&span.service)).fg(theme::service(&span.service)),
        Text::raw(format!(" {}", clean(&span.name))),
    ]);
    let below = app
        .details
        .lines()
        .saturating_sub(app.details.first() + usize::from(body.height.saturating_sub(1)));
    if below > 0 {
        line.push_span(format!("   ↓ {} below", format::count(below as u64, "line")).fg(theme::DIM));
    }
    ruled(frame, line, heading);
    frame.render_widget(&page.facts, Rect { height: 1, ..body }.intersection(body));
    let columns = Rect {
        y: body.y + 1,
        height: body.height.saturating_sub(1),
        ..body
    }
    .intersection(body);
    let half = columns.width / 2;
    let halves = [
        columns,
        Rect {
            x: columns.x + half,
            width: columns.width - half,
            ..columns
        },
    ];
    for (lines, area) in page.columns.iter().zip(halves) {
        for (row, line) in area.rows().zip(lines.iter().skip(app.details.first())) {
            frame.render_widget(line, row);
        }
    }
}

/// From this width on, what the span says stands left and who says it stands right.
const TWO_COLUMNS: u16 = 110;

/// The pane's content at a width, values wrapped.
#[derive(Debug)]
pub struct SpanPage {
    /// Stays while the rest scrolls.
    facts: Line<'static>,
    /// The right one is empty where there is room for one only.
    columns: [Vec<Line<'static>>; 2],
}

impl SpanPage {
    /// Lays a span out, with its log records.
    #[must_use]
    pub fn of(span: &Span, logs: &[Log], width: u16) -> Self {
        let wide = width >= TWO_COLUMNS;
        let mut left = if wide {
            Page::new(usize::from(width / 2), span.attributes.iter())
        } else {
            Page::new(usize::from(width), span.attributes.iter().chain(&span.resource))
        };
        let mut right = Page::new(left.width, span.resource.iter());
        if span.status == StatusCode::Error && !span.status_message.is_empty() {
            left.pair("status", &span.status_message, 3, Style::new().fg(theme::ERROR));
        }
        left.attributes("attributes", &span.attributes);
        left.events(&span.events, span.start_unix_nano);
        left.logs(logs, span.start_unix_nano);
        left.links(&span.links);
        if left.lines.is_empty() {
            left.lines
                .push(Line::from("   no attributes, events, logs or links".fg(theme::DIM)));
        }
        let who = if wide { &mut right } else { &mut left };
        who.attributes("resource", &span.resource);
        who.identity(span);
        Self {
            facts: facts(span),
            columns: [left.lines, right.lines],
        }
    }

    /// How many lines there are, of the longer column.
    #[must_use]
    pub fn height(&self) -> usize {
        self.columns.iter().map(Vec::len).max().unwrap_or(0)
    }
}

/// Kind, status, duration, start: what everybody looks for first.
fn facts(span: &Span) -> Line<'static> {
    let status = match span.status {
        StatusCode::Error => "✗ error".bold().fg(theme::ERROR),
        StatusCode::Ok => "✓ ok".fg(theme::GOOD),
        StatusCode::Unset => "status unset".fg(theme::DIM),
    };
    let length = match span.end_unix_nano {
        Some(end) => format::duration(end.saturating_sub(span.start_unix_nano)),
        None => "running".to_owned(),
    };
    let dot = || " · ".fg(theme::DIM);
    let mut line = Line::from(vec![" ".into(), status, dot(), span.kind.name().into(), dot(), length.into()]);
    line.spans
        .extend([dot(), "span ".fg(theme::DIM), span.span_id.to_string().into()]);
    match span.parent_span_id {
        Some(parent) => line
            .spans
            .extend([dot(), "parent ".fg(theme::DIM), parent.to_string().into()]),
        None => line.spans.extend([dot(), "root".into()]),
    }
    line
}

/// Lines so far, and the widths for the next.
struct Page {
    lines: Vec<Line<'static>>,
    width: usize,
    /// Where values begin.
    values: usize,
}

impl Page {
    /// Values begin behind the longest key, or in the middle.
    fn new<'a>(width: usize, attributes: impl Iterator<Item = &'a Attribute>) -> Self {
        let longest = attributes.map(|attribute| attribute.key.width()).max().unwrap_or(0);
        Self {
            lines: Vec::new(),
            width,
            values: (longest + 4).clamp(18, (width / 2).max(18)),
        }
    }

    fn section(&mut self, name: &'static str) {
        self.lines.push(Line::from(format!(" {name}").bold()));
    }

    fn attributes(&mut self, section: &'static str, attributes: &[Attribute]) {
        if !attributes.is_empty() {
            self.section(section);
            self.list(attributes, 3);
        }
    }

    fn list(&mut self, attributes: &[Attribute], indent: usize) {
        for attribute in attributes {
            self.pair(&attribute.key, &value(&attribute.value), indent, Style::new());
        }
    }

    /// A name with its value; a value that is too long goes on below itself.
    fn pair(&mut self, key: &str, value: &str, indent: usize, style: Style) {
        let column = self.values;
        let key = format::exactly(&clean(key), column.saturating_sub(indent + 1));
        let value = clean(value);
        for (at, piece) in format::wrapped(&value, self.width.saturating_sub(column + 1).max(8))
            .into_iter()
            .enumerate()
        {
            let left = if at == 0 {
                format!("{}{key} ", " ".repeat(indent))
            } else {
                " ".repeat(column)
            };
            self.lines
                .push(Line::from(vec![left.fg(theme::DIM), Text::styled(piece, style)]));
        }
    }

    fn events(&mut self, events: &[Event], start: u64) {
        if events.is_empty() {
            return;
        }
        self.section("events");
        for event in events {
            let when = format!("+{}", format::duration(event.time_unix_nano.saturating_sub(start)));
            let style = if event.name == "exception" {
                Style::new().fg(theme::ERROR)
            } else {
                Style::new()
            };
            self.pair(&when, &event.name, 3, style);
            self.list(&event.attributes, 5);
        }
    }

    fn logs(&mut self, logs: &[Log], start: u64) {
        if logs.is_empty() {
            return;
        }
        self.section("logs");
        for log in logs.iter().take(LOGS) {
            let when = match log.time_unix_nano.checked_sub(start) {
                Some(after) => format!("+{}", format::duration(after)),
                None => format!("-{}", format::duration(start - log.time_unix_nano)),
            };
            self.pair(&when, &log_line(log), 3, severity_style(log.severity));
            self.list(&log.attributes, 5);
        }
        if logs.len() > LOGS {
            self.lines
                .push(Line::from(format!("   only the first {LOGS} are shown").fg(theme::DIM)));
        }
    }

    fn links(&mut self, links: &[Link]) {
        if links.is_empty() {
            return;
        }
        self.section("links");
        for link in links {
            let id = |id: Option<String>| id.unwrap_or_else(|| "(no valid id)".to_owned());
            let to = format!(
                "span {} of trace {}",
                id(link.span_id.map(|id| id.to_string())),
                id(link.trace_id.map(|id| id.to_string()))
            );
            self.pair("to", &to, 3, Style::new());
            self.list(&link.attributes, 5);
        }
    }

    fn identity(&mut self, span: &Span) {
        self.section("identity");
        self.pair("trace", &span.trace_id.to_string(), 3, Style::new());
        self.pair("span", &span.span_id.to_string(), 3, Style::new());
        for (name, text) in [
            ("tracestate", &span.trace_state),
            ("scope", &span.scope.name),
            ("scope version", &span.scope.version),
        ] {
            if !text.is_empty() {
                self.pair(name, text, 3, Style::new());
            }
        }
        self.pair("came by", span.source.name(), 3, Style::new());
        if span.dropped > 0 {
            self.pair(
                "dropped by its SDK",
                &format::count(span.dropped.into(), "item"),
                3,
                Style::new().fg(theme::WARNING),
            );
        }
    }
}

/// Severity, the event's name if it has one, and what it says.
fn log_line(log: &Log) -> String {
    let severity = match (log.severity_text.as_str(), log.severity) {
        ("", Severity::Unspecified) => String::new(),
        ("", severity) => format!("{} ", severity.name().to_uppercase()),
        (text, _) => format!("{text} "),
    };
    let event = if log.event_name.is_empty() {
        String::new()
    } else {
        format!("{} ", log.event_name)
    };
    let body = if log.body == Value::Empty {
        String::new()
    } else {
        value(&log.body)
    };
    format!("{severity}{event}{body}")
}

fn severity_style(severity: Severity) -> Style {
    match severity {
        Severity::Error | Severity::Fatal => Style::new().fg(theme::ERROR),
        Severity::Warn => Style::new().fg(theme::WARNING),
        Severity::Trace | Severity::Debug => Style::new().fg(theme::DIM),
        Severity::Info | Severity::Unspecified => Style::new(),
    }
}

/// A value in one line, in the manner of JSON.
fn value(value: &Value) -> String {
    match value {
        Value::Empty => "(empty)".to_owned(),
        Value::String(text) => text.clone(),
        Value::Bool(value) => value.to_string(),
        Value::Int(value) => value.to_string(),
        Value::Double(value) => value.to_string(),
        Value::Bytes(bytes) => {
            let shown: Vec<_> = bytes.iter().take(64).map(|byte| format!("{byte:02x}")).collect();
            format!("{}: {}", format::count(bytes.len() as u64, "byte"), shown.join(" "))
        }
        Value::Array(values) => format!("[{}]", values.iter().map(nested).collect::<Vec<_>>().join(", ")),
        Value::Map(pairs) => {
            let pairs: Vec<_> = pairs
                .iter()
                .map(|pair| format!("{}: {}", pair.key, nested(&pair.value)))
                .collect();
            format!("{{{}}}", pairs.join(", "))
        }
    }
}

fn nested(inner: &Value) -> String {
    if let Value::String(text) = inner {
        format!("{text:?}")
    } else {
        value(inner)
    }
}
