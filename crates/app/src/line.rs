//! A line of text that is typed: the one editor behind the filter, the find line, the words of lists, the palette and the help.

use crate::Action;
use crate::text::{CLUSTER_CODE_POINTS_MAX, clusters};

/// Text with a cursor. It holds any text; views clean it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InputLine {
    text: String,
    /// In bytes, between two characters.
    cursor: usize,
}

/// An edit of the line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Edit {
    Left,
    Right,
    Start,
    End,
    DeleteLeft,
    DeleteRight,
    DeleteWord,
    DeleteToStart,
}

impl InputLine {
    /// A text with the cursor behind it.
    pub(super) fn of(text: &str) -> Self {
        Self {
            text: text.to_owned(),
            cursor: text.len(),
        }
    }

    /// All of it.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Returns the text left of the cursor.
    #[must_use]
    pub fn before_cursor(&self) -> &str {
        &self.text[..self.cursor]
    }

    /// Inserts at the cursor, as far as there is room within `limit` characters; what breaks a line becomes a space.
    pub(super) fn insert(&mut self, more: impl Iterator<Item = char>, limit: usize) {
        let room = limit.saturating_sub(self.text.chars().count());
        let more: String = more
            .take(room)
            .map(|c| if matches!(c, '\n' | '\r' | '\t') { ' ' } else { c })
            .collect();
        self.text.insert_str(self.cursor, &more);
        self.cursor += more.len();
    }

    /// Does what a key asked for while the line is edited, within `limit` characters; false if it is not an edit.
    pub(super) fn update(&mut self, action: Action, limit: usize) -> bool {
        let edit = match action {
            Action::Type(c) => {
                self.insert(std::iter::once(c), limit);
                return true;
            }
            Action::CursorLeft => Edit::Left,
            Action::CursorRight => Edit::Right,
            Action::CursorStart => Edit::Start,
            Action::CursorEnd => Edit::End,
            Action::DeleteLeft => Edit::DeleteLeft,
            Action::DeleteRight => Edit::DeleteRight,
            Action::DeleteWord => Edit::DeleteWord,
            Action::DeleteToStart => Edit::DeleteToStart,
            _ => return false,
        };
        self.edit(edit);
        true
    }

    fn edit(&mut self, edit: Edit) {
        let (left, right) = self.text.split_at(self.cursor);
        let nearest = left.char_indices().rev().take(CLUSTER_CODE_POINTS_MAX).last();
        let nearest = &left[nearest.map_or(0, |(at, _)| at)..];
        let before = self.cursor - clusters(nearest).last().map_or(0, |cluster| cluster.len);
        let after = self.cursor + clusters(right).next().map_or(0, |cluster| cluster.len);
        match edit {
            Edit::Left => self.cursor = before,
            Edit::Right => self.cursor = after,
            Edit::Start => self.cursor = 0,
            Edit::End => self.cursor = self.text.len(),
            Edit::DeleteLeft => self.delete_from(before),
            Edit::DeleteRight => {
                self.text.drain(self.cursor..after);
            }
            Edit::DeleteWord => {
                let word = left.trim_end().rfind(char::is_whitespace);
                let start = word.map_or(0, |space| space + left[space..].chars().next().map_or(0, char::len_utf8));
                self.delete_from(start);
            }
            Edit::DeleteToStart => self.delete_from(0),
        }
    }

    fn delete_from(&mut self, start: usize) {
        self.text.drain(start..self.cursor);
        self.cursor = start;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The line with `|` at the cursor.
    fn shown(line: &InputLine) -> String {
        let (left, right) = line.text.split_at(line.cursor);
        format!("{left}|{right}")
    }

    #[test]
    fn input_line_is_edited_as_in_a_shell() {
        let mut line = InputLine::of("one two");
        let steps = [
            (Edit::Left, "one tw|o"),
            (Edit::DeleteLeft, "one t|o"),
            (Edit::DeleteRight, "one t|"),
            (Edit::DeleteRight, "one t|"),
            (Edit::DeleteWord, "one |"),
            (Edit::DeleteWord, "|"),
            (Edit::DeleteWord, "|"),
            (Edit::DeleteLeft, "|"),
            (Edit::Left, "|"),
            (Edit::Right, "|"),
        ];
        for (edit, expected) in steps {
            line.edit(edit);
            assert_eq!(shown(&line), expected, "{edit:?}");
        }
        line = InputLine::of("a b");
        line.edit(Edit::Start);
        line.edit(Edit::Right);
        assert_eq!(shown(&line), "a| b");
        line.edit(Edit::DeleteToStart);
        assert_eq!(shown(&line), "| b");
        line.edit(Edit::End);
        assert_eq!(shown(&line), " b|");
    }

    #[test]
    fn a_character_is_what_a_person_sees() {
        let mut line = InputLine::of("ae\u{301}日🇩🇪");
        for expected in ["ae\u{301}日|", "ae\u{301}|", "a|", "|"] {
            line.edit(Edit::DeleteLeft);
            assert_eq!(shown(&line), expected);
        }
        line.insert("e\u{301}\u{3000}x".chars(), 10);
        line.edit(Edit::DeleteWord);
        assert_eq!(shown(&line), "e\u{301}\u{3000}|", "an ideographic space is one too");
        line.edit(Edit::Start);
        line.edit(Edit::Right);
        assert_eq!(line.before_cursor(), "e\u{301}");
    }

    #[test]
    fn a_paste_is_one_line_and_bounded() {
        let mut line = InputLine::of("ab");
        line.edit(Edit::Left);
        line.insert("1\r\n2\t3".chars(), 6);
        assert_eq!(shown(&line), "a1  2|b");
        line.insert("xyz".chars(), 6);
        assert_eq!(line.text().chars().count(), 6);
    }
}
