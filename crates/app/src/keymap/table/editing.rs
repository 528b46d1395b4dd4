//! Keys while text is edited.

use super::bind;
use crate::Action;
use crate::keymap::Key::Ctrl;
use crate::keymap::KeyContext::{Filter, Palette};
use crate::keymap::{Binding, Key};

pub(super) const HISTORY: &[Binding] = &[
    bind("earlier", &[Key::Up], Action::Earlier, "recall previous filter, or move up").footer_on(&[(&[Filter], "earlier")]),
    bind("later", &[Key::Down], Action::Later, "recall next filter, or move down").footer_on(&[(&[Palette], "move")]),
];

pub(super) const LINE: &[Binding] = &[
    bind(
        "keep-filter",
        &[Key::Enter],
        Action::KeepFilter,
        "keep filter, or run command",
    )
    .footer("keep")
    .footer_on(&[(&[Palette], "run")]),
    bind(
        "clear-filter",
        &[Key::Esc],
        Action::ClearFilter,
        "clear filter, or close palette",
    )
    .footer("clear")
    .footer_on(&[(&[Palette], "close")]),
    bind(
        "cursor-left",
        &[Key::Left, Ctrl('b')],
        Action::CursorLeft,
        "move left a character",
    ),
    bind(
        "cursor-right",
        &[Key::Right, Ctrl('f')],
        Action::CursorRight,
        "move right a character",
    ),
    bind(
        "cursor-start",
        &[Key::Home, Ctrl('a')],
        Action::CursorStart,
        "move to the start",
    ),
    bind("cursor-end", &[Key::End, Ctrl('e')], Action::CursorEnd, "move to the end"),
    bind(
        "delete-left",
        &[Key::Backspace, Ctrl('h')],
        Action::DeleteLeft,
        "delete the previous character",
    ),
    bind(
        "delete-right",
        &[Key::Delete, Ctrl('d')],
        Action::DeleteRight,
        "delete the next character",
    ),
    bind("delete-word", &[Ctrl('w')], Action::DeleteWord, "delete the previous word"),
    bind("delete-to-start", &[Ctrl('u')], Action::DeleteToStart, "delete to the start"),
];
