//! The popup that confirms what is saved.

use ratatui::Frame;

use super::{format, popup};
use app::layout::PopupArea;
use app::{Layer, SavePopup};

pub(super) fn draw(frame: &mut Frame, save: &SavePopup, area: PopupArea) {
    popup::draw(frame, Layer::Save, String::new(), area);
    let room = usize::from(area.inner.width);
    for (row, line) in area.inner.rows().zip(save.lines()) {
        frame.render_widget(format::at_most(&line, room), row);
    }
}
