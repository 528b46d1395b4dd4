//! The service map as a picture: nodes, edges with their figures, and the edges of the selected node below.

use ratatui::Frame;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use trace_stats::{Figures, Party, Survey};

use super::super::{format, theme};
use super::edges;
use app::text::{clusters, shown};
use app::{CALLS_COLUMNS, ERRORS_COLUMNS, Hits, LATENCY_COLUMNS, MARK_COLUMNS, MapPicture, PictureParts};

pub(super) fn draw(frame: &mut Frame, survey: &Survey, picture: &MapPicture, area: Rect, hits: &mut Hits) {
    let parts = PictureParts::of(area);
    let mut pane = Pane {
        buffer: frame.buffer_mut(),
        area: parts.picture,
        first: picture.first(),
    };
    lines(&mut pane, picture);
    for (route, edge) in picture.layout().edges.iter().zip(&picture.graph().edges) {
        let is_strong = picture.position().is_some_and(|at| at == edge.from || at == edge.to);
        let (x, y, style) = (route.label.x, route.label.y, edge_style(is_strong));
        let Some(figures) = edge.counted.figures(survey) else {
            continue;
        };
        // As long as it is, so that the line fills the rest.
        let label = label(figures);
        let begins = label.find(|c| c != ' ').unwrap_or(0);
        let mark = if route.is_backward { "↻ " } else { " " };
        let x_mark = (x + begins).saturating_sub(format::columns(mark));
        pane.put(x_mark, y, &format!("{mark}{} ", label.trim_start()), style);
        if let Some(errors) = errors(figures) {
            let x = x + route.label.width - ERRORS_COLUMNS;
            pane.put(x, y, &format!("{errors} "), Style::new().bold().fg(theme::ERROR));
        }
    }
    for at in 0..picture.graph().parties.len() {
        node(&mut pane, survey, picture, at);
    }
    edges::draw(frame, picture, parts, hits);
}

/// A part of the picture on the screen.
struct Pane<'a> {
    buffer: &'a mut Buffer,
    area: Rect,
    /// Column and row of the picture at its upper left corner.
    first: (usize, usize),
}

impl Pane<'_> {
    /// The cell of the screen that shows a cell of the picture.
    fn cell(&self, x: usize, y: usize) -> Option<(u16, u16)> {
        let within = |at: usize, first: usize, room: u16| u16::try_from(at.checked_sub(first)?).ok().filter(|at| *at < room);
        let x = within(x, self.first.0, self.area.width)?;
        let y = within(y, self.first.1, self.area.height)?;
        Some((self.area.x + x, self.area.y + y))
    }

    /// Draws as much of a text as is in view.
    fn put(&mut self, mut x: usize, y: usize, text: &str, style: Style) {
        for cluster in clusters(text) {
            let last = x + cluster.width.saturating_sub(1);
            if let Some(((column, row), _)) = self.cell(x, y).zip(self.cell(last, y)) {
                self.buffer.set_stringn(column, row, cluster.shown, cluster.width, style);
            }
            x += cluster.width;
        }
    }
}

fn edge_style(is_strong: bool) -> Style {
    if is_strong {
        Style::new().bold()
    } else {
        Style::new().fg(theme::DIM)
    }
}

fn lines(pane: &mut Pane, picture: &MapPicture) {
    let (first_x, first_y) = pane.first;
    for y in first_y..first_y + usize::from(pane.area.height) {
        for x in first_x..first_x + usize::from(pane.area.width) {
            if let Some(stroke) = picture.canvas().stroke(x, y) {
                pane.put(x, y, stroke.glyph.encode_utf8(&mut [0; 4]), edge_style(stroke.is_strong));
            }
        }
    }
}

/// Calls and median; of messages that are received, how long they waited.
fn label(figures: &Figures) -> String {
    let is_queued = figures.queued.count() > 0;
    let latencies = if is_queued { &figures.queued } else { &figures.latencies };
    let latency = if latencies.count() == 0 {
        "no end".to_owned()
    } else {
        format::at_most(&format::duration(latencies.percentile(50.0)), LATENCY_COLUMNS)
    };
    let calls = short(figures.calls);
    format!("{calls:>CALLS_COLUMNS$} {latency:>LATENCY_COLUMNS$}")
}

/// `✗20%`, in at most five columns.
fn errors(figures: &Figures) -> Option<String> {
    if figures.errors == 0 {
        return None;
    }
    let percent = u128::from(figures.errors) * 100 / u128::from(figures.calls.max(1));
    Some(match percent {
        0 => "✗<1%".to_owned(),
        percent => format!("✗{}%", percent.min(100)),
    })
}

