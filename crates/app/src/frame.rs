//! Preparation of a frame, and reading between two of them.

use super::{App, Filtered, Geometry, LogScreen, Profiled, Screen};
use crate::format::Now;
use crate::layout::below_title;

impl App {
    /// Catches up with the store and brings every cursor into view. To be called before a frame is drawn, with what [`App::prepare`] returned
    /// and the frame's time in nanoseconds since the Unix epoch.
    pub fn fit(&mut self, geometry: &Geometry, unix_nano: u64) {
        self.geometry = *geometry;
        let panes = &geometry.panes;
        self.splits = self.splits();
        let unix_nano = self.moment(unix_nano);
        self.shown_unix_nano = unix_nano;
        let above = usize::from(self.filter.is_open_on(Filtered::Traces));
        self.traces.fit(
            &self.store,
            usize::from(below_title(panes.traces).height).saturating_sub(above),
            unix_nano,
        );
        let listed = self.traces.in_view().iter().map(|trace| trace.trace_id);
        self.cross_checks.fit(&self.store, listed.chain(self.traces.selected()));
        let now = Now {
            unix_nano,
            zone: self.zone.clone(),
        };
        self.lay_out_traces(panes.traces, &now);
        self.waterfall.show(self.traces.selected());
        let longest_run = self.mode.longest_run();
        self.waterfall.fit(&self.store, panes.waterfall, unix_nano, longest_run);
        self.details
            .fit(&self.store, &self.waterfall, panes.details, (unix_nano, &self.zone));
        self.visit_errors();
        self.fit_layers(panes.body, &now);
        self.see_tab();
    }

    /// Returns true if rows of the selected trace can be shown.
    #[must_use]
    pub fn shows_trace(&self) -> bool {
        self.waterfall.outline().is_some_and(|outline| !outline.is_empty())
    }

    /// Returns true if [`App::read_part`] has something to do.
    #[must_use]
    pub fn is_reading(&self) -> bool {
        let is_marked_read = self.marked.as_ref().is_some_and(Profiled::is_reading);
        let is_comparing = matches!(self.screens.top(), Some(Screen::Compare(compare)) if compare.is_comparing());
        let is_counting = self.log_screen().is_some_and(LogScreen::is_reading);
        self.waterfall.is_reading()
            || is_marked_read
            || is_comparing
            || is_counting
            || self.is_measuring()
            || self.store.is_summarizing()
            || self.cross_checks.is_checking()
    }

    /// Continues reading the large traces that are shown, each until about so much [work](trace_model::work) is done. True when something new can be
    /// shown.
    pub fn read_part(&mut self, work: u64) -> bool {
        let is_read = self.waterfall.read_part(&self.store, work);
        if let Some(went) = self.waterfall.arrive(&self.store) {
            self.tell_went(went);
        }
        let marked = self.marked.as_mut();
        let is_marked_read = marked.is_some_and(|marked| marked.read_part(&self.store, work));
        let is_compared = match self.screens.top_mut() {
            Some(Screen::Compare(compare)) => compare.read_part(&self.store, work),
            _ => false,
        };
        let is_checked = self.cross_checks.step(&self.store, work);
        let is_counted = self.read_logs(work) || self.measure(work);
        self.store.summarize_part(work) || is_checked || is_counted || is_read || is_marked_read || is_compared
    }
}
