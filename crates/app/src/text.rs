//! Text from others, made fit for a terminal: which characters print is [`printable`]'s affair, how many fit is decided here.
//!
//! Everything that is cut, measured or wrapped goes through [`clusters`], so no text can put more into a cell than a cell holds,
//! and nothing is looked at that is not shown.

mod cluster;
mod wrap;

pub use self::cluster::{CELL_BYTES_MAX, CLUSTER_BYTES_MAX, CLUSTER_CODE_POINTS_MAX, Cluster, Clusters, clusters};
pub use self::wrap::{Lines, first_line, lines};
pub use printable::{clean, is_printable};

/// No screen is wider: a text that is shown on one line is measured and cleaned up to here.
pub const COLUMNS_MAX: usize = 4_096;
/// Bytes of a value that are formatted among others, at most: 64 KiB. The whole value can be copied or saved.
pub const LAID_OUT_BYTES_MAX: usize = 64 << 10;

/// A text for one line: at most `width` columns, cleaned, cut with an ellipsis between two clusters. However long the text is, only so
/// much of it is looked at.
#[must_use]
pub fn at_most(text: &str, width: usize) -> String {
    if text.len() <= width && ascii_columns(text).is_some() {
        return text.to_owned();
    }
    cut(&mut clusters(text), width)
}

/// Returns the columns of a text of printable ASCII, as nearly all are, which needs no division into clusters; `None` of any other.
#[must_use]
pub fn ascii_columns(text: &str) -> Option<usize> {
    text.bytes().all(|byte| matches!(byte, b' '..=b'~')).then_some(text.len())
}

fn cut(clusters: &mut Clusters<'_>, width: usize) -> String {
    let mut text = String::new();
    // Where the text would be cut, with room for the ellipsis.
    let (mut cut, mut used) = (0, 0);
    for cluster in clusters {
        used += cluster.width;
        if used > width {
            text.truncate(cut);
            if width > 0 {
                text.push('…');
            }
            return text;
        }
        text.push_str(cluster.shown);
        if used < width {
            cut = text.len();
        }
    }
    text
}

/// A text for one line, cut only where no screen reaches.
#[must_use]
pub fn shown(text: &str) -> String {
    at_most(text, COLUMNS_MAX)
}

/// The first characters of a text, of at most so many bytes.
#[must_use]
pub fn start(text: &str, bytes: usize) -> &str {
    let end = (0..=bytes.min(text.len())).rev().find(|end| text.is_char_boundary(*end));
    &text[..end.unwrap_or(0)]
}

/// The last characters of a text, of at most so many bytes.
#[must_use]
pub fn end(text: &str, bytes: usize) -> &str {
    let start = (text.len().saturating_sub(bytes)..text.len()).find(|start| text.is_char_boundary(*start));
    &text[start.unwrap_or(text.len())..]
}

/// Cleans each line of a text that has lines of its own; what others wrote must be cleaned before it is put into one.
#[must_use]
pub fn clean_lines(text: &str) -> String {
    text.lines().map(clean).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cutting_looks_at_no_more_than_it_shows() {
        let marks = format!("e{}", "\u{301}".repeat(200_000));
        let jamo = "\u{1100}".repeat(200_000);
        let conjuncts = "क\u{94d}".repeat(200_000);
        let joined = "👩\u{200d}".repeat(200_000);
        for text in [marks, jamo, conjuncts, joined] {
            let mut left = clusters(&text);
            let kept = cut(&mut left, 80);
            let looked_at = left.next().map_or(text.len(), |cluster| cluster.at);
            assert!(looked_at <= 81 * CLUSTER_BYTES_MAX, "{looked_at} bytes looked at");
            assert!(kept.len() <= 81 * CLUSTER_BYTES_MAX, "{} bytes kept", kept.len());
            assert!(unicode_width::UnicodeWidthStr::width(&*kept) <= 80);
        }
    }

    #[test]
    fn start_and_end_are_whole_characters() {
        assert_eq!((start("日本", 5), start("日本", 6), start("日本", 0)), ("日", "日本", ""));
        assert_eq!((end("日本", 5), end("日本", 9), end("日本", 0)), ("本", "日本", ""));
    }

    #[test]
    fn clean_lines_keeps_line_feeds_alone() {
        assert_eq!(clean_lines("a\x1b\n  b\rc"), "a␛\n  b␍c");
    }
}
