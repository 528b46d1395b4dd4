//! Layers of the screen: tabs, screens above them, and popups. The table `layers!` at the crate's root names them all with their components;
//! what each of them has is the trait [`Component`].

use ratatui_core::layout::Rect;

use crate::format::Now;
use crate::keymap::KeyContext;
use crate::layout::PopupArea;
use crate::{Action, App, Effect, List, ListFilter};

/// What a layer has. Its state is where it lives as long as it should: in the app for a tab, in its variant for a screen or a popup.
pub(crate) trait Component {
    /// Whether it is about the survey of all traces, which is read while it is on the screen.
    const SHOWS_SURVEY: bool = false;

    /// Where its parts are between header and footer.
    fn place(app: &App, body: Rect) -> Placed;

    /// Catches up before a frame in which its parts are there.
    fn fit(_: &mut App, _: &Placed, _: &Now) {}

    /// The part of it that gets the keys, if that has a context of its own.
    fn part(_: &App) -> Option<KeyContext> {
        None
    }

    /// Does what a key asked for, if that means something only here.
    fn update(_: &mut App, _: Action) -> Outcome {
        Outcome::Ignored
    }

    /// Whether a command can do something now, if that is known only here.
    fn can(_: &App, _: Action) -> Option<bool> {
        None
    }

    /// Its rows, if it is a list.
    fn list(_: &App) -> Option<&dyn List> {
        None
    }

    /// The same, to be changed.
    fn list_mut(_: &mut App) -> Option<&mut dyn List> {
        None
    }

    /// The words that narrow it.
    fn narrow(app: &App) -> Option<&ListFilter> {
        Self::list(app).map(List::narrow)
    }

    /// The same, to be changed.
    fn narrow_mut(app: &mut App) -> Option<&mut ListFilter> {
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
    fn enter(_: &mut App) {}

    /// One level in, to what failed of the row under the cursor.
    fn enter_failed(_: &mut App) {}

    /// One level out within it; false where it is at its outermost.
    fn back(_: &mut App) -> bool {
        false
    }

    /// The same for the key that would quit the program otherwise.
    fn leave(app: &mut App) -> bool {
        Self::back(app)
    }

    /// What the tab bar counts of it; `None` where there is nothing to count.
    fn count(_: &App) -> Option<u64> {
        None
    }

    /// How much that has been ever: what has left does not make new ones old.
    fn count_ever(app: &App) -> u64 {
        Self::count(app).unwrap_or(0)
    }
}

/// A screen above a tab, or a popup. Its state begins when it is opened and ends when it is closed.
pub(crate) trait Opened: Component + Sized {
    /// What is said instead of opening it without a trace, if it is about the selected one.
    const WITHOUT_TRACE: Option<&'static str> = None;

    /// Returns what else is said instead of opening it.
    fn rejection(_: &App) -> Option<&'static str> {
        None
    }

    /// Its state when it is opened.
    fn open(app: &mut App) -> Self;
}

/// A screen above a tab, or a popup, on the stack.
pub(crate) trait Shown: Sized {
    /// The screen that is the topmost one, or the popup that is open.
    fn shown(app: &App) -> Option<&Self>;

    /// The same, to be changed.
    fn shown_mut(app: &mut App) -> Option<&mut Self>;
}

/// What became of an action.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It means nothing special here.
    Ignored,
    /// It is done, with what is left to do outside.
    Done(Option<Effect>),
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

