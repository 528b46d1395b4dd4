//! The errors of one trace, each once, or that of a log record outside of traces.

use std::collections::BTreeMap;
use std::hash::{BuildHasher, RandomState};

use trace_model::sentry::{ErrorEvent, Exception, Gravity};
use trace_model::work;
use trace_model::{
    Attribute, ErrorReader, ErrorRecord, ErrorScope, LogRecord, RawProgress, ReportedError, Source, SpanId, Store, Value,
};
use value_text::OwnFrame;

use super::{Occurrence, ReportedBy, Texts};

/// Maximum number of errors of one trace.
const TRACE_ERRORS_MAX: usize = 5_000;

/// A trace whose errors are being read.
#[derive(Debug)]
pub(super) struct Reading {
    reader: ErrorReader,
    reports: Vec<Report>,
    hasher: RandomState,
    work: u64,
}

/// An error as it was reported once.
#[derive(Clone, Copy, Debug)]
struct Report {
    occurrence: Occurrence,
    /// Hash of the whole message.
    message: u64,
}

/// Content of a report.
struct Said<'a> {
    type_name: &'a str,
    message: &'a str,
    frame: Option<OwnFrame>,
}

impl Reading {
    pub(super) fn new(store: &Store, scope: ErrorScope) -> Self {
        Self {
            reader: ErrorReader::new(store, scope),
            reports: Vec::new(),
            hasher: RandomState::new(),
            work: 0,
        }
    }

    pub(super) const fn scope(&self) -> ErrorScope {
        self.reader.scope()
    }

    /// Returns the work done for it.
    pub(super) const fn work(&self) -> u64 {
        self.work
    }

    /// Reads on until [`work::done`] is `until`; returns true when all is read. Of an error one record at least must be wanted.
    pub(super) fn step(
        &mut self,
        store: &Store,
        texts: &mut Texts,
        until: u64,
        is_wanted: &impl Fn(&ErrorRecord<'_>) -> bool,
    ) -> bool {
        let before = work::done();
        let Self {
            reader, reports, hasher, ..
        } = self;
        let progress = reader.step(store, until.saturating_sub(before), |record, error| {
            if reports.len() < TRACE_ERRORS_MAX
                && let Some(mut report) = report(error, texts, hasher)
            {
                report.occurrence.is_wanted = is_wanted(&record);
                reports.push(report);
            }
        });
        if progress == RawProgress::Left {
            self.reports.clear();
        }
        self.work += work::done().saturating_sub(before);
        progress != RawProgress::More
    }

    /// Returns the errors, by time.
    pub(super) fn finish(self, texts: &Texts) -> Vec<Occurrence> {
        let mut same: BTreeMap<(Option<SpanId>, u32, u64), [Vec<Occurrence>; 3]> = BTreeMap::new();
        for Report { occurrence, message } in self.reports {
            let ways = same.entry((occurrence.span_id, occurrence.type_name, message)).or_default();
            let way = match occurrence.reported_by {
                ReportedBy::SENTRY => 0,
                ReportedBy::SPAN_EVENT => 1,
                _ => 2,
            };
            ways[way].push(occurrence);
        }
        let mut found = Vec::new();
        for mut ways in same.into_values() {
            for way in &mut ways {
                // Of one time, by text: numbers depend on the order of arrival.
                way.sort_by_key(|occurrence| (occurrence.unix_nano, texts.frames.get(occurrence.frame)));
            }
            let count = ways.iter().map(Vec::len).max().unwrap_or(0);
            found.extend((0..count).filter_map(|at| merged(ways.iter().filter_map(|way| way.get(at)))));
        }
        found.retain(|occurrence| occurrence.is_wanted);
        found.sort_by_key(|occurrence| (occurrence.unix_nano, occurrence.span_id));
        found
    }
}

/// Returns the error of several reports: the first one's, with what only others say.
fn merged<'a>(mut reports: impl Iterator<Item = &'a Occurrence>) -> Option<Occurrence> {
    let mut first = *reports.next()?;
    for other in reports {
        first.reported_by = first.reported_by.and(other.reported_by);
        first.is_handled &= other.is_handled;
        first.is_wanted |= other.is_wanted;
        if first.frame == 0 {
            first.frame = other.frame;
        }
        if other.reported_by == ReportedBy::SPAN_EVENT {
            (first.duplicate, first.service) = (other.duplicate, other.service);
        }
    }
    Some(first)
}

