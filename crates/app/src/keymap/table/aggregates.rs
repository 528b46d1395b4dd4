//! Keys of operations, service map and warnings.

use super::bind;
use crate::Action;
use crate::keymap::Key::Char;
use crate::keymap::{Binding, Key};

pub(super) const OPERATIONS: &[Binding] = &[
    bind(
        "sort-operations",
        &[Char('s')],
        Action::Sort,
        "sort operations by the next column",
    )
    .footer("sort")
    .formerly("sort-in-operations"),
    bind(
        "sort-operations-reversed",
        &[Char('S')],
        Action::SortReversed,
        "reverse the order of operations",
    )
    .formerly("sort-reversed-in-operations"),
];

pub(super) const SURVEY: &[Binding] =
    &[bind("open-failed", &[Char('e')], Action::OpenFailed, "open the last failed span").footer("failed")];

pub(super) const MAP: &[Binding] = &[
    bind(
        "toggle-picture",
        &[Char('v')],
        Action::TogglePicture,
        "toggle tree and picture",
    )
    .footer("tree or picture"),
    bind("sort-map", &[Char('s')], Action::Sort, "sort calls by the next column").footer("sort"),
    bind(
        "sort-map-reversed",
        &[Char('S')],
        Action::SortReversed,
        "reverse the order of calls",
    ),
    bind("node-left", &[Key::Left, Char('h')], Action::Left, "go to the left node"),
    bind("node-right", &[Key::Right, Char('l')], Action::Right, "go to the right node"),
];

pub(super) const RULES: &[Binding] = &[bind(
    "open-rule",
    &[Key::Right, Char('l')],
    Action::Right,
    "list the traces of a rule",
)
.formerly("right")];

pub(super) const RULE_TRACES: &[Binding] = &[
    bind("open-warned-span", &[Key::Right, Char('l')], Action::Right, "open the span"),
    bind("leave-rule", &[Key::Left, Char('h')], Action::Left, "return to the rules").formerly("left"),
];
