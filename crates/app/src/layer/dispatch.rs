//! Calls of the component that a layer has.

use ratatui_core::layout::{Position, Rect};

use super::{Component, Layer, Outcome, Placed, Popup, Screen, Tab};
use crate::format::Now;
use crate::keymap::KeyContext;
use crate::{Action, App, EventResult, Hit, List, ListFilter};

/// Evaluates an expression with the component that a layer has.
macro_rules! component {
    (($layer:expr, $component:ident => $call:expr)
        tabs { $($tab:ident: $tab_type:ty, $number:literal, $tab_name:literal, $short_name:literal;)+ }
        screens { $($screen:ident: $screen_type:ty, $screen_name:literal;)+ }
        popups { $($popup:ident: $popup_type:ty, $popup_name:literal;)+ }
        prompts { $($prompt:ident: $prompt_type:ty, $prompt_name:literal;)+ }
        $($contexts:tt)*
    ) => {
        component!(@ $layer, $component => $call; $($tab: $tab_type,)+ $($screen: $screen_type,)+ $($popup: $popup_type,)+ $($prompt: $prompt_type,)+)
    };
    (@ $layer:expr, $component:ident => $call:expr; $($variant:ident: $state:ty,)+) => {
        match $layer {
            $(Layer::$variant => {
                type $component = $state;
                $call
            })+
        }
    };
    ($layer:expr, $component:ident => $call:expr) => {
        layers!(component!($layer, $component => $call))
    };
}

impl App {
    /// Returns the topmost layer.
    pub(crate) fn top(&self) -> Layer {
        let popup = self.screens.popup().map(Popup::layer);
        popup.unwrap_or_else(|| self.top_screen())
    }

    /// Returns the topmost layer below a popup.
    pub(crate) fn top_screen(&self) -> Layer {
        let screen = self.screens.top().map(Screen::layer);
        screen.unwrap_or_else(|| self.screens.tab().layer())
    }

    /// Returns true if an action closes the topmost layer because it would open it elsewhere.
    #[must_use]
    pub fn toggles_top(&self, action: Action) -> bool {
        action == Action::Toggle(self.top())
    }

    /// Opens a layer, or closes it where it is on top; goes to a tab, or back from it.
    pub(crate) fn toggle(&mut self, layer: Layer) {
        if self.screens.close_or_uncover(layer) {
            return;
        }
        match self.rejection(layer) {
            Some(why) => self.say(why),
            None => self.open(layer),
        }
    }

    /// Returns the context that gets the keys.
    #[must_use]
    pub fn key_context(&self) -> KeyContext {
        let layer = self.top();
        let context = KeyContext::of(layer);
        if !context.is_editing() && self.narrow().is_some_and(ListFilter::is_open) {
            return KeyContext::ListFilter;
        }
        component!(layer, C => <C as Component>::part(self)).unwrap_or(context)
    }

    /// The list that is on top.
    pub(crate) fn list_mut(&mut self) -> Option<&mut dyn List> {
        component!(self.top(), C => <C as Component>::list_mut(self))
    }

    /// The words that narrow what is on top.
    pub(crate) fn narrow(&self) -> Option<&ListFilter> {
        component!(self.top(), C => <C as Component>::narrow(self))
    }

    /// The same, to be changed.
    pub(crate) fn narrow_mut(&mut self) -> Option<&mut ListFilter> {
        component!(self.top(), C => <C as Component>::narrow_mut(self))
    }

    /// Returns true if the topmost layer has rows to move among.
    pub(crate) fn has_rows(&self) -> bool {
        component!(self.top(), C => <C as Component>::has_rows(self))
    }

    pub(crate) fn can_on_top(&self, action: Action) -> Option<bool> {
        component!(self.top(), C => <C as Component>::can(self, action))
    }

    pub(crate) fn select_row(&mut self, row: usize) -> Option<bool> {
        component!(self.top(), C => <C as Component>::select_row(self, row))
    }

    pub(crate) fn press_on_top(&mut self, at: Position, hit: Option<Hit>) -> Option<EventResult> {
        component!(self.top(), C => <C as Component>::press(self, at, hit))
    }

    pub(crate) fn drag_on_top(&mut self, at: Position) -> bool {
        component!(self.top(), C => <C as Component>::drag(self, at))
    }

    pub(crate) fn release_on_top(&mut self) -> bool {
        component!(self.top(), C => <C as Component>::release(self))
    }

    pub(crate) fn enter(&mut self) {
        component!(self.top(), C => <C as Component>::enter(self));
    }

    pub(crate) fn enter_failed(&mut self) {
        component!(self.top(), C => <C as Component>::enter_failed(self));
    }

    pub(crate) fn back_on_top(&mut self) -> bool {
        component!(self.top(), C => <C as Component>::back(self))
    }

    pub(crate) fn leave_on_top(&mut self) -> bool {
        component!(self.top(), C => <C as Component>::leave(self))
    }

    pub(crate) fn update_top(&mut self, action: Action) -> Outcome {
        component!(self.top(), C => <C as Component>::update(self, action))
    }

    /// Returns true if the active tab shows the survey of all traces.
    #[must_use]
    pub const fn is_surveyed(&self) -> bool {
        component!(self.screens.tab().layer(), C => <C as Component>::SHOWS_SURVEY)
    }

    /// Returns the number that a tab shows; `None` if it counts nothing.
    #[must_use]
    pub fn count_of(&self, tab: Tab) -> Option<u64> {
        component!(tab.layer(), C => <C as Component>::count(self))
    }

    pub(crate) fn count_ever(&self, tab: Tab) -> u64 {
        component!(tab.layer(), C => <C as Component>::count_ever(self))
    }

    /// Returns the areas of the topmost screen, and of the popup, if one is open.
    pub(crate) fn place(&self, body: Rect) -> (Placed, Option<Placed>) {
        let screen = component!(self.top_screen(), C => <C as Component>::place(self, body));
        let popup = self.screens.popup().map(Popup::layer);
        (
            screen,
            popup.map(|popup| component!(popup, C => <C as Component>::place(self, body))),
        )
    }

    /// Brings the tab, the screen above it and the popup in step with what has been read. Each is as large as it is alone: what lies
    /// above moves nothing below.
    pub(crate) fn fit_layers(&mut self, body: Rect, now: &Now) {
        let (tab, screen, top) = (self.screens.tab().layer(), self.top_screen(), self.top());
        self.fit_layer(tab, body, now);
        if screen != tab {
            self.fit_layer(screen, body, now);
        }
        if top != screen {
            self.fit_layer(top, body, now);
        }
    }

    fn fit_layer(&mut self, layer: Layer, body: Rect, now: &Now) {
        component!(layer, C => {
            let placed = <C as Component>::place(self, body);
            <C as Component>::fit(self, &placed, now);
        });
    }
}
