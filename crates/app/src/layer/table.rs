//! The enums of layers, made from the table `layers!`. Prompts are popups here: only contexts of keys tell them apart.

use super::{Opened, Shown};
use crate::App;

macro_rules! enums {
    (()
        tabs { $($tab:ident: $tab_type:ty, $number:literal, $tab_name:literal, $short_name:literal;)+ }
        screens { $($screens:tt)+ }
        popups { $($popups:tt)+ }
        prompts { $($prompts:tt)+ }
        $($contexts:tt)*
    ) => {
        tab!($($tab: $number, $short_name;)+);
        layer!({ $($tab: $tab_name;)+ } $($screens)+ $($popups)+ $($prompts)+);
        stacked!(Screen "A screen above a tab's own, with its state.": $($screens)+);
        stacked!(Popup "A small window over a screen, with its state.": $($popups)+ $($prompts)+);
    };
}

macro_rules! tab {
    ($($tab:ident: $number:literal, $short_name:literal;)+) => {
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
    };
}

macro_rules! layer {
    ({ $($tab:ident: $tab_name:literal;)+ } $($other:ident: $type:ty, $name:literal;)+) => {
        /// Whatever can be on top.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[expect(missing_docs, reason = "the table of layers says what each is")]
        pub enum Layer {
            $($tab,)+ $($other,)+
        }

        impl Layer {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$tab,)+ $(Self::$other,)+];

            /// Its name.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$tab => $tab_name,)+
                    $(Self::$other => $name,)+
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
    };
}

/// Makes the enum of screens, or of popups: what is stacked above a tab, with its state.
macro_rules! stacked {
    ($enum:ident $doc:literal: $($variant:ident: $state:ty, $name:literal;)+) => {
        #[doc = $doc]
        #[derive(Debug)]
        #[expect(missing_docs, reason = "the table of layers says what each is")]
        pub enum $enum {
            $($variant(Box<$state>),)+
        }

        impl $enum {
            /// The layer that it is.
            #[must_use]
            pub const fn layer(&self) -> Layer {
                match self {
                    $(Self::$variant(_) => Layer::$variant,)+
                }
            }

            /// Returns true if it shows the selected trace.
            #[must_use]
            pub const fn is_of_trace(&self) -> bool {
                match self {
                    $(Self::$variant(_) => <$state as Opened>::WITHOUT_TRACE.is_some(),)+
                }
            }

            /// Opens a layer, if it is one of these.
            fn opened(layer: Layer, app: &mut App) -> Option<Self> {
                match layer {
                    $(Layer::$variant => Some(Self::$variant(Box::new(<$state as Opened>::open(app)))),)+
                    _ => None,
                }
            }

            /// Returns why a layer cannot be opened now, if it is one of these and cannot.
            fn rejection(layer: Layer, app: &App) -> Option<&'static str> {
                let has_trace = app.waterfall.selected().is_some();
                match layer {
                    $(Layer::$variant => {
                        let without_trace = <$state as Opened>::WITHOUT_TRACE.filter(|_| !has_trace);
                        without_trace.or_else(|| <$state as Opened>::rejection(app))
                    })+
                    _ => None,
                }
            }
        }

        $(impl Shown for $state {
            fn shown(app: &App) -> Option<&Self> {
                match $enum::on_top(app)? {
                    $enum::$variant(state) => Some(state),
                    _ => None,
                }
            }

            fn shown_mut(app: &mut App) -> Option<&mut Self> {
                match $enum::on_top_mut(app)? {
                    $enum::$variant(state) => Some(state),
                    _ => None,
                }
            }
        })+
    };
}

layers!(enums!());

impl Tab {
    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.layer().name()
    }
}

impl Screen {
    /// Its name in a breadcrumb.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.layer().name()
    }

    fn on_top(app: &App) -> Option<&Self> {
        app.screens.top()
    }

    fn on_top_mut(app: &mut App) -> Option<&mut Self> {
        app.screens.top_mut()
    }
}

impl Popup {
    const fn on_top(app: &App) -> Option<&Self> {
        app.screens.popup()
    }

    const fn on_top_mut(app: &mut App) -> Option<&mut Self> {
        app.screens.popup.as_mut()
    }
}

impl App {
    /// Returns why a layer cannot be opened now, if it cannot.
    pub(crate) fn rejection(&self, layer: Layer) -> Option<&'static str> {
        Screen::rejection(layer, self).or_else(|| Popup::rejection(layer, self))
    }

    /// Goes to a tab, or back from it; opens a screen or a popup.
    pub(super) fn open(&mut self, layer: Layer) {
        if let Some(tab) = layer.tab() {
            self.screens.toggle_tab(tab);
        } else if let Some(screen) = Screen::opened(layer, self) {
            self.screens.open(screen);
        } else if let Some(popup) = Popup::opened(layer, self) {
            self.screens.popup = Some(popup);
        }
    }
}
