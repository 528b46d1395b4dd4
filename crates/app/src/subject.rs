//! A span's name, what it is about, and how its call was answered.

use trace_model::{CallStatus, SpanSubject, StatusClass};

use crate::content::{Means, Piece, Role};
use crate::format;
use crate::text::shown;

/// Least columns of a subject, with the space before it.
const SUBJECT_MIN: usize = 5;

/// Returns a name and its subject within a width. The code of a failure is shown however long the name is, that of a success after a subject if
/// nothing is cut for it: a name of its own replaces its usual answer. The subject is cut before the name, which is the first piece unless it is empty.
#[must_use]
pub fn described(name: &str, subject: &SpanSubject, width: usize) -> Vec<Piece> {
    let status = subject.status.as_ref();
    let failure = status.filter(|status| status.class != StatusClass::Success);
    // All that name and subject leave, and at least half.
    let described =
        format::columns(name) + format::columns(&subject.text) + usize::from(!name.is_empty() && !subject.text.is_empty());
    let beside = width.saturating_sub(described).max(width / 2);
    let failure = failure.and_then(|status| code(status, beside));
    let mut left = width - failure.as_ref().map_or(0, |code| 1 + code.width()).min(width);
    let mut pieces: Vec<Piece> = Vec::new();
    let say = |pieces: &mut Vec<Piece>, text: &str, role: Role| {
        let space = if pieces.is_empty() { "" } else { " " };
        pieces.push(format!("{space}{text}").means(role));
    };
    if !name.is_empty() {
        let name = format::name(name, left);
        left = left.saturating_sub(format::columns(&name));
        say(&mut pieces, &name, Role::Plain);
    }
    if name.is_empty() && subject.text.is_empty() {
        say(&mut pieces, &format::at_most("(no name)", left), Role::Dim);
    }
    if !subject.text.is_empty() && left >= SUBJECT_MIN {
        let room = left - usize::from(!name.is_empty());
        // Of a statement the first words tell most, of a path the last ones.
        let cut = if subject.text.contains(' ') {
            format::at_most
        } else {
            format::name
        };
        say(&mut pieces, &cut(&subject.text, room), Role::Dim);
    }
    if let Some(code) = failure {
        say(&mut pieces, &code.text, code.role);
    } else if let Some(status) = status.filter(|_| !subject.text.is_empty()) {
        let whole: usize = pieces.iter().map(Piece::width).sum();
        let is_cut = whole < format::columns(name) + format::columns(&subject.text);
        if let Some(code) = code(status, width.saturating_sub(whole)).filter(|_| !is_cut) {
            say(&mut pieces, &code.text, code.role);
        }
    }
    pieces
}

/// Returns the code with its name, without the name if that does not fit; `None` if neither fits.
fn code(status: &CallStatus, width: usize) -> Option<Piece> {
    let role = match status.class {
        StatusClass::Success => Role::Dim,
        StatusClass::ClientError => Role::Warning,
        StatusClass::ServerError => Role::Error,
    };
    let code = shown(&status.code);
    let named = status.name.map(|name| format!("{code} {name}"));
    let mut texts = named.into_iter().chain([code]);
    texts.find(|text| format::columns(text) < width).map(|text| text.means(role))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(name: &str, about: &str, code: Option<(&str, StatusClass)>, width: usize) -> String {
        let status = code.map(|(code, class)| CallStatus {
            code: code.into(),
            name: (code == "14").then_some("UNAVAILABLE"),
            class,
        });
        let subject = SpanSubject {
            text: about.into(),
            status,
        };
        described(name, &subject, width).iter().map(|piece| &*piece.text).collect()
    }

    #[test]
    fn described_cuts_the_subject_before_the_name_and_no_failure() {
        let failed = Some(("14", StatusClass::ServerError));
        let (found, missing) = (Some(("200", StatusClass::Success)), Some(("404", StatusClass::ClientError)));
        for (name, about, code, width, expected) in [
            ("GET", "/posts", missing, 20, "GET /posts 404"),
            ("GET", "/posts", found, 20, "GET /posts 200"),
            ("GET", "/posts", found, 13, "GET /posts"),
            ("GET /posts", "", found, 40, "GET /posts"),
            ("GET", "/posts", found, 9, "GET /pos…"),
            ("grpc", "Cart/Add", failed, 40, "grpc Cart/Add 14 UNAVAILABLE"),
            ("grpc", "Cart/Add", failed, 20, "grpc Cart/Add 14"),
            ("grpc", "Cart/Add", failed, 28, "grpc Cart/Add 14 UNAVAILABLE"),
            ("", "", failed, 40, "(no name) 14 UNAVAILABLE"),
            ("", "/posts", found, 20, "/posts 200"),
            ("Cart/Add", "", failed, 23, "Cart/Add 14 UNAVAILABLE"),
            ("GET", "/posts", missing, 12, "GET /po… 404"),
            ("GET", "/posts", missing, 8, "GET 404"),
            ("GET", "/posts", missing, 6, "GET"),
            ("resetPassword", "", missing, 10, "reset… 404"),
            ("", "/posts", missing, 20, "/posts 404"),
            ("", "", missing, 20, "(no name) 404"),
            ("GET", "/posts", missing, 0, ""),
            ("SELECT", "* FROM users WHERE id = ?", None, 20, "SELECT * FROM users…"),
            ("GET", "\u{1b}[2J/a", None, 20, "GET ␛[2J/a"),
        ] {
            assert_eq!(text(name, about, code, width), expected, "{name} {about} {width}");
        }
    }
}
