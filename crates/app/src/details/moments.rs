//! Events and log records of a span, by time.

use trace_model::{Attribute, Event, LogRecord, Span, StatusCode, Value};
use trace_stats::short_type;

use super::super::content::{Line, Means, Piece, Role};
use super::column::{Column, fold_mark};
use super::lines::{log_line, offset, severity_mark, severity_role};
use super::value::{value, whole};
use super::{LOGS, order::by_use};
use crate::format;
use crate::text::first_line;

/// Events and logs listed before the rest is unfolded.
const LISTED: usize = 10;
/// Minimum width, in columns, for the bar of offsets.
const BAR_FROM: usize = 50;

/// Something that happened.
enum Moment<'a> {
    Event(&'a Event),
    Log(&'a LogRecord),
}

impl Moment<'_> {
    const fn time_unix_nano(&self) -> u64 {
        match self {
            Self::Event(event) => event.time_unix_nano,
            Self::Log(log) => log.time_unix_nano,
        }
    }

    fn attributes(&self) -> &[Attribute] {
        match self {
            Self::Event(event) => &event.attributes,
            Self::Log(log) => &log.attributes,
        }
    }

    /// Returns the title line and its role.
    fn title(&self, has_failed: bool) -> (String, Role) {
        match self {
            Self::Event(event) if event.name == Event::EXCEPTION => {
                let name = exception(event);
                let name = first_line(name.as_ref().unwrap_or(&event.name));
                if has_failed || event.is_escaped() {
                    (format!("✗ {name}"), Role::Error)
                } else {
                    (format!("⚠ handled {name}"), Role::Warning)
                }
            }
            Self::Event(event) => (first_line(&event.name), Role::Plain),
            Self::Log(log) => {
                let text = format!("{}{}", severity_mark(log.severity), log_line(log));
                (first_line(&text), severity_role(log.severity))
            }
        }
    }

    /// Returns its longest part with a name: the stack trace of an exception, or the body of a log record.
    fn value(&self) -> Option<(&'static str, &Value)> {
        match self {
            Self::Event(event) => {
                let stack = event.attributes.iter().find(|attribute| attribute.key == STACKTRACE)?;
                Some((STACKTRACE, &stack.value))
            }
            Self::Log(log) if log.body == Value::Empty => None,
            Self::Log(log) => Some(("body", &log.body)),
        }
    }

    /// Returns the value that is listed below it when it is unfolded, in addition to its attributes: one that its line cannot hold.
    fn body(&self, room: usize) -> Option<&Value> {
        let Self::Log(log) = self else { return None };
        let is_structured = matches!(log.body, Value::Map(_) | Value::Array(_) | Value::Bytes(_));
        let text = match &log.body {
            Value::Empty => return None,
            body => value(body),
        };
        (is_structured || text.trim_end().contains('\n') || format::columns(&text) > room).then_some(&log.body)
    }
}

/// Returns type and message of an exception, the type without its module, which is among the attributes below; `None` if it has neither.
fn exception(event: &Event) -> Option<String> {
    let title = event.exception().filter(|title| !title.is_empty())?;
    let of_type = event.attributes.iter().find_map(|attribute| match &attribute.value {
        Value::String(name) if attribute.key == "exception.type" => Some(name.as_str()),
        _ => None,
    });
    let of_type = of_type.unwrap_or_default();
    let message = title.strip_prefix(of_type)?;
    Some(format!("{}{message}", short_type(of_type)))
}

/// Name of the stack trace in the attributes of an exception event.
const STACKTRACE: &str = "exception.stacktrace";

