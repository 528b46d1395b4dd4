//! What keys do. Dispatch, the footer, the help and the README all read the one table of them, [`KEYMAP`].

mod table;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use crate::app::{Action, Mode, Pane};
pub use table::KEYMAP;

/// What decides what a key means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Here {
    /// What stands behind the viewer.
    pub mode: Mode,
    /// Which pane the keys go to.
    pub pane: Pane,
    /// Whether a filter is being typed: then a letter is a letter.
    pub typing: bool,
    /// Whether the cross-check is open.
    pub checking: bool,
    /// Which list about all traces is open.
    pub listing: Option<Listing>,
    /// Whether the menu of what can be copied is open: then its keys are all there are.
    pub copying: bool,
}

/// A list about all traces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Listing {
    /// What is done.
    Operations,
    /// Who calls whom.
    ServiceMap,
    /// What is wrong with them.
    Warnings,
}

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
        KeyCode::Backspace => "Backspace",
        KeyCode::Delete => "Del",
        _ => "?",
    }
}

/// Where a key means something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Everywhere, also while a filter is typed.
    Always,
    /// Everywhere, but not while a filter is typed.
    Anywhere,
    /// Only with the demo's services behind the viewer.
    Demo,
    /// Only while something can be sent here.
    Listening,
    /// In the list of traces.
    Traces,
    /// In the tree of spans.
    Waterfall,
    /// In the tree of spans and in the details of one of them.
    Spans,
    /// In the menu of what can be copied.
    Copy,
    /// In the cross-check.
    CrossCheck,
    /// In the list of operations.
    Operations,
    /// In the list of operations and in the service map.
    Survey,
    /// In the warnings.
    Warnings,
    /// In the line in which a filter is typed.
    Filter,
}

impl Place {
    /// Whether there is such a place with this behind the viewer.
    #[must_use]
    pub fn is_in(self, mode: Mode) -> bool {
        match self {
            Self::Demo => mode == Mode::Demo,
            Self::Listening => mode != Mode::Files,
            _ => true,
        }
    }
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
    /// A line for the help and the README; empty where another binding's says it too.
    pub help: &'static str,
}

/// What a key does here.
#[must_use]
pub fn action(event: &KeyEvent, here: Here) -> Option<Action> {
    let meant = |binding: &&Binding| binding.applies(here) && binding.keys.iter().any(|key| key.matches(event));
    let bound = KEYMAP.iter().find(meant).map(|binding| binding.action);
    bound.or_else(|| typed(event).filter(|_| here.typing).map(Action::Type))
}

/// The character that a key stands for.
fn typed(event: &KeyEvent) -> Option<char> {
    match event.code {
        KeyCode::Char(c) if Key::Char(c).matches(event) => Some(c),
        _ => None,
    }
}

impl Binding {
    /// Whether the keys do anything here.
    #[must_use]
    pub fn applies(&self, here: Here) -> bool {
        match self.place {
            Place::Always => true,
            Place::Filter => here.typing,
            _ if here.typing => false,
            Place::Copy => here.copying,
            _ if here.copying => matches!(self.action, Action::CopyMenu | Action::CopyDsn | Action::Back | Action::Quit),
            Place::Anywhere => true,
            Place::Demo | Place::Listening => self.place.is_in(here.mode),
            Place::Traces => here.pane == Pane::Traces && !here.checking && here.listing.is_none(),
            // The cross-check shows the same tree.
            Place::Waterfall => (here.pane == Pane::Waterfall && here.listing.is_none()) || here.checking,
            Place::Spans => here.pane != Pane::Traces && here.listing.is_none(),
            Place::CrossCheck => here.checking,
            Place::Operations => here.listing == Some(Listing::Operations),
            Place::Survey => matches!(here.listing, Some(Listing::Operations | Listing::ServiceMap)),
            Place::Warnings => here.listing == Some(Listing::Warnings),
        }
    }

    /// All its keys, for a person: `↓ j`.
    #[must_use]
    pub fn labels(&self) -> String {
        self.keys.iter().map(|key| key.label()).collect::<Vec<_>>().join(" ")
    }
}

/// The README's tables.
#[must_use]
pub fn markdown() -> String {
    let line = |binding: &Binding| {
        let keys: Vec<_> = binding.keys.iter().map(|key| format!("`{}`", key.label())).collect();
        let place = match binding.place {
            Place::Demo => " (demo)",
            Place::CrossCheck => " (cross-check)",
            Place::Copy => " (after `y`)",
            Place::Operations => " (operations)",
            Place::Survey => " (operations, service map)",
            Place::Warnings => " (warnings)",
            _ => "",
        };
        format!("| {} | {}{place} |\n", keys.join(" "), binding.help)
    };
    let table = |title: &str, typing: bool| {
        let bindings = KEYMAP
            .iter()
            .filter(|binding| (binding.place == Place::Filter) == typing && !binding.help.is_empty());
        format!(
            "| {title} | what it does |\n|---|---|\n{}",
            bindings.map(line).collect::<String>()
        )
    };
    format!("{}\n{}", table("key", false), table("key, while a filter is typed", true))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIST: Here = Here {
        mode: Mode::Demo,
        pane: Pane::Traces,
        typing: false,
        checking: false,
        listing: None,
        copying: false,
    };

    #[test]
    fn no_key_means_two_things_in_one_place() {
        let lists = [Listing::Operations, Listing::ServiceMap, Listing::Warnings].map(|list| (false, false, Some(list)));
        for (typing, checking, listing) in [(false, true, None), (true, true, None)].into_iter().chain(lists) {
            let mut seen = Vec::new();
            let here = Here {
                pane: Pane::Waterfall,
                typing,
                checking,
                listing,
                ..LIST
            };
            for binding in KEYMAP.iter().filter(|binding| binding.applies(here)) {
                for key in binding.keys {
                    assert!(!seen.contains(key), "{} is bound twice", key.label());
                    seen.push(*key);
                }
            }
        }
    }

    #[test]
    fn demo_keys_do_nothing_in_the_viewer_alone() {
        let press = KeyEvent::new(KeyCode::Char('r'), KeyModifiers::NONE);
        assert_eq!(action(&press, LIST), Some(Action::SendReset));
        let viewer = Here {
            mode: Mode::Viewer,
            ..LIST
        };
        assert_eq!(action(&press, viewer), None);
    }

    #[test]
    fn control_is_not_the_plain_key() {
        let press = |c, modifiers| action(&KeyEvent::new(KeyCode::Char(c), modifiers), LIST);
        assert_eq!(press('c', KeyModifiers::CONTROL), Some(Action::Quit));
        assert_eq!(press('r', KeyModifiers::CONTROL), None);
        assert_eq!(press('G', KeyModifiers::SHIFT), Some(Action::Last));
    }

    #[test]
    fn what_is_typed_is_text() {
        let typing = Here { typing: true, ..LIST };
        for c in ('!'..='~').chain([' ', 'é', '日']) {
            let press = KeyEvent::new(KeyCode::Char(c), KeyModifiers::NONE);
            assert_eq!(action(&press, typing), Some(Action::Type(c)));
        }
        let control = |c| action(&KeyEvent::new(KeyCode::Char(c), KeyModifiers::CONTROL), typing);
        assert_eq!(
            [control('c'), control('u'), control('r')],
            [Some(Action::Quit), Some(Action::DeleteToStart), None]
        );
        assert_eq!(action(&KeyEvent::new(KeyCode::Char('x'), KeyModifiers::ALT), typing), None);
        assert_eq!(action(&KeyEvent::new(KeyCode::Tab, KeyModifiers::NONE), typing), None);
    }
}
