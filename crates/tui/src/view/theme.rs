//! Colours. All of the 256 that nearly every terminal has; marks carry the meaning too, so that none is needed to understand.

use ratatui::style::{Color, Style};

/// What has the focus.
pub(super) const ACCENT: Color = Color::Indexed(75);
/// What failed.
pub(super) const ERROR: Color = Color::Indexed(203);
/// What went well.
pub(super) const GOOD: Color = Color::Indexed(77);
/// What is on its way, or wants a look.
pub(super) const WARNING: Color = Color::Indexed(221);
/// What the filter has found.
pub(super) const FOUND: Color = Color::Indexed(213);
/// What matters less.
pub(super) const DIM: Color = Color::Indexed(245);
/// What only divides.
pub(super) const RULE: Color = Color::Indexed(239);
/// Behind the row under the cursor.
pub(super) const CURSOR: Color = Color::Indexed(237);

/// Far apart from each other and from the colours above that mean something.
const SERVICES: [Color; 12] = [
    Color::Indexed(75),
    Color::Indexed(215),
    Color::Indexed(114),
    Color::Indexed(176),
    Color::Indexed(186),
    Color::Indexed(80),
    Color::Indexed(147),
    Color::Indexed(173),
    Color::Indexed(36),
    Color::Indexed(105),
    Color::Indexed(181),
    Color::Indexed(151),
];

/// A service's colour: the same in every run and on every machine, since it comes from the name alone.
pub(super) fn service(name: &str) -> Color {
    if name.is_empty() {
        return DIM;
    }
    // FNV-1a (http://www.isthe.com/chongo/tech/comp/fnv/): the standard library's hash may change between releases.
    let hash = name.bytes().fold(0x811c_9dc5_u32, |hash, byte| {
        (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
    });
    // The lowest bits of this hash mix least.
    SERVICES[(hash >> 9) as usize % SERVICES.len()]
}

/// A moment at which an error happened, on a bar of whatever colour.
pub(super) const ERROR_MARK: Style = Style::new().fg(Color::Indexed(231)).bg(Color::Indexed(160));

/// A mark of the cross-check.
pub(super) fn verdict(mark: char) -> Style {
    match mark {
        '✓' => Style::new().fg(GOOD),
        '…' => Style::new().fg(WARNING),
        '✗' => Style::new().fg(ERROR).bold(),
        '≠' => Style::new().fg(WARNING).bold(),
        _ => Style::new().fg(DIM),
    }
}

/// The row under the cursor: marked in the pane that has the focus, hinted at in the others.
pub(super) fn cursor(focused: bool) -> Style {
    if focused {
        Style::new().bg(CURSOR)
    } else {
        Style::new().bg(Color::Indexed(235))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_services_of_the_demo_have_colours_of_their_own() {
        let mut colours = ["spanfall", "api", "mailer", "frontend", "web"].map(|name| format!("{}", service(name)));
        colours.sort();
        assert!(colours.windows(2).all(|pair| pair[0] != pair[1]), "{colours:?}");
    }
}
