//! Values as people read them: recognizes what a text is and lays it out as lines with roles and fold levels. JSON is indented, SQL begins a line at
//! its keywords, frames of libraries in a stack trace are folded, a URL is split into its parts, and base64 and very long texts are named with their
//! size before they are shown.
//!
//! **Invariant: lazy and bounded.** [`Document::step`] reads about as many bytes as it is asked to, whatever the text is: a line of 10 MB, 100,000
//! lines, or JSON nested without end. A line covers at most [`LINE_BYTES_MAX`] bytes of the text, so laying out those in view is bounded, too. What
//! does not parse is shown as it is, from there on. (Formatters in libraries, such as `sqlformat` and `serde_json`, read a whole text at once, and
//! reject one that its sender has cut.)
//!
//! ```
//! use value_text::{Document, Form, Outline};
//!
//! let mut document = Document::new(r#"{"id": 17, "items": ["chair"]}"#, None);
//! assert_eq!(document.form(), Form::Json);
//! while !document.is_complete() {
//!     document.step(4_096);
//! }
//! let outline = Outline::default();
//! let lines: Vec<_> = outline.visible(document.lines()).map(|line| document.text_of(line, &outline)).collect();
//! assert_eq!(lines, ["{", r#"  "id": 17,"#, r#"  "items": ["#, r#"    "chair""#, "  ]", "}"]);
//! ```

mod base64;
mod document;
mod form;
mod frame;
mod json;
mod libraries;
mod line;
mod outline;
mod sql;
mod stack;
mod text;
mod url;

pub use document::Document;
pub use form::{Form, Hint};
pub use frame::OwnFrame;
pub use line::{Fragment, Line, Role};
pub use outline::Outline;

/// Bytes of a text that one line covers, at most.
pub const LINE_BYTES_MAX: usize = 4_096;

/// The first bytes of a text, cut between two characters.
fn start(text: &str, bytes: usize) -> &str {
    &text[..floor(text, bytes)]
}

/// The last boundary of a character at or before a place.
fn floor(text: &str, at: usize) -> usize {
    let at = at.min(text.len());
    (0..=at).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0)
}