macro_rules! define {
    (()
        tabs { $($tab:ident: $tab_type:ty, $number:literal, $tab_name:literal, $short_name:literal;)+ }
        screens { $($screen:ident: $screen_type:ty, $screen_name:literal;)+ }
        popups { $($popup:ident: $popup_type:ty, $popup_name:literal;)+ }
        prompts { $($prompt:ident: $prompt_type:ty, $prompt_name:literal;)+ }
        $($contexts:tt)*
    ) => {
        /// Whatever can be on top.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[expect(missing_docs, reason = "the table of layers says what each is")]
        pub enum Layer {
            $($tab,)+ $($screen,)+ $($popup,)+ $($prompt,)+
        }

        impl Layer {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$tab,)+ $(Self::$screen,)+ $(Self::$popup,)+ $(Self::$prompt,)+];

            /// What it is called.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$tab => $tab_name,)+
                    $(Self::$screen => $screen_name,)+
                    $(Self::$popup => $popup_name,)+
                    $(Self::$prompt => $prompt_name,)+
                }
            }

            /// The tab that it is, if it is one.
            #[must_use]
            pub const fn tab(self) -> Option<Tab> {
                match self {
                    $(Self::$tab => Some(Tab::$tab),)+
                    _ => None,
                }
            }
        }

        /// A screen that can be gone to at any time. The numbers between are for signals that have no tab yet.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[expect(missing_docs, reason = "the table of layers says what each is")]
        pub enum Tab {
            $($tab,)+
        }

        impl Tab {
            /// All of them, in the order of the tab bar.
            pub const ALL: [Self; [$($number),+].len()] = [$(Self::$tab,)+];

            /// Its number, which stays its own whatever tabs there are.
            #[must_use]
            pub const fn number(self) -> u8 {
                match self {
                    $(Self::$tab => $number,)+
                }
            }

            /// Its name.
            #[must_use]
            pub const fn name(self) -> &'static str {
                self.layer().name()
            }

            /// Its name where there is little room.
            #[must_use]
            pub const fn short_name(self) -> &'static str {
                match self {
                    $(Self::$tab => $short_name,)+
                }
            }

            /// The layer that it is.
            #[must_use]
            pub const fn layer(self) -> Layer {
                match self {
                    $(Self::$tab => Layer::$tab,)+
                }
            }
        }

        /// A screen above a tab's own, with its state.
        #[derive(Debug)]
        #[expect(missing_docs, reason = "the table of layers says what each is")]
        pub enum Screen {
            $($screen(Box<$screen_type>),)+
        }

        impl Screen {
            /// What a breadcrumb calls it.
            #[must_use]
            pub const fn name(&self) -> &'static str {
                self.layer().name()
            }

            /// Whether it is about the selected trace.
            #[must_use]
            pub const fn is_of_trace(&self) -> bool {
                match self {
                    $(Self::$screen(_) => <$screen_type as Opened>::WITHOUT_TRACE.is_some(),)+
                }
            }

            /// The layer that it is.
            #[must_use]
            pub const fn layer(&self) -> Layer {
                match self {
                    $(Self::$screen(_) => Layer::$screen,)+
                }
            }
        }

        /// A small window over a screen, with its state.
        #[derive(Debug)]
        #[expect(missing_docs, reason = "the table of layers says what each is")]
        pub enum Popup {
            $($popup(Box<$popup_type>),)+
            $($prompt(Box<$prompt_type>),)+
        }

        impl Popup {
            /// The layer that it is.
            #[must_use]
            pub const fn layer(&self) -> Layer {
                match self {
                    $(Self::$popup(_) => Layer::$popup,)+
                    $(Self::$prompt(_) => Layer::$prompt,)+
                }
            }
        }

        $(impl Shown for $screen_type {
            fn shown(app: &App) -> Option<&Self> {
                match app.screens.top()? {
                    Screen::$screen(state) => Some(state),
                    _ => None,
                }
            }

            fn shown_mut(app: &mut App) -> Option<&mut Self> {
                match app.screens.top_mut()? {
                    Screen::$screen(state) => Some(state),
                    _ => None,
                }
            }
        })+

        define!(@popups $($popup: $popup_type;)+ $($prompt: $prompt_type;)+);

        impl App {
            /// Why a layer cannot be opened now, if it cannot.
            pub(crate) fn rejection(&self, layer: Layer) -> Option<&'static str> {
                let (without_trace, rejection) = match layer {
                    $(Layer::$tab => (None, None),)+
                    $(Layer::$screen => (<$screen_type as Opened>::WITHOUT_TRACE, <$screen_type as Opened>::rejection(self)),)+
                    $(Layer::$popup => (<$popup_type as Opened>::WITHOUT_TRACE, <$popup_type as Opened>::rejection(self)),)+
                    $(Layer::$prompt => (<$prompt_type as Opened>::WITHOUT_TRACE, <$prompt_type as Opened>::rejection(self)),)+
                };
                without_trace.filter(|_| self.waterfall.selected().is_none()).or(rejection)
            }

            fn open(&mut self, layer: Layer) {
                match layer {
                    $(Layer::$tab => self.screens.toggle_tab(Tab::$tab),)+
                    $(Layer::$screen => {
                        let state = Box::new(<$screen_type as Opened>::open(self));
                        self.screens.open(Screen::$screen(state));
                    })+
                    $(Layer::$popup => {
                        let state = Box::new(<$popup_type as Opened>::open(self));
                        self.screens.popup = Some(Popup::$popup(state));
                    })+
                    $(Layer::$prompt => {
                        let state = Box::new(<$prompt_type as Opened>::open(self));
                        self.screens.popup = Some(Popup::$prompt(state));
                    })+
                }
            }
        }
    };
    (@popups $($popup:ident: $popup_type:ty;)+) => {
        $(impl Shown for $popup_type {
            fn shown(app: &App) -> Option<&Self> {
                match app.screens.popup()? {
                    Popup::$popup(state) => Some(state),
                    _ => None,
                }
            }

            fn shown_mut(app: &mut App) -> Option<&mut Self> {
                match app.screens.popup.as_mut()? {
                    Popup::$popup(state) => Some(state),
                    _ => None,
                }
            }
        })+
    };
}

layers!(define!());

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
    /// What is on top.
    pub(crate) fn top(&self) -> Layer {
        let popup = self.screens.popup().map(Popup::layer);
        popup.unwrap_or_else(|| self.top_screen())
    }

    /// What is on top but for a popup.
    pub(crate) fn top_screen(&self) -> Layer {
        let screen = self.screens.top().map(Screen::layer);
        screen.unwrap_or_else(|| self.screens.tab().layer())
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

    /// What is on top and gets the keys.
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

    /// Whether what is on top has rows to move among.
    pub(crate) fn has_rows(&self) -> bool {
        component!(self.top(), C => <C as Component>::has_rows(self))
    }

    pub(crate) fn can_on_top(&self, action: Action) -> Option<bool> {
        component!(self.top(), C => <C as Component>::can(self, action))
    }

    pub(crate) fn select_row(&mut self, row: usize) -> Option<bool> {
        component!(self.top(), C => <C as Component>::select_row(self, row))
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

    /// Whether the active tab is about the survey of all traces.
    pub(crate) const fn is_surveyed(&self) -> bool {
        component!(self.screens.tab().layer(), C => <C as Component>::SHOWS_SURVEY)
    }

    /// What a tab counts; `None` where there is nothing to count.
    #[must_use]
    pub fn count_of(&self, tab: Tab) -> Option<u64> {
        component!(tab.layer(), C => <C as Component>::count(self))
    }

    pub(crate) fn count_ever(&self, tab: Tab) -> u64 {
        component!(tab.layer(), C => <C as Component>::count_ever(self))
    }

    /// Where the parts of the topmost screen are, and those of the popup, if one is open.
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
