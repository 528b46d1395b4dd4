//! Layers of the screen: tabs, screens above them, and popups. One enum names them all, and one trait says what each of them has, so that
//! the compiler names what a new one lacks.

use ratatui_core::layout::Rect;

use crate::format::Now;
use crate::keymap::KeyContext;
use crate::layout::PopupArea;
use crate::{Action, App, Effect, List, Narrow};

/// Whatever can be on top.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Layer {
    Traces,
    Operations,
    ServiceMap,
    Warnings,
    Ingest,
    CrossCheck,
    Compare,
    Logs,
    Output,
    Help,
    Copy,
    Palette,
}

/// What a layer has. Its state is where it lives as long as it should: in the app for a tab, in its variant for a screen or a popup.
pub(crate) trait Component {
    /// What keys mean there now.
    fn key_context(app: &App) -> KeyContext;

    /// Where its parts are between header and footer.
    fn place(app: &App, body: Rect) -> Placed;

    /// Catches up before a frame in which its parts are there.
    fn fit(app: &mut App, placed: &Placed, now: &Now);

    /// Does what a key asked for, if that means nothing everywhere.
    fn update(app: &mut App, action: Action) -> Option<Effect>;

    /// Its rows, if it is a list.
    fn list(_: &App) -> Option<&dyn List> {
        None
    }

    /// The same, to be changed.
    fn list_mut(_: &mut App) -> Option<&mut dyn List> {
        None
    }

    /// The words that narrow it.
    fn narrow_mut(app: &mut App) -> Option<&mut Narrow> {
        Self::list_mut(app).map(List::narrow_mut)
    }

    /// Whether there are rows to move among; a text always has.
    fn has_rows(app: &App) -> bool {
        Self::list(app).is_none_or(List::has_rows)
    }

    /// Puts the cursor on a row in view, counted from 0. Returns whether it was there already, `None` without such a row.
    fn select_row(app: &mut App, row: usize) -> Option<bool> {
        Self::list_mut(app)?.select_row(row)
    }

    /// One level in, from the row under the cursor.
    fn open(_: &mut App) {}

    /// One level in, to what failed of the row under the cursor.
    fn open_failed(_: &mut App) {}

    /// Lists the other half of what there is.
    fn switch(_: &mut App) {}
}

/// Where the parts of a layer are.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Placed {
    /// All of a screen, or the border of a popup.
    pub(crate) area: Rect,
    /// Its rows, if it is a list.
    pub(crate) rows: Rect,
    /// Where it is a popup.
    pub(crate) popup: Option<PopupArea>,
    /// The line that is edited in a popup.
    pub(crate) line: Rect,
}

impl Placed {
    /// A screen with these rows.
    pub(crate) fn screen(area: Rect, rows: Rect) -> Self {
        Self {
            area,
            rows,
            ..Self::default()
        }
    }

    /// A popup with these rows.
    pub(crate) fn popup(area: PopupArea, rows: Rect) -> Self {
        Self {
            area: area.border,
            rows,
            popup: Some(area),
            line: Rect::ZERO,
        }
    }
}

/// Calls a function of the component that a layer has.
macro_rules! component {
    ($layer:expr, $component:ident => $call:expr) => {
        component!(@ $layer, $component => $call;
            Traces: $crate::TraceList,
            Operations: $crate::OperationList,
            ServiceMap: $crate::ServiceMap,
            Warnings: $crate::WarningList,
            Ingest: $crate::Ingest,
            CrossCheck: $crate::CrossCheck,
            Compare: $crate::Compare,
            Logs: $crate::LogList,
            Output: $crate::Output,
            Help: $crate::Help,
            Copy: $crate::copy::CopyMenu,
            Palette: $crate::Palette,
        )
    };
    (@ $layer:expr, $component:ident => $call:expr; $($variant:ident: $state:ty,)+) => {
        match $layer {
            $($crate::layer::Layer::$variant => {
                type $component = $state;
                $call
            })+
        }
    };
}

impl App {
    /// What is on top.
    fn top(&self) -> Layer {
        let popup = self.screens.popup().map(crate::Popup::layer);
        popup.unwrap_or_else(|| self.top_screen())
    }

    /// What is on top but for a popup.
    fn top_screen(&self) -> Layer {
        let screen = self.screens.top().map(crate::Screen::layer);
        screen.unwrap_or_else(|| self.screens.tab().layer())
    }

    /// What is on top and gets the keys.
    #[must_use]
    pub fn key_context(&self) -> KeyContext {
        component!(self.top(), C => <C as Component>::key_context(self))
    }

    /// The list that is on top.
    pub(crate) fn list(&self) -> Option<&dyn List> {
        component!(self.top(), C => <C as Component>::list(self))
    }

    /// The same, to be changed.
    pub(crate) fn list_mut(&mut self) -> Option<&mut dyn List> {
        component!(self.top(), C => <C as Component>::list_mut(self))
    }

    /// The words that narrow what is on top.
    pub(crate) fn narrow(&mut self) -> Option<&mut Narrow> {
        component!(self.top(), C => <C as Component>::narrow_mut(self))
    }

    /// Whether what is on top has rows to move among.
    pub(crate) fn has_rows(&self) -> bool {
        component!(self.top(), C => <C as Component>::has_rows(self))
    }

    pub(crate) fn select_row(&mut self, row: usize) -> Option<bool> {
        component!(self.top(), C => <C as Component>::select_row(self, row))
    }

    pub(crate) fn open_row(&mut self) {
        component!(self.top(), C => <C as Component>::open(self));
    }

    pub(crate) fn open_failed(&mut self) {
        component!(self.top(), C => <C as Component>::open_failed(self));
    }

    pub(crate) fn switch_list(&mut self) {
        component!(self.top(), C => <C as Component>::switch(self));
    }

    pub(crate) fn update_top(&mut self, action: Action) -> Option<Effect> {
        component!(self.top(), C => <C as Component>::update(self, action))
    }

    /// Where the parts of the topmost screen are, and those of the popup, if one is open.
    pub(crate) fn place(&self, body: Rect) -> (Placed, Option<Placed>) {
        let screen = component!(self.top_screen(), C => <C as Component>::place(self, body));
        let popup = self.screens.popup().map(crate::Popup::layer);
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

/// The context of a list: that of its words while they are edited.
pub(crate) fn of_list(list: &dyn List, context: KeyContext) -> KeyContext {
    if list.narrow().is_open() {
        KeyContext::Narrow
    } else {
        context
    }
}
