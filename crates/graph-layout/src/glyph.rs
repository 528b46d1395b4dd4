//! Characters of lines.

/// Directions of a cell's lines to its neighbors.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "a cell has four sides")]
pub(crate) struct Arms {
    pub(crate) left: bool,
    pub(crate) right: bool,
    pub(crate) up: bool,
    pub(crate) down: bool,
}

/// Returns the character of a joint, a corner or a plain line. Four arms are `●`: `┼` is a crossing.
pub(crate) fn line(arms: Arms, is_strong: bool, is_dashed: bool) -> char {
    let Arms { left, right, up, down } = arms;
    let [light, strong] = match (left, right, up, down) {
        (true, true, true, true) => ['●', '●'],
        (true, true, true, false) => ['┴', '┻'],
        (true, true, false, true) => ['┬', '┳'],
        (true, false, true, true) => ['┤', '┫'],
        (false, true, true, true) => ['├', '┣'],
        (true, false, true, false) => ['┘', '┛'],
        (true, false, false, true) => ['┐', '┓'],
        (false, true, true, false) => ['└', '┗'],
        (false, true, false, true) => ['┌', '┏'],
        (_, _, true, _) | (_, _, _, true) if is_dashed => ['╎', '╏'],
        (_, _, true, _) | (_, _, _, true) => ['│', '┃'],
        _ if is_dashed => ['╌', '╍'],
        _ => ['─', '━'],
    };
    if is_strong { strong } else { light }
}

/// Returns the character of a crossing.
pub(crate) fn crossing(is_horizontal_strong: bool, is_vertical_strong: bool) -> char {
    match (is_horizontal_strong, is_vertical_strong) {
        (false, false) => '┼',
        (true, false) => '┿',
        (false, true) => '╂',
        (true, true) => '╋',
    }
}
