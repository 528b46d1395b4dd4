//! The command palette: every command that means something where it was opened, found by typing.

use ratatui_core::layout::Rect;

use super::layout::PopupArea;
use super::{Action, App, Layer, List, ListFilter};
use crate::format::Now;
use crate::layer::{Component, Opened, Outcome, Placed, Shown};
use crate::table::TableState;

/// The palette's state.
#[derive(Debug)]
pub struct Palette {
    table: TableState<Action>,
    /// Every command that means something where it was opened, those that are special to that place first.
    all: Vec<Command>,
    entries: Vec<Command>,
}

/// Something that can be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Command {
    /// Action of the command.
    pub action: Action,
    /// Its keys, for the screen.
    pub keys: String,
    /// Help entry of the command.
    pub help: &'static str,
}

impl Palette {
    /// Returns the number of commands that match the typed text.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.entries.len()
    }

    /// Returns true if no command matches.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The words that narrow the commands.
    #[must_use]
    pub const fn words(&self) -> &ListFilter {
        self.table.words()
    }

    /// The commands in view, and whether the cursor is there.
    pub fn rows(&self) -> impl Iterator<Item = (&Command, bool)> {
        let visible = self.table.visible();
        visible.filter_map(|(at, is_selected)| Some((self.entries.get(at)?, is_selected)))
    }
}

/// Its keys, and how wide a command with them is at most.
const COLUMNS: u16 = 72;
/// Lines of the palette, at most.
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
    /// Returns the commands of the topmost layer: first those that can do something now, its special ones first.
    fn commands(&self) -> Vec<Command> {
        let bound = self.keymap.of(self.key_context(), self.mode);
        let mut bound: Vec<_> = bound
            .filter(|bound| !bound.binding.help.is_empty() && bound.binding.action != Action::Toggle(Layer::Palette))
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
}

impl Palette {
    /// Does what a key asked for. Returns the command to run, if one was chosen, after which the palette closes.
    fn type_into(&mut self, action: Action) -> Option<Action> {
        match action {
            Action::Earlier | Action::Up => self.table.move_by(Action::Up),
            Action::Later | Action::Down => self.table.move_by(Action::Down),
            Action::KeepFilter => return self.table.selected().copied(),
            _ => {
                self.table.narrow_mut().update(action);
                self.table.narrow_mut().open();
                self.lay_out(usize::MAX);
                // What fits best is what was meant.
                self.table.go_to(0);
            }
        }
        None
    }

    fn lay_out(&mut self, height: usize) {
        let is_kept = |command: &&Command| self.table.words().keeps(&[command.help, &command.keys]);
        self.entries = self.all.iter().filter(is_kept).cloned().collect();
        let actions = self.entries.iter().map(|command| command.action);
        self.table.set_keys(actions.collect());
        self.table.fit(height);
    }
}

impl Component for Palette {
    fn place(_: &App, body: Rect) -> Placed {
        let (area, line, rows) = parts(body);
        Placed {
            line,
            ..Placed::popup(area, rows)
        }
    }

    fn fit(app: &mut App, placed: &Placed, _: &Now) {
        if let Some(palette) = Self::shown_mut(app) {
            palette.lay_out(placed.rows.height.into());
        }
    }

    fn update(app: &mut App, action: Action) -> Outcome {
        if action == Action::ClearFilter {
            app.screens.popup = None;
            return Outcome::Done(None);
        }
        let chosen = Self::shown_mut(app).and_then(|palette| palette.type_into(action));
        Outcome::Done(chosen.and_then(|chosen| {
            app.screens.popup = None;
            app.update(chosen)
        }))
    }

    fn list(app: &App) -> Option<&dyn List> {
        Self::shown(app).map(|palette| &palette.table as _)
    }

    fn list_mut(app: &mut App) -> Option<&mut dyn List> {
        Self::shown_mut(app).map(|palette| &mut palette.table as _)
    }
}

impl Opened for Palette {
    fn open(app: &mut App) -> Self {
        let mut palette = Self {
            all: app.commands(),
            table: TableState::default(),
            entries: Vec::new(),
        };
        palette.table.narrow_mut().open();
        palette.lay_out(usize::MAX);
        palette
    }
}
