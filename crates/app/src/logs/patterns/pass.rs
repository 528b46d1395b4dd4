//! A pass over a list of records, in steps.

use std::ops::RangeInclusive;
use std::sync::Arc;

use trace_model::work::{self, VISIT};
use trace_model::{LogEdits, LogId, LogReader, LogView, Store, StoredLog, Value};
use trace_stats::template::{Grouping, ShapeId, TEXT_BYTES_MAX, Templates};

use super::division::Division;
use super::pattern::{Counts, OTHERS, Pattern};
use crate::details::value;

/// A pass over a list.
#[derive(Debug)]
pub(super) struct Pass {
    reader: LogReader,
    /// Changes of the list when it began, and its newest record then.
    edits: LogEdits,
    newest: Option<LogId>,
    division: Division,
    templates: Templates,
    shapes: Vec<Counts>,
    others: Option<Counts>,
    grouping: Option<Grouping>,
    is_complete: bool,
}

impl Pass {
    pub(super) fn new(store: &Store, view: LogView, times: &RangeInclusive<u64>) -> Self {
        Self {
            reader: LogReader::new(view).within(times),
            edits: store.log_edits(view),
            newest: newest(store, view),
            division: Division::new(times),
            templates: Templates::default(),
            shapes: Vec::new(),
            others: None,
            grouping: None,
            is_complete: false,
        }
    }

    /// Returns the same pass with the records that were added since it began; `None` if it has to be made anew.
    pub(super) fn continued(mut self, store: &Store, view: LogView, times: &RangeInclusive<u64>) -> Option<Self> {
        let read = self.division.times();
        let has_read_all = self.newest.is_some_and(|newest| newest.time_unix_nano() <= *read.end());
        let is_longer = times.start() == read.start() && (times.end() == read.end() || times.end() > read.end() && has_read_all);
        if !is_longer || store.log_edits(view) != self.edits {
            return None;
        }
        self.division.lengthen(times, || {
            work::add(self.shapes.len() * VISIT);
            self.shapes.iter_mut().chain(&mut self.others).for_each(Counts::halve);
        });
        self.reader = LogReader::new(view).within(times).after(self.newest);
        self.newest = newest(store, view);
        self.is_complete = false;
        Some(self)
    }

    /// Returns true if it has read all, and its result was taken.
    pub(super) const fn is_complete(&self) -> bool {
        self.is_complete
    }

    /// Returns the number of parts of the time that has been read.
    pub(super) fn parts(&self) -> usize {
        self.division.parts()
    }

    /// Returns true once it is complete.
    pub(super) fn step(&mut self, store: &Store, work: u64) -> bool {
        if let Some(grouping) = &mut self.grouping {
            return !grouping.step(&self.templates, work);
        }
        let Self {
            reader,
            division,
            templates,
            shapes,
            others,
            ..
        } = self;
        let is_read = reader.step(store, work, |log| {
            let text = text_of(&log);
            let counts = Counts::of(&log, division);
            match templates.add(&text).map(ShapeId::index) {
                Some(shape) if shape < shapes.len() => shapes[shape].merge(&counts),
                Some(_) => shapes.push(counts),
                None => match others {
                    Some(others) => others.merge(&counts),
                    None => *others = Some(counts),
                },
            }
        });
        if is_read {
            self.grouping = Some(Grouping::new(&self.templates));
        }
        false
    }

    /// Returns the patterns, and the masked texts of their records with the keys of the patterns.
    pub(super) fn finish(&mut self) -> (Vec<Pattern>, Vec<(Arc<str>, u32)>) {
        self.is_complete = true;
        let Some(grouping) = self.grouping.take() else {
            return (Vec::new(), Vec::new());
        };
        let groups = grouping.finish(&self.templates);
        let mut patterns: Vec<Option<Pattern>> = vec![None; groups.len()];
        let mut shapes = Vec::with_capacity(self.shapes.len());
        for (number, counts) in self.shapes.iter().enumerate() {
            let Some(shape) = self.templates.shape(number) else { continue };
            let group = groups.of(shape);
            let Some((group, template)) = group.and_then(|group| Some((group, groups.get(group)?))) else {
                continue;
            };
            let key = u32::try_from(template.first.index()).unwrap_or(OTHERS);
            shapes.push((self.templates.text(shape).clone(), key));
            match &mut patterns[group] {
                Some(pattern) => pattern.counts.merge(counts),
                none => {
                    *none = Some(Pattern {
                        text: template.text.clone(),
                        key,
                        counts: counts.clone(),
                    });
                }
            }
        }
        let others = self.others.clone().map(|counts| Pattern {
            text: "(other messages)".to_owned(),
            key: OTHERS,
            counts,
        });
        (patterns.into_iter().flatten().chain(others).collect(), shapes)
    }
}

/// Returns the newest record of a list.
fn newest(store: &Store, view: LogView) -> Option<LogId> {
    let count = store.listed_logs(view);
    store.logs_at(view, count.saturating_sub(1)..count).pop()
}

/// Returns the text of a record.
pub(super) fn text_of(log: &StoredLog<'_>) -> String {
    match log.message(TEXT_BYTES_MAX) {
        Value::Empty => String::new(),
        Value::String(text) => text,
        structure => value(&structure),
    }
}
