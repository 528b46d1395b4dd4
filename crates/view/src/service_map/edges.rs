//! The edges of the selected node, with all their figures.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::{Color, Stylize};
use ratatui::text::{Line, Span};
use ratatui::widgets::Clear;
use trace_stats::Party;

use super::super::{flush_right, format, ruled, table, theme, title};
use app::format::service_name;
use app::table::Align;
use app::text::shown;
use app::{Hits, MapPicture, PictureParts};

/// Before the node's name.
const TITLE: &str = " EDGES ";
pub(super) fn draw(frame: &mut Frame, picture: &MapPicture, parts: PictureParts, hits: &mut Hits) {
    let Some(node) = picture.position().and_then(|at| picture.graph().parties.get(at)) else {
        return;
    };
    let list = picture.table();
    table::draw_heads(frame, list.cells(), hits);
    table::draw_rows(frame, list.cells(), parts.rows, picture.is_in_list());
    let numbers = list.cells().heads().iter().find(|head| head.align == Align::Right);
    // The mark of the focus is in the margin, as in other titles.
    let x = parts.title.x.saturating_sub(1);
    let left = Rect {
        x,
        width: numbers.map_or(parts.title.right(), |head| head.area.x).saturating_sub(x),
        ..parts.title
    };
    let below = match list.below() {
        0 => String::new(),
        below => format!(" ↓ {below} "),
    };
    let below = Span::from(below).fg(theme::DIM);
    let room = usize::from(left.width).saturating_sub(TITLE.len() + 2 + below.width());
    let name = format::at_most(&party_name(node), room);
    frame.render_widget(Clear, left);
    let line = Line::from(vec![title(TITLE, picture.is_in_list()), name.fg(color(node))]);
    ruled(frame, line, left);
    flush_right(frame, below, left);
}

pub(super) fn color(party: &Party) -> Color {
    match party {
        Party::Service(name) => theme::service(name),
        Party::Queue(_) | Party::Peer(_) => theme::DIM,
    }
}

pub(super) fn party_name(party: &Party) -> String {
    match party {
        Party::Service(name) => service_name(name),
        Party::Queue(queue) => shown(&queue.name),
        Party::Peer(name) => format!("◇ {}", shown(name)),
    }
}
