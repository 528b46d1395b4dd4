//! Patterns: the listed records by message template, as [`trace_stats::template`] finds them.
//!
//! A pass reads the list from its newest record on, in steps; the patterns of the last complete pass are shown. If records were only added at the end of the list,
//! the next pass continues the last one with these.

use std::collections::HashSet;
use std::ops::RangeInclusive;
use std::sync::Arc;

use ratatui_core::layout::Rect;
use trace_model::work::{self, VISIT};
use trace_model::{LogCondition, LogEdits, LogId, LogReader, LogView, Revision, Severity, Store, StoredLog, Value};
use trace_stats::template::{Grouping, ShapeId, TEXT_BYTES_MAX, Templates, masked};

use crate::content::{Means, Role};
use crate::details::{severity_mark, severity_role, value};
use crate::figures::histogram;
use crate::format::{self, Now, service_name};
use crate::table::{Column, Rank, Table, TableState, Width};
use crate::{Action, Times};

/// Bars of the small histogram of a pattern.
const BARS: usize = 12;
/// Parts of the time that are counted: some to a bar, so that the time can grow.
const PARTS: usize = 4 * BARS;
/// Time between the begins of two passes, in nanoseconds.
const AGAIN: u64 = 1_000_000_000;
/// Work of a pass within a frame.
const WORK_PER_FRAME: u64 = 1 << 21;

/// Records with one template.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Pattern {
    /// The template; empty for records without a text.
    text: String,
    /// The shape that came first, as identity.
    key: u32,
    counts: Counts,
}

impl Pattern {
    /// Returns its template as it is shown.
    fn name(&self) -> &str {
        if self.text.is_empty() { "(no text)" } else { &self.text }
    }
}

/// Counts of some records.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Counts {
    records: u64,
    first: u64,
    last: u64,
    worst: Severity,
    service: Arc<str>,
    has_other_services: bool,
    parts: [u64; PARTS],
}

impl Counts {
    fn new(log: &StoredLog<'_>) -> Self {
        Self {
            records: 0,
            first: u64::MAX,
            last: 0,
            worst: Severity::Unspecified,
            service: log.service().clone(),
            has_other_services: false,
            parts: [0; PARTS],
        }
    }

    fn merge(&mut self, other: &Self) {
        self.records += other.records;
        self.first = self.first.min(other.first);
        self.last = self.last.max(other.last);
        self.worst = self.worst.max(other.worst);
        self.has_other_services |= other.has_other_services || self.service != other.service;
        for (part, more) in self.parts.iter_mut().zip(other.parts) {
            *part += more;
        }
    }

    /// Makes each part twice as long.
    fn halve(&mut self) {
        for at in 0..PARTS {
            let pair = self.parts.get(2 * at..2 * at + 2);
            self.parts[at] = pair.map_or(0, |pair| pair.iter().sum());
        }
    }

    /// Returns the bars of so many parts.
    fn bars(&self, parts: usize) -> [u64; BARS] {
        let mut bars = [0; BARS];
        for (bar, parts) in bars.iter_mut().zip(self.parts.chunks(parts.div_ceil(BARS).max(1))) {
            *bar = parts.iter().sum();
        }
        bars
    }
}

/// Division of a time into parts of equal length.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Division {
    times: RangeInclusive<u64>,
    part_nano: u64,
}

impl Division {
    fn new(times: &RangeInclusive<u64>) -> Self {
        Self {
            times: times.clone(),
            part_nano: (times.end().saturating_sub(*times.start()) / PARTS as u64).saturating_add(1),
        }
    }

    /// Returns the part of a time.
    fn part(&self, unix_nano: u64) -> usize {
        usize::try_from(unix_nano.saturating_sub(*self.times.start()) / self.part_nano).unwrap_or(PARTS)
    }

    /// Returns the number of parts up to the end.
    fn parts(&self) -> usize {
        self.part(*self.times.end()).saturating_add(1).min(PARTS)
    }
}

