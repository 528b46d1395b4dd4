//! Navigation: tabs, the screens above each of them, and a popup over all.
//!
//! Only this module knows the topmost one; each of them is a [`Layer`].

use super::keymap::KeyContext;
use super::{Action, App, Departure, Layer, Popup, Screen, Tab, ValueScreen};

/// Source of the data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Nothing: others send.
    Viewer,
    /// The demo's services.
    Demo,
    /// Files that were saved; nothing listens.
    Files,
}

impl Mode {
    /// For how long, in nanoseconds, a span without an end is taken to be running. One in flight for longer was most likely abandoned: its
    /// bar stops growing, so that the others can be seen. What is in a file has stopped.
    #[must_use]
    pub const fn longest_run(self) -> u64 {
        match self {
            Self::Viewer | Self::Demo => 300_000_000_000,
            Self::Files => 0,
        }
    }
}

/// Which part of the traces tab has the keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pane {
    /// The list of traces.
    Traces,
    /// The spans of the selected trace.
    Waterfall,
    /// The selected span.
    Details,
}

impl Pane {
    /// The one that Tab goes to.
    pub(super) const fn next(self) -> Self {
        match self {
            Self::Traces => Self::Waterfall,
            Self::Waterfall => Self::Details,
            Self::Details => Self::Traces,
        }
    }

    /// One level in.
    pub(super) const fn inner(self) -> Self {
        match self {
            Self::Traces => Self::Waterfall,
            Self::Waterfall | Self::Details => Self::Details,
        }
    }

    /// One level out.
    pub(super) const fn outer(self) -> Self {
        match self {
            Self::Traces | Self::Waterfall => Self::Traces,
            Self::Details => Self::Waterfall,
        }
    }
}

/// Tabs, screens and popup.
#[derive(Debug)]
pub struct Screens {
    tab: Tab,
    /// Previous tab, to return to by the same key.
    before: Tab,
    /// Which part of the traces tab has the keys.
    pub pane: Pane,
    /// The screens above each tab, the topmost last; no kind twice.
    above: [Vec<Screen>; Tab::ALL.len()],
    /// Jumps that led to the trace that is shown, the last one at the end.
    pub(super) trail: Vec<Departure>,
    pub(super) popup: Option<Popup>,
    /// Number of each tab when it was left.
    seen: [u64; Tab::ALL.len()],
}

impl Default for Screens {
    fn default() -> Self {
        Self {
            tab: Tab::Traces,
            before: Tab::Traces,
            pane: Pane::Traces,
            above: Default::default(),
            trail: Vec::new(),
            popup: None,
            seen: [0; Tab::ALL.len()],
        }
    }
}

impl Screens {
    /// The active tab.
    #[must_use]
    pub const fn tab(&self) -> Tab {
        self.tab
    }

    /// The screens above the active tab, the topmost last.
    #[must_use]
    pub fn above(&self) -> &[Screen] {
        &self.above[self.tab as usize]
    }

    /// The topmost of them.
    #[must_use]
    pub fn top(&self) -> Option<&Screen> {
        self.above().last()
    }

    pub(super) fn top_mut(&mut self) -> Option<&mut Screen> {
        self.above[self.tab as usize].last_mut()
    }

    /// The value that is shown full size, if it is on top.
    #[must_use]
    pub fn value(&self) -> Option<&ValueScreen> {
        match self.top() {
            Some(Screen::Value(value)) => Some(value),
            _ => None,
        }
    }

    /// The popup over everything else.
    #[must_use]
    pub const fn popup(&self) -> Option<&Popup> {
        self.popup.as_ref()
    }

    /// The jumps that led to the trace that is shown, the first one first.
    pub fn trail(&self) -> impl Iterator<Item = &str> {
        self.trail.iter().map(|departure| departure.label.as_str())
    }

