//! What keys do. Dispatch, the footer, the help and the README all read the one table of them, [`KEYMAP`].

mod key;
mod table;

use crossterm::event::{KeyCode, KeyEvent};

use crate::app::{Action, Mode, Pane};
pub use key::Key;
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

impl Here {
    /// Every state there is.
    fn all() -> Vec<Self> {
        let modes = [Mode::Demo, Mode::Viewer, Mode::Files];
        let panes = [Pane::Traces, Pane::Waterfall, Pane::Details];
        let mut all = Vec::new();
        for (mode, pane) in modes.into_iter().flat_map(|mode| panes.map(|pane| (mode, pane))) {
            let plain = Self {
                mode,
                pane,
                typing: false,
                checking: false,
                listing: None,
                copying: false,
            };
            let listings = [
                Listing::Operations,
                Listing::ServiceMap,
                Listing::Warnings,
                Listing::Logs,
                Listing::Compare,
            ];
            all.extend(listings.map(|listing| Self {
                listing: Some(listing),
                ..plain
            }));
            all.extend([plain, Self { typing: true, ..plain }, Self { checking: true, ..plain }]);
        }
        all
    }
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
    /// What was logged in the selected one.
    Logs,
    /// What the selected one does otherwise than another.
    Compare,
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
    /// In the details of a span.
    Details,
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
    /// In the comparison.
    Compare,
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

/// The table with the keys that a person chose.
#[derive(Clone, Debug)]
pub struct Keymap {
    bound: Vec<Bound>,
}

/// A line of the table, with its keys.
#[derive(Clone, Debug)]
pub struct Bound {
    /// The first one stands for all in the footer; none where a person wants none.
    pub keys: Vec<Key>,
    /// What they do.
    pub binding: &'static Binding,
}

/// One key that is to do two things in one place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Clash {
    /// The key.
    pub key: Key,
    /// Both, by name.
    pub actions: [String; 2],
}

impl Default for Keymap {
    fn default() -> Self {
        let bound = |binding: &'static Binding| Bound {
            keys: binding.keys.to_vec(),
            binding,
        };
        Self {
            bound: KEYMAP.iter().map(bound).collect(),
        }
    }
}

impl Keymap {
    /// What a key does here.
    #[must_use]
    pub fn action(&self, event: &KeyEvent, here: Here) -> Option<Action> {
        let meant = |bound: &&Bound| bound.binding.applies(here) && bound.keys.iter().any(|key| key.matches(event));
        let bound = self.bound.iter().find(meant).map(|bound| bound.binding.action);
        bound.or_else(|| typed(event).filter(|_| here.typing).map(Action::Type))
    }

    /// All lines of the table, in the order in which help shows them.
    pub fn iter(&self) -> impl Iterator<Item = &Bound> {
        self.bound.iter()
    }

    /// Gives an action other keys; false when there is no such action. Control-C always quits.
    pub fn set(&mut self, action: &str, keys: &[Key]) -> bool {
        let known = self
            .bound
            .iter_mut()
            .find(|bound| bound.binding.place != Place::Always && bound.binding.name() == action);
        known.map(|bound| keys.clone_into(&mut bound.keys)).is_some()
    }

    /// A key that does two things in one place, if there is one.
    #[must_use]
    pub fn clash(&self) -> Option<Clash> {
        Here::all().into_iter().find_map(|here| {
            let mut seen: Vec<(Key, &Bound)> = Vec::new();
            for bound in self.bound.iter().filter(|bound| bound.binding.applies(here)) {
                for key in &bound.keys {
                    if let Some((_, other)) = seen.iter().find(|(known, _)| known == key) {
                        let actions = [other.binding.name(), bound.binding.name()];
                        return Some(Clash { key: *key, actions });
                    }
                    seen.push((*key, bound));
                }
            }
            None
        })
    }
}

impl Bound {
    /// All its keys, for a person: `↓ j`.
    #[must_use]
    pub fn labels(&self) -> String {
        self.keys.iter().map(|key| key.label()).collect::<Vec<_>>().join(" ")
    }
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
            Place::Details => here.pane == Pane::Details && !here.checking && here.listing.is_none(),
            Place::Spans => here.pane != Pane::Traces && here.listing.is_none(),
            Place::CrossCheck => here.checking,
            Place::Operations => here.listing == Some(Listing::Operations),
            Place::Survey => matches!(here.listing, Some(Listing::Operations | Listing::ServiceMap)),
            Place::Warnings => here.listing == Some(Listing::Warnings),
            Place::Compare => here.listing == Some(Listing::Compare),
        }
    }

    /// What a configuration calls it: `send-reset`; where keys do the same in two places, the second is `left-in-warnings`.
    #[must_use]
    pub fn name(&self) -> String {
        let first = KEYMAP.iter().find(|binding| binding.action == self.action);
        let action = kebab(&format!("{:?}", self.action));
        if first.is_none_or(|first| first.place == self.place) {
            return action;
        }
        format!("{action}-in-{}", kebab(&format!("{:?}", self.place)))
    }
}

/// `SendReset` as `send-reset`, `FoldToDepth(2)` as `fold-to-depth-2`.
fn kebab(name: &str) -> String {
    let mut text = String::new();
    for c in name.chars().filter(|c| *c != ')') {
        if (c.is_ascii_uppercase() || c == '(') && !text.is_empty() {
            text.push('-');
        }
        if c != '(' {
            text.push(c.to_ascii_lowercase());
        }
    }
    text
}

/// The README's tables.
#[must_use]
pub fn markdown() -> String {
    let line = |binding: &Binding| {
        let keys: Vec<_> = binding.keys.iter().map(|key| format!("`{}`", key.label())).collect();
        let place = match binding.place {
            Place::Demo => " (demo)",
            Place::CrossCheck => " (cross-check)",
            Place::Details => " (details)",
            Place::Copy => " (after `y`)",
            Place::Operations => " (operations)",
            Place::Survey => " (operations, service map)",
            Place::Warnings => " (warnings)",
            Place::Compare => " (comparison)",
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
    use crossterm::event::KeyModifiers;

    use super::*;

    const LIST: Here = Here {
        mode: Mode::Demo,
        pane: Pane::Traces,
        typing: false,
        checking: false,
        listing: None,
        copying: false,
    };

    fn action(event: &KeyEvent, here: Here) -> Option<Action> {
        Keymap::default().action(event, here)
    }

    #[test]
    fn no_key_means_two_things_in_one_place() {
        assert_eq!(Keymap::default().clash(), None);
    }

    #[test]
    fn every_line_has_a_name_of_its_own_but_for_control_c() {
        let mut names: Vec<_> = KEYMAP
            .iter()
            .filter(|binding| binding.place != Place::Always)
            .map(Binding::name)
            .collect();
        names.sort();
        let twice = names.windows(2).find(|pair| pair[0] == pair[1]);
        assert_eq!(twice, None);
    }

    #[test]
    fn every_key_is_read_as_it_is_written() {
        for key in KEYMAP.iter().flat_map(|binding| binding.keys) {
            assert_eq!(key.text().parse(), Ok(*key), "{}", key.text());
        }
        for text in ["", "ctrl-", "ctrl-cc", "hyper-x", "ab", "f0", "f99"] {
            assert!(text.parse::<Key>().is_err(), "{text}");
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
