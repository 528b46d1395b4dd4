//! The lists over the panes that are about all traces: what keys do in them.

use trace_model::TraceId;
use trace_stats::SpanPlace;

use super::{Action, App, Narrow, Notice, Overlay, Pane};
use crate::keymap::Listing;

/// A list over the panes: rows with a cursor, which words narrow.
pub trait List {
    /// The line in which the words are typed.
    fn narrow(&self) -> &Narrow;

    /// The same, to be changed.
    fn narrow_mut(&mut self) -> &mut Narrow;

    /// Moves the cursor, or orders the rows otherwise.
    ///
    /// # Errors
    /// Why that can't be done, for the person.
    fn update(&mut self, action: Action) -> Result<(), &'static str>;

    /// Puts the cursor on a row of those in view, the first one being 0; whether it was there already, `None` where there is no row.
    fn select_row(&mut self, row: usize) -> Option<bool>;
}

impl App {
    /// Which of these lists is open.
    pub(super) const fn listing(&self) -> Option<Listing> {
        match self.overlay {
            Some(Overlay::Operations) => Some(Listing::Operations),
            Some(Overlay::ServiceMap) => Some(Listing::ServiceMap),
            Some(Overlay::Warnings) => Some(Listing::Warnings),
            Some(Overlay::Logs) => Some(Listing::Logs),
            Some(Overlay::Compare) => Some(Listing::Compare),
            _ => None,
        }
    }

    /// The list that is open.
    pub(super) fn list(&self) -> Option<&dyn List> {
        Some(match self.overlay? {
            Overlay::Operations => &self.operations,
            Overlay::ServiceMap => &self.service_map,
            Overlay::Warnings => &self.warnings,
            Overlay::Logs => &self.logs,
            Overlay::Compare => &self.compare,
            Overlay::Palette => &self.palette,
            _ => return None,
        })
    }

    /// The same, to be changed.
    pub(super) fn list_mut(&mut self) -> Option<&mut dyn List> {
        Some(match self.overlay? {
            Overlay::Operations => &mut self.operations,
            Overlay::ServiceMap => &mut self.service_map,
            Overlay::Warnings => &mut self.warnings,
            Overlay::Logs => &mut self.logs,
            Overlay::Compare => &mut self.compare,
            Overlay::Palette => &mut self.palette,
            _ => return None,
        })
    }

    /// The line that narrows it.
    pub(super) fn narrow(&mut self) -> Option<&mut Narrow> {
        self.list_mut().map(List::narrow_mut)
    }

    /// Whether that is being typed.
    pub(super) fn is_narrowing(&self) -> bool {
        self.list().is_some_and(|list| list.narrow().is_open())
    }

    /// Does what a key asked for in one of these lists; false for one that means something else.
    pub(super) fn update_list(&mut self, action: Action) -> bool {
        if self.listing().is_none() {
            return false;
        }
        match action {
            Action::Filter => {
                if let Some(narrow) = self.narrow() {
                    narrow.open();
                }
            }
            Action::Back => self.leave_list(),
            Action::Left if self.warnings.opened().is_some() && self.overlay == Some(Overlay::Warnings) => self.leave_list(),
            Action::NextPane | Action::PreviousPane if self.overlay == Some(Overlay::Logs) => self.logs.switch(),
            Action::NextPane | Action::PreviousPane if self.overlay == Some(Overlay::Compare) => self.switch_base(),
            Action::Open if self.overlay == Some(Overlay::Logs) => self.open_logged(),
            Action::Open if self.overlay == Some(Overlay::Compare) => self.open_compared(),
            Action::Right if matches!(self.overlay, Some(Overlay::Logs | Overlay::Compare)) => {}
            Action::Open | Action::Right => self.open_listed(),
            Action::OpenFailed => self.open_failed(),
            Action::Sort
            | Action::SortReversed
            | Action::NextMatch
            | Action::PreviousMatch
            | Action::Up
            | Action::Down
            | Action::PageUp
            | Action::PageDown
            | Action::First
            | Action::Last => {
                if let Some(Err(why)) = self.list_mut().map(|list| list.update(action)) {
                    self.say(why);
                }
            }
            _ => return false,
        }
        true
    }

    /// One step back: all rows again, the rules again, the panes again.
    fn leave_list(&mut self) {
        let narrow = self.narrow().filter(|narrow| !narrow.is_empty());
        if let Some(narrow) = narrow {
            narrow.clear();
        } else if self.overlay != Some(Overlay::Warnings) || !self.warnings.close() {
            self.overlay = None;
        }
    }

