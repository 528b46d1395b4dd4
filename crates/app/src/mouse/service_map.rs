//! Clicks on the service map.

use ratatui_core::layout::Position;

use super::{Action, App, EventResult};
use crate::{List, PictureParts, ServiceMap, Tab};

impl App {
    /// On a node or an edge of the list it selects, again it opens. `None` where something else
    /// is.
    pub(super) fn press_service_map(&mut self, at: Position) -> Option<EventResult> {
        if self.screens.tab() != Tab::ServiceMap || self.screens.top().is_some() {
            return None;
        }
        let screen = self.geometry.panes.body;
        self.service_map.picture()?;
        let parts = PictureParts::of(ServiceMap::area(screen));
        let again = if parts.picture.contains(at) {
            let (x, y) = (at.x - parts.picture.x, at.y - parts.picture.y);
            self.service_map.select_node(x.into(), y.into())
        } else if parts.rows.contains(at) {
            self.service_map.select_row(usize::from(at.y - parts.rows.y))
        } else {
            return None;
        };
        Some(match again {
            Some(true) => EventResult::Changed(self.update(Action::Open)),
            Some(false) => EventResult::Changed(None),
            None => EventResult::Nothing,
        })
    }
}
