//! The edges of the selected node, with all their figures.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::{Color, Stylize};
use ratatui::text::Line;
use trace_stats::{Callee, Counted, Edge, Party, QueueAction, QueueUse, Survey};

use super::super::{format, ruled, theme, title};
use super::{Columns, draw_figures, heading};
use app::format::service_name;
use app::text::shown;
use app::{Hits, MapPicture, Order, PictureParts};

/// Before the node's name.
const TITLE: &str = " EDGES ";
/// Columns of a row besides the name of the other side and what is special.
const BESIDE: usize = 6;

pub(super) fn draw(frame: &mut Frame, survey: &Survey, picture: &MapPicture, order: Order, parts: PictureParts, hits: &mut Hits) {
    let Some(node) = picture.position().and_then(|at| picture.graph().parties.get(at)) else {
        return;
    };
    let others = picture.visible().map(|(counted, _)| {
        let (_, name, about) = described(survey, counted, node);
        format::columns(&name) + format::columns(&about) + BESIDE
    });
    let heading_columns = format::columns(&party_name(node)) + TITLE.len() + 2;
    let columns = Columns::of(parts.title, others.fold(heading_columns, usize::max));
    let room = usize::from(columns.name.width + columns.bar.width).saturating_sub(TITLE.len() + 2);
    let name = format::at_most(&party_name(node), room);
    let line = Line::from(vec![title(TITLE, picture.is_in_list()), name.fg(color(node))]);
    ruled(frame, line, columns.name.union(columns.bar));
    heading(frame, order, &columns, "", hits);
    let below = picture.below();
    if below > 0 {
        let text = format!(" ↓ {below} ");
        let width = u16::try_from(format::columns(&text))
            .unwrap_or(u16::MAX)
            .min(columns.bar.width);
        let area = Rect {
            x: columns.bar.right() - width,
            width,
            ..columns.bar
        };
        frame.render_widget(text.fg(theme::DIM), area);
    }
    let figures = picture.visible().filter_map(|(row, _)| row.figures(survey));
    let most = figures.map(|figures| figures.calls).max().unwrap_or(1);
    for (row, (counted, is_cursor)) in parts.rows.rows().zip(picture.visible()) {
        let Some(figures) = counted.figures(survey) else { continue };
        let is_cursor = is_cursor && picture.is_in_list();
        if is_cursor {
            frame.buffer_mut().set_style(row, theme::cursor(true));
        }
        let columns = columns.in_row(row);
        let (arrow, name, about) = described(survey, counted, node);
        let mut line = Line::from(format!(" {} {arrow} ", if is_cursor { "▸" } else { " " }));
        let room = usize::from(columns.name.width).saturating_sub(line.width() + format::columns(&about) + 2);
        line.push_span(format::at_most(&name, room));
        line.push_span(format!(" {about}").fg(theme::DIM));
        frame.render_widget(line, columns.name);
        draw_figures(frame, figures, most, color(node), &columns);
    }
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

/// Direction, name of the other side, and what is special.
fn described(survey: &Survey, counted: Counted, party: &Party) -> (&'static str, String, String) {
    match counted {
        Counted::Edge(at) => survey.edges.get(at).map(|edge| of_edge(edge, party)),
        Counted::Use(at) => survey.queue_uses.get(at).map(|uses| of_use(uses, party)),
    }
    .unwrap_or_default()
}

fn of_edge(edge: &Edge, party: &Party) -> (&'static str, String, String) {
    let by = edge
        .queue
        .as_ref()
        .map_or_else(String::new, |queue| format!("by {}", shown(&queue.name)));
    let (to, from) = if edge.messaging { ("⇢", "⇠") } else { ("→", "←") };
    let calls = matches!(party, Party::Service(name) if *name == edge.caller);
    match &edge.callee {
        Callee::Service(name) if calls && *name == edge.caller => ("↻", "itself".to_owned(), by),
        Callee::Service(name) if calls => (to, service_name(name), by),
        Callee::External(name) if calls && name.is_empty() => (to, "◇ unnamed peers".to_owned(), by),
        Callee::External(name) if calls => (to, format!("◇ {}", shown(name)), by),
        _ => (from, service_name(&edge.caller), by),
    }
}

fn of_use(uses: &QueueUse, party: &Party) -> (&'static str, String, String) {
    let is_queue = matches!(party, Party::Queue(_));
    let name = if is_queue {
        service_name(&uses.service)
    } else {
        shown(&uses.queue.name)
    };
    let (arrow, about) = match (uses.action, is_queue) {
        (QueueAction::Publish, false) => ("⇢", "publish"),
        (QueueAction::Publish, true) => ("⇠", "publish"),
        (QueueAction::Receive, false) => ("⇠", "receive"),
        (QueueAction::Receive, true) => ("⇢", "receive"),
        (QueueAction::Settle, false) => ("→", "acknowledge"),
        (QueueAction::Settle, true) => ("←", "acknowledge"),
    };
    (arrow, name, about.to_owned())
}
