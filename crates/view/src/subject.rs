//! A span's name, what it is about, and how its call was answered.

use ratatui::style::Style;
use ratatui::text::Span;
use trace_model::SpanSubject;

use super::content;
use app::content::Role;

/// Returns a name in a style and its subject within a width.
pub(super) fn described(name: &str, style: Style, subject: &SpanSubject, width: usize) -> Vec<Span<'static>> {
    let pieces = app::described(name, subject, width).into_iter();
    let spans = pieces.map(|piece| {
        let style = if piece.role == Role::Plain {
            style
        } else {
            content::style(piece.role)
        };
        Span::styled(piece.text, style)
    });
    spans.collect()
}
