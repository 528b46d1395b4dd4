//! Exceptions and the calls of their stacks.

use super::values::{array, boolean, members, number, text, texts};
use crate::Value;

/// One exception.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Exception {
    /// Its type (`ValueError`); empty for a stack trace without an exception.
    pub type_name: String,
    /// Its message.
    pub value: String,
    /// Module of its type.
    pub module: Option<String>,
    /// Mechanism that caught it: `generic`, `panic`, `onerror`, …
    pub mechanism: Option<String>,
    /// True if the program caught it itself.
    pub handled: Option<bool>,
    /// The newest call first.
    pub frames: Vec<Frame>,
}

/// One call of a stack.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Frame {
    /// Called function.
    pub function: Option<String>,
    /// Its module or library.
    pub module: Option<String>,
    /// The source file, as short as the sender has it.
    pub filename: Option<String>,
    /// The source file's whole path.
    pub abs_path: Option<String>,
    /// The line in it, counted from 1.
    pub lineno: Option<u64>,
    /// The column in that, counted from 1.
    pub colno: Option<u64>,
    /// True for the program's own code; `None` if unknown.
    pub in_app: Option<bool>,
    /// Lines of the source before that line, the nearest last; empty if they were not sent.
    pub pre_context: Vec<String>,
    /// The line's source.
    pub context_line: Option<String>,
    /// Lines of the source after it, the nearest first; empty if they were not sent.
    pub post_context: Vec<String>,
}

impl Exception {
    pub(super) fn of(value: &Value) -> Self {
        let members = members(value);
        let mut frames: Vec<_> = array(members, "frames").iter().map(Frame::of).collect();
        frames.reverse();
        Self {
            type_name: text(members, "type").unwrap_or_default(),
            value: text(members, "value").unwrap_or_default(),
            module: text(members, "module"),
            mechanism: text(members, "mechanism"),
            handled: boolean(members, "handled"),
            frames,
        }
    }

    /// `Type: value`; one of them where the other is missing.
    #[must_use]
    pub fn title(&self) -> String {
        match (self.type_name.as_str(), self.value.as_str()) {
            ("", one) | (one, "") => one.to_owned(),
            (type_name, value) => format!("{type_name}: {value}"),
        }
    }

    /// Returns true for an exception, false for a stack trace alone.
    #[must_use]
    pub const fn has_name(&self) -> bool {
        !self.type_name.is_empty() || !self.value.is_empty()
    }

    /// The calls of the program's own code, the newest first.
    pub fn in_app_frames(&self) -> impl Iterator<Item = &Frame> {
        self.frames.iter().filter(|frame| frame.in_app == Some(true))
    }
}

impl Frame {
    fn of(value: &Value) -> Self {
        let members = members(value);
        Self {
            function: text(members, "function"),
            module: text(members, "module"),
            filename: text(members, "filename"),
            abs_path: text(members, "abs_path"),
            lineno: number(members, "lineno"),
            colno: number(members, "colno"),
            in_app: boolean(members, "in_app"),
            pre_context: texts(members, "pre_context"),
            context_line: text(members, "context_line"),
            post_context: texts(members, "post_context"),
        }
    }
}
