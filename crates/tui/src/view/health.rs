use super::Now;
use crate::app::App;
use ratatui::Frame;
use ratatui::layout::Rect;
pub(super) fn draw(_: &mut Frame, _: &App, _: usize, _: Rect, _: &Now) {}
pub(super) fn height(_: &App, _: Rect) -> usize {
    0
}
