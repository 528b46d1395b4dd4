//! Patterns: the listed records by message template, as [`trace_stats::template`] finds them.
//!
//! A pass reads the list from its newest record on, in steps; the patterns of the last complete pass are shown.

use std::collections::HashSet;
use std::ops::RangeInclusive;
use std::sync::Arc;

use ratatui_core::layout::Rect;
use trace_model::work::{self, VISIT};
use trace_model::{LogCondition, LogReader, LogView, Revision, Severity, Store, StoredLog, Value};
use trace_stats::template::{Grouping, ShapeId, TEXT_BYTES_MAX, Templates, masked};

use crate::content::{Means, Role};
use crate::details::{severity_mark, severity_role, value};
use crate::figures::histogram;
use crate::format::{self, Now, service_name};
use crate::table::{Column, Rank, Table, TableState, Width};
use crate::{Action, Times};

/// Bars of the small histogram of a pattern.
const BARS: usize = 12;
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
    bars: [u64; BARS],
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
            bars: [0; BARS],
        }
    }

    fn merge(&mut self, other: &Self) {
        self.records += other.records;
        self.first = self.first.min(other.first);
        self.last = self.last.max(other.last);
        self.worst = self.worst.max(other.worst);
        self.has_other_services |= other.has_other_services || self.service != other.service;
        for (bar, more) in self.bars.iter_mut().zip(other.bars) {
            *bar += more;
        }
    }
}

/// A pass over a list.
#[derive(Debug)]
struct Pass {
    reader: LogReader,
    times: RangeInclusive<u64>,
    templates: Templates,
    shapes: Vec<Counts>,
    others: Option<Counts>,
    grouping: Option<Grouping>,
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
    pub(super) const fn is_reading(&self) -> bool {
        self.pass.is_some()
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
        if self.pass.is_none() && self.of.as_ref() != Some(&wanted) && (is_due || self.of.is_none()) {
            self.began_at = now.unix_nano;
            self.pass = Some(Pass {
                reader: LogReader::new(self.view).within(times),
                times: times.clone(),
                templates: Templates::default(),
                shapes: Vec::new(),
                others: None,
                grouping: None,
            });
            self.of = Some(wanted);
            let until = work::done().saturating_add(WORK_PER_FRAME);
            while self.pass.is_some() && work::done() < until {
                self.step(store, until.saturating_sub(work::done()));
            }
        }
        let patterns = &self.patterns;
        let times = Times::of([*times.start(), *times.end()].into_iter());
        self.table.lay_out::<Self>(head, rows, |at| {
            Some(PatternRow {
                pattern: patterns.get(at)?,
                times,
                now,
            })
        });
    }

    /// Returns the time at which the next pass is to begin, in nanoseconds since the Unix epoch.
    pub(super) fn due(&self, store: &Store) -> Option<u64> {
        let is_behind = self.pass.is_none() && self.of.as_ref().is_some_and(|(revision, _)| *revision != store.revision());
        is_behind.then(|| self.began_at.saturating_add(AGAIN))
    }

    /// Reads records until about this much work is done; returns true if there is a new result.
    pub(super) fn step(&mut self, store: &Store, work: u64) -> bool {
        let Some(pass) = &mut self.pass else { return false };
        if !pass.step(store, work) {
            return false;
        }
        let pass = self.pass.take();
        (self.patterns, self.shapes) = pass.map(Pass::finish).unwrap_or_default();
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
    /// Returns true once it is complete.
    fn step(&mut self, store: &Store, work: u64) -> bool {
        if let Some(grouping) = &mut self.grouping {
            return !grouping.step(&self.templates, work);
        }
        let Self {
            reader,
            times,
            templates,
            shapes,
            others,
            ..
        } = self;
        let length = u128::from(times.end() - times.start()) + 1;
        let is_read = reader.step(store, work, |log| {
            let text = text_of(&log);
            let mut counts = Counts::new(&log);
            let time = log.id().time_unix_nano();
            let bar = u128::from(time.saturating_sub(*times.start())) * BARS as u128 / length;
            (counts.records, counts.first, counts.last) = (1, time, time);
            counts.worst = log.severity();
            if let Some(bar) = counts.bars.get_mut(usize::try_from(bar).unwrap_or(BARS)) {
                *bar = 1;
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
    fn finish(self) -> (Vec<Pattern>, Vec<(Arc<str>, u32)>) {
        let Some(grouping) = self.grouping else {
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
        let others = self.others.map(|counts| Pattern {
            text: "(other messages)".to_owned(),
            key: OTHERS,
            counts,
        });
        (patterns.into_iter().flatten().chain(others).collect(), shapes)
    }
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
        Column::<Self>::text("pattern", Width::Text(24), |row, room| {
            format::at_most(row.pattern.name(), room).into()
        }),
        Column::<Self>::text("first", Width::Text(0), |row, room| {
            let first = row.times.text(row.pattern.counts.first, row.now);
            format::at_most(&first, room).means(Role::Dim).into()
        })
        .if_room(),
        Column::<Self>::text("last", Width::Text(0), |row, room| {
            let last = row.times.text(row.pattern.counts.last, row.now);
            format::at_most(&last, room).means(Role::Dim).into()
        })
        .if_room(),
        Column::<Self>::text("over time", Width::Fixed(13), |row, _| {
            histogram(&row.pattern.counts.bars)
                .means(severity_role(row.pattern.counts.worst))
                .into()
        })
        .if_room(),
    ];
}
