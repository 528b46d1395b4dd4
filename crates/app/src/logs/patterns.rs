//! Patterns: the listed records by message template, as [`trace_stats::template`] finds them.
//!
//! A pass reads the list from its newest record on, in steps; the patterns of the last complete pass are shown. If records were only added at the end of the list,
//! the next pass continues the last one with these.

mod columns;
mod division;
mod pass;
mod pattern;

use std::collections::HashSet;
use std::ops::RangeInclusive;
use std::sync::Arc;

use ratatui_core::layout::Rect;
use trace_model::work::{self, VISIT};
use trace_model::{LogCondition, LogView, Revision, Store};
use trace_stats::template::{TEXT_BYTES_MAX, masked};

use crate::format::Now;
use crate::table::TableState;
use crate::{Action, Times};
use columns::PatternRow;
use division::PARTS;
use pass::{Pass, text_of};
use pattern::{OTHERS, Pattern};

/// Time between the begins of two passes, in nanoseconds.
const AGAIN: u64 = 1_000_000_000;
/// Work of a pass within a frame.
const WORK_PER_FRAME: u64 = 1 << 21;

/// Patterns of a list.
#[derive(Debug)]
pub struct PatternList {
    view: LogView,
    table: TableState<u32>,
    patterns: Vec<Pattern>,
    /// The masked texts of all of them, each with the key of its pattern.
    shapes: Vec<(Arc<str>, u32)>,
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

    /// Returns true if a pass has been completed.
    #[must_use]
    pub const fn is_complete(&self) -> bool {
        self.is_complete
    }

    /// Returns true while a pass is reading.
    pub(super) fn is_reading(&self) -> bool {
        self.pass.as_ref().is_some_and(|pass| !pass.is_complete())
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
        let Some(pass) = self.pass.as_mut().filter(|pass| !pass.is_complete()) else {
            return false;
        };
        if !pass.step(store, work) {
            return false;
        }
        (self.patterns, self.shapes) = pass.finish();
        self.parts = pass.parts();
        self.patterns
            .sort_by(|one, other| (other.counts.records, &one.text).cmp(&(one.counts.records, &other.text)));
        self.table.set_keys(self.patterns.iter().map(|pattern| pattern.key).collect());
        self.is_complete = true;
        true
    }
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;

    use super::super::tests::add;
    use super::*;

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

    fn records(list: &PatternList) -> u64 {
        list.patterns.iter().map(|pattern| pattern.counts.records).sum()
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
        assert_eq!(records(&list), store.listed_logs(LogView::All) as u64);
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
        assert_eq!(records(&list), store.listed_logs(LogView::All) as u64);
    }
}
