//! Characters as users see them, within bounds.

use printable::{is_printable, picture};
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

/// Code points of a cluster, at most. Unicode sets no bound; text of real languages stays below ten.
pub const CLUSTER_CODE_POINTS_MAX: usize = 16;
/// Bytes of a cluster, at most.
pub const CLUSTER_BYTES_MAX: usize = CLUSTER_CODE_POINTS_MAX * 4;
/// Bytes of a cell on the screen, at most: a few letters join the next character, which may be a replacement.
pub const CELL_BYTES_MAX: usize = CLUSTER_BYTES_MAX + '␀'.len_utf8();

/// A character as shown: a grapheme cluster of a few code points, or the replacement of an unprintable character.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cluster<'a> {
    /// Start, in bytes of the text.
    pub at: usize,
    /// Length, in bytes of the text.
    pub len: usize,
    /// Shown text: printable, at most [`CLUSTER_BYTES_MAX`] bytes.
    pub shown: &'a str,
    /// Columns of the shown text, at least 1.
    pub width: usize,
}

/// The clusters of a text, in order and without gaps.
#[derive(Clone, Debug)]
pub struct Clusters<'a> {
    text: &'a str,
    at: usize,
    /// Start of the previous cluster, if it was cut because it was too long.
    cut: Option<usize>,
    /// True if another character precedes the next cluster than in the text.
    displaced: bool,
}

/// Splits a text into shown clusters, reading a bounded number of code points per step.
///
/// **Invariant**: each cluster takes at least one column, so a width bounds the bytes too; and a line cannot join more of them into
/// a cell than [`CELL_BYTES_MAX`]. The rest of a cluster beyond its bound, and marks without a base character, are shown as `·`.
#[must_use]
pub const fn clusters(text: &str) -> Clusters<'_> {
    Clusters {
        text,
        at: 0,
        cut: None,
        displaced: true,
    }
}

impl<'a> Iterator for Clusters<'a> {
    type Item = Cluster<'a>;

    fn next(&mut self) -> Option<Cluster<'a>> {
        let at = self.at;
        if let [(0x20..0x7f), (..0x80), ..] | [(0x20..0x7f)] = self.text.as_bytes().get(at..)?
            && self.cut.is_none()
        {
            // Nearly all characters: in ASCII, and before one in ASCII.
            self.displaced = false;
            self.at += 1;
            let shown = &self.text[at..=at];
            return Some(Cluster {
                at,
                len: 1,
                shown,
                width: 1,
            });
        }
        let first = self.text[at..].chars().next()?;
        let cut = self.cut.take();
        let (len, shown, width) = if !is_printable(first) {
            (first.len_utf8(), picture(first), 1)
        } else if let Some(rest) = cut.and_then(|cut| self.rest_of(cut)) {
            (self.bounded(rest).len(), "·", 1)
        } else {
            let cluster = self.bounded(first_cluster(&self.text[at..], CLUSTER_CODE_POINTS_MAX + 1));
            match cluster.width() {
                0 => (cluster.len(), "·", 1),
                _ if self.displaced && is_mark(first) => (cluster.len(), "·", 1),
                width => (cluster.len(), cluster, width),
            }
        };
        self.displaced = shown == "·";
        self.at += len;
        Some(Cluster { at, len, shown, width })
    }
}

impl<'a> Clusters<'a> {
    /// Returns the rest of a cluster that began before.
    fn rest_of(&self, cut: usize) -> Option<&'a str> {
        let whole = first_cluster(&self.text[cut..], 2 * CLUSTER_CODE_POINTS_MAX + 1);
        self.text.get(self.at..cut + whole.len()).filter(|rest| !rest.is_empty())
    }

    /// As much of a cluster as one may have.
    fn bounded(&mut self, cluster: &'a str) -> &'a str {
        match cluster.char_indices().nth(CLUSTER_CODE_POINTS_MAX) {
            Some((end, _)) => {
                self.cut = Some(self.at);
                &cluster[..end]
            }
            None => cluster,
        }
    }
}

/// Returns true if a character joins whatever precedes it.
fn is_mark(c: char) -> bool {
    !c.is_ascii() && ["a", c.encode_utf8(&mut [0; 4])].concat().graphemes(true).count() == 1
}

/// Of a text that begins with a character that prints, looking at so many code points.
fn first_cluster(text: &str, code_points: usize) -> &str {
    if let [first, rest @ ..] = text.as_bytes()
        && first.is_ascii()
        && rest.first().is_none_or(u8::is_ascii)
    {
        return &text[..1];
    }
    let printable = text.char_indices().take_while(|(_, c)| is_printable(*c));
    let end = printable.take(code_points).last().map_or(0, |(at, c)| at + c.len_utf8());
    text[..end].graphemes(true).next().unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clusters_are_what_a_person_sees() {
        let shown = |text| {
            clusters(text)
                .map(|cluster| (cluster.shown, cluster.width))
                .collect::<Vec<_>>()
        };
        assert_eq!(
            shown("ae\u{301}日🇩🇪\n"),
            [("a", 1), ("e\u{301}", 1), ("日", 2), ("🇩🇪", 2), ("␊", 1)]
        );
        // A sequence of emoji comes apart: the joiner does not print.
        assert_eq!(shown("👩\u{200d}🚀"), [("👩", 2), ("·", 1), ("🚀", 2)]);
        assert_eq!(shown("\u{301}a\u{200b}\u{301}"), [("·", 1), ("a", 1), ("·", 1), ("·", 1)]);
    }

    #[test]
    fn clusters_are_bounded_and_cover_the_text() {
        let everything: String = ('\0'..=char::MAX).collect();
        let marks = format!("e{}", "\u{301}".repeat(10_000));
        let jamo = "\u{1100}".repeat(10_000);
        let conjuncts = "क\u{94d}".repeat(10_000);
        for text in [&everything, &marks, &jamo, &conjuncts] {
            let mut end = 0;
            for cluster in clusters(text) {
                assert_eq!(cluster.at, end);
                end += cluster.len;
                assert!(cluster.len <= CLUSTER_BYTES_MAX && cluster.shown.len() <= CLUSTER_BYTES_MAX);
                assert!(cluster.width >= 1 && cluster.shown.chars().all(is_printable), "{cluster:?}");
            }
            assert_eq!(end, text.len());
            let shown: String = clusters(text).map(|cluster| cluster.shown).collect();
            // What draws a line splits it on its own.
            let joined = shown
                .graphemes(true)
                .find(|cell| cell.len() > CELL_BYTES_MAX || cell.width() == 0);
            assert_eq!(joined, None);
            let width: usize = shown.graphemes(true).map(UnicodeWidthStr::width).sum();
            assert_eq!(width, clusters(text).map(|cluster| cluster.width).sum::<usize>());
        }
    }
}
