//! Lists with a cursor: what keys do in them.

use trace_stats::{Counted, SpanPlace, Survey};

use super::{Action, App, Narrow, Notice, Popup, Screen, Tab};
use crate::format::Now;
use crate::keymap::KeyContext;

/// Rows with a cursor, which words narrow.
pub trait List {
    /// The line in which the words are typed.
    fn narrow(&self) -> &Narrow;

    /// The same, to be changed.
    fn narrow_mut(&mut self) -> &mut Narrow;

    /// Whether there are rows.
    fn has_rows(&self) -> bool;

    /// Moves the cursor, or orders the rows otherwise.
    ///
    /// # Errors
    /// Why that can't be done, for the person.
    fn update(&mut self, action: Action) -> Result<(), &'static str>;

    /// Puts the cursor on a row of those in view, the first one being 0; whether it was there already, `None` where there is no row.
    fn select_row(&mut self, row: usize) -> Option<bool>;
}

impl App {
    /// The list that is on top.
    pub(super) fn list_mut(&mut self) -> Option<&mut dyn List> {
        match self.screens.parts_mut() {
            (Some(Popup::Palette(palette)), _, _) => Some(&mut **palette),
            (None, Some(Screen::Compare(compare)), _) => Some(&mut **compare),
            (None, Some(Screen::Logs(logs)), _) => Some(&mut **logs),
            (None, None, Tab::Operations) => Some(&mut self.operations),
            (None, None, Tab::ServiceMap) => Some(&mut self.service_map),
            (None, None, Tab::Warnings) => Some(&mut self.warnings),
            (Some(Popup::Help(_) | Popup::Copy), _, _)
            | (None, Some(Screen::CrossCheck(_) | Screen::Output), _)
            | (None, None, Tab::Traces | Tab::Ingest) => None,
        }
    }

    /// The same, to be read.
    pub(super) fn list(&self) -> Option<&dyn List> {
        match (self.screens.popup(), self.screens.top(), self.screens.tab()) {
            (Some(Popup::Palette(palette)), _, _) => Some(&**palette),
            (None, Some(Screen::Compare(compare)), _) => Some(&**compare),
            (None, Some(Screen::Logs(logs)), _) => Some(&**logs),
            (None, None, Tab::Operations) => Some(&self.operations),
            (None, None, Tab::ServiceMap) => Some(&self.service_map),
            (None, None, Tab::Warnings) => Some(&self.warnings),
            (Some(Popup::Help(_) | Popup::Copy), _, _)
            | (None, Some(Screen::CrossCheck(_) | Screen::Output), _)
            | (None, None, Tab::Traces | Tab::Ingest) => None,
        }
    }

    /// The words that narrow what is on top.
    pub(super) fn narrow(&mut self) -> Option<&mut Narrow> {
        if !matches!(self.screens.popup, Some(Popup::Help(_))) {
            return self.list_mut().map(List::narrow_mut);
        }
        match &mut self.screens.popup {
            Some(Popup::Help(help)) => Some(help.narrow_mut()),
            _ => None,
        }
    }

