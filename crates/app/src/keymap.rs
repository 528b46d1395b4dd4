//! Keys and their actions. Dispatch, footer, help, palette, configuration and docs/keys.md read one table, [`KEYMAP`].

mod choice;
mod context;
mod key;
mod table;

use crate::{Action, Mode};
pub use choice::{Clash, UnknownAction};
pub use context::KeyContext;
pub use key::Key;
pub use table::KEYMAP;
pub(crate) use table::bind;

/// Bindings that mean something in the same contexts.
#[derive(Clone, Copy, Debug)]
pub struct Section {
    /// Its title in the help.
    pub title: &'static str,
    /// Contexts of its bindings.
    pub contexts: &'static [KeyContext],
    /// In the order in which help shows them.
    pub bindings: &'static [Binding],
    /// The footer shows those of low rank first.
    pub footer_rank: u8,
}

/// Keys that do the same.
#[derive(Clone, Copy, Debug)]
pub struct Binding {
    /// Name in a configuration. It is written, not derived: a rename in the code must not break a configuration.
    pub name: &'static str,
    /// Former name in a configuration.
    pub former_name: Option<&'static str>,
    /// The footer shows the first one; empty if only a configuration binds it.
    pub keys: &'static [Key],
    /// Keys of a former release, if they were others.
    pub former_keys: &'static [Key],
    /// Action of the keys.
    pub action: Action,
    /// With which of these behind the viewer they do it.
    pub modes: &'static [Mode],
    /// Contexts besides those of its section.
    pub also_on: &'static [KeyContext],
    /// True if no configuration can change its keys.
    pub is_fixed: bool,
    /// One or two words for the footer; empty where it is not shown there.
    pub footer: &'static str,
    /// Other words for the footer in some contexts.
    pub footer_on: &'static [(&'static [KeyContext], &'static str)],
    /// An imperative for help, palette and docs/keys.md; empty where another binding's covers it.
    pub help: &'static str,
}

impl Section {
    const fn new(title: &'static str, contexts: &'static [KeyContext], bindings: &'static [Binding]) -> Self {
        Self {
            title,
            contexts,
            bindings,
            footer_rank: 1,
        }
    }

    const fn ranked(self, footer_rank: u8) -> Self {
        Self { footer_rank, ..self }
    }
}

impl Binding {
    pub(crate) const fn formerly(self, name: &'static str) -> Self {
        Self {
            former_name: Some(name),
            ..self
        }
    }

    pub(crate) const fn formerly_on(self, keys: &'static [Key]) -> Self {
        Self {
            former_keys: keys,
            ..self
        }
    }

    pub(crate) const fn only_in(self, modes: &'static [Mode]) -> Self {
        Self { modes, ..self }
    }

    pub(crate) const fn also_on(self, contexts: &'static [KeyContext]) -> Self {
        Self {
            also_on: contexts,
            ..self
        }
    }

    pub(crate) const fn fixed(self) -> Self {
        Self { is_fixed: true, ..self }
    }

    pub(crate) const fn footer(self, footer: &'static str) -> Self {
        Self { footer, ..self }
    }

    pub(crate) const fn footer_on(self, words: &'static [(&'static [KeyContext], &'static str)]) -> Self {
        Self {
            footer_on: words,
            ..self
        }
    }

    /// Returns its word in the footer of a context; empty if it is not shown there.
    #[must_use]
    pub fn footer_word(&self, context: KeyContext) -> &'static str {
        let on = self.footer_on.iter().find(|(on, _)| on.contains(&context));
        on.map_or(self.footer, |(_, word)| word)
    }
}

/// The table with the keys that the user chose.
#[derive(Clone, Debug)]
pub struct Keymap {
    bound: Vec<Bound>,
}

/// A line of the table, with its keys.
#[derive(Clone, Debug)]
pub struct Bound {
    /// The footer shows the first one.
    pub keys: Vec<Key>,
    /// Binding of the keys.
    pub binding: &'static Binding,
    /// Section of the binding, with its other contexts.
    pub section: &'static Section,
    /// True if the user chose the keys.
    is_chosen: bool,
}

impl Default for Keymap {
    fn default() -> Self {
        let bound = |section: &'static Section| {
            section.bindings.iter().map(move |binding| Bound {
                keys: binding.keys.to_vec(),
                binding,
                section,
                is_chosen: false,
            })
        };
        Self {
            bound: KEYMAP.iter().flat_map(bound).collect(),
        }
    }
}

