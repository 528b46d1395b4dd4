//! From roles to the colors of a terminal: one pass over a frame.

use std::collections::HashMap;
use std::str::FromStr;

use ratatui::buffer::{Buffer, Cell};
use ratatui::style::{Color, Modifier};

use super::palette::{ANSI_DARK, ANSI_LIGHT, DARK, LIGHT, PREFERRED, TABLE};
use super::{CURSOR, CURSOR_AWAY, DIM, ERROR, ERROR_GROUND, FOCUS};
use app::content::service_number;

/// The names of the roles that a configuration may give colors.
pub const ROLES: [&str; TABLE.len()] = {
    let mut names = [""; TABLE.len()];
    let mut at = 0;
    while at < names.len() {
        names[at] = TABLE[at].name;
        at += 1;
    }
    names
};

/// A kind of terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum ThemeKind {
    /// 256 colors or more on a dark ground.
    #[default]
    Dark,
    /// 256 colors or more on a light ground.
    Light,
    /// Sixteen colors on a dark ground.
    AnsiDark,
    /// Sixteen colors on a light ground.
    AnsiLight,
    /// No color at all: what is marked is reversed, bold or underlined (<https://no-color.org>).
    None,
}

impl ThemeKind {
    /// All, by the name in options and configurations.
    pub const NAMES: [(&str, Self); 5] = [
        ("dark", Self::Dark),
        ("light", Self::Light),
        ("ansi-dark", Self::AnsiDark),
        ("ansi-light", Self::AnsiLight),
        ("none", Self::None),
    ];
}

impl FromStr for ThemeKind {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let known = Self::NAMES.iter().find(|(name, _)| *name == text);
        known.map(|(_, kind)| *kind).ok_or_else(|| {
            let names = Self::NAMES.map(|(name, _)| name);
            format!("unknown theme {text:?}: use {}", names.join(", "))
        })
    }
}

/// The colors that roles have on this terminal.
#[derive(Clone, Debug)]
pub struct Theme {
    kind: ThemeKind,
    /// By the role's number.
    roles: Box<[Color; 256]>,
    palette: Vec<Color>,
    /// Which color of the palette a service has.
    services: HashMap<u32, usize>,
    /// Services whose color the user chose.
    chosen: HashMap<u32, Color>,
}

impl Default for Theme {
    fn default() -> Self {
        Self::new(ThemeKind::default())
    }
}

impl Theme {
    /// The colors of a kind of terminal.
    #[must_use]
    pub fn new(kind: ThemeKind) -> Self {
        let mut roles = Box::new([Color::Reset; 256]);
        for role in &TABLE {
            let Color::Indexed(number) = role.color else { continue };
            roles[usize::from(number)] = match kind {
                ThemeKind::Dark => role.dark,
                ThemeKind::Light => role.light,
                ThemeKind::AnsiDark => role.ansi[0],
                ThemeKind::AnsiLight => role.ansi[1],
                ThemeKind::None => Color::Reset,
            };
        }
        let palette = match kind {
            ThemeKind::Dark => DARK.map(Color::Indexed).to_vec(),
            ThemeKind::Light => LIGHT.map(Color::Indexed).to_vec(),
            ThemeKind::AnsiDark => ANSI_DARK.to_vec(),
            ThemeKind::AnsiLight => ANSI_LIGHT.to_vec(),
            ThemeKind::None => Vec::new(),
        };
        Self {
            kind,
            roles,
            palette,
            services: HashMap::new(),
            chosen: HashMap::new(),
        }
    }

    /// Returns its kind of terminal.
    #[must_use]
    pub const fn kind(&self) -> ThemeKind {
        self.kind
    }

    /// Gives a role another color; false for an unknown one. Without colors nothing changes.
    pub fn set_role(&mut self, name: &str, color: Color) -> bool {
        let role = TABLE.iter().find(|role| role.name == name);
        if let Some(Color::Indexed(number)) = role.map(|role| role.color).filter(|_| self.kind != ThemeKind::None) {
            self.roles[usize::from(number)] = color;
        }
        role.is_some()
    }

    /// Gives a service a color of its own.
    pub fn set_service(&mut self, name: &str, color: Color) {
        if self.kind != ThemeKind::None {
            self.chosen.insert(service_number(name), color);
        }
    }

    /// A service is there: it gets the color that its name chooses, or the next free one, and keeps it. Where none is free it has the one that
    /// its name chooses, and need not be remembered: there may be any number of services.
    pub fn learn(&mut self, service: &str) {
        let many = self.palette.len();
        if service.is_empty() || self.services.len() == many {
            return;
        }
        let number = service_number(service);
        if self.services.contains_key(&number) {
            return;
        }
        let preferred = self.preferred(number);
        let is_free = |slot: &usize| !self.services.values().any(|taken| taken == slot);
        // Colors that no service prefers come first, so that a later service can still have its own.
        let others = (many.min(PREFERRED)..many).chain((1..many).map(|step| (preferred + step) % many));
        if let Some(slot) = std::iter::once(preferred).chain(others).find(is_free) {
            self.services.insert(number, slot);
        }
    }

