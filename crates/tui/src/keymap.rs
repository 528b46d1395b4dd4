//! The one table of keys. Dispatch, the footer, the help and the README all read it.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use crate::app::{Action, Mode, Pane};

/// A key on its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    /// A character, as typed.
    Char(char),
    /// A character with Control.
    Ctrl(char),
    /// Any other key.
    Code(KeyCode),
}

impl Key {
    fn matches(self, event: &KeyEvent) -> bool {
        let control = event.modifiers.contains(KeyModifiers::CONTROL);
        match self {
            Self::Char(c) => event.code == KeyCode::Char(c) && !control && !event.modifiers.contains(KeyModifiers::ALT),
            Self::Ctrl(c) => event.code == KeyCode::Char(c) && control,
            Self::Code(code) => event.code == code,
        }
    }

    /// How the key is written for a person: `q`, `^C`, `↑`, `Enter`.
    #[must_use]
    pub fn label(self) -> String {
        match self {
            Self::Char(' ') => "Space".to_owned(),
            Self::Char(c) => c.to_string(),
            Self::Ctrl(c) => format!("^{}", c.to_ascii_uppercase()),
            Self::Code(code) => code_label(code).to_owned(),
        }
    }
}

const fn code_label(code: KeyCode) -> &'static str {
    match code {
        KeyCode::Up => "↑",
        KeyCode::Down => "↓",
        KeyCode::Left => "←",
        KeyCode::Right => "→",
        KeyCode::Enter => "Enter",
        KeyCode::Esc => "Esc",
        KeyCode::Tab => "Tab",
        KeyCode::BackTab => "Shift-Tab",
        KeyCode::PageUp => "PgUp",
        KeyCode::PageDown => "PgDn",
        KeyCode::Home => "Home",
        KeyCode::End => "End",
        _ => "?",
    }
}

/// Where a key means something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Everywhere.
    Anywhere,
    /// Only with the demo's services behind the viewer.
    Demo,
    /// In the tree of spans.
    Waterfall,
}

/// Keys that do the same, and what to say of them.
#[derive(Clone, Copy, Debug)]
pub struct Binding {
    /// The first one stands for all in the footer.
    pub keys: &'static [Key],
    /// What they do.
    pub action: Action,
    /// Where.
    pub place: Place,
    /// One or two words for the footer; empty where it has no room for them.
    pub short: &'static str,
    /// A line for the help and the README.
    pub help: &'static str,
}

use Key::{Char, Code, Ctrl};

/// All keys, in the order in which help shows them.
pub const KEYMAP: &[Binding] = &[
    bind(
        &[Char('r')],
        Action::SendReset,
        Place::Demo,
        "reset request",
        "send a password reset through the demo and watch its trace",
    ),
    bind(
        &[Char('i')],
        Action::SendInvalid,
        Place::Demo,
        "invalid one",
        "send a request without a valid email: a 400 and a failed trace",
    ),
    bind(
        &[Char('p')],
        Action::Page,
        Place::Demo,
        "page",
        "open the page in a browser: its requests begin there",
    ),
    bind(
        &[Char('o')],
        Action::Output,
        Place::Demo,
        "output",
        "read what broker, API and mailer print",
    ),
    bind(
        &[Code(KeyCode::Down), Char('j')],
        Action::Down,
        Place::Anywhere,
        "move",
        "down one row",
    ),
    bind(&[Code(KeyCode::Up), Char('k')], Action::Up, Place::Anywhere, "", "up one row"),
    bind(
        &[Code(KeyCode::PageDown), Ctrl('d')],
        Action::PageDown,
        Place::Anywhere,
        "",
        "down one page",
    ),
    bind(
        &[Code(KeyCode::PageUp), Ctrl('u')],
        Action::PageUp,
        Place::Anywhere,
        "",
        "up one page",
    ),
    bind(
        &[Code(KeyCode::Home), Char('g')],
        Action::First,
        Place::Anywhere,
        "",
        "to the first row; in the list: follow the newest trace",
    ),
    bind(
        &[Code(KeyCode::End), Char('G')],
        Action::Last,
        Place::Anywhere,
        "",
        "to the last row",
    ),
    bind(
        &[Code(KeyCode::Enter)],
        Action::Open,
        Place::Anywhere,
        "open",
        "from the list to the waterfall, from the waterfall to the span",
    ),
    bind(
        &[Code(KeyCode::Esc)],
        Action::Back,
        Place::Anywhere,
        "",
        "back: close what is open, or to the pane before",
    ),
    bind(
        &[Code(KeyCode::Tab)],
        Action::NextPane,
        Place::Anywhere,
        "next pane",
        "to the next pane",
    ),
    bind(
        &[Code(KeyCode::BackTab)],
        Action::PreviousPane,
        Place::Anywhere,
        "",
        "to the pane before",
    ),
    bind(
        &[Char(' ')],
        Action::ToggleFold,
        Place::Waterfall,
        "fold",
        "fold or unfold what is below a span",
    ),
    bind(
        &[Code(KeyCode::Left), Char('h')],
        Action::Left,
        Place::Waterfall,
        "",
        "fold, or to the parent",
    ),
    bind(
        &[Code(KeyCode::Right), Char('l')],
        Action::Right,
        Place::Waterfall,
        "",
        "unfold, or to the first child",
    ),
    bind(
        &[Char('?')],
        Action::Help,
        Place::Anywhere,
        "keys",
        "all keys, and what the colours and marks mean",
    ),
    bind(
        &[Char('q'), Ctrl('c')],
        Action::Quit,
        Place::Anywhere,
        "quit",
        "quit; the demo's processes end with the viewer",
    ),
];

