//! A span's name, what it is about, and how its call was answered.

use trace_model::{CallStatus, SpanSubject, StatusClass};

use crate::content::{Means, Piece, Role};
use crate::format;
use crate::text::shown;

/// Least columns of a subject, with the space before it.
const SUBJECT_MIN: usize = 5;

/// Returns a name and its subject within a width. The code of a failure is shown however long the name is, that of a success never: it is
/// the rule. The subject is cut before the name, which is the first piece unless it is empty.
#[must_use]
pub fn described(name: &str, subject: &SpanSubject, width: usize) -> Vec<Piece> {
    let failure = subject.status.as_ref().and_then(|status| failure(status, width / 2));
    let mut left = width - failure.as_ref().map_or(0, |code| 1 + code.width()).min(width);
    let mut pieces: Vec<Piece> = Vec::new();
    let mut say = |text: &str, role: Role| {
        let space = if pieces.is_empty() { "" } else { " " };
        pieces.push(format!("{space}{text}").means(role));
    };
    if !name.is_empty() {
        let name = format::name(name, left);
        left = left.saturating_sub(format::columns(&name));
        say(&name, Role::Plain);
    }
    if !subject.text.is_empty() && left >= SUBJECT_MIN {
        let room = left - usize::from(!name.is_empty());
        // Of a statement the first words tell most, of a path the last ones.
        let cut = if subject.text.contains(' ') {
            format::at_most
        } else {
            format::name
        };
        say(&cut(&subject.text, room), Role::Dim);
    }
    if let Some(code) = failure {
        say(&code.text, code.role);
    }
    pieces
}

/// The code of a failure, if there is room for it.
fn failure(status: &CallStatus, width: usize) -> Option<Piece> {
    let role = match status.class {
        StatusClass::Success => return None,
        StatusClass::ClientError => Role::Warning,
        StatusClass::ServerError => Role::Error,
    };
    let code = shown(&status.code);
    (format::columns(&code) < width).then(|| code.means(role))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(name: &str, about: &str, code: Option<(&str, StatusClass)>, width: usize) -> String {
        let status = code.map(|(code, class)| CallStatus {
            code: code.into(),
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
        let (found, missing) = (Some(("200", StatusClass::Success)), Some(("404", StatusClass::ClientError)));
        for (name, about, code, width, expected) in [
            ("GET", "/posts", missing, 20, "GET /posts 404"),
            ("GET", "/posts", found, 20, "GET /posts"),
            ("GET", "/posts", missing, 12, "GET /po… 404"),
            ("GET", "/posts", missing, 8, "GET 404"),
            ("GET", "/posts", missing, 6, "GET"),
            ("resetPassword", "", missing, 10, "reset… 404"),
            ("", "/posts", missing, 20, "/posts 404"),
            ("", "", missing, 20, "404"),
            ("GET", "/posts", missing, 0, ""),
            ("SELECT", "* FROM users WHERE id = ?", None, 20, "SELECT * FROM users…"),
            ("GET", "\u{1b}[2J/a", None, 20, "GET ␛[2J/a"),
        ] {
            assert_eq!(text(name, about, code, width), expected, "{name} {about} {width}");
        }
    }
}
