//! What keys and pasted text do.

use crate::keymap::{Key, KeyContext};
use crate::{Action, App, Effect, Tab};

impl App {
    /// What a key asks for, if it means something now.
    pub(super) fn action(&self, key: Key) -> Option<Action> {
        self.keymap.action(key, self.key_context(), self.mode)
    }

    /// Does what a key asked for.
    pub(super) fn update(&mut self, action: Action) -> Option<Effect> {
        self.notice = None;
        match self.key_context() {
            _ if action == Action::QuitAtOnce => return Some(Effect::Quit),
            _ if action == Action::Suspend => return Some(Effect::Suspend),
            KeyContext::Filter => self.filter.update(action, &mut self.store),
            KeyContext::Find => self.waterfall.type_find(action, &self.store),
            KeyContext::Narrow => {
                if let Some(narrow) = self.narrow() {
                    narrow.update(action);
                }
            }
            _ if self.screens.popup().is_some() => return self.update_top(action),
            _ => return self.update_screen(action),
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
            Action::OpenInSentry => return self.open_in_sentry(),
            Action::AskSentry => return self.ask_sentry(),
            Action::CopyDsn => return Some(self.copy_dsn()),
            Action::Save => return self.save(),
            Action::Pause => self.toggle_pause(),
            Action::Palette => self.open_palette(),
            Action::Help => self.open_help(),
            Action::CopyMenu => self.open_copy_menu(),
            Action::Tab(tab) => self.screens.go_to(tab),
            Action::NextTab | Action::PreviousTab => self.screens.next_tab(action == Action::NextTab),
            Action::Operations => self.screens.toggle_tab(Tab::Operations),
            Action::ServiceMap => self.screens.toggle_tab(Tab::ServiceMap),
            Action::Warnings => self.screens.toggle_tab(Tab::Warnings),
            Action::Ingest => self.screens.toggle_tab(Tab::Ingest),
            Action::Output => self.toggle_output(),
            Action::CrossCheck => self.toggle_cross_check(),
            Action::Logs => self.toggle_logs(),
            Action::Compare => self.toggle_compare(),
            Action::MarkBase => self.mark_base(),
            Action::Pin => self.pin(),
            Action::Back => self.back(),
            _ if self.update_list(action) => {}
            _ => return self.update_top(action),
        }
        None
    }

    /// One level out, wherever the user is.
    fn back(&mut self) {
        let narrow = self.narrow().filter(|narrow| !narrow.is_empty());
        if let Some(narrow) = narrow {
            return narrow.clear();
        }
        if self.screens.close() {
            return;
        }
        match self.screens.tab() {
            Tab::Traces => self.back_in_panes(),
            Tab::Warnings if self.warnings.close() => {}
            Tab::Warnings | Tab::Operations | Tab::ServiceMap | Tab::Ingest => self.screens.leave_tab(),
        }
    }

    /// Closes what is above a tab; on a tab it ends the program.
    fn close_or_quit(&mut self) -> Option<Effect> {
        let is_closed = self.screens.close()
            || self.screens.tab() == Tab::Warnings && self.warnings.close()
            || self.is_away() && self.return_from_jump();
        (!is_closed).then_some(Effect::Quit)
    }

    /// Whether the trace that is shown was jumped to from another tab or screen.
    fn is_away(&self) -> bool {
        self.screens.tab() == Tab::Traces && self.screens.trail().next().is_some()
    }

    /// Takes text that was pasted: into the line that is edited, else nowhere.
    pub(super) fn paste(&mut self, text: &str) {
        match self.key_context() {
            KeyContext::Filter => self.filter.paste(text, &mut self.store),
            KeyContext::Find => self.waterfall.paste_find(text),
            KeyContext::Narrow | KeyContext::Palette => {
                if let Some(narrow) = self.narrow() {
                    narrow.paste(text);
                }
            }
            _ => return,
        }
        self.notice = None;
    }
}
