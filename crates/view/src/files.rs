//! The line of the header about files that are shown.

use ratatui::style::Stylize;
use ratatui::text::{Line, Span};

use super::theme;
use app::text::shown;
use app::{App, FileState};

/// The names of the files, as many as fit; while one is read, how far that is.
pub(super) fn header(app: &App, width: usize) -> Line<'static> {
    let mut line = Line::default();
    if let Some(file) = app.files.reading() {
        line.push_span(" reading ".fg(theme::DIM));
        line.push_span(shown(&file.name));
        if let FileState::Reading(read, of @ 1..) = file.state {
            line.push_span(format!(" {}%", read * 100 / of).fg(theme::ACCENT));
        }
        return line;
    }
    line.push_span(" files ".fg(theme::DIM));
    let files = app
        .files
        .list
        .iter()
        .filter(|file| !matches!(file.state, FileState::Failed(_)));
    let names: Vec<String> = files.map(|file| shown(&file.name)).collect();
    for (at, name) in names.iter().enumerate() {
        let comma = if at > 0 { " · " } else { "" };
        let rest = format!(" and {} more", names.len() - at);
        // The first one is shown in any case.
        let room = if at + 1 < names.len() { rest.len() } else { 0 };
        let next = Line::from(vec![comma.fg(theme::DIM), Span::raw(name.clone())]);
        if at > 0 && line.width() + next.width() + room > width {
            line.push_span(rest.fg(theme::DIM));
            break;
        }
        line.spans.extend(next.spans);
    }
    line
}
