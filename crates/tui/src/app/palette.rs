//! The command palette: all that can be done here, found by what it does.

use super::{Action, App, List, Narrow, Overlay, Picker};
use crate::keymap::Here;

/// The palette's state.
#[derive(Debug, Default)]
pub struct Palette {
    narrow: Narrow,
    /// What a key would have meant where it was opened.
    here: Option<Here>,
    /// What lay over the panes there.
    behind: Option<Overlay>,
    entries: Vec<Command>,
    actions: Vec<Action>,
    picker: Picker<Action>,
}

/// Something that can be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Command {
    /// What is done.
    pub action: Action,
    /// Its keys, for a person.
    pub keys: String,
    /// What it does.
    pub help: &'static str,
}

impl Palette {
    /// How many commands there are that have what was typed.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The commands in view, and whether the cursor is there.
    pub fn rows(&self) -> impl Iterator<Item = (&Command, bool)> {
        let visible = self.picker.visible();
        let rows = self.entries.iter().enumerate().skip(visible.start).take(visible.len());
        rows.map(|(at, command)| (command, at == self.picker.position()))
    }
}

impl List for Palette {
    fn narrow(&self) -> &Narrow {
        &self.narrow
    }

    fn narrow_mut(&mut self) -> &mut Narrow {
        &mut self.narrow
    }

    fn update(&mut self, action: Action) -> Result<(), &'static str> {
        self.picker.update(action, &self.actions);
        Ok(())
    }

    fn select_row(&mut self, row: usize) -> Option<bool> {
        self.picker.select_row(row, &self.actions)
    }
}

impl App {
    pub(super) fn open_palette(&mut self) {
        let here = self.here();
        self.palette = Palette {
            here: Some(here),
            behind: self.overlay,
            ..Palette::default()
        };
        self.palette.narrow.open();
        self.overlay = Some(Overlay::Palette);
        self.fit_palette(usize::MAX);
    }

    /// The action to do, if one was chosen.
    pub(super) fn type_into_palette(&mut self, action: Action) -> Option<Action> {
        let palette = &mut self.palette;
        match action {
            Action::Earlier | Action::Up => palette.picker.update(Action::Up, &palette.actions),
            Action::Later | Action::Down => palette.picker.update(Action::Down, &palette.actions),
            Action::PageUp | Action::PageDown => palette.picker.update(action, &palette.actions),
            Action::ClearFilter | Action::Back => self.overlay = palette.behind,
            Action::KeepFilter => {
                let chosen = palette.picker.selected().copied()?;
                self.overlay = palette.behind;
                return Some(chosen);
            }
            _ => {
                palette.narrow.update(action);
                palette.narrow.open();
                self.fit_palette(usize::MAX);
                // What fits best is what was meant.
                let palette = &mut self.palette;
                palette.picker.update(Action::First, &palette.actions);
            }
        }
        None
    }

    pub(super) fn fit_palette(&mut self, height: usize) {
        let Some(here) = self.palette.here.filter(|_| self.overlay == Some(Overlay::Palette)) else {
            return;
        };
        let narrow = &self.palette.narrow;
        let commands = self.keymap.iter().filter(|bound| {
            let binding = bound.binding;
            binding.applies(here) && !binding.help.is_empty() && binding.action != Action::Palette
        });
        let commands = commands.map(|bound| Command {
            action: bound.binding.action,
            keys: bound.labels(),
            help: bound.binding.help,
        });
        let mut entries: Vec<Command> = Vec::new();
        for command in commands.filter(|command| narrow.keeps(&[command.help, &command.keys])) {
            if !entries.iter().any(|known| known.action == command.action) {
                entries.push(command);
            }
        }
        self.palette.actions = entries.iter().map(|command| command.action).collect();
        self.palette.entries = entries;
        let palette = &mut self.palette;
        palette.picker.fit(&palette.actions, height);
    }
}