impl Keymap {
    /// Returns the action of a key.
    #[must_use]
    pub fn action(&self, key: Key, context: KeyContext, mode: Mode) -> Option<Action> {
        let meant = |bound: &&Bound| bound.applies(context, mode) && bound.keys.contains(&key);
        let bound = self.bound.iter().find(meant).map(|bound| bound.binding.action);
        bound.or_else(|| typed(key).filter(|_| context.is_editing()).map(Action::Type))
    }

    /// All lines of the table, in the order in which help shows them.
    pub fn iter(&self) -> impl Iterator<Item = &Bound> {
        self.bound.iter()
    }

    /// Those that mean something in a context.
    pub fn of(&self, context: KeyContext, mode: Mode) -> impl Iterator<Item = &Bound> {
        self.bound.iter().filter(move |bound| bound.applies(context, mode))
    }
}

impl Bound {
    /// All its keys, for the screen: `↓ j`.
    #[must_use]
    pub fn labels(&self) -> String {
        self.keys.iter().map(|key| key.label()).collect::<Vec<_>>().join(" ")
    }

    /// Returns true if its keys apply in a context.
    #[must_use]
    pub fn applies(&self, context: KeyContext, mode: Mode) -> bool {
        let contexts = self.section.contexts.iter().chain(self.binding.also_on);
        self.binding.modes.contains(&mode) && contexts.into_iter().any(|on| *on == context)
    }
}

/// The character of a key.
const fn typed(key: Key) -> Option<char> {
    match key {
        Key::Char(c) => Some(c),
        _ => None,
    }
}

/// The tables of `docs/keys.md`.
#[must_use]
pub fn markdown() -> String {
    let bindings = KEYMAP
        .iter()
        .flat_map(|section| section.bindings.iter().map(move |binding| (section.title, binding)));
    let shown: Vec<_> = bindings
        .filter(|(_, binding)| !binding.keys.is_empty() && !binding.help.is_empty())
        .collect();
    let tables = shown.chunk_by(|(one, _), (other, _)| one == other).map(|table| {
        let rows = table.iter().map(|(_, binding)| {
            let keys: Vec<_> = binding.keys.iter().map(|key| format!("`{}`", key.label())).collect();
            format!("| {} | {} |\n", keys.join(" "), binding.help)
        });
        let title = table.first().map_or("", |(title, _)| title);
        format!("| {title} | |\n|---|---|\n{}", rows.collect::<String>())
    });
    tables.collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn action(key: Key, context: KeyContext) -> Option<Action> {
        Keymap::default().action(key, context, Mode::Demo)
    }

    #[test]
    fn keys_of_one_context_are_distinct() {
        assert_eq!(Keymap::default().settle(), []);
    }

    #[test]
    fn keys_are_parsed_as_they_are_written() {
        let bindings = KEYMAP.iter().flat_map(|section| section.bindings);
        for key in bindings.flat_map(|binding| binding.keys) {
            assert_eq!(key.text().parse(), Ok(*key), "{}", key.text());
        }
        for text in ["", "ctrl-", "ctrl-cc", "hyper-x", "ab", "f0", "f99"] {
            assert!(text.parse::<Key>().is_err(), "{text}");
        }
    }

    #[test]
    fn help_is_short() {
        let bindings = KEYMAP.iter().flat_map(|section| section.bindings);
        let long = bindings.filter(|binding| binding.help.split(' ').count() > 8);
        assert_eq!(long.map(|binding| binding.help).collect::<Vec<_>>(), [""; 0]);
    }

    #[test]
    fn demo_keys_do_nothing_in_the_viewer_alone() {
        let press = Key::Char('r');
        assert_eq!(action(press, KeyContext::Traces), Some(Action::SendReset));
        assert_eq!(Keymap::default().action(press, KeyContext::Traces, Mode::Viewer), None);
    }

    #[test]
    fn control_is_not_the_plain_key() {
        let press = |key| action(key, KeyContext::Traces);
        assert_eq!(press(Key::Ctrl('c')), Some(Action::QuitAtOnce));
        assert_eq!(press(Key::Ctrl('r')), None);
    }

    #[test]
    fn typed_characters_are_text() {
        for context in KeyContext::ALL.into_iter().filter(|context| context.is_editing()) {
            for c in ('!'..='~').chain([' ', 'é', '日']) {
                assert_eq!(action(Key::Char(c), context), Some(Action::Type(c)));
            }
            let control = |c| action(Key::Ctrl(c), context);
            assert_eq!(
                [control('c'), control('u'), control('r')],
                [Some(Action::QuitAtOnce), Some(Action::DeleteToStart), None]
            );
            assert_eq!(action(Key::Tab, context), None);
        }
    }
}
