//! Jumps to a trace from elsewhere, and the way back.

use trace_model::SpanKey;
use trace_stats::SpanPlace;

use super::traces::Bookmark;
use super::waterfall::Jumps;
use super::{App, Pane, Screen, Tab};

/// Jumps that can be undone, at most.
const TRAIL_MAX: usize = 32;

/// Start of a jump to a trace, and the previous state of the traces tab.
#[derive(Debug)]
pub(super) struct Departure {
    /// For the breadcrumb: `Operations › GetProduct`.
    pub(super) label: String,
    tab: Tab,
    above: Vec<Screen>,
    pane: Pane,
    traces: Bookmark,
    span: Option<SpanKey>,
    jumps: Jumps,
}

impl App {
    /// Shows a span of whatever trace, one level below where the user is: [`App::return_from_jump`] leads back.
    pub(super) fn jump_to(&mut self, place: &SpanPlace, label: String) {
        if self.store.trace_revision(place.trace_id).is_none() {
            return self.say("trace evicted (memory full)");
        }
        let tab = self.screens.tab();
        self.screens.go_to(Tab::Traces);
        let mut departure = Departure {
            label,
            tab,
            above: self.screens.take_above(),
            pane: self.screens.pane,
            traces: self.traces.bookmark(),
            span: self.waterfall.selected().map(|(_, key)| key.clone()),
            jumps: self.waterfall.take_jumps(),
        };
        if tab != Tab::Traces
            && let Some(first) = self.screens.trail.drain(..).next()
        {
            // Another jump from there: the way back leads to what was shown before the first one.
            let Departure { label, tab, .. } = departure;
            departure = Departure { label, tab, ..first };
        }
        if self.screens.trail.len() == TRAIL_MAX {
            self.screens.trail.remove(0);
        }
        self.screens.trail.push(departure);
        self.screens.pane = Pane::Waterfall;
        self.traces.select(place.trace_id);
        self.waterfall.show(Some(place.trace_id));
        self.waterfall.select(&place.key);
    }

    /// Returns to where the last jump began; false where there was none.
    pub(super) fn return_from_jump(&mut self) -> bool {
        let Some(departure) = self.screens.trail.pop() else {
            return false;
        };
        self.screens.put_above(departure.above);
        self.screens.pane = departure.pane;
        self.traces.return_to(departure.traces);
        self.waterfall.show(self.traces.selected());
        if let Some(key) = &departure.span {
            self.waterfall.select(key);
        }
        self.waterfall.put_jumps(departure.jumps);
        self.screens.go_to(departure.tab);
        true
    }

    /// Forgets how the shown trace was reached: the user has chosen another one.
    pub(super) fn forget_trail(&mut self) {
        self.screens.trail.clear();
    }
}
