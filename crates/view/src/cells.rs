//! Text into cells.
//!
//! ratatui divides every text into graphemes. Of ASCII each character is one, and nearly all text of a frame is that.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::Widget;

use app::text::ascii_columns;

/// Writes a text from the left of the first line of an area, as far as there is room. Returns the rest of the line.
pub(super) fn text(buffer: &mut Buffer, text: &str, style: Style, area: Rect) -> Rect {
    let row = Rect {
        height: area.height.min(1),
        ..area
    };
    let width = if let Some(columns) = ascii_columns(text) {
        let row = row.intersection(buffer.area);
        for (place, at) in row.positions().zip(0..columns) {
            buffer[place].set_symbol(&text[at..=at]).set_style(style);
        }
        columns
    } else {
        let span = Span::styled(text, style);
        (&span).render(row, buffer);
        span.width()
    };
    let width = u16::try_from(width).unwrap_or(u16::MAX).min(row.width);
    Rect {
        x: row.x + width,
        width: row.width - width,
        ..row
    }
}

/// Writes a line like [`text`].
pub(super) fn line(buffer: &mut Buffer, line: &Line, area: Rect) -> Rect {
    line.iter().fold(area, |rest, span| {
        text(buffer, &span.content, line.style.patch(span.style), rest)
    })
}

#[cfg(test)]
mod tests {
    use ratatui::style::{Color, Stylize};

    use super::*;

    #[test]
    fn text_is_what_ratatui_draws() {
        let whole = Rect::new(0, 0, 12, 3);
        for content in [
            "",
            "GET",
            "GET /users/1234",
            "naïve",
            "日本語日本語日本語",
            "a\u{301}b",
            "│─",
            "a日b日c日d日e日",
        ] {
            for (x, width) in [(0, 12), (3, 5), (10, 8), (0, 0), (5, 1)] {
                let area = Rect::new(x, 1, width, 2);
                let (mut ours, mut theirs) = (Buffer::empty(whole), Buffer::empty(whole));
                let spans = Line::from(vec![content.bold().fg(Color::Red), " and ".into(), content.italic()]);
                let rest = line(&mut ours, &spans, area);
                (&spans).render(area, &mut theirs);
                assert_eq!(ours, theirs, "{content:?} in {area}");
                let used = u16::try_from(spans.width()).unwrap_or(u16::MAX).min(width);
                assert_eq!((rest.x, rest.width), (x + used, width - used), "{content:?} in {area}");
            }
        }
    }
}
