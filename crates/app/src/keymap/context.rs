//! Contexts of keys.

use crate::Layer;

macro_rules! contexts {
    (()
        tabs { $($tab:ident: $tab_type:ty, $number:literal, $tab_name:literal, $short_name:literal;)+ }
        screens { $($screen:ident: $screen_type:ty, $screen_name:literal;)+ }
        popups { $($popup:ident: $popup_type:ty, $popup_name:literal;)+ }
        prompts { $($prompt:ident: $prompt_type:ty, $prompt_name:literal;)+ }
        parts { $($part:ident),+ }
        lines { $($line:ident),+ }
    ) => {
        /// The topmost layer, a part of it, or a line that is edited, which gets the keys. Only [`crate::App::key_context`] computes it.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[expect(missing_docs, reason = "the table of layers says what each is")]
        pub enum KeyContext {
            $($tab,)+ $($part,)+ $($screen,)+ $($popup,)+ $($prompt,)+ $($line,)+
        }

        impl KeyContext {
            /// Every one of them.
            pub const ALL: [Self; Self::SCREENS.len() + Self::POPUPS.len() + Self::EDITED.len()] = [
                $(Self::$tab,)+ $(Self::$part,)+ $(Self::$screen,)+ $(Self::$popup,)+ $(Self::$prompt,)+ $(Self::$line,)+
            ];
            /// Tabs with their parts, and the screens above them.
            pub const SCREENS: &[Self] = &[$(Self::$tab,)+ $(Self::$part,)+ $(Self::$screen,)+];
            /// Screens above a tab.
            pub const ABOVE: &[Self] = &[$(Self::$screen,)+];
            /// Popups, but for those in which a line is edited.
            pub const POPUPS: &[Self] = &[$(Self::$popup,)+];
            /// Contexts in which a line of text is edited.
            pub const EDITED: &[Self] = &[$(Self::$prompt,)+ $(Self::$line,)+];

            /// Returns true if a line of text is edited: then a character is text, whatever else it is bound to.
            #[must_use]
            pub const fn is_editing(self) -> bool {
                matches!(self, $(Self::$prompt)|+ $(| Self::$line)+)
            }

            /// That of a layer in which no part and no line has keys of its own.
            #[must_use]
            pub const fn of(layer: Layer) -> Self {
                match layer {
                    $(Layer::$tab => Self::$tab,)+
                    $(Layer::$screen => Self::$screen,)+
                    $(Layer::$popup => Self::$popup,)+
                    $(Layer::$prompt => Self::$prompt,)+
                }
            }
        }
    };
}

layers!(contexts!());