/// A count in at most four columns: `999`, `2.1k`, `12k`, `1.2M`.
fn short(number: u64) -> String {
    let (unit, name) = match number {
        0..1_000 => return number.to_string(),
        1_000..1_000_000 => (1_000, "k"),
        1_000_000..1_000_000_000 => (1_000_000, "M"),
        _ => (1_000_000_000, "G"),
    };
    match number / unit {
        whole @ 0..10 => format!("{whole}.{}{name}", number % unit * 10 / unit),
        whole => format!("{}{name}", whole.min(999)),
    }
}

fn node(pane: &mut Pane, survey: &Survey, picture: &MapPicture, at: usize) {
    let (party, area) = (&picture.graph().parties[at], picture.layout().nodes[at]);
    let is_selected = picture.position() == Some(at);
    let color = edges::color(party);
    let ground = if is_selected {
        theme::cursor(!picture.is_in_list())
    } else {
        Style::new()
    };
    for y in area.y..area.y + area.height {
        pane.put(area.x, y, &" ".repeat(area.width), ground);
        pane.put(area.x, y, "▌", ground.fg(color));
    }
    let room = area.width - MARK_COLUMNS;
    if is_selected {
        pane.put(area.x + 1, area.y, "▸", ground.bold());
    }
    let name = format::middle(&edges::party_name(party), room);
    pane.put(area.x + MARK_COLUMNS, area.y, &name, ground.bold().fg(color));
    let (about, errors) = about(survey, party);
    let errors = if errors > 0 {
        format!("✗{}", short(errors))
    } else {
        String::new()
    };
    // If both do not fit, the noun is left out.
    let beside = format::columns(&errors) + usize::from(!errors.is_empty());
    let number = about.split(' ').next().unwrap_or_default();
    let about = if errors.is_empty() || format::columns(&about) + beside <= room {
        &about
    } else {
        number
    };
    let about = format::at_most(about, room);
    pane.put(area.x + MARK_COLUMNS, area.y + 1, &about, ground.fg(theme::DIM));
    let used = format::columns(&about) + 1;
    let x = area.x + MARK_COLUMNS + used;
    pane.put(x, area.y + 1, &errors, ground.bold().fg(theme::ERROR));
    leader(pane, picture, at, [format::columns(&name), used + format::columns(&errors)]);
}

/// The line from a node's text to where its stub begins.
fn leader(pane: &mut Pane, picture: &MapPicture, at: usize, texts: [usize; 2]) {
    let area = picture.layout().nodes[at];
    let Some(route) = picture.layout().edges.iter().find(|route| route.from == at) else {
        return;
    };
    let Some(stroke) = picture.canvas().stroke(route.stub_x, route.stub_y) else {
        return;
    };
    let text = texts.get(route.stub_y - area.y).copied().unwrap_or(0);
    let glyph = match (stroke.is_strong, route.is_trunk_dashed) {
        (false, false) => "─",
        (false, true) => "╌",
        (true, false) => "━",
        (true, true) => "╍",
    };
    for x in area.x + MARK_COLUMNS + text + 1..route.stub_x {
        pane.put(x, route.stub_y, glyph, edge_style(stroke.is_strong));
    }
}

/// Returns the description of a node, and the number of its failed spans.
fn about(survey: &Survey, party: &Party) -> (String, u64) {
    match party {
        Party::Service(name) => {
            let of = survey.operations.iter().filter(|operation| operation.service == *name);
            let (spans, errors) = of.fold((0, 0), |(spans, errors), operation| {
                (spans + operation.count, errors + operation.errors)
            });
            let plural = if spans == 1 { "" } else { "s" };
            (format!("{} span{plural}", short(spans)), errors)
        }
        Party::Queue(queue) => (format!("{} queue", shown(&queue.system)).trim_start().to_owned(), 0),
        Party::Peer(_) => ("uninstrumented".to_owned(), 0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_fit_their_columns() {
        let numbers = (0..64).map(|bits| 1_u64 << bits);
        for number in numbers.chain([0, 999, 9_999, 999_999, u64::MAX]) {
            assert!(format::columns(&short(number)) <= CALLS_COLUMNS, "{}", short(number));
            for calls in [number, u64::MAX] {
                let figures = Figures {
                    calls,
                    errors: number,
                    ..Figures::default()
                };
                let errors = errors(&figures).unwrap_or_default();
                assert!(format::columns(&errors) <= ERRORS_COLUMNS, "{errors}");
            }
        }
        assert_eq!((&*short(12_345), &*short(1_230_000)), ("12k", "1.2M"));
    }
}