    /// Goes to a tab, as it was left.
    pub(super) fn go_to(&mut self, tab: Tab) {
        if self.tab != tab {
            self.before = self.tab;
            self.tab = tab;
        }
    }

    /// Goes to a tab, or back from it.
    pub(super) fn toggle_tab(&mut self, tab: Tab) {
        if self.tab == tab {
            self.leave_tab();
        } else {
            self.go_to(tab);
        }
    }

    /// Goes back to the tab before this one.
    pub(super) fn leave_tab(&mut self) {
        let before = if self.before == self.tab { Tab::Traces } else { self.before };
        self.go_to(before);
    }

    pub(super) fn next_tab(&mut self, forward: bool) {
        let steps = if forward { 1 } else { Tab::ALL.len() - 1 };
        self.go_to(Tab::ALL[(self.tab as usize + steps) % Tab::ALL.len()]);
    }

    /// Puts a screen above the active tab.
    pub(super) fn open(&mut self, screen: Screen) {
        self.above[self.tab as usize].push(screen);
    }

    /// Removes the topmost screen; false without one.
    pub(super) fn close(&mut self) -> bool {
        self.above[self.tab as usize].pop().is_some()
    }

    /// Closes this screen if it is open, or what is above it where it is covered; false where it is not open.
    pub(super) fn close_or_uncover(&mut self, layer: Layer) -> bool {
        let above = &mut self.above[self.tab as usize];
        let Some(at) = above.iter().position(|screen| screen.layer() == layer) else {
            return false;
        };
        let kept = if at + 1 == above.len() { at } else { at + 1 };
        above.truncate(kept);
        true
    }

    /// Takes all screens above the active tab.
    pub(super) fn take_above(&mut self) -> Vec<Screen> {
        std::mem::take(&mut self.above[self.tab as usize])
    }

    /// Puts screens back above the active tab.
    pub(super) fn put_above(&mut self, screens: Vec<Screen>) {
        self.above[self.tab as usize] = screens;
    }

    /// Notes what the active tab counts: that has been seen.
    pub(super) const fn see(&mut self, count: u64) {
        self.seen[self.tab as usize] = count;
    }

    /// Returns the number that a tab counted when it was left.
    #[must_use]
    pub const fn seen(&self, tab: Tab) -> u64 {
        self.seen[tab as usize]
    }

    /// Returns the difference of a tab's count since it was left.
    #[must_use]
    pub const fn new_in(&self, tab: Tab, count: u64) -> u64 {
        count.saturating_sub(self.seen[tab as usize])
    }
}

impl App {
    /// Returns true if a command can do something now: that depends on settings and on what has arrived.
    #[must_use]
    pub fn can(&self, action: Action) -> bool {
        self.can_on_top(action).unwrap_or_else(|| match action {
            Action::Toggle(layer) => self.rejection(layer).is_none(),
            Action::Pin => self.traces.selected().is_some(),
            Action::Open | Action::OpenFailed | Action::Sort | Action::NextMatch | Action::Down => self.has_rows(),
            Action::Filter => self.has_rows() || self.narrow().is_some_and(|narrow| !narrow.is_empty()),
            Action::Earlier => self.filter.has_history(),
            Action::KeepFilter => match self.key_context() {
                KeyContext::Filter => self.filter.error().is_none(),
                KeyContext::Find => self.waterfall.find().error().is_none(),
                KeyContext::Palette => self.has_rows(),
                _ => true,
            },
            Action::SendReset | Action::SendInvalid => self.services.address(super::API).is_some(),
            _ => true,
        })
    }

    /// Returns the number of new entries of a tab since it was left.
    #[must_use]
    pub fn new_in(&self, tab: Tab) -> u64 {
        self.screens.new_in(tab, self.count_ever(tab))
    }

    /// Notes that the active tab is looked at.
    pub(super) fn see_tab(&mut self) {
        let count = self.count_ever(self.screens.tab);
        self.screens.see(count);
    }
}
