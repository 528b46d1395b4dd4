//! Keys as the terminal sends them, as the screen shows them, and as a configuration writes them.

use std::str::FromStr;

/// A key on its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Key {
    /// A character, as typed.
    Char(char),
    /// A character with Control.
    Ctrl(char),
    /// A function key: F1 to F24.
    F(u8),
    /// Arrow up.
    Up,
    /// Arrow down.
    Down,
    /// Arrow left.
    Left,
    /// Arrow right.
    Right,
    /// Return.
    Enter,
    /// Escape.
    Esc,
    /// Tab.
    Tab,
    /// Tab with Shift.
    BackTab,
    /// Page up.
    PageUp,
    /// Page down.
    PageDown,
    /// To the start.
    Home,
    /// To the end.
    End,
    /// Deletes to the left.
    Backspace,
    /// Deletes to the right.
    Delete,
}

impl Key {
    /// Returns the key as shown to the user: `q`, `^C`, `↑`, `Enter`.
    #[must_use]
    pub fn label(self) -> String {
        match self {
            Self::Char(' ') => "Space".to_owned(),
            Self::Char(c) => c.to_string(),
            Self::Ctrl(c) => format!("^{}", c.to_ascii_uppercase()),
            Self::F(number) => format!("F{number}"),
            named => named.entry().map_or("?", |named| named.label).to_owned(),
        }
    }
}

/// A key without a character.
struct Named {
    key: Key,
    /// Name in a configuration.
    name: &'static str,
    /// Name on the screen.
    label: &'static str,
}

const fn named(key: Key, name: &'static str, label: &'static str) -> Named {
    Named { key, name, label }
}

/// All of them.
const NAMED: [Named; 14] = [
    named(Key::Up, "up", "↑"),
    named(Key::Down, "down", "↓"),
    named(Key::Left, "left", "←"),
    named(Key::Right, "right", "→"),
    named(Key::Enter, "enter", "Enter"),
    named(Key::Esc, "esc", "Esc"),
    named(Key::Tab, "tab", "Tab"),
    named(Key::BackTab, "shift-tab", "Shift-Tab"),
    named(Key::PageUp, "pageup", "PgUp"),
    named(Key::PageDown, "pagedown", "PgDn"),
    named(Key::Home, "home", "Home"),
    named(Key::End, "end", "End"),
    named(Key::Backspace, "backspace", "Backspace"),
    named(Key::Delete, "delete", "Del"),
];

impl Key {
    /// Returns the key as written in a configuration: `q`, `ctrl-c`, `up`, `f5`.
    #[must_use]
    pub fn text(self) -> String {
        match self {
            Self::Char(' ') => "space".to_owned(),
            Self::Char(c) => c.to_string(),
            Self::Ctrl(c) => format!("ctrl-{c}"),
            Self::F(number) => format!("f{number}"),
            named => named.entry().map_or("?", |named| named.name).to_owned(),
        }
    }

    fn entry(self) -> Option<&'static Named> {
        NAMED.iter().find(|named| named.key == self)
    }
}

impl FromStr for Key {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut letters = text.chars();
        if let (Some(c), None) = (letters.next(), letters.next()) {
            return Ok(Self::Char(c));
        }
        let lower = text.to_ascii_lowercase();
        if lower == "space" {
            return Ok(Self::Char(' '));
        }
        if let Some(named) = NAMED.iter().find(|named| named.name == lower) {
            return Ok(named.key);
        }
        let control = lower.strip_prefix("ctrl-").map(str::chars);
        if let Some((Some(c), None)) = control.map(|mut letters| (letters.next(), letters.next())) {
            return Ok(Self::Ctrl(c));
        }
        let function = lower.strip_prefix('f').and_then(|number| number.parse().ok());
        if let Some(number) = function.filter(|number| (1..=24).contains(number)) {
            return Ok(Self::F(number));
        }
        let names = NAMED.map(|named| named.name).join(", ");
        Err(format!(
            "invalid key {text:?}: use a character, ctrl- and a character, f1 to f24, space, {names}"
        ))
    }
}
