//! Text on several lines.

use std::iter::FusedIterator;

use super::clusters;

/// Columns between tab stops: what a stack trace is indented by.
const TAB: usize = 4;

/// The lines of a text that is shown in a width, one after the other: nothing beyond the last one asked for is looked at.
#[derive(Debug)]
pub struct Lines<'a> {
    width: usize,
    /// Text after the line that is being laid out; `None` after the last one.
    rest: Option<&'a str>,
    /// Rest of that line.
    line: Option<&'a str>,
    /// Rest of the row after the last break.
    carried: Row,
}

/// Lays out text in lines of at most `width` columns (at least one cluster each), cleaned. Its line breaks and indentation stay. A line ends between
/// two words where it can; a word that is longer than a line ends after punctuation, as a path or a URL has it, or else anywhere.
#[must_use]
pub fn lines(text: &str, width: usize) -> Lines<'_> {
    Lines {
        width: width.max(1),
        rest: Some(text),
        line: None,
        carried: Row::default(),
    }
}

impl Iterator for Lines<'_> {
    type Item = String;

    fn next(&mut self) -> Option<String> {
        let text = match self.line.take() {
            Some(line) => line,
            None => self.next_line()?,
        };
        let mut row = std::mem::take(&mut self.carried);
        for cluster in clusters(text) {
            let (shown, width) = if cluster.shown == "␉" {
                let columns = TAB - row.columns % TAB;
                (&"    "[..columns], columns)
            } else {
                (cluster.shown, cluster.width)
            };
            if row.columns > 0 && row.columns + width > self.width {
                if shown.trim().is_empty() {
                    let left = text[cluster.at + cluster.len..].trim_start_matches(' ');
                    self.line = Some(left).filter(|left| !left.is_empty());
                    return Some(row.finished());
                }
                self.line = Some(&text[cluster.at..]);
                self.carried = row.split(self.width);
                return Some(row.finished());
            }
            row.push(shown, width);
        }
        Some(row.finished())
    }
}

impl FusedIterator for Lines<'_> {}

impl<'a> Lines<'a> {
    /// The next line as the text has it.
    fn next_line(&mut self) -> Option<&'a str> {
        let rest = self.rest.take()?;
        let (line, after) = match rest.split_once('\n') {
            Some((line, after)) => (line, Some(after)),
            None => (rest, None),
        };
        self.rest = after.filter(|after| !after.is_empty());
        Some(line.strip_suffix('\r').unwrap_or(line))
    }
}

/// A line in the making.
#[derive(Debug, Default)]
struct Row {
    text: String,
    columns: usize,
    /// Possible breaks: bytes and columns before them, and whether they are between two words.
    breaks: Vec<(usize, usize, bool)>,
    has_words: bool,
}

impl Row {
    fn push(&mut self, shown: &str, width: usize) {
        self.text.push_str(shown);
        self.columns += width;
        let is_space = shown.trim().is_empty();
        if is_space && self.has_words {
            self.breaks.push((self.text.len(), self.columns, true));
        } else if matches!(
            shown,
            "/" | "?" | "&" | "," | ";" | "." | ":" | "-" | "_" | ")" | "}" | "]" | "=" | "|" | "\\"
        ) {
            self.breaks.push((self.text.len(), self.columns, false));
        }
        self.has_words |= !is_space;
    }

    /// Removes and returns the part for the next line.
    fn split(&mut self, width: usize) -> Self {
        // One near the start would leave most of the line empty.
        let between_words = self.breaks.iter().rfind(|(_, _, is_space)| *is_space);
        let in_word = self.breaks.iter().rfind(|(_, columns, _)| *columns > width / 2);
        let is_far = |(_, columns, _): &&(usize, usize, bool)| *columns > width / 3;
        let best = between_words.filter(is_far).or(in_word).or(between_words);
        let Some((at, columns, _)) = best.copied() else {
            return Self::default();
        };
        let breaks = self.breaks.iter().filter(|(end, ..)| *end > at);
        let carried = Self {
            text: self.text.split_off(at),
            columns: self.columns - columns,
            breaks: breaks
                .map(|(end, before, space)| (end - at, before - columns, *space))
                .collect(),
            has_words: true,
        };
        self.columns = columns;
        carried
    }

    fn finished(mut self) -> String {
        self.text.truncate(self.text.trim_end_matches(' ').len());
        self.text
    }
}

/// A text for one line: its first line with words, and an ellipsis where others follow. No more of it is looked at than a screen is wide.
#[must_use]
pub fn first_line(text: &str) -> String {
    let start = super::start(text, super::COLUMNS_MAX * super::CLUSTER_BYTES_MAX);
    let Some(line) = start.lines().find(|line| !line.trim().is_empty()) else {
        return super::shown(text.trim());
    };
    let line_start = line.as_ptr() as usize - text.as_ptr() as usize;
    let has_more = !super::start(&text[line_start + line.len()..], super::COLUMNS_MAX)
        .trim()
        .is_empty();
    let more = if has_more && line.len() < start.len() { " …" } else { "" };
    format!("{}{more}", super::shown(line.trim_end()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn laid_out(text: &str, width: usize) -> Vec<String> {
        lines(text, width).collect()
    }

    #[test]
    fn lines_end_where_the_text_has_a_line_break_or_between_words() {
        for (text, width, expected) in [
            ("one two three", 8, &["one two", "three"][..]),
            ("one two three", 7, &["one two", "three"]),
            ("a\nb\r\n\nc\n", 8, &["a", "b", "", "c"]),
            ("", 8, &[""]),
            ("\tat a.B\n\tat c.D", 20, &["    at a.B", "    at c.D"]),
            ("a\u{1b}[2J", 9, &["a␛[2J"]),
            ("日本 語", 3, &["日", "本", "語"]),
            ("abcdef", 4, &["abcd", "ef"]),
        ] {
            assert_eq!(laid_out(text, width), expected, "{text:?} {width}");
        }
    }

    #[test]
    fn long_words_end_after_punctuation() {
        assert_eq!(
            laid_out("https://api.example.com/carts/17?expand=items", 26),
            ["https://api.example.com/", "carts/17?expand=items"]
        );
        assert_eq!(laid_out("see a.b.c", 6), ["see", "a.b.c"]);
        assert_eq!(
            laid_out("GET /a/long/path/of/names x", 12),
            ["GET /a/long/", "path/of/", "names x"]
        );
    }

    #[test]
    fn first_lines_say_that_others_follow() {
        for (text, expected) in [
            ("one", "one"),
            ("one\n", "one"),
            ("\n\n  one  \ntwo", "  one …"),
            ("", ""),
            (" \n ", ""),
        ] {
            assert_eq!(first_line(text), expected, "{text:?}");
        }
    }

    #[test]
    fn lines_lay_out_what_is_asked_for_alone() {
        let text = "x".repeat(10 << 20);
        let mut all = lines(&text, 80);
        assert!(all.by_ref().take(3).all(|line| line.len() == 80));
        assert_eq!(all.line.map(str::len), Some(text.len() - 240));
        let many = "line\n".repeat(100_000);
        let mut all = lines(&many, 80);
        assert_eq!(all.by_ref().take(3).count(), 3);
        assert_eq!(all.rest.map(str::len), Some(many.len() - 15));
    }
}
