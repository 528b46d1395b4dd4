//! Keys of log records and their patterns.

use super::bind;
use crate::Action;
use crate::keymap::Binding;
use crate::keymap::Key::Char;
use crate::keymap::KeyContext::Patterns;

pub(super) const LOG_KEYS: &[Binding] = &[
    bind(
        "patterns",
        &[Char('a')],
        Action::Patterns,
        "group by pattern, or list records",
    )
    .footer("patterns")
    .footer_on(&[(&[Patterns], "records")]),
    bind("zoom-in-time", &[Char('+')], Action::ZoomIn, "show a shorter time").footer("time"),
    bind("zoom-out-time", &[Char('-')], Action::ZoomOut, "show a longer time"),
    bind(
        "zoom-to-rows",
        &[Char('z')],
        Action::ZoomToSpan,
        "show the time of these rows",
    ),
    bind("whole-time", &[Char('0')], Action::WholeTrace, "show all times"),
    bind("earlier-time", &[Char('<')], Action::PanLeft, "show an earlier time"),
    bind("later-time", &[Char('>')], Action::PanRight, "show a later time"),
];

pub(super) const RECORD: &[Binding] =
    &[bind("copy-record", &[Char('y')], Action::CopyRecord, "copy the record as JSON").footer("copy")];
