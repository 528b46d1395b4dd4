//! The colors of each theme.

use ratatui::style::Color;

use super::{ACCENT, CRITICAL, CURSOR, CURSOR_AWAY, DIM, ERROR, ERROR_GROUND, FOCUS, FOUND, GOOD, ON_ERROR, RULE, WARNING};

/// A role's number, its name in the configuration, and its colors: dark, light, 16 colors on dark, 16 colors on light.
pub(super) struct Role {
    pub(super) color: Color,
    pub(super) name: &'static str,
    pub(super) dark: Color,
    pub(super) light: Color,
    pub(super) ansi: [Color; 2],
}

const fn role(color: Color, name: &'static str, dark: u8, light: u8, ansi: [Color; 2]) -> Role {
    Role {
        color,
        name,
        dark: Color::Indexed(dark),
        light: Color::Indexed(light),
        ansi,
    }
}

/// All roles but the services'.
pub(super) const TABLE: [Role; 13] = [
    role(ACCENT, "accent", 75, 26, [Color::LightBlue, Color::Blue]),
    role(FOCUS, "focus", 75, 26, [Color::LightBlue, Color::Blue]),
    role(ERROR, "error", 203, 160, [Color::LightRed, Color::Red]),
    role(GOOD, "good", 77, 28, [Color::LightGreen, Color::Green]),
    role(WARNING, "warning", 221, 130, [Color::LightYellow, Color::Magenta]),
    role(FOUND, "found", 213, 163, [Color::LightMagenta, Color::Magenta]),
    role(CRITICAL, "critical", 231, 16, [Color::White, Color::Black]),
    role(DIM, "dim", 245, 242, [Color::Gray, Color::DarkGray]),
    role(RULE, "rule", 239, 250, [Color::DarkGray, Color::Gray]),
    role(CURSOR, "cursor", 237, 253, [Color::DarkGray, Color::Gray]),
    role(CURSOR_AWAY, "cursor-away", 235, 255, [Color::Reset, Color::Reset]),
    role(ERROR_GROUND, "error-ground", 160, 160, [Color::Red, Color::Red]),
    role(ON_ERROR, "on-error", 231, 231, [Color::White, Color::White]),
];

/// Far apart from each other and from the roles that mean something; names choose among the first [`PREFERRED`], the others
/// are for services that would share one.
pub(super) const DARK: [u8; 20] = [
    75, 215, 114, 176, 186, 80, 147, 173, 36, 105, 181, 151, 68, 179, 72, 140, 144, 110, 139, 108,
];
/// The same hues, as they can be read on white.
pub(super) const LIGHT: [u8; 20] = [
    25, 166, 28, 90, 29, 30, 61, 94, 23, 55, 131, 64, 19, 96, 22, 92, 58, 24, 88, 60,
];
/// The colors that remain of sixteen; red and yellow have a meaning.
pub(super) const ANSI_DARK: [Color; 7] = [
    Color::LightCyan,
    Color::LightGreen,
    Color::LightMagenta,
    Color::Cyan,
    Color::Green,
    Color::Magenta,
    Color::LightBlue,
];
pub(super) const ANSI_LIGHT: [Color; 5] = [Color::Blue, Color::Green, Color::Magenta, Color::Cyan, Color::Black];

/// Colors that names choose among, at most.
pub(super) const PREFERRED: usize = 12;
