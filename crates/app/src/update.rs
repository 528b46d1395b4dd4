//! Effects of keys and pasted text.

use crate::keymap::{Key, KeyContext};
use crate::layer::Outcome;
use crate::{Action, App, Effect, Layer};

impl App {
    /// Returns the action of a key, if it has one now.
    pub(super) fn action(&self, key: Key) -> Option<Action> {
        self.keymap.action(key, self.key_context(), self.mode)
    }

    /// Does what a key asked for.
    pub(super) fn update(&mut self, action: Action) -> Option<Effect> {
        self.notice = None;
        match self.key_context() {
            _ if action == Action::QuitAtOnce => return Some(Effect::Quit),
            _ if action == Action::Suspend => return Some(Effect::Suspend),
            KeyContext::Filter => {
                let clock = self.clock();
                self.filter.update(action, &mut self.store, &clock);
            }
            KeyContext::Find => {
                let clock = self.clock();
                self.waterfall.type_find(action, &self.store, &clock);
            }
            KeyContext::ListFilter => {
                if let Some(narrow) = self.narrow_mut() {
                    narrow.update(action);
                }
            }
            _ if self.screens.popup().is_some() => return self.update_popup(action),
            _ => return self.update_screen(action),
        }
        None
    }

    /// Does what a key asked for in a popup.
    fn update_popup(&mut self, action: Action) -> Option<Effect> {
        match action {
            Action::Back if self.clear_narrow() => {}
            Action::Back | Action::Quit => self.screens.popup = None,
            Action::Toggle(layer) if layer == self.top() => self.screens.popup = None,
            _ => return self.update_layer(action),
        }
        None
    }

    /// Does what a key asked for while no popup is open and no text is edited.
    fn update_screen(&mut self, action: Action) -> Option<Effect> {
        match action {
            Action::Quit => return self.close_or_quit(),
            Action::SendReset => return self.send(true),
            Action::SendInvalid => return self.send(false),
            Action::Page => return self.open_page(),
            Action::Redrive => return Some(Effect::Redrive),
            Action::CopyDsn => return Some(self.copy_dsn()),
            Action::Pause => self.toggle_pause(),
            Action::Tab(tab) => self.screens.go_to(tab),
            Action::NextTab | Action::PreviousTab => self.screens.next_tab(action == Action::NextTab),
            Action::Toggle(Layer::Copy) if self.shows_setup() => return self.copy_setup(),
            Action::Toggle(layer) => self.toggle(layer),
            Action::MarkBase => self.mark_base(),
            Action::Pin => self.pin(),
            Action::Back => self.back(),
            _ => return self.update_layer(action),
        }
        None
    }

    /// Asks the topmost layer first; actions that it ignores do the same as in every list.
    fn update_layer(&mut self, action: Action) -> Option<Effect> {
        match self.update_top(action) {
            Outcome::Done(effect) => effect,
            Outcome::Ignored => {
                self.update_list(action);
                None
            }
        }
    }

    /// One level out, wherever the user is.
    fn back(&mut self) {
        if !self.clear_narrow() && !self.back_on_top() && !self.screens.close() {
            self.screens.leave_tab();
        }
    }

    /// Shows all rows of what is on top again; false where they are shown.
    fn clear_narrow(&mut self) -> bool {
        let narrow = self.narrow_mut().filter(|narrow| !narrow.is_empty());
        narrow.map(crate::ListFilter::clear).is_some()
    }

    /// Closes what is above a tab; on a tab it ends the program.
    fn close_or_quit(&mut self) -> Option<Effect> {
        let is_closed = self.leave_on_top() || self.screens.close();
        (!is_closed).then_some(Effect::Quit)
    }

    /// Takes text that was pasted: into the line that is edited, else nowhere.
    pub(super) fn paste(&mut self, text: &str) {
        match self.key_context() {
            KeyContext::Filter => {
                let clock = self.clock();
                self.filter.paste(text, &mut self.store, &clock);
            }
            KeyContext::Find => {
                let clock = self.clock();
                self.waterfall.paste_find(text, &clock);
            }
            context if context.is_editing() => {
                if let Some(narrow) = self.narrow_mut() {
                    narrow.paste(text);
                }
            }
            _ => return,
        }
        self.notice = None;
    }
}
