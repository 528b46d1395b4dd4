//! Keys that open a value, and those of its screen.

use super::bind;
use crate::keymap::Key::Char;
use crate::keymap::KeyContext::{Details, LogRecord, Logs, TraceLogs};
use crate::keymap::{Binding, Key};
use crate::{Action, Layer};

/// Contexts in which a value can be opened full size, and the screen that shows it.
pub(super) const VALUES: &[Binding] = &[bind(
    "value",
    &[Char('v')],
    Action::Toggle(Layer::Value),
    "toggle the value in full size",
)
.footer_on(&[(&[Details, Logs, LogRecord, TraceLogs], "full size")])];

pub(super) const VALUE: &[Binding] = &[
    bind(
        "fold-lines",
        &[Char(' '), Key::Enter],
        Action::ToggleFold,
        "fold or unfold the lines below",
    )
    .footer("fold"),
    bind("fewer-levels", &[Char('(')], Action::FoldShallower, "show one level less").footer("less"),
    bind("more-levels", &[Char(')')], Action::FoldDeeper, "show one level more").footer("more"),
    bind("find-text", &[Char('/')], Action::Filter, "find text").footer("find"),
    bind("next-text", &[Char('n')], Action::NextMatch, "go to the next found line").footer("next"),
    bind(
        "previous-text",
        &[Char('N')],
        Action::PreviousMatch,
        "go to the previous found line",
    ),
    bind("copy-value", &[Char('y')], Action::CopyValue, "copy the whole value").footer("copy"),
];
