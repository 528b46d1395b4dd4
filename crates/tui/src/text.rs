//! Text that came over a wire, made fit for a terminal.
//!
//! A span's name or attribute may hold anything: escape sequences that clear the screen, a line feed that forges a second line,
//! overrides that print what follows backwards, characters that take no room and so make two names look the same.

use std::borrow::Cow;

/// The text with every character that does not simply print replaced by one that does.
///
/// C0 controls and DEL become their control pictures (U+2400 and following; ESC is `␛`), everything else that
/// [`is_unprintable`] becomes `·`. What is clean is not copied.
///
/// ```
/// assert_eq!(spanfall::text::clean("GET /\x1b[2J\n"), "GET /␛[2J␊");
/// ```
#[must_use]
pub fn clean(text: &str) -> Cow<'_, str> {
    if text.chars().any(is_unprintable) {
        Cow::Owned(text.chars().map(printable).collect())
    } else {
        Cow::Borrowed(text)
    }
}

/// Whether a character commands the terminal, breaks the line, reorders its neighbours or cannot be seen.
///
/// That includes the joiner inside some emoji: they come apart, which is better than two names that look alike.
#[must_use]
pub fn is_unprintable(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            // Soft hyphen, Arabic letter mark, Mongolian vowel separator.
            '\u{ad}' | '\u{61c}' | '\u{180e}'
            // Zero width characters and marks of direction; separators, embeddings and overrides; joiners, isolates, deprecated formats.
            | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            // Byte order mark, interlinear annotation, tags.
            | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}'
        )
}

fn printable(c: char) -> char {
    match c {
        '\0'..='\x1f' => char::from_u32(0x2400 + u32::from(c)).unwrap_or('·'),
        '\x7f' => '␡',
        c if is_unprintable(c) => '·',
        c => c,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_prints_is_not_touched() {
        for text in ["", "GET /users/{id}", "naïve ¡olé! 東京 🚀", "a·b"] {
            assert!(matches!(clean(text), Cow::Borrowed(same) if same == text), "{text}");
        }
    }

    #[test]
    fn what_commands_a_terminal_is_shown_instead() {
        for (text, shown) in [
            ("\x1b]0;title\x07", "␛]0;title␇"),
            ("\u{9b}2J", "·2J"),
            ("a\r\nb\tc\0\x7f", "a␍␊b␉c␀␡"),
            ("user\u{202e}nimda", "user·nimda"),
            ("\u{2066}x\u{2069}", "·x·"),
            ("pay\u{200b}pal\u{feff}\u{2028}", "pay·pal··"),
            ("\u{e0041}", "·"),
        ] {
            assert_eq!(clean(text), shown, "{text:?}");
        }
    }

    #[test]
    fn nothing_unprintable_is_left() {
        let everything: String = ('\0'..=char::MAX).collect();
        assert_eq!(clean(&everything).chars().find(|c| is_unprintable(*c)), None);
        assert_eq!(clean(&everything).chars().count(), everything.chars().count());
    }
}