    fn open_listed(&mut self) {
        let survey = self.many.survey();
        let place = match self.overlay {
            Some(Overlay::Operations) => survey
                .and_then(|survey| self.operations.selected(survey))
                .and_then(|operation| operation.slowest.clone()),
            Some(Overlay::ServiceMap) => survey.and_then(|survey| {
                let calls = self.service_map.selected(survey);
                let slowest = calls.into_iter().max_by_key(|edge| edge.figures.latencies.max())?;
                slowest.figures.slowest.clone()
            }),
            _ => {
                let place = self.warnings.selected().map(|warning| warning.first.clone());
                self.warnings.open();
                place
            }
        };
        if let Some(place) = place {
            self.go_to(&place);
        }
    }

    fn open_failed(&mut self) {
        let survey = self.many.survey();
        let place = match self.overlay {
            Some(Overlay::Operations) => survey
                .and_then(|survey| self.operations.selected(survey))
                .and_then(|operation| operation.failed.clone()),
            Some(Overlay::ServiceMap) => survey.and_then(|survey| {
                let calls = self.service_map.selected(survey);
                calls.into_iter().find_map(|edge| edge.figures.failed.clone())
            }),
            _ => return,
        };
        match place {
            Some(place) => self.go_to(&place),
            None => self.say("none of these failed"),
        }
    }

    /// Closes what is open and goes to a span of whatever trace.
    pub(super) fn go_to(&mut self, place: &SpanPlace) {
        if self.store.trace_revision(place.trace_id).is_none() {
            return self.say("this trace is not here any more: the memory was full");
        }
        self.show_trace(place.trace_id);
        self.waterfall.select(&place.key);
    }

    /// The logs of the trace under the reader, which stays.
    pub(super) fn open_logs(&mut self) {
        if self.waterfall.selected().is_none() {
            return self.say("there is no trace yet whose logs could be read");
        }
        self.traces.hold();
        self.toggle(Overlay::Logs);
    }

    /// Goes to the span in which the record under the cursor was written.
    fn open_logged(&mut self) {
        let span_id = self.logs.selected().and_then(|log| log.span_id);
        let outline = self.waterfall.outline();
        let key = outline.and_then(|outline| Some(outline.tree().nodes().get(outline.first_of(span_id?)?)?.key.clone()));
        match key {
            Some(key) => {
                self.overlay = None;
                self.pane = Pane::Waterfall;
                self.waterfall.select(&key);
            }
            None => self.say("this record names no span that is here"),
        }
    }

    fn show_trace(&mut self, trace_id: TraceId) {
        self.overlay = None;
        self.pane = Pane::Waterfall;
        self.traces.select(trace_id);
        self.waterfall.show(Some(trace_id));
    }

    pub(super) fn say(&mut self, text: &str) {
        self.notice = Some(Notice {
            text: text.to_owned(),
            error: true,
        });
    }

    /// When there is something to do for [`App::survey`], in nanoseconds since the Unix epoch; `None` while there is not.
    #[must_use]
    pub fn survey_due(&self) -> Option<u64> {
        if self.overlay == Some(Overlay::Compare) && self.compare.percent().is_some() {
            return Some(0);
        }
        self.many.due(&self.store, self.is_surveyed())
    }

    /// Reads on in the traces, about so many spans: what the lists show, and what is warned of. True while there is more to be read now.
    pub fn survey(&mut self, unix_nano: u64, spans: usize) -> bool {
        let surveyed = self.is_surveyed();
        let comparing = self.overlay == Some(Overlay::Compare) && self.compare.step(&self.store, spans);
        self.many.step(&self.store, surveyed, unix_nano, spans) || comparing
    }

    const fn is_surveyed(&self) -> bool {
        matches!(self.overlay, Some(Overlay::Operations | Overlay::ServiceMap))
    }

    /// Brings the lists in step with what has been read; `height` is how many rows there is room for.
    pub(super) fn fit_lists(&mut self, height: usize) {
        let (survey, number) = (self.many.survey(), self.many.number());
        match self.overlay {
            Some(Overlay::Operations) => self.operations.fit(survey, number, height),
            Some(Overlay::ServiceMap) => self.service_map.fit(survey, number, height),
            Some(Overlay::Warnings) => self.warnings.fit(self.many.warnings(), height),
            Some(Overlay::Logs) => self.logs.fit(&self.store, &self.waterfall, height),
            Some(Overlay::Compare) => self.compare.fit(&self.store, &self.waterfall, height),
            _ => {}
        }
    }
}