fn report(error: ReportedError, texts: &mut Texts, hasher: &RandomState) -> Option<Report> {
    match error {
        ReportedError::Event { key, has_failed, event } => {
            let occurrence = Occurrence {
                unix_nano: event.time_unix_nano,
                span_id: Some(key.span_id),
                duplicate: key.duplicate,
                service: texts.services.intern(&key.service),
                type_name: 0,
                shape: None,
                frame: 0,
                reported_by: ReportedBy::SPAN_EVENT,
                is_handled: !has_failed && !event.is_escaped(),
                is_wanted: true,
            };
            let text = |key| text(&event.attributes, key);
            let said = Said {
                type_name: text("exception.type"),
                message: text("exception.message"),
                frame: OwnFrame::newest(text("exception.stacktrace")),
            };
            Some(said.report(occurrence, texts, hasher))
        }
        ReportedError::Record(log) => report_of_record(&log, texts, hasher),
    }
}

fn report_of_record(log: &LogRecord, texts: &mut Texts, hasher: &RandomState) -> Option<Report> {
    let event = ErrorEvent::of(log).filter(|event| event.gravity() != Gravity::Mild)?;
    let occurrence = Occurrence {
        unix_nano: event.unix_nano,
        span_id: event.span_id,
        duplicate: 0,
        service: texts.services.intern(&log.service),
        type_name: 0,
        shape: None,
        frame: 0,
        reported_by: if log.source == Source::Sentry {
            ReportedBy::SENTRY
        } else {
            ReportedBy::LOG_RECORD
        },
        is_handled: event.gravity() == Gravity::Handled,
        is_wanted: true,
    };
    let thrown = event.exceptions.iter().find(|exception| exception.has_name());
    let stack = event.stacktrace.as_deref().unwrap_or_default();
    let frame = thrown.or(event.exceptions.first()).and_then(frame_of);
    let said = Said {
        type_name: thrown.map_or("", |thrown| &*thrown.type_name),
        message: thrown.map_or(&*event.title, |thrown| &*thrown.value),
        frame: frame.or_else(|| OwnFrame::newest(stack)),
    };
    Some(said.report(occurrence, texts, hasher))
}

impl Said<'_> {
    fn report(self, occurrence: Occurrence, texts: &mut Texts, hasher: &RandomState) -> Report {
        work::add(self.message.len());
        let frame = self.frame.map_or(0, |frame| match (&*frame.function, &*frame.file) {
            (function, "") => texts.frames.intern(function),
            ("", file) => texts.frames.intern(file),
            (function, file) => texts.frames.intern(&format!("{function} ({file})")),
        });
        Report {
            occurrence: Occurrence {
                type_name: texts.types.intern(short_type(self.type_name)),
                shape: texts.templates.add(self.message),
                frame,
                ..occurrence
            },
            message: hasher.hash_one(self.message),
        }
    }
}

/// Returns the newest call of the program's own code. If no call is marked, all are its own.
fn frame_of(exception: &Exception) -> Option<OwnFrame> {
    let frame = exception.in_app_frames().next().or_else(|| exception.frames.first())?;
    let file = frame.filename.as_ref().or(frame.abs_path.as_ref()).or(frame.module.as_ref());
    let function = frame.function.as_deref().unwrap_or_default();
    Some(OwnFrame::new(function, file.map_or("", |file| file)))
}

/// Returns a type without its module: senders of the same error differ in that. A general name keeps the part before it.
#[must_use]
pub fn short_type(name: &str) -> &str {
    let from = |end: usize| name[..end].rfind(['.', ':', '/', '\\']).map_or(0, |at| at + 1);
    let start = from(name.len());
    if matches!(&name[start..], "Error" | "Exception" | "Failure" | "") {
        let before = name[..start].trim_end_matches(['.', ':', '/', '\\']);
        return &name[from(before.len())..];
    }
    &name[start..]
}

fn text<'a>(attributes: &'a [Attribute], key: &str) -> &'a str {
    let found = attributes.iter().find(|attribute| attribute.key == key);
    match found.map(|attribute| &attribute.value) {
        Some(Value::String(text)) => text,
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_known_without_their_module() {
        for (name, expected) in [
            ("ValueError", "ValueError"),
            ("requests.exceptions.ConnectionError", "ConnectionError"),
            ("java.lang.IllegalStateException", "IllegalStateException"),
            ("reqwest::Error", "reqwest::Error"),
            ("std::io::Error", "io::Error"),
            ("*net.OpError", "OpError"),
            ("Error", "Error"),
            ("", ""),
            ("é.", "é."),
        ] {
            assert_eq!(short_type(name), expected);
        }
    }
}
