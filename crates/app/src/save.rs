//! Keeping the selected trace as a file.

use super::{App, Effect, Notice};

impl App {
    pub(super) fn save(&mut self) -> Option<Effect> {
        if let Some(trace_id) = self.traces.selected() {
            // What is being read stays under the reader.
            self.traces.hold();
            return Some(Effect::Save(trace_id));
        }
        self.notice = Some(Notice {
            text: "no trace to save yet".to_owned(),
            error: true,
        });
        None
    }
}