    /// Does what a key asked for in the list that is on top; false for one that means something else.
    pub(super) fn update_list(&mut self, action: Action) -> bool {
        let Some(list) = self.list_mut() else { return false };
        match action {
            Action::Filter => list.narrow_mut().open(),
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
                if let Err(why) = list.update(action) {
                    self.say(why);
                }
            }
            Action::TogglePicture => self.service_map.toggle_picture(),
            Action::Left | Action::Right if self.key_context() == KeyContext::ServiceMap && self.service_map.is_picture() => {
                let _ = self.service_map.update(action);
            }
            Action::Open | Action::Right => self.open_listed(),
            Action::OpenFailed => self.open_failed(),
            Action::Left => {
                self.warnings.close();
            }
            Action::NextPane | Action::PreviousPane => self.switch_list(),
            _ => return false,
        }
        true
    }

    /// Lists the other half of what there is.
    fn switch_list(&mut self) {
        let tab = self.screens.tab();
        match self.screens.top_mut() {
            Some(Screen::Logs(logs)) => logs.switch(),
            Some(Screen::Compare(_)) => self.switch_base(),
            None if tab == Tab::ServiceMap => self.service_map.switch(),
            Some(Screen::CrossCheck(_) | Screen::Output) | None => {}
        }
    }

    /// One level in, from the row under the cursor.
    fn open_listed(&mut self) {
        match self.screens.top() {
            Some(Screen::Logs(_)) => return self.open_logged(),
            Some(Screen::Compare(_)) => return self.open_compared(),
            Some(Screen::CrossCheck(_) | Screen::Output) => return,
            None => {}
        }
        let survey = self.many.survey();
        let target = match self.screens.tab() {
            Tab::Operations => survey.and_then(|survey| {
                let operation = self.operations.selected(survey)?;
                Some((operation.slowest.clone()?, format!("Operations › {}", operation.name)))
            }),
            Tab::ServiceMap => survey.and_then(|survey| {
                let slowest = |counted: &Counted| counted.figures(survey).map(|figures| figures.latencies.max());
                let counted = self.service_map.selected(survey).into_iter().max_by_key(slowest)?;
                Some((counted.figures(survey)?.slowest.clone()?, map_label(survey, counted)?))
            }),
            Tab::Warnings => match self.warnings.selected() {
                Some(warning) => Some((warning.first.clone(), format!("Warnings › {}", warning.rule.title()))),
                None => return self.warnings.open(),
            },
            Tab::Traces | Tab::Ingest => None,
        };
        if let Some((place, label)) = target {
            self.jump_to(&place, label);
        }
    }

    fn open_failed(&mut self) {
        let survey = self.many.survey();
        let target = match self.screens.tab() {
            Tab::Operations => survey.and_then(|survey| {
                let operation = self.operations.selected(survey)?;
                Some((operation.failed.clone()?, format!("Operations › {}", operation.name)))
            }),
            Tab::ServiceMap => survey.and_then(|survey| {
                let failed = |counted: Counted| Some((counted.figures(survey)?.failed.clone()?, map_label(survey, counted)?));
                self.service_map.selected(survey).into_iter().find_map(failed)
            }),
            Tab::Traces | Tab::Warnings | Tab::Ingest => return,
        };
        match target {
            Some((place, label)) => self.jump_to(&place, label),
            None => self.say("none of these failed"),
        }
    }

    /// The logs of the trace under the reader, which stays.
    pub(super) fn toggle_logs(&mut self) {
        if self.screens.close_kind(|screen| matches!(screen, Screen::Logs(_))) {
            return;
        }
        if self.waterfall.selected().is_none() {
            return self.say("no trace whose logs could be read");
        }
        self.traces.hold();
        self.screens.open(Screen::Logs(Box::default()));
    }

    /// Goes to the span in which the record under the cursor was written.
    fn open_logged(&mut self) {
        let Some(Screen::Logs(logs)) = self.screens.top() else {
            return;
        };
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

    pub(super) fn say(&mut self, text: &str) {
        self.notice = Some(Notice {
            text: text.to_owned(),
            error: true,
        });
    }

    /// When there is something to do for [`App::survey`], in nanoseconds since the Unix epoch; `None` while there is not.
    #[must_use]
    pub fn survey_due(&self) -> Option<u64> {
        if matches!(self.screens.top(), Some(Screen::Compare(compare)) if compare.percent().is_some()) {
            return Some(0);
        }
        self.many.due(&self.store, self.is_surveyed())
    }

    /// Reads on in the traces, about so many spans: what the lists show, and what is warned of. True while there is more to be read now.
    pub fn survey(&mut self, unix_nano: u64, work: u64) -> bool {
        let surveyed = self.is_surveyed();
        let comparing = match self.screens.top_mut() {
            Some(Screen::Compare(compare)) => compare.step(&self.store, work),
            _ => false,
        };
        self.many.step(&self.store, surveyed, unix_nano, work) || comparing
    }

    /// How much has been read for the comparison on top, in percent, while that goes on.
    #[must_use]
    pub fn compared_percent(&self) -> Option<usize> {
        match self.screens.top() {
            Some(Screen::Compare(compare)) => compare.percent(),
            _ => None,
        }
    }

    const fn is_surveyed(&self) -> bool {
        matches!(self.screens.tab(), Tab::Operations | Tab::ServiceMap)
    }

    /// Brings the list on top in step with what has been read.
    pub(super) fn fit_lists(&mut self, now: &Now) {
        let height = usize::from(self.geometry.rows.height);
        let cross_check = matches!(self.screens.top(), Some(Screen::CrossCheck(_)))
            .then(|| self.lay_out_cross_check(self.geometry.panes.body, now));
        let (survey, number) = (self.many.survey(), self.many.number());
        match self.screens.tab() {
            Tab::Operations => self.operations.fit(survey, number, height),
            Tab::ServiceMap => self.service_map.fit(survey, number, self.geometry.panes.body),
            Tab::Warnings => self.warnings.fit(self.many.warnings(), height),
            Tab::Traces | Tab::Ingest => {}
        }
        match self.screens.top_mut() {
            Some(Screen::CrossCheck(check)) => {
                if let Some(layout) = cross_check {
                    check.fit(&self.waterfall, layout);
                }
            }
            Some(Screen::Logs(logs)) => logs.fit(&self.store, &self.waterfall, height),
            Some(Screen::Compare(compare)) => compare.fit(&self.store, &self.waterfall, &mut self.marked, height),
            Some(Screen::Output) | None => {}
        }
    }
}

/// A call in a breadcrumb.
fn map_label(survey: &Survey, counted: Counted) -> Option<String> {
    Some(match counted {
        Counted::Edge(at) => {
            let edge = survey.edges.get(at)?;
            format!("Map › {} → {}", edge.caller, edge.callee.name())
        }
        Counted::Use(at) => {
            let uses = survey.queue_uses.get(at)?;
            format!("Map › {} ⇢ {}", uses.service, uses.queue.name)
        }
    })
}