/// A pass over a list.
#[derive(Debug)]
struct Pass {
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

/// Patterns of a list.
#[derive(Debug)]
pub struct PatternList {
    view: LogView,
    table: TableState<u32>,
    patterns: Vec<Pattern>,
    /// The masked texts of all of them, each with the key of its pattern.
    shapes: Vec<(Arc<str>, u32)>,
    records: u64,
    /// Parts of the time that the patterns' histograms have.
    parts: usize,
    /// The last pass, complete or not.
    pass: Option<Pass>,
    /// Input of the last pass, and when it began.
    of: Option<(Revision, RangeInclusive<u64>)>,
    began_at: u64,
    is_complete: bool,
}

impl PatternList {
    pub(super) fn new(view: LogView) -> Self {
        Self {
            view,
            table: TableState::sorted::<Self>(),
            patterns: Vec::new(),
            shapes: Vec::new(),
            records: 0,
            parts: PARTS,
            pass: None,
            of: None,
            began_at: 0,
            is_complete: false,
        }
    }

    /// Returns the table.
    #[must_use]
    pub const fn table(&self) -> &TableState<u32> {
        &self.table
    }

    /// Returns the number of records in all patterns.
    #[must_use]
    pub const fn records(&self) -> u64 {
        self.records
    }

    /// Returns true if a pass has been completed.
    #[must_use]
    pub const fn is_complete(&self) -> bool {
        self.is_complete
    }

    /// Returns true while a pass is reading.
    pub(super) fn is_reading(&self) -> bool {
        self.pass.as_ref().is_some_and(|pass| !pass.is_complete)
    }

    /// Returns the condition that holds for the records of the pattern under the cursor, and for later ones that are equal to one of these but for
    /// their variables; `None` without a pattern.
    pub(super) fn condition(&self) -> Option<LogCondition> {
        let pattern = self.patterns.get(self.table.position())?;
        let is_others = pattern.key == OTHERS;
        let shapes = self.shapes.iter().filter(|(_, key)| is_others || *key == pattern.key);
        let shapes: HashSet<Arc<str>> = shapes.map(|(shape, _)| shape.clone()).collect();
        let bytes = shapes.iter().map(|shape| shape.len() + 2 * size_of::<Arc<str>>()).sum();
        Some(LogCondition::new(pattern.name(), bytes, move |log| {
            let text = text_of(log);
            work::add(VISIT + 2 * text.len().min(TEXT_BYTES_MAX));
            shapes.contains(&*masked(&text)) != is_others
        }))
    }

    pub(super) fn update(&mut self, action: Action) {
        self.table.move_by(action);
    }

    pub(super) fn select_row(&mut self, row: usize) -> Option<bool> {
        crate::List::select_row(&mut self.table, row)
    }

    pub(super) fn fit(&mut self, store: &Store, times: &RangeInclusive<u64>, (head, rows): (Rect, Rect), now: &Now) {
        let wanted = (store.revision(), times.clone());
        let is_due = now.unix_nano.saturating_sub(self.began_at) >= AGAIN || now.unix_nano < self.began_at;
        if !self.is_reading() && self.of.as_ref() != Some(&wanted) && (is_due || self.of.is_none()) {
            self.began_at = now.unix_nano;
            let last = self.pass.take();
            let continued = last.and_then(|pass| pass.continued(store, self.view, times));
            self.pass = Some(continued.unwrap_or_else(|| Pass::new(store, self.view, times)));
            self.of = Some(wanted);
            // What arrives from now on is of the next pass: the first step is made at once.
            let until = work::done().saturating_add(WORK_PER_FRAME);
            while self.is_reading() && work::done() < until {
                self.step(store, until.saturating_sub(work::done()));
            }
        }
        let (patterns, parts) = (&self.patterns, self.parts);
        let times = Times::of([*times.start(), *times.end()].into_iter());
        self.table.lay_out::<Self>(head, rows, |at| {
            Some(PatternRow {
                pattern: patterns.get(at)?,
                parts,
                times,
                now,
            })
        });
    }

    /// Returns the time at which the next pass is to begin, in nanoseconds since the Unix epoch.
    pub(super) fn due(&self, store: &Store) -> Option<u64> {
        let is_behind = !self.is_reading() && self.of.as_ref().is_some_and(|(revision, _)| *revision != store.revision());
        is_behind.then(|| self.began_at.saturating_add(AGAIN))
    }