    fn preferred(&self, number: u32) -> usize {
        // The lowest bits mix least.
        (number >> 1) as usize % self.palette.len().clamp(1, PREFERRED)
    }

    /// Makes the roles of a frame colors.
    pub fn paint(&self, buffer: &mut Buffer) {
        debug_assert!(
            buffer.content.iter().all(|cell| is_role(cell.fg) && is_role(cell.bg)),
            "a color that is not a role"
        );
        // Cells mostly have the colors of the one before, and those of services are looked up.
        let (mut foreground, mut background) = ((Color::Reset, Color::Reset), (Color::Reset, Color::Reset));
        let color = |role: Color, last: &mut (Color, Color)| {
            if role != last.0 {
                *last = (role, self.color(role));
            }
            last.1
        };
        for cell in &mut buffer.content {
            if cell.bg == CURSOR_AWAY && (self.kind == ThemeKind::None || self.is_ansi()) {
                // These have no color for it.
                cell.modifier.insert(Modifier::UNDERLINED);
            }
            if self.kind == ThemeKind::None {
                without_colors(cell);
            } else {
                let is_on_cursor = self.is_ansi() && cell.bg == CURSOR && !is_bar(cell);
                // Sixteen colors are few: most of them cannot be read on that of the cursor.
                cell.fg = if is_on_cursor {
                    Color::Reset
                } else {
                    color(cell.fg, &mut foreground)
                };
                cell.bg = color(cell.bg, &mut background);
            }
        }
    }

    const fn is_ansi(&self) -> bool {
        matches!(self.kind, ThemeKind::AnsiDark | ThemeKind::AnsiLight)
    }

    fn color(&self, role: Color) -> Color {
        match role {
            Color::Indexed(number) => self.roles[usize::from(number)],
            Color::Rgb(red, green, blue) => {
                let number = u32::from_be_bytes([0, red, green, blue]);
                let slot = || self.services.get(&number).copied().unwrap_or_else(|| self.preferred(number));
                let chosen = self.chosen.get(&number).copied();
                chosen.or_else(|| self.palette.get(slot()).copied()).unwrap_or(Color::Reset)
            }
            other => other,
        }
    }
}

/// Returns true if the table, or a service's name, determines the color.
fn is_role(color: Color) -> bool {
    match color {
        Color::Reset | Color::Rgb(..) => true,
        role => TABLE.iter().any(|known| known.color == role),
    }
}

/// Returns true if a cell is a part of a bar, whose color can be seen on any other; in reverse if there is a mark on it.
fn is_bar(cell: &Cell) -> bool {
    let is_block = |c| ('\u{2580}'..='\u{259f}').contains(&c);
    cell.symbol().starts_with(is_block) || cell.modifier.contains(Modifier::REVERSED)
}

fn without_colors(cell: &mut Cell) {
    match cell.fg {
        ERROR => cell.modifier.insert(Modifier::BOLD),
        DIM => cell.modifier.insert(Modifier::DIM),
        FOCUS => cell.modifier.toggle(Modifier::REVERSED),
        _ => {}
    }
    if matches!(cell.bg, CURSOR | ERROR_GROUND) {
        // A part of a cell may be reversed already.
        cell.modifier.toggle(Modifier::REVERSED);
    }
    (cell.fg, cell.bg) = (Color::Reset, Color::Reset);
}

#[cfg(test)]
mod tests {
    use super::super::service;
    use super::*;
    use ratatui::style::Style;

    fn painted(theme: &Theme, style: Style) -> Cell {
        let mut buffer = Buffer::with_lines(["x"]);
        buffer[(0, 0)].set_style(style);
        theme.paint(&mut buffer);
        buffer[(0, 0)].clone()
    }

    fn color_of(theme: &Theme, name: &str) -> Color {
        painted(theme, Style::new().fg(service(name))).fg
    }

    #[test]
    fn roles_are_distinct() {
        let mut roles: Vec<_> = TABLE.iter().map(|role| format!("{:?}", role.color)).collect();
        roles.sort();
        roles.dedup();
        assert_eq!(roles.len(), TABLE.len());
    }

    /// Red, blue and green text was nearly as dark as the gray below it.
    #[test]
    fn text_under_the_cursor_has_the_terminals_color_with_sixteen_colors() {
        for kind in [ThemeKind::AnsiDark, ThemeKind::AnsiLight] {
            let theme = Theme::new(kind);
            for role in TABLE.iter().map(|role| role.color).chain([service("api")]) {
                assert_eq!(
                    painted(&theme, Style::new().fg(role).bg(CURSOR)).fg,
                    Color::Reset,
                    "{kind:?} {role:?}"
                );
            }
            assert_ne!(painted(&theme, Style::new().fg(ERROR)).fg, Color::Reset);
        }
    }

