//! The tree: a row's place in it, its service and name, and the marks after that.

use trace_model::sentry::Gravity;
use trace_model::{ErrorMark, Lint, Row, Rule, SpanSubject, StatusCode};

use crate::content::{Line, Means, Piece, Role};
use crate::format::{self, service_name};
use crate::subject::described;

/// So much of a service's name is always there.
const SERVICE: usize = 6;
/// Width from which on an error's title is shown after a name.
const MINIMUM: usize = 8;

/// Returns the width of the tree in a pane of some width, with the cursor before it.
pub(super) fn width(pane: u16) -> u16 {
    (pane * 2 / 5).clamp(pane.min(24), 64).saturating_sub(1)
}

/// Returns the indentation of a row. A deep tree still shows names: it takes a third of the width at most.
pub(crate) fn indentation(depth: usize, width: usize) -> usize {
    (2 * depth).min(width / 3)
}

/// Returns a row with a mark if clock-skew correction moves its span.
pub(super) fn corrected(row: &Row, width: usize, is_straight: bool) -> Line {
    let mut line = tree_line(row, width);
    if is_straight && row.reading.shift_nano != 0 {
        let room = width.saturating_sub(2);
        while line.width() > room && line.pieces.len() > 1 {
            line.pieces.pop();
        }
        line.push(" ±".means(Role::Warning));
    }
    line
}

/// Returns indentation, fold mark, service, name, errors; the names are what gets cut.
#[must_use]
pub fn tree_line(row: &Row, width: usize) -> Line {
    let indent = 1 + indentation(row.depth, width);
    let fold = match (row.children, row.hidden) {
        (0, _) if row.group.is_some() => "▸ ",
        (0, _) => "  ",
        (_, 0) => "▾ ",
        _ => "▸ ",
    };
    let is_found = row.line.as_ref().is_some_and(|line| line.found);
    let mut line = Line::from(vec![
        if is_found { "◆" } else { " " }.means(Role::Found),
        " ".repeat(indent - 1).into(),
        fold.means(Role::Dim),
    ]);
    let hidden = if row.hidden > 0 && row.group.is_none() {
        format!(" +{}", format::grouped(row.hidden as u64))
    } else {
        String::new()
    };
    // Seen however long the name is.
    let errors = Errors::of(row);
    let room = width.saturating_sub(indent + 2 + hidden.len() + format::columns(&errors.mark));
    let marks = marks(row, room / 3);
    let mut left = room.saturating_sub(marks.iter().map(Piece::width).sum());
    // Of several spans the first one's subject says nothing of the others.
    let nothing = SpanSubject::default();
    let subject = row.line.as_ref().filter(|_| row.group.is_none());
    let subject = subject.map_or(&nothing, |span| &span.subject);
    // If both do not fit, the service is shortened first.
    let service_room = row.line.as_ref().map_or(left, |span| {
        let what = format::columns(&span.name) + 1 + format::columns(&subject.text);
        let whole = format::columns(&service_name(&span.service)) + 1 + what;
        if whole > left { left * 2 / 5 } else { left }
    });
    let mut say = |text: Piece| {
        let cut = format::name(&text.text, left);
        left = left.saturating_sub(format::columns(&cut));
        line.push(text.with_text(cut));
    };
    if row.cyclic {
        say("↻ ".means(Role::Warning));
    }
    match &row.line {
        Some(span) => {
            let mut role = Role::Plain;
            if span.status == StatusCode::Error {
                role = Role::Error;
                say("✗ ".strong().means(role));
            }
            let service = format::at_most(&service_name(&span.service), service_room.max(SERVICE));
            say(format!("{service} ").means(Role::service(&span.service)));
            for piece in described(&span.name, subject, left) {
                left = left.saturating_sub(piece.width());
                let is_name = piece.role == Role::Plain;
                line.push(Piece {
                    is_strong: is_name && is_found,
                    ..piece.or_means(role)
                });
            }
        }
        None if row.errors.is_empty() => {
            say(format!("◌ parent {:.8} has not arrived", row.key.span_id).means(Role::Absent));
        }
        // Below it there are spans: it is more than an error.
        None if row.children > 0 => say("◌ ".means(Role::Warning)),
        None => {}
    }
    line.pieces.extend(marks);
    line.push(errors.mark.clone().strong().means(errors.role));
    errors.say_first(row, &mut line, left);
    line.push(hidden.means(Role::Dim));
    line
}

