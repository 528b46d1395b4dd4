//! The unprintable characters.

/// The inclusive ranges in order: general categories Cc, Cf, Co, Zl and Zp, default ignorable code points, and
/// noncharacters. Unassigned code points are not included: they print as a box, and future letters need no new release.
///
/// A test compares the table with Unicode's own properties.
pub(crate) const UNPRINTABLE: [(char, char); 43] = [
    // C0 controls.
    ('\u{0000}', '\u{001f}'),
    // DEL and C1 controls.
    ('\u{007f}', '\u{009f}'),
    // Soft hyphen.
    ('\u{00ad}', '\u{00ad}'),
    // Combining grapheme joiner.
    ('\u{034f}', '\u{034f}'),
    // Arabic number signs.
    ('\u{0600}', '\u{0605}'),
    // Arabic letter mark.
    ('\u{061c}', '\u{061c}'),
    ('\u{06dd}', '\u{06dd}'),
    ('\u{070f}', '\u{070f}'),
    ('\u{0890}', '\u{0891}'),
    ('\u{08e2}', '\u{08e2}'),
    // Hangul fillers.
    ('\u{115f}', '\u{1160}'),
    // Khmer inherent vowels.
    ('\u{17b4}', '\u{17b5}'),
    // Mongolian variation selectors and vowel separator.
    ('\u{180b}', '\u{180f}'),
    // Zero width characters, marks of direction.
    ('\u{200b}', '\u{200f}'),
    // Separators, embeddings, overrides.
    ('\u{2028}', '\u{202e}'),
    // Joiners, isolates, deprecated formats.
    ('\u{2060}', '\u{206f}'),
    // Hangul filler.
    ('\u{3164}', '\u{3164}'),
    // Private use.
    ('\u{e000}', '\u{f8ff}'),
    // Noncharacters.
    ('\u{fdd0}', '\u{fdef}'),
    // Variation selectors.
    ('\u{fe00}', '\u{fe0f}'),
    // Byte order mark.
    ('\u{feff}', '\u{feff}'),
    // Halfwidth Hangul filler.
    ('\u{ffa0}', '\u{ffa0}'),
    // Default ignorable, interlinear annotation.
    ('\u{fff0}', '\u{fffb}'),
    // Noncharacters, here and at the end of every plane.
    ('\u{fffe}', '\u{ffff}'),
    ('\u{110bd}', '\u{110bd}'),
    ('\u{110cd}', '\u{110cd}'),
    // Egyptian format controls.
    ('\u{13430}', '\u{1343f}'),
    // Shorthand format controls.
    ('\u{1bca0}', '\u{1bca3}'),
    // Musical format controls.
    ('\u{1d173}', '\u{1d17a}'),
    ('\u{1fffe}', '\u{1ffff}'),
    ('\u{2fffe}', '\u{2ffff}'),
    ('\u{3fffe}', '\u{3ffff}'),
    ('\u{4fffe}', '\u{4ffff}'),
    ('\u{5fffe}', '\u{5ffff}'),
    ('\u{6fffe}', '\u{6ffff}'),
    ('\u{7fffe}', '\u{7ffff}'),
    ('\u{8fffe}', '\u{8ffff}'),
    ('\u{9fffe}', '\u{9ffff}'),
    ('\u{afffe}', '\u{affff}'),
    ('\u{bfffe}', '\u{bffff}'),
    ('\u{cfffe}', '\u{cffff}'),
    // Tags, variation selectors, default ignorable.
    ('\u{dfffe}', '\u{e0fff}'),
    // Private use.
    ('\u{efffe}', '\u{10ffff}'),
];
