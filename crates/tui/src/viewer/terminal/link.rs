//! Links in the terminal: [OSC 8](https://gist.github.com/egmontkob/eb114294efbcd5adb1944c9f3cb5feda). A terminal that does not know
//! them shows the text.

use std::io::{self, Write};

use crossterm::cursor::{RestorePosition, SavePosition};
use crossterm::queue;
use ratatui::backend::Backend;
use ratatui::buffer::{Buffer, Cell};
use ratatui::layout::Rect;

/// The cells of an area with their places.
pub(super) fn cells(buffer: &Buffer, area: Rect) -> Vec<(u16, u16, Cell)> {
    let places = area.intersection(buffer.area).positions();
    let cell = |place| buffer.cell(place).cloned();
    places.filter_map(|place| Some((place.x, place.y, cell(place)?))).collect()
}

/// Writes cells again, as a link or without one. The address must be one of [`Hyperlink`](view::Hyperlink): without characters
/// that end the sequence.
pub(super) fn write<B>(backend: &mut B, cells: &[(u16, u16, Cell)], url: Option<&str>) -> io::Result<()>
where
    B: Backend<Error = io::Error> + Write,
{
    // The cursor of the filter's input must stay.
    queue!(backend, SavePosition)?;
    write!(backend, "\x1b]8;;{}\x1b\\", url.unwrap_or_default())?;
    backend.draw(cells.iter().map(|(x, y, cell)| (*x, *y, cell)))?;
    backend.write_all(b"\x1b]8;;\x1b\\")?;
    queue!(backend, RestorePosition)?;
    Backend::flush(backend)
}

#[cfg(test)]
mod tests {
    use ratatui::backend::CrosstermBackend;
    use ratatui::style::Style;

    use super::*;

    #[test]
    fn link_writes_the_same_cells_between_its_sequences() {
        let mut buffer = Buffer::empty(Rect::new(0, 0, 12, 2));
        buffer.set_string(2, 1, "see it", Style::new());
        let cells = cells(&buffer, Rect::new(2, 1, 6, 1));
        let written = |url| {
            let mut out = Vec::new();
            write(&mut CrosstermBackend::new(&mut out), &cells, url).expect("a buffer takes all");
            String::from_utf8(out).expect("text")
        };
        let link = written(Some("https://sentry.example/a"));
        let (before, rest) = link.split_once("\x1b]8;;https://sentry.example/a\x1b\\").expect("the start");
        let (text, after) = rest.split_once("\x1b]8;;\x1b\\").expect("the end");
        assert_eq!((before, after), ("\x1b7", "\x1b8"), "the cursor stays where it is");
        assert!(text.starts_with("\x1b[2;3H") && text.contains("see it"), "{text:?}");
        let plain = written(None);
        assert!(!plain.contains("sentry.example") && plain.contains("see it"), "{plain:?}");
    }

    #[test]
    fn link_skips_cells_outside_of_the_screen() {
        let buffer = Buffer::empty(Rect::new(0, 0, 4, 1));
        assert_eq!(cells(&buffer, Rect::new(2, 0, 9, 3)).len(), 2);
        assert!(cells(&Buffer::empty(Rect::ZERO), Rect::new(0, 0, 9, 3)).is_empty());
    }
}
