//! The log records of the selected trace, or of the selected span, in the order of time.

use ratatui_core::layout::Rect;
use trace_model::{Log, Revision, SpanId, Store, TraceId};
use trace_stats::SpanPlace;

use super::{Action, List, Narrow, Picker, Waterfall, log_text};
use crate::format::Now;
use crate::layer::{Component, Opened, Outcome, Placed, Shown};
use crate::layout::ListParts;
use crate::{App, Screen};

/// How many log records of a trace are shown: so many are decoded within a small part of a frame.
pub const LISTED_LOGS: usize = 2_000;

/// How many lines are about the record under the cursor: a rule above them, and the whole text.
pub const BELOW: u16 = 5;

/// What the cursor holds on to: a record has no id. Its time, its span, and which of several with both it is.
type Key = (u64, Option<SpanId>, usize);

/// The list's state.
#[derive(Debug, Default)]
pub struct LogList {
    narrow: Narrow,
    /// Those of the selected span alone.
    of_span: bool,
    /// What the records were read of, and what they were narrowed by.
    of: Option<(TraceId, Option<SpanId>, Revision, String)>,
    logs: Vec<Log>,
    keys: Vec<Key>,
    picker: Picker<Key>,
    /// There are more than are shown.
    cut: bool,
}

impl LogList {
    /// Whether only those of the selected span are listed.
    #[must_use]
    pub const fn is_of_span(&self) -> bool {
        self.of_span
    }

    /// Whether there are more than the first [`LISTED_LOGS`].
    #[must_use]
    pub const fn is_cut(&self) -> bool {
        self.cut
    }

    /// How many are listed.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.logs.len()
    }

    /// Whether none is.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.logs.is_empty()
    }

    /// The records in view, and whether the cursor is there.
    pub fn rows(&self) -> impl Iterator<Item = (&Log, bool)> {
        let visible = self.picker.visible();
        let rows = self.logs.iter().enumerate().skip(visible.start).take(visible.len());
        rows.map(|(at, log)| (log, at == self.picker.position()))
    }

    /// The record under the cursor.
    #[must_use]
    pub fn selected(&self) -> Option<&Log> {
        self.logs.get(self.picker.position())
    }

    /// From the whole trace to the selected span, and back.
    pub(super) const fn switch(&mut self) {
        self.of_span = !self.of_span;
    }

    pub(super) fn fit(&mut self, store: &Store, waterfall: &Waterfall, height: usize) {
        let selected = waterfall.selected();
        let Some((trace_id, revision)) = selected.and_then(|(trace_id, _)| Some((trace_id, store.trace_revision(trace_id)?)))
        else {
            (self.logs, self.keys, self.of) = (Vec::new(), Vec::new(), None);
            return;
        };
        let span_id = selected.map(|(_, key)| key.span_id).filter(|_| self.of_span);
        let of = (trace_id, span_id, revision, self.narrow.line().text().to_owned());
        if self.of.as_ref() != Some(&of) {
            self.logs = store.logs(trace_id, span_id, LISTED_LOGS + 1);
            self.cut = self.logs.len() > LISTED_LOGS;
            self.logs.truncate(LISTED_LOGS);
            self.logs.retain(|log| {
                let body = log_text(log);
                self.narrow.keeps(&[&log.service, log.severity.name(), &body])
            });
            self.keys.clear();
            for log in &self.logs {
                let same = |key: &&Key| (key.0, key.1) == (log.time_unix_nano, log.span_id);
                let nth = self
                    .keys
                    .iter()
                    .rev()
                    .take_while(|key| key.0 == log.time_unix_nano)
                    .filter(same)
                    .count();
                self.keys.push((log.time_unix_nano, log.span_id, nth));
            }
            self.of = Some(of);
        }
        self.picker.fit(&self.keys, height);
    }
}

impl List for LogList {
    fn narrow(&self) -> &Narrow {
        &self.narrow
    }

    fn has_rows(&self) -> bool {
        !self.logs.is_empty()
    }

    fn narrow_mut(&mut self) -> &mut Narrow {
        &mut self.narrow
    }

    fn update(&mut self, action: Action) -> Result<(), &'static str> {
        self.picker.update(action, &self.keys);
        Ok(())
    }

    fn select_row(&mut self, row: usize) -> Option<bool> {
        self.picker.select_row(row, &self.keys)
    }
}

impl Component for LogList {
    fn place(_: &App, body: Rect) -> Placed {
        Placed::screen(body, ListParts::of(body, BELOW).rows)
    }

    fn fit(app: &mut App, placed: &Placed, _: &Now) {
        if let Some(Screen::Logs(logs)) = app.screens.top_mut() {
            logs.fit(&app.store, &app.waterfall, placed.rows.height.into());
        }
    }

    fn update(app: &mut App, action: Action) -> Outcome {
        match action {
            Action::NextPane | Action::PreviousPane => {
                if let Some(logs) = Self::shown_mut(app) {
                    logs.switch();
                }
                Outcome::Done(None)
            }
            _ => Outcome::Ignored,
        }
    }

    fn list(app: &App) -> Option<&dyn List> {
        Self::shown(app).map(|list| list as _)
    }

    fn list_mut(app: &mut App) -> Option<&mut dyn List> {
        Self::shown_mut(app).map(|list| list as _)
    }

    fn enter(app: &mut App) {
        app.open_logged();
    }
}

impl Opened for LogList {
    const WITHOUT_TRACE: Option<&'static str> = Some("no trace whose logs could be read");

    fn open(app: &mut App) -> Self {
        // The trace under the reader stays.
        app.traces.hold();
        Self::default()
    }
}

impl App {
    /// Goes to the span in which the record under the cursor was written.
    fn open_logged(&mut self) {
        let Some(logs) = LogList::shown(self) else { return };
        let span_id = logs.selected().and_then(|log| log.span_id);
        let outline = self.waterfall.outline();
        let place = outline.and_then(|outline| {
            let key = outline.tree().nodes().get(outline.first_of(span_id?)?)?.key.clone();
            Some(SpanPlace {
                trace_id: outline.trace_id(),
                key,
            })
        });
        match place {
            Some(place) => self.jump_to(&place, "Logs".to_owned()),
            None => self.say("span of this record not received"),
        }
    }
}
