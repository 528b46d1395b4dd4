//! Keys that go about in one trace, or from one trace to another.

use super::{Action, App, Notice, waterfall::Went};

impl App {
    /// Shows another part of the trace, or another span; false when an action asks for something else.
    pub(super) fn reads(&mut self, action: Action) -> bool {
        if self.waterfall.zooms(action) {
            return true;
        }
        if let Some(folded) = self.waterfall.folds(action, &self.store) {
            if let Err(why) = folded {
                self.tell(why.to_owned(), true);
            } else if action == Action::StraightenClocks {
                self.say_clocks();
            }
            return true;
        }
        let Some(went) = self.waterfall.jump(action, &self.store) else {
            return false;
        };
        self.tell_went(went);
        if let Some((trace_id, _)) = self.waterfall.selected()
            && self.traces.selected() != Some(trace_id)
        {
            self.traces.select(trace_id);
        }
        true
    }

    pub(super) fn tell_went(&mut self, went: Went) {
        match went {
            Went::To(Some(text)) => self.tell(text, false),
            Went::To(None) => {}
            Went::Nowhere(why) => self.tell(why, true),
        }
    }

    fn say_clocks(&mut self) {
        let Some(outline) = self.waterfall.outline() else { return };
        let nodes = 0..outline.tree().nodes().len();
        let shifted = nodes.filter(|at| outline.analysis().shift_nano(*at) != 0).count();
        let text = match (outline.is_correcting_clocks(), shifted) {
            (true, 0) => "clocks straightened: there was nothing to shift".to_owned(),
            (true, shifted) => format!("clocks straightened: {shifted} spans are shown at times that their services did not say"),
            (false, _) => "times as they came".to_owned(),
        };
        self.tell(text, false);
    }

    fn tell(&mut self, text: String, error: bool) {
        self.notice = Some(Notice { text, error });
    }
}