const fn bind(keys: &'static [Key], action: Action, place: Place, short: &'static str, help: &'static str) -> Binding {
    Binding {
        keys,
        action,
        place,
        short,
        help,
    }
}

/// What a key does here.
#[must_use]
pub fn action(event: &KeyEvent, mode: Mode, pane: Pane) -> Option<Action> {
    let meant = |binding: &&Binding| binding.applies(mode, pane) && binding.keys.iter().any(|key| key.matches(event));
    KEYMAP.iter().find(meant).map(|binding| binding.action)
}

impl Binding {
    /// Whether the keys do anything here.
    #[must_use]
    pub fn applies(&self, mode: Mode, pane: Pane) -> bool {
        match self.place {
            Place::Anywhere => true,
            Place::Demo => mode == Mode::Demo,
            Place::Waterfall => pane == Pane::Waterfall,
        }
    }

    /// All its keys, for a person: `↓ j`.
    #[must_use]
    pub fn labels(&self) -> String {
        self.keys.iter().map(|key| key.label()).collect::<Vec<_>>().join(" ")
    }
}

/// The README's table.
#[must_use]
pub fn markdown() -> String {
    let line = |binding: &Binding| {
        let keys: Vec<_> = binding.keys.iter().map(|key| format!("`{}`", key.label())).collect();
        let demo = if binding.place == Place::Demo { " (demo)" } else { "" };
        format!("| {} | {}{demo} |\n", keys.join(" "), binding.help)
    };
    format!(
        "| key | what it does |\n|---|---|\n{}",
        KEYMAP.iter().map(line).collect::<String>()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_key_means_two_things() {
        let mut seen = Vec::new();
        for binding in KEYMAP {
            for key in binding.keys {
                assert!(!seen.contains(key), "{} is bound twice", key.label());
                seen.push(*key);
            }
        }
    }

    #[test]
    fn demo_keys_do_nothing_in_the_viewer_alone() {
        let press = KeyEvent::new(KeyCode::Char('r'), KeyModifiers::NONE);
        assert_eq!(action(&press, Mode::Demo, Pane::Traces), Some(Action::SendReset));
        assert_eq!(action(&press, Mode::Viewer, Pane::Traces), None);
    }

    #[test]
    fn control_is_not_the_plain_key() {
        let press = |c, modifiers| action(&KeyEvent::new(KeyCode::Char(c), modifiers), Mode::Demo, Pane::Traces);
        assert_eq!(press('c', KeyModifiers::CONTROL), Some(Action::Quit));
        assert_eq!(press('r', KeyModifiers::CONTROL), None);
        assert_eq!(press('G', KeyModifiers::SHIFT), Some(Action::Last));
    }
}
