//! The line that filters a list by words, all of which must occur in a row.

use super::Action;
use super::line::InputLine;

/// Characters that can be typed, at most.
const CHARACTERS_MAX: usize = 200;

/// A line over a list. What is typed counts at every key; how the words are written does not matter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ListFilter {
    open: bool,
    line: InputLine,
    /// Of the line, in lower case.
    words: Vec<String>,
}

impl ListFilter {
    /// Returns true if it is being typed.
    #[must_use]
    pub const fn is_open(&self) -> bool {
        self.open
    }

    /// Returns the typed line.
    #[must_use]
    pub const fn line(&self) -> &InputLine {
        &self.line
    }

    /// Returns true if all rows are shown.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.words.is_empty()
    }

    /// Begins to type, with what narrows already.
    pub fn open(&mut self) {
        self.open = true;
        self.line = InputLine::of(self.line.text());
    }

    /// Shows all rows again.
    pub fn clear(&mut self) {
        *self = Self::default();
    }

    /// Takes text that was pasted.
    pub fn paste(&mut self, text: &str) {
        self.line.insert(text.chars(), CHARACTERS_MAX);
        self.apply();
    }

    /// Does what a key asked for while it is being typed.
    pub fn update(&mut self, action: Action) {
        match action {
            Action::KeepFilter => self.open = false,
            Action::ClearFilter => self.clear(),
            _ if self.line.update(action, CHARACTERS_MAX) => self.apply(),
            _ => {}
        }
    }

    /// Returns true if a row with these texts is kept: each word occurs in one of them.
    #[must_use]
    pub fn keeps(&self, texts: &[&str]) -> bool {
        if self.words.is_empty() {
            return true;
        }
        let texts: Vec<String> = texts.iter().map(|text| text.to_lowercase()).collect();
        self.words.iter().all(|word| texts.iter().any(|text| text.contains(word)))
    }

    fn apply(&mut self) {
        self.words = self.line.text().split_whitespace().map(str::to_lowercase).collect();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(text: &str) -> ListFilter {
        let mut narrow = ListFilter::default();
        narrow.open();
        for c in text.chars() {
            narrow.update(Action::Type(c));
        }
        narrow
    }

    #[test]
    fn filter_words_must_all_occur_in_any_case() {
        let narrow = typed("api  POST");
        assert!(narrow.keeps(&["API", "post /users"]) && narrow.keeps(&["post the api"]));
        assert!(!narrow.keeps(&["api", "get /users"]) && !narrow.keeps(&["ap", "i post"]));
        assert!(typed("ÜBER").keeps(&["über"]) && typed("  ").is_empty() && typed(" ").keeps(&[]));
    }

    #[test]
    fn list_filter_is_kept_or_cleared() {
        let mut narrow = typed("api");
        narrow.update(Action::KeepFilter);
        assert!(!narrow.is_open() && !narrow.keeps(&["mailer"]));
        narrow.open();
        narrow.update(Action::DeleteLeft);
        narrow.paste("x\n");
        assert_eq!(narrow.line().text(), "apx ");
        narrow.update(Action::ClearFilter);
        assert!(!narrow.is_open() && narrow.is_empty() && narrow.keeps(&["mailer"]));
    }
}
