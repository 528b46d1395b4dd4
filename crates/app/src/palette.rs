//! The command palette: every command that means something where it was opened, found by typing.

use ratatui_core::layout::Rect;

use super::layout::PopupArea;
use super::{Action, App, List, Narrow, Picker, Popup};
use crate::Effect;
use crate::format::Now;
use crate::keymap::KeyContext;
use crate::layer::{Component, Placed};

/// The palette's state.
#[derive(Debug)]
pub struct Palette {
    narrow: Narrow,
    /// Every command that means something where it was opened, those that are special to that place first.
    all: Vec<Command>,
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

    fn has_rows(&self) -> bool {
        !self.entries.is_empty()
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

/// Its keys, and how wide a command with them is at most.
const COLUMNS: u16 = 72;
/// How many lines it has at most.
const LINES: u16 = 18;

/// The popup, the line that is edited, and the rows.
#[must_use]
fn parts(body: Rect) -> (PopupArea, Rect, Rect) {
    let area = PopupArea::of(body, COLUMNS, LINES);
    let line = Rect { height: 1, ..area.inner }.intersection(area.inner);
    let rows = Rect {
        y: area.inner.y.saturating_add(1),
        height: area.inner.height.saturating_sub(1),
        ..area.inner
    };
    (area, line, rows)
}

impl App {
    pub(super) fn open_palette(&mut self) {
        let mut palette = Palette {
            all: self.commands(),
            narrow: Narrow::default(),
            entries: Vec::new(),
            actions: Vec::new(),
            picker: Picker::default(),
        };
        palette.narrow.open();
        self.screens.popup = Some(Popup::Palette(Box::new(palette)));
        self.fit_palette(usize::MAX);
    }

    /// What can be asked for here: first what can be done now, of that what is special to what is on top.
    fn commands(&self) -> Vec<Command> {
        let bound = self.keymap.of(self.key_context(), self.mode);
        let mut bound: Vec<_> = bound
            .filter(|bound| !bound.binding.help.is_empty() && bound.binding.action != Action::Palette)
            .collect();
        bound.sort_by_key(|bound| (!self.can(bound.binding.action), bound.section.footer_rank));
        let mut commands: Vec<Command> = Vec::new();
        for bound in bound {
            if !commands.iter().any(|known| known.action == bound.binding.action) {
                commands.push(Command {
                    action: bound.binding.action,
                    keys: bound.labels(),
                    help: bound.binding.help,
                });
            }
        }
        commands
    }

    /// Does what a key asked for in the palette. Returns the command to run, if one was chosen.
    fn type_into_palette(&mut self, action: Action) -> Option<Action> {
        let Some(Popup::Palette(palette)) = &mut self.screens.popup else {
            return None;
        };
        match action {
            Action::Earlier | Action::Up => palette.picker.update(Action::Up, &palette.actions),
            Action::Later | Action::Down => palette.picker.update(Action::Down, &palette.actions),
            Action::ClearFilter => self.screens.popup = None,
            Action::KeepFilter => {
                let chosen = palette.picker.selected().copied()?;
                self.screens.popup = None;
                return Some(chosen);
            }
            _ => {
                palette.narrow.update(action);
                palette.narrow.open();
                self.fit_palette(usize::MAX);
                // What fits best is what was meant.
                if let Some(Popup::Palette(palette)) = &mut self.screens.popup {
                    palette.picker.update(Action::First, &palette.actions);
                }
            }
        }
        None
    }

    fn fit_palette(&mut self, height: usize) {
        let Some(Popup::Palette(palette)) = &mut self.screens.popup else {
            return;
        };
        let kept = palette
            .all
            .iter()
            .filter(|command| palette.narrow.keeps(&[command.help, &command.keys]));
        let entries: Vec<Command> = kept.cloned().collect();
        palette.actions = entries.iter().map(|command| command.action).collect();
        palette.entries = entries;
        palette.picker.fit(&palette.actions, height);
    }
}

impl Component for Palette {
    fn key_context(_: &App) -> KeyContext {
        KeyContext::Palette
    }

    fn place(_: &App, body: Rect) -> Placed {
        let (area, line, rows) = parts(body);
        Placed {
            line,
            ..Placed::popup(area, rows)
        }
    }

    fn fit(app: &mut App, placed: &Placed, _: &Now) {
        app.fit_palette(placed.rows.height.into());
    }

    fn update(app: &mut App, action: Action) -> Option<Effect> {
        let chosen = app.type_into_palette(action)?;
        app.update(chosen)
    }

    fn list(app: &App) -> Option<&dyn List> {
        match app.screens.popup() {
            Some(Popup::Palette(palette)) => Some(&**palette),
            _ => None,
        }
    }

    fn list_mut(app: &mut App) -> Option<&mut dyn List> {
        match &mut app.screens.popup {
            Some(Popup::Palette(palette)) => Some(&mut **palette),
            _ => None,
        }
    }
}
