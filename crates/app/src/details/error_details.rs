//! One error with all that was reported of it, laid out.

use ratatui_core::layout::Rect;
use trace_model::sentry::{ErrorEvent, Gravity};
use trace_model::{Attribute, ErrorScope, Event, Revision, Source, Store, TraceId, outside_of_spans};
use trace_stats::{ErrorId, ErrorPlace, ReportedBy};

use super::{PagePane, ShownError, SpanPage};

/// Log records of a span that are searched for the error.
const SEARCHED: usize = 1_000;

/// The error that is shown, with its page.
#[derive(Debug, Default)]
pub struct ErrorDetails {
    shown: Option<ErrorId>,
    /// Revision of the trace when it was read, and whether the error counted as handled, which follows a change of the trace later.
    read: Option<(Revision, bool)>,
    /// `None` if it was evicted.
    error: Option<ShownError>,
    trace_start: u64,
    pub(crate) pane: PagePane,
}

impl ErrorDetails {
    /// Returns its page, with the cursor; without a page if no error is shown.
    #[must_use]
    pub const fn pane(&self) -> &PagePane {
        &self.pane
    }

    /// The value under the cursor with its name.
    pub(crate) fn value_under_cursor(&self) -> Option<(String, String)> {
        self.pane
            .value_under_cursor(|layout| Some(SpanPage::of_error(self.error.as_ref()?, self.trace_start, layout)))
    }

    /// Returns title and stack as text.
    pub(crate) fn text(&self) -> Option<String> {
        let event = &self.error.as_ref()?.event;
        if let Some(stack) = &event.stacktrace {
            return Some(stack.clone());
        }
        let mut lines = vec![event.title.clone()];
        for exception in &event.exceptions {
            lines.push(exception.title());
            for frame in &exception.frames {
                let file = frame.filename.as_ref().or(frame.abs_path.as_ref()).or(frame.module.as_ref());
                let function = frame.function.as_deref().unwrap_or_default();
                let line = frame.lineno.map(|line| format!(":{line}")).unwrap_or_default();
                lines.push(format!("    {function} {}{line}", file.map_or("", |file| file)));
            }
        }
        lines.dedup();
        Some(lines.join("\n"))
    }

    /// Catches up with the store; `area` is without the title.
    pub(crate) fn fit(&mut self, store: &Store, shown: Option<(ErrorId, &ErrorPlace)>, area: Rect) {
        if self.shown != shown.map(|(id, _)| id) {
            let mut pane = std::mem::take(&mut self.pane);
            pane.restart();
            *self = Self {
                shown: shown.map(|(id, _)| id),
                pane,
                ..Self::default()
            };
        }
        if let Some((_, place)) = shown {
            let trace_id = place.scope.trace_id();
            let revision = trace_id.and_then(|trace_id| store.trace_revision(trace_id));
            let revision = revision.map(|revision| (revision, place.is_handled));
            // A record outside of traces does not change.
            let is_read = match trace_id {
                Some(_) => revision.is_some() && revision == self.read,
                None => self.error.is_some() && store.has_scope(place.scope),
            };
            if !is_read {
                self.read = revision;
                let error = read(store, place);
                let trace = trace_id.and_then(|trace_id| store.trace(trace_id));
                // Outside of traces, times are relative to the error.
                let unknown = if trace_id.is_some() { 0 } else { place.unix_nano };
                let start = trace.map_or(unknown, |trace| trace.start_unix_nano);
                if (&error, start) != (&self.error, self.trace_start) {
                    (self.error, self.trace_start) = (error, start);
                    self.pane.outdate();
                }
            }
        }
        self.pane.fit(area, |layout| {
            Some(SpanPage::of_error(self.error.as_ref()?, self.trace_start, layout))
        });
    }
}

/// Reads the error at a place: the report of Sentry if there is one, else the event of the span, else the log record; with what only the
/// others say.
fn read(store: &Store, place: &ErrorPlace) -> Option<ShownError> {
    let trace_id = match place.scope {
        ErrorScope::Trace(trace_id) => trace_id,
        ErrorScope::Record(id) => return ShownError::of(&store.stored_log(id)?.decode()),
    };
    let span_id = place
        .key
        .as_ref()
        .map_or_else(|| outside_of_spans(trace_id), |key| key.span_id);
    let records = store.error_events(trace_id, span_id, SEARCHED);
    let of = |is_sentry: bool| {
        let records = records
            .iter()
            .filter(move |record| (record.source == Source::Sentry) == is_sentry);
        records.filter_map(ShownError::of).collect::<Vec<_>>()
    };
    let span = place
        .key
        .as_ref()
        .filter(|_| place.reported_by.has(ReportedBy::SPAN_EVENT))
        .and_then(|key| store.span(trace_id, key));
    let resource = span.map(|span| span.resource).unwrap_or_default();
    let events = place
        .key
        .as_ref()
        .map_or_else(Vec::new, |key| store.exceptions(trace_id, key));
    let events = events
        .iter()
        .map(|event| of_event(event, (trace_id, &resource), place))
        .collect();
    let ways = [
        (ReportedBy::SENTRY, of(true)),
        (ReportedBy::SPAN_EVENT, events),
        (ReportedBy::LOG_RECORD, of(false)),
    ];
    let mut ways = ways
        .into_iter()
        .filter(|(way, _)| place.reported_by.has(*way))
        .map(|(_, errors)| errors);
    let mut first = ways
        .next()?
        .into_iter()
        .find(|error| error.event.unix_nano == place.unix_nano)?;
    for others in ways {
        let is_same = |other: &&ShownError| message(&other.event) == message(&first.event);
        let nearest = others
            .iter()
            .filter(is_same)
            .min_by_key(|other| other.event.unix_nano.abs_diff(place.unix_nano));
        if let Some(other) = nearest {
            add(&mut first, other);
        }
    }
    // A span's status is not known of its event alone.
    first.gravity = match first.gravity {
        Gravity::Mild => Gravity::Mild,
        _ if place.is_handled => Gravity::Handled,
        _ => Gravity::Error,
    };
    Some(first)
}

fn message(event: &ErrorEvent) -> &str {
    event
        .exceptions
        .iter()
        .find(|exception| exception.has_name())
        .map_or(&*event.title, |thrown| &*thrown.value)
}

/// Adds what only another report of an error says.
fn add(error: &mut ShownError, other: &ShownError) {
    let event = &mut error.event;
    for (known, more) in [
        (&mut event.stacktrace, &other.event.stacktrace),
        (&mut event.release, &other.event.release),
        (&mut event.environment, &other.event.environment),
    ] {
        if known.is_none() {
            known.clone_from(more);
        }
    }
    for attribute in &other.attributes {
        if !error.attributes.iter().any(|known| known.key == attribute.key) {
            error.attributes.push(attribute.clone());
        }
    }
}

/// Converts an exception event of a span.
fn of_event(event: &Event, (trace_id, resource): (TraceId, &[Attribute]), place: &ErrorPlace) -> ShownError {
    let key = place.key.as_ref();
    let others = event
        .attributes
        .iter()
        .filter(|attribute| !attribute.key.starts_with("exception."));
    let event = ErrorEvent::of_exception(event, trace_id, key.map(|key| key.span_id), resource);
    ShownError {
        gravity: event.gravity(),
        event,
        service: key.map(|key| key.service.to_string()).unwrap_or_default(),
        attributes: others.cloned().collect(),
    }
}