    /// Returns the relative luminance of a color of the cube or of the grays, as WCAG 2.2 defines it.
    fn luminance(color: u8) -> f64 {
        let channels = match color {
            232.. => [8 + 10 * (color - 232); 3],
            color => [36, 6, 1].map(|unit| [0, 95, 135, 175, 215, 255][usize::from((color - 16) / unit % 6)]),
        };
        let [red, green, blue] = channels.map(|channel| {
            let part = f64::from(channel) / 255.0;
            if part <= 0.04045 {
                part / 12.92
            } else {
                ((part + 0.055) / 1.055).powf(2.4)
            }
        });
        0.2126 * red + 0.7152 * green + 0.0722 * blue
    }

    /// A gold one had 2.4 on the light gray of the cursor.
    #[test]
    fn names_of_services_can_be_read_below_the_cursor() {
        for (palette, cursor) in [(DARK, 237), (LIGHT, 253)] {
            for color in palette {
                let [darker, lighter] = {
                    let (one, other) = (luminance(color), luminance(cursor));
                    [one.min(other), one.max(other)]
                };
                let contrast = (lighter + 0.05) / (darker + 0.05);
                assert!(contrast > 2.7, "{color} on {cursor}: {contrast:.1}");
            }
        }
    }

    const DEMO: [&str; 5] = ["spanfall", "api", "mailer", "frontend", "web"];

    #[test]
    fn services_have_colors_of_their_own_as_long_as_there_are_any() {
        for (_, kind) in ThemeKind::NAMES.iter().filter(|(_, kind)| *kind != ThemeKind::None) {
            let mut theme = Theme::new(*kind);
            let many = theme.palette.len();
            let names: Vec<_> = (0..many).map(|number| format!("service-{number}")).collect();
            for name in &names {
                theme.learn(name);
            }
            let mut colors: Vec<_> = names.iter().map(|name| format!("{:?}", color_of(&theme, name))).collect();
            colors.sort();
            colors.dedup();
            assert_eq!(colors.len(), many, "{kind:?}");
            theme.learn("one too many");
            assert_ne!(color_of(&theme, "one too many"), Color::Reset);
        }
    }

    #[test]
    fn a_service_keeps_its_color_whoever_else_comes() {
        let mut theme = Theme::default();
        for name in DEMO {
            let alone = color_of(&Theme::default(), name);
            theme.learn(name);
            assert_eq!(color_of(&theme, name), alone, "{name}");
        }
        let before = DEMO.map(|name| color_of(&theme, name));
        for number in 0..40 {
            theme.learn(&format!("other-{number}"));
        }
        assert_eq!(DEMO.map(|name| color_of(&theme, name)), before);
    }

    #[test]
    fn theme_without_colors_keeps_marks_distinct() {
        let theme = Theme::new(ThemeKind::None);
        for role in &TABLE {
            let cell = painted(&theme, Style::new().fg(role.color).bg(role.color));
            assert_eq!((cell.fg, cell.bg), (Color::Reset, Color::Reset), "{}", role.name);
        }
        assert_eq!(color_of(&theme, "api"), Color::Reset);
        assert!(painted(&theme, Style::new().bg(CURSOR)).modifier.contains(Modifier::REVERSED));
        assert!(painted(&theme, Style::new().fg(ERROR)).modifier.contains(Modifier::BOLD));
        assert!(painted(&theme, Style::new().fg(FOCUS)).modifier.contains(Modifier::REVERSED));
        let half = painted(&theme, Style::new().bg(CURSOR).add_modifier(Modifier::REVERSED));
        assert!(!half.modifier.contains(Modifier::REVERSED), "reversed twice");
    }

    #[test]
    fn sixteen_colors_are_sixteen_and_nothing_vanishes() {
        for kind in [ThemeKind::AnsiDark, ThemeKind::AnsiLight] {
            let mut theme = Theme::new(kind);
            theme.learn("api");
            for role in &TABLE {
                let cell = painted(&theme, Style::new().fg(role.color).bg(CURSOR));
                assert!(!matches!(cell.fg, Color::Indexed(_) | Color::Rgb(..)), "{}", role.name);
                assert!(cell.fg != cell.bg, "{} on the cursor's row", role.name);
            }
            assert!(!matches!(color_of(&theme, "api"), Color::Indexed(_) | Color::Rgb(..)));
        }
    }

    #[test]
    fn a_person_may_choose() {
        let mut theme = Theme::new(ThemeKind::Light);
        assert!(theme.set_role("error", Color::Rgb(1, 2, 3)));
        assert!(!theme.set_role("eror", Color::Rgb(1, 2, 3)));
        theme.set_service("api", Color::Green);
        assert_eq!(painted(&theme, Style::new().fg(ERROR)).fg, Color::Rgb(1, 2, 3));
        assert_eq!(color_of(&theme, "api"), Color::Green);
    }
}
