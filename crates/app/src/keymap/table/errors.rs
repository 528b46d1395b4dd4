//! Keys of errors and their events.

use super::bind;
use crate::Action;
use crate::keymap::Key::Char;
use crate::keymap::{Binding, Key};

pub(super) const ERRORS: &[Binding] = &[
    bind("sort-errors", &[Char('s')], Action::Sort, "sort errors by the next column").footer("sort"),
    bind(
        "sort-errors-reversed",
        &[Char('S')],
        Action::SortReversed,
        "reverse the order of errors",
    ),
];

pub(super) const EVENTS: &[Binding] = &[
    bind("older-event", &[Char('n')], Action::NextMatch, "go to the next older event").footer("older"),
    bind(
        "newer-event",
        &[Char('N')],
        Action::PreviousMatch,
        "go to the next newer event",
    ),
    bind("copy-error", &[Char('y')], Action::CopyValue, "copy the error's stack").footer("copy"),
];

pub(super) const ERROR: &[Binding] = &[
    bind("fold-frames", &[Char(' ')], Action::ToggleFold, "fold or unfold a part").footer("fold"),
    bind(
        "leave-error",
        &[Key::Left, Char('h')],
        Action::Left,
        "return to the list of errors",
    ),
];
