//! All keys, and what the marks mean.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::{Style, Stylize};
use ratatui::text::Line;
use ratatui::widgets::{Block, Clear, Paragraph};

use super::theme;
use crate::app::Mode;
use crate::keymap::{KEYMAP, Place};

pub(super) fn draw(frame: &mut Frame, mode: Mode, first: usize, area: Rect) {
    let lines = lines(mode);
    let height = usize::from(area.height.saturating_sub(2));
    let first = first.min(lines.len().saturating_sub(height));
    let block = Block::bordered()
        .border_style(Style::new().fg(theme::ACCENT))
        .title(" Keys and marks ");
    let hint = if lines.len() > height {
        " ↓ ↑ scroll · Esc close "
    } else {
        " Esc close "
    };
    frame.render_widget(Clear, area);
    let page = Paragraph::new(lines.into_iter().skip(first).collect::<Vec<_>>()).block(block.title_bottom(hint));
    frame.render_widget(page, area);
}

/// How many lines there are.
pub(super) fn height(mode: Mode) -> usize {
    lines(mode).len()
}

fn lines(mode: Mode) -> Vec<Line<'static>> {
    let known = KEYMAP
        .iter()
        .filter(|binding| binding.place != Place::Demo || mode == Mode::Demo);
    let mut lines: Vec<Line> = known.map(|binding| pair(&binding.labels(), binding.help)).collect();
    lines.push(Line::default());
    for (mark, meaning) in MARKS {
        lines.push(pair(mark, meaning));
    }
    lines
}

const MARKS: &[(&str, &str)] = &[
    ("colours", "each service has its own, the same in every run; red is an error"),
    ("▏██▎", "when a span ran, on the axis above"),
    ("╌╌╌", "time in the queue, between producer and consumer"),
    ("✗", "status error: of a span, or of some spans of a trace"),
    ("▾ ▸ +3", "open; folded, with three spans below"),
    ("…", "still running; of a trace: its root has not arrived"),
    ("◌", "a parent that has not arrived; a service that is starting"),
    ("↻", "its parents lead back to itself: shown as a root"),
    (
        "✓ 8/8",
        "all spans that services sent reached Sentry too (without SENTRY_DSN: this viewer's own endpoint)",
    ),
    (
        "● ◐ ✗ –",
        "a service that works; that runs but cannot work now; that ended; that is not there",
    ),
    (
        "refused",
        "requests and spans that the collector did not take, for what they are",
    ),
    (
        "busy",
        "requests that came faster than they could be taken in; their senders were asked to send them again",
    ),
];

fn pair(left: &str, right: &'static str) -> Line<'static> {
    Line::from(vec![format!("  {left:<14} ").bold().fg(theme::ACCENT), right.into()])
}
