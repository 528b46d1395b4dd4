//! Keys that the user chose instead of the defaults.

use std::collections::HashMap;

use super::{Bound, Key, KeyContext, Keymap};
use crate::Mode;

/// A key that the user gave to two actions in one context. The first one keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Clash {
    /// The key.
    pub key: Key,
    /// The names of both actions; the first one has the key.
    pub actions: [&'static str; 2],
}

/// The name of the action is unknown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownAction;

impl Keymap {
    /// Gives an action other keys. Returns its present name if `name` is a former one.
    ///
    /// The printed default of a former release does not count as a choice: saved as a configuration, it would pin every key forever.
    ///
    /// # Errors
    /// The action is unknown, or its keys are fixed.
    pub fn choose(&mut self, name: &str, keys: &[Key]) -> Result<Option<&'static str>, UnknownAction> {
        let mut bound = self.bound.iter_mut().filter(|bound| !bound.binding.is_fixed);
        let named = |bound: &&mut Bound| bound.binding.name == name || bound.binding.former_name == Some(name);
        let bound = bound.find(named).ok_or(UnknownAction)?;
        if keys == bound.binding.keys || keys == bound.binding.former_keys {
            return Ok(None);
        }
        keys.clone_into(&mut bound.keys);
        bound.is_chosen = true;
        Ok((bound.binding.name != name).then_some(bound.binding.name))
    }

    /// Makes each key mean one thing per context: a chosen key beats a default one; of two chosen ones the first keeps the key.
    /// Returns those pairs.
    #[must_use]
    pub fn settle(&mut self) -> Vec<Clash> {
        let mut clashes: Vec<Clash> = Vec::new();
        let modes = [Mode::Demo, Mode::Viewer, Mode::Files];
        for (mode, context) in modes
            .into_iter()
            .flat_map(|mode| KeyContext::ALL.map(|context| (mode, context)))
        {
            // Which line has a key. Fixed lines take theirs first, then chosen ones.
            let mut owners: HashMap<Key, usize> = HashMap::new();
            let mut lines: Vec<usize> = (0..self.bound.len())
                .filter(|at| self.bound[*at].applies(context, mode))
                .collect();
            lines.sort_by_key(|at| (!self.bound[*at].binding.is_fixed, !self.bound[*at].is_chosen));
            for line in lines {
                let mut lost = Vec::new();
                for key in &self.bound[line].keys {
                    let owner = *owners.entry(*key).or_insert(line);
                    if owner != line {
                        lost.push((*key, owner));
                    }
                }
                for (key, owner) in lost {
                    self.bound[line].keys.retain(|kept| *kept != key);
                    let clash = Clash {
                        key,
                        actions: [self.bound[owner].binding.name, self.bound[line].binding.name],
                    };
                    // A default that gives way to a choice is what the user asked for.
                    let is_wanted = self.bound[owner].is_chosen && !self.bound[line].is_chosen;
                    if !is_wanted && !clashes.contains(&clash) {
                        clashes.push(clash);
                    }
                }
            }
        }
        clashes
    }
}

#[cfg(test)]
mod tests {
    use super::super::{KEYMAP, Key::Char};
    use super::*;

    /// Names that configurations of releases use: a release adds its new names. A name that changes is kept as a former one.
    const NAMES: &str = include_str!("names.txt");

    #[test]
    fn names_are_pinned_and_distinct() {
        let bindings = KEYMAP
            .iter()
            .flat_map(|section| section.bindings)
            .filter(|binding| !binding.is_fixed);
        let mut names: Vec<&str> = bindings
            .flat_map(|binding| binding.former_name.into_iter().chain([binding.name]))
            .collect();
        names.sort_unstable();
        assert_eq!(names.windows(2).find(|pair| pair[0] == pair[1]), None);
        let gone: Vec<&str> = NAMES.lines().filter(|name| !names.contains(name)).collect();
        assert_eq!(gone, [""; 0], "configurations have these names");
    }

    fn keys(keymap: &Keymap, name: &str) -> Vec<Key> {
        let bound = keymap.iter().find(|bound| bound.binding.name == name);
        bound.map(|bound| bound.keys.clone()).unwrap_or_default()
    }

    #[test]
    fn chosen_keys_beat_defaults() {
        let mut keymap = Keymap::default();
        assert_eq!(keymap.choose("quit", &[Char('?')]), Ok(None));
        assert_eq!(keymap.settle(), []);
        assert_eq!((keys(&keymap, "quit"), keys(&keymap, "help")), (vec![Char('?')], Vec::new()));
    }

    #[test]
    fn former_names_name_their_successor() {
        let mut keymap = Keymap::default();
        assert_eq!(keymap.choose("health", &[Char('I')]), Ok(Some("ingest")));
        assert_eq!(keys(&keymap, "ingest"), [Char('I')]);
        assert_eq!(keymap.choose("helth", &[Char('I')]), Err(UnknownAction));
        assert_eq!(keymap.choose("quit-at-once", &[Char('I')]), Err(UnknownAction));
    }

    #[test]
    fn clashes_are_found_in_the_copy_menu() {
        let mut keymap = Keymap::default();
        assert_eq!(keymap.choose("copy-trace-id", &[Char('z')]), Ok(None));
        assert_eq!(keymap.choose("copy-span-id", &[Char('z')]), Ok(None));
        let clash = Clash {
            key: Char('z'),
            actions: ["copy-trace-id", "copy-span-id"],
        };
        assert_eq!(keymap.settle(), [clash]);
        assert_eq!(
            (keys(&keymap, "copy-trace-id"), keys(&keymap, "copy-span-id")),
            (vec![Char('z')], Vec::new())
        );
    }

    #[test]
    fn a_chosen_key_takes_it_from_a_default_of_the_copy_menu() {
        let mut keymap = Keymap::default();
        assert_eq!(keymap.choose("copy-trace-id", &[Char('s')]), Ok(None));
        assert_eq!(keymap.settle(), []);
        assert_eq!(
            (keys(&keymap, "copy-trace-id"), keys(&keymap, "copy-span-id")),
            (vec![Char('s')], Vec::new())
        );
    }
}
