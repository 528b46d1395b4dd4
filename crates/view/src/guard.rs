//! The last look at a frame before it goes to the terminal.

use printable::is_printable;
use ratatui::buffer::Buffer;

use app::text::CELL_BYTES_MAX;

/// Makes sure that every cell holds printable text of bounded length, whatever view wrote it. Returns how many did not.
///
/// Views clean what they show, with something in place of what they leave out: none of them should leave work here.
pub(crate) fn guard(buffer: &mut Buffer) -> usize {
    let mut mended = 0;
    let fits = |symbol: &str| match symbol.as_bytes() {
        // Nearly all: ASCII; lines, blocks and shapes (U+2500 to U+25BF).
        [b' '..=b'~'] | [0xe2, 0x94..=0x96, _] => true,
        bytes => bytes.len() <= CELL_BYTES_MAX && symbol.chars().all(is_printable),
    };
    for cell in &mut buffer.content {
        if fits(cell.symbol()) {
            continue;
        }
        mended += 1;
        let mut left = CELL_BYTES_MAX;
        let kept = cell.symbol().chars().filter(|c| is_printable(*c)).take_while(|c| {
            let fits = c.len_utf8() <= left;
            left = left.saturating_sub(c.len_utf8());
            fits
        });
        let kept: String = kept.collect();
        cell.set_symbol(if kept.is_empty() { "·" } else { &kept });
    }
    mended
}

#[cfg(test)]
mod tests {
    use ratatui::layout::Rect;

    use super::*;

    #[test]
    fn guard_leaves_printable_cells_alone_and_mends_all_others() {
        let mut buffer = Buffer::empty(Rect::new(0, 0, 2, 1));
        for c in '\0'..=char::MAX {
            buffer.content[0].set_symbol(c.encode_utf8(&mut [0; 4]));
            buffer.content[1].set_symbol(&format!("e{c}"));
            let mended = guard(&mut buffer);
            let symbols = [buffer.content[0].symbol(), buffer.content[1].symbol()];
            if is_printable(c) {
                assert_eq!((mended, symbols), (0, [&*c.to_string(), &format!("e{c}")]));
            } else {
                assert_eq!((mended, symbols), (2, ["·", "e"]));
            }
        }
    }

    #[test]
    fn guard_bounds_the_bytes_of_a_cell() {
        let mut buffer = Buffer::empty(Rect::new(0, 0, 1, 1));
        buffer.content[0].set_symbol(&format!("e{}", "\u{301}".repeat(1_000_000)));
        assert_eq!(guard(&mut buffer), 1);
        let kept = buffer.content[0].symbol();
        assert!(kept.starts_with("e\u{301}") && kept.len() <= CELL_BYTES_MAX);
    }
}