    /// Reads records until about this much work is done; returns true if there is a new result.
    pub(super) fn step(&mut self, store: &Store, work: u64) -> bool {
        let Some(pass) = self.pass.as_mut().filter(|pass| !pass.is_complete) else {
            return false;
        };
        if !pass.step(store, work) {
            return false;
        }
        (self.patterns, self.shapes) = pass.finish();
        self.parts = pass.division.parts();
        self.records = self.patterns.iter().map(|pattern| pattern.counts.records).sum();
        self.patterns
            .sort_by(|one, other| (other.counts.records, &one.text).cmp(&(one.counts.records, &other.text)));
        self.table.set_keys(self.patterns.iter().map(|pattern| pattern.key).collect());
        self.is_complete = true;
        true
    }
}

/// Key of the records beyond the limits of templates.
const OTHERS: u32 = u32::MAX;

impl Pass {
    fn new(store: &Store, view: LogView, times: &RangeInclusive<u64>) -> Self {
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
    fn continued(mut self, store: &Store, view: LogView, times: &RangeInclusive<u64>) -> Option<Self> {
        let read = &self.division.times;
        let has_read_all = self.newest.is_some_and(|newest| newest.time_unix_nano() <= *read.end());
        let is_longer = times.start() == read.start() && (times.end() == read.end() || times.end() > read.end() && has_read_all);
        if !is_longer || store.log_edits(view) != self.edits {
            return None;
        }
        self.division.times = times.clone();
        while self.division.part(*times.end()) >= PARTS {
            self.division.part_nano = self.division.part_nano.saturating_mul(2);
            work::add(self.shapes.len() * VISIT);
            self.shapes.iter_mut().chain(&mut self.others).for_each(Counts::halve);
        }
        self.reader = LogReader::new(view).within(times).after(self.newest);
        self.newest = newest(store, view);
        self.is_complete = false;
        Some(self)
    }

    /// Returns true once it is complete.
    fn step(&mut self, store: &Store, work: u64) -> bool {
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
            let mut counts = Counts::new(&log);
            let time = log.id().time_unix_nano();
            (counts.records, counts.first, counts.last) = (1, time, time);
            counts.worst = log.severity();
            if let Some(part) = counts.parts.get_mut(division.part(time)) {
                *part = 1;
            }
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
    fn finish(&mut self) -> (Vec<Pattern>, Vec<(Arc<str>, u32)>) {
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
fn text_of(log: &StoredLog<'_>) -> String {
    match log.message(TEXT_BYTES_MAX) {
        Value::Empty => String::new(),
        Value::String(text) => text,
        structure => value(&structure),
    }
}

/// A pattern in a list.
pub(crate) struct PatternRow<'a> {
    pattern: &'a Pattern,
    parts: usize,
    times: Times,
    now: &'a Now,
}

impl Table for PatternList {
    type Row<'a> = PatternRow<'a>;

    const COLUMNS: &'static [Column<Self>] = &[
        Column::<Self>::number("records", Width::Fixed(9), |row, _| {
            format::grouped(row.pattern.counts.records).into()
        })
        .ranked(|row| Rank::number(row.pattern.counts.records))
        .by_default(),
        Column::<Self>::text("severity", Width::Fixed(9), |row, room| {
            let worst = row.pattern.counts.worst;
            let name = match worst {
                Severity::Unspecified => String::new(),
                worst => format!("{}{}", severity_mark(worst), worst.name().to_uppercase()),
            };
            format::at_most(&name, room).means(severity_role(worst)).into()
        }),
        Column::<Self>::text("service", Width::Text(8), |row, room| {
            let counts = &row.pattern.counts;
            if counts.has_other_services {
                return format::at_most("several", room).means(Role::Dim).into();
            }
            format::at_most(&service_name(&counts.service), room)
                .means(Role::service(&counts.service))
                .into()
        })
        .wants_at_most(20),
        Column::<Self>::text("pattern", Width::Text(20), |row, room| {
            format::at_most(row.pattern.name(), room).into()
        }),
        Column::<Self>::text("first", Width::Text(16), |row, room| {
            let first = row.times.text(row.pattern.counts.first, row.now);
            format::at_most(&first, room).means(Role::Dim).into()
        })
        .if_room(),
        Column::<Self>::text("last", Width::Text(16), |row, room| {
            let last = row.times.text(row.pattern.counts.last, row.now);
            format::at_most(&last, room).means(Role::Dim).into()
        })
        .if_room(),
        Column::<Self>::text("over time", Width::Fixed(13), |row, _| {
            histogram(&row.pattern.counts.bars(row.parts))
                .means(severity_role(row.pattern.counts.worst))
                .into()
        })
        .if_room(),
    ];
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;
    use trace_files::{Input, read_alone};

    use super::*;

    /// Stores records of these times in seconds, each with a text of one of three patterns.
    fn add(store: &mut Store, seconds: impl Iterator<Item = u64>) {
        let records: Vec<String> = seconds
            .map(|second| {
                let text = ["order 7 is late", "stock of 9 chairs is low", "done"][usize::try_from(second % 3).unwrap()];
                format!(r#"{{"timeUnixNano":"{second}000000000","severityNumber":9,"body":{{"stringValue":"{text} {second}"}}}}"#)
            })
            .collect();
        let request = format!(
            r#"{{"resourceLogs":[{{"scopeLogs":[{{"logRecords":[{}]}}]}}]}}"#,
            records.join(",")
        );
        let input = Input::new("records".to_owned(), request.into_bytes());
        read_alone(&input, &mut |part| {
            store.add(part.batch);
            std::ops::ControlFlow::Continue(())
        })
        .unwrap();
    }

    /// Reads all; returns the work.
    fn fit(list: &mut PatternList, store: &Store, second: u64) -> u64 {
        let now = Now {
            unix_nano: second * 1_000_000_000,
            zone: TimeZone::UTC,
        };
        let times = store.log_times(LogView::All).unwrap();
        let area = Rect::new(0, 0, 100, 10);
        let ((), work) = work::of(|| {
            list.fit(store, &times, (area, area), &now);
            while list.is_reading() {
                list.step(store, 1 << 16);
            }
        });
        work
    }

    fn texts(list: &PatternList) -> Vec<(String, u64, u64, u64, u64)> {
        let counted = |pattern: &Pattern| {
            let counts = &pattern.counts;
            let in_bars = counts.bars(list.parts).iter().sum();
            (pattern.text.clone(), counts.records, counts.first, counts.last, in_bars)
        };
        list.patterns.iter().map(counted).collect()
    }

    #[test]
    fn patterns_of_added_records_are_those_of_all_and_cost_only_these() {
        let mut store = Store::new(1 << 28);
        add(&mut store, 1_000..11_000);
        let mut list = PatternList::new(LogView::All);
        let whole = fit(&mut list, &store, 100_000);
        for (round, seconds) in [11_000..11_030, 11_030..11_031, 12_000..40_000, 40_000..40_003]
            .into_iter()
            .enumerate()
        {
            let added = seconds.end - seconds.start;
            add(&mut store, seconds);
            let work = fit(&mut list, &store, 100_010 + 10 * round as u64);
            assert!(added > 1_000 || work * 20 < whole, "{round}: {work} of {whole}");
            let mut anew = PatternList::new(LogView::All);
            fit(&mut anew, &store, 200_000);
            assert_eq!(texts(&list), texts(&anew), "{round}");
            assert!(
                texts(&list).iter().all(|(_, records, .., in_bars)| records == in_bars),
                "{round}"
            );
        }
        // One that is older than others, and the records of another query.
        add(&mut store, 1_500..1_501);
        fit(&mut list, &store, 300_000);
        assert_eq!(list.records(), store.listed_logs(LogView::All) as u64);
        let filter = trace_model::Filter::parse("done").unwrap();
        store.set_log_query(
            LogView::All,
            Some(trace_model::LogQuery {
                filter,
                ..trace_model::LogQuery::default()
            }),
        );
        while store.search_logs(1_000) {}
        fit(&mut list, &store, 400_000);
        assert_eq!(list.records(), store.listed_logs(LogView::All) as u64);
    }
}
