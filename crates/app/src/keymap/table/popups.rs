//! Keys of popups.

use super::bind;
use crate::Action;
use crate::keymap::Key::Char;
use crate::keymap::{Binding, Key};

pub(super) const COPY: &[Binding] = &[
    bind("copy-trace-id", &[Char('t')], Action::CopyTraceId, "copy the trace id"),
    bind("copy-span-id", &[Char('s')], Action::CopySpanId, "copy the span id"),
    bind("copy-json", &[Char('j')], Action::CopyJson, "copy the span as JSON"),
    bind(
        "copy-traceparent",
        &[Char('p')],
        Action::CopyTraceparent,
        "copy a traceparent header",
    ),
    bind("copy-curl", &[Char('c')], Action::CopyCurl, "copy the request as curl"),
];

pub(super) const SAVE: &[Binding] = &[bind("confirm-save", &[Key::Enter], Action::Open, "write the file").footer("save")];
