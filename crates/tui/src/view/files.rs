//! What is said of files that are shown: a line in the header, and all of it on the health screen.

use ratatui::style::Stylize;
use ratatui::text::{Line, Span};
use trace_files::{Problems, Report};

use super::{format, page, theme};
use crate::app::{App, FileState, ShownFile};
use crate::text::shown;

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
        // The first one is said in any case.
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

/// All files, with what was read of each and what was not.
pub(super) fn lay_out(lines: &mut Vec<Line<'static>>, app: &App, width: usize) {
    page::heading(lines, "files", "what was read, and what was not", width);
    for file in &app.files.list {
        lines.extend(about(file));
    }
}

fn about(file: &ShownFile) -> Vec<Line<'static>> {
    let name = shown(&file.name);
    match &file.state {
        FileState::Reading(read, of) => {
            let share = format!("  {} of {}", format::bytes(*read as u64), format::bytes(*of as u64));
            vec![Line::from(vec![name.bold(), share.fg(theme::DIM)])]
        }
        FileState::Failed(why) => {
            let mut lines = vec![Line::from(vec![name.bold(), "  not shown".fg(theme::ERROR)])];
            lines.extend(why.lines().map(|line| Line::from(format!("  {}", shown(line.trim())))));
            lines
        }
        FileState::Read(report) => read(name, report),
    }
}

fn read(name: String, report: &Report) -> Vec<Line<'static>> {
    let spans = format!("  {}", format::count(report.spans, "span"));
    let mut first = Line::from(vec![name.bold(), spans.into()]);
    if report.logs > 0 {
        first.push_span(format!(" · {}", format::count(report.logs, "log record")));
    }
    let problems = &report.problems;
    if problems.count > 0 {
        first.push_span(format!(" · {} not read", format::grouped(problems.count)).fg(theme::WARNING));
    }
    let mut lines = vec![first];
    lines.extend(problems.first.iter().map(|problem| Line::from(format!("  {problem}"))));
    lines.extend(more(problems));
    let warnings = &report.warnings;
    lines.extend(
        warnings
            .first
            .iter()
            .map(|warning| Line::from(format!("  warning: {warning}"))),
    );
    lines.extend(more(warnings));
    lines
}

fn more(problems: &Problems) -> Option<Line<'static>> {
    let rest = problems.count - problems.first.len() as u64;
    (rest > 0).then(|| Line::from(format!("  and {} more", format::grouped(rest)).fg(theme::DIM)))
}