/// The gravest error events of a row.
struct Errors<'a> {
    first: Option<&'a ErrorMark>,
    /// Their sign with their number, and the space between it and a name.
    mark: String,
    role: Role,
    /// First word of a title.
    word: &'static str,
}

impl<'a> Errors<'a> {
    fn of(row: &'a Row) -> Self {
        let gravity = row.errors.iter().map(|error| error.gravity).max();
        let mut gravest = row.errors.iter().filter(|error| Some(error.gravity) == gravity);
        let count = gravest.clone().count();
        let (mark, word, role) = match gravity {
            Some(Gravity::Error) => ("!", "", Role::Error),
            Some(Gravity::Handled) => ("⚠", "handled ", Role::Warning),
            Some(Gravity::Mild) | None => ("i", "", Role::Warning),
        };
        let mark = match (&row.line, count) {
            (_, 0) => String::new(),
            (None, 1) => format!("{mark} "),
            (None, several) => format!("{mark}{several} "),
            (Some(_), 1) => format!(" {mark}"),
            (Some(_), several) => format!(" {mark}{several}"),
        };
        Self {
            first: gravest.next(),
            mark,
            role,
            word,
        }
    }

    /// Adds the title of the first one; after a name only if it adds information.
    fn say_first(&self, row: &Row, line: &mut Line, mut left: usize) {
        let Some(error) = self.first else { return };
        if row.line.is_none() {
            let service = format::at_most(&format!("{} ", service_name(&error.service)), left);
            left = left.saturating_sub(format::columns(&service));
            line.push(service.means(Role::service(&error.service)));
        }
        let space = usize::from(row.line.is_some());
        if row.line.is_none() || left > MINIMUM {
            let title = format::at_most(&format!("{}{}", self.word, error.title), left.saturating_sub(space));
            line.push(" ".repeat(space));
            line.push(title.means(self.role));
        }
    }
}

/// Returns the marks that are visible however long the name is, within a width: number of spans, repeated calls, links, warnings.
fn marks(row: &Row, width: usize) -> Vec<Piece> {
    let mut marks = Vec::new();
    let mut left = width;
    let mut mark = |mark: Piece| {
        let rest = left.checked_sub(mark.width());
        if let Some(rest) = rest {
            left = rest;
            marks.push(mark);
        }
        rest.is_some()
    };
    if let Some(group) = row.group {
        mark(format!(" × {}", format::grouped(group.count as u64)).strong());
        if group.failed > 0 {
            let failed = format!(" ✗{}", format::grouped(group.failed as u64));
            mark(failed.strong().means(Role::Error));
        }
    }
    // Other rules have a mark in common; this one and what is missing have their own.
    let own = |lint: &Lint| matches!(lint.rule, Rule::RepeatedCalls | Rule::MissingParent);
    if row.reading.clock.is_some() || row.reading.lints.iter().any(|lint| !own(lint)) {
        mark(" ⚠".means(Role::Warning));
    }
    if let Some(repeated) = &row.reading.repeated {
        let count = format!(" N+1 ×{}", format::grouped(repeated.count as u64));
        if !mark(count.means(Role::Warning)) {
            mark(" N+1".means(Role::Warning));
        }
    }
    match row.links {
        0 => {}
        1 => _ = mark(" ⇄".means(Role::Accent)),
        several => _ = mark(format!(" ⇄{several}").means(Role::Accent)),
    }
    marks
}