impl Column<'_> {
    /// Events and log records, by time. Offsets are from `start` on, in nanoseconds since the Unix epoch.
    pub(super) fn moments(&mut self, span: Option<&Span>, logs: &[LogRecord], start: u64) {
        let events = span.map(|span| span.events.as_slice()).unwrap_or_default();
        let shown = events.iter().map(Moment::Event);
        let mut moments: Vec<_> = shown.chain(logs.iter().take(LOGS).map(Moment::Log)).collect();
        if moments.is_empty() {
            return;
        }
        moments.sort_by_key(Moment::time_unix_nano);
        let name = match (events, logs) {
            (_, []) => "events",
            ([], _) => "logs",
            _ => "events and logs",
        };
        self.section(name, Some(events.len() + logs.len()));
        let times = Times::of(span, start);
        let (first, rest) = moments.split_at(LISTED.min(moments.len()));
        self.each_moment(first, &times);
        if !rest.is_empty() {
            let (_, is_open) = self.fold("rest");
            let rest_text = format::count(rest.len() as u64, "later one");
            self.lines
                .push(Line::from(format!("   {} {rest_text}", fold_mark(is_open)).means(Role::Dim)));
            if is_open {
                self.each_moment(rest, &times);
            }
        }
        if logs.len() > LOGS {
            let text = format!("   only the first {LOGS} log records are shown");
            self.lines.push(Line::from(text.means(Role::Dim)));
        }
    }

    /// Says which value the last item has, if it has one.
    fn is_value_of(&mut self, moment: &Moment<'_>) {
        if let Some((name, value)) = moment.value() {
            self.is_value(name, || whole(value));
        }
    }

    fn each_moment(&mut self, moments: &[Moment<'_>], times: &Times) {
        for moment in moments {
            self.moment(moment, times);
        }
    }

    fn moment(&mut self, moment: &Moment<'_>, times: &Times) {
        let unix_nano = moment.time_unix_nano();
        let (title, role) = moment.title(times.has_failed);
        let mut line = Line::from(format!("   {} ", format::exactly(&offset(unix_nano, times.start), 9)).means(Role::Dim));
        if self.width >= BAR_FROM {
            let columns = (self.width / 8).clamp(6, 16);
            line.pieces.extend(times.bar(unix_nano, columns, &title, role));
        }
        let room = self.width.saturating_sub(line.width() + 3);
        let body = moment.body(room);
        let has_more = body.is_some() || !moment.attributes().is_empty();
        if !has_more {
            self.item((unix_nano, &title), false);
            self.is_value_of(moment);
            line.push("  ");
            line.push(format::at_most(&title, room).means(role));
            return self.lines.push(line);
        }
        let (id, is_open) = self.fold((unix_nano, &title));
        self.is_value_of(moment);
        line.push(format!("{} ", fold_mark(is_open)).means(Role::Dim));
        line.push(format::at_most(&title, room).means(role));
        if !is_open {
            let room = self.width.saturating_sub(line.width() + 3);
            line.pieces.extend(preview(moment, room));
        }
        self.lines.push(line);
        if is_open {
            self.within(id, |column| {
                if let Some(body) = body {
                    column.named_value("body", body, 5);
                }
                column.list(moment.attributes(), 5);
            });
        }
    }
}

/// The first attributes, as far as there is room for a few words; of an exception what its title does not have.
fn preview(moment: &Moment<'_>, room: usize) -> Option<Piece> {
    const FEW: usize = 12;
    let is_exception = matches!(moment, Moment::Event(event) if event.name == Event::EXCEPTION);
    if room < FEW || is_exception {
        return None;
    }
    let attributes = by_use(moment.attributes()).into_iter().take(room / 4);
    let attributes =
        attributes.map(|attribute| format!("{}={}", first_line(&attribute.key), first_line(&value(&attribute.value))));
    let text = attributes.collect::<Vec<_>>().join(" ");
    (!text.is_empty()).then(|| format!("  {}", format::at_most(&text, room)).means(Role::Dim))
}

/// When the span was, and whether it failed.
struct Times {
    start: u64,
    /// Nanoseconds; 0 for a span that has no length.
    nano: u64,
    has_failed: bool,
}

impl Times {
    fn of(span: Option<&Span>, start: u64) -> Self {
        let end = span.and_then(|span| span.end_unix_nano);
        Self {
            start,
            nano: end.map_or(0, |end| end.saturating_sub(start)),
            has_failed: span.is_some_and(|span| span.status == StatusCode::Error),
        }
    }

    /// The span's bar with a mark at the offset; a moment outside the span is at the nearer end.
    fn bar(&self, unix_nano: u64, columns: usize, title: &str, role: Role) -> Vec<Piece> {
        if self.nano == 0 {
            return Vec::new();
        }
        let after = unix_nano.saturating_sub(self.start).min(self.nano);
        let at = u128::from(after) * (columns as u128 - 1) / u128::from(self.nano);
        let at = usize::try_from(at).unwrap_or(0);
        let mark = if unix_nano < self.start {
            "‹"
        } else if unix_nano - self.start > self.nano {
            "›"
        } else if role == Role::Error {
            "!"
        } else if title.starts_with('⚠') {
            "⚠"
        } else {
            "•"
        };
        vec![
            "─".repeat(at).means(Role::Rule),
            mark.means(role),
            format!("{} ", "─".repeat(columns - 1 - at)).means(Role::Rule),
        ]
    }
}
