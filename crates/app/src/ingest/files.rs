//! The files that are shown: what was read of each, and what was not.

use trace_files::{Problems, Report};

use super::super::content::{Line, Means, Role};
use super::super::{App, FileState, ShownFile, page};
use crate::format;
use crate::text::shown;

/// All files, with what was read of each and what was not.
pub(super) fn lay_out(lines: &mut Vec<Line>, app: &App, width: usize) {
    page::heading(lines, "files", "what was read, and what was not", width);
    for file in &app.files.list {
        lines.extend(about(file));
    }
}

fn about(file: &ShownFile) -> Vec<Line> {
    let name = shown(&file.name);
    match &file.state {
        FileState::Reading(read, of) => {
            let share = format!("  {} of {}", format::bytes(*read as u64), format::bytes(*of as u64));
            vec![Line::from(vec![name.strong(), share.means(Role::Dim)])]
        }
        FileState::Failed(why) => {
            let mut lines = vec![Line::from(vec![name.strong(), "  not shown".means(Role::Error)])];
            lines.extend(why.lines().map(|line| Line::from(format!("  {}", shown(line.trim())))));
            lines
        }
        FileState::Read(report) => read(name, report),
    }
}

fn read(name: String, report: &Report) -> Vec<Line> {
    let spans = format!("  {}", format::count(report.spans, "span"));
    let mut first = Line::from(vec![name.strong(), spans.into()]);
    if report.logs > 0 {
        first.push(format!(" · {}", format::count(report.logs, "log record")));
    }
    let problems = &report.problems;
    if problems.count > 0 {
        first.push(format!(" · {} not read", format::grouped(problems.count)).means(Role::Warning));
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

fn more(problems: &Problems) -> Option<Line> {
    let rest = problems.count - problems.first.len() as u64;
    (rest > 0).then(|| Line::from(format!("  and {} more", format::grouped(rest)).means(Role::Dim)))
}
