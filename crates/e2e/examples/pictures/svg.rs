//! Terminal screens as SVG: a single one, or an animated sequence.
//!
//! Text is placed cell by cell with `textLength`, so that it fits with any font. Blocks and lines are shapes, because fonts leave
//! gaps between them.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::time::{Duration, Instant};

use vt100::{Cell, Color};

const CELL: (f32, f32) = (8.4, 18.0);
const MARGIN: f32 = 12.0;
const FONT_SIZE: f32 = 14.0;
const FOREGROUND: &str = "#d8dee9";
const BACKGROUND: &str = "#12151c";
/// Maximum display time of a screen, so that unchanged screens do not slow the animation.
const SHOWN_MAX: Duration = Duration::from_secs(2);

/// A screen with the time of its first capture.
pub(super) struct Frame {
    screen: vt100::Screen,
    seen: Instant,
}

/// Adds a screen unless it equals the previous one.
pub(super) fn add(film: &mut Vec<Frame>, screen: vt100::Screen) {
    let is_new = film
        .last()
        .is_none_or(|last| last.screen.contents_formatted() != screen.contents_formatted());
    if is_new {
        let seen = Instant::now();
        film.push(Frame { screen, seen });
    }
}

/// Renders one screen.
pub(super) fn still(frame: &Frame) -> String {
    let mut rows = Rows::default();
    let body = rows.screen(&frame.screen);
    document(&frame.screen, &rows, "", &body)
}

/// Renders all screens as an endless animation: a strip that moves by one screen at a time.
pub(super) fn moving(film: &[Frame]) -> String {
    let Some(first) = film.first() else { return String::new() };
    let (_, height) = size(&first.screen);
    let shown: Vec<Duration> = film
        .iter()
        .zip(film.iter().skip(1).map(|next| next.seen).chain([Instant::now()]))
        .map(|(frame, next)| next.saturating_duration_since(frame.seen).min(SHOWN_MAX))
        .collect();
    let total: Duration = shown.iter().sum();
    let (mut rows, mut strip, mut stops, mut at) = (Rows::default(), String::new(), String::new(), Duration::ZERO);
    for (number, (frame, shown)) in film.iter().zip(shown).enumerate() {
        let top = height * f32::from(u16::try_from(number).unwrap_or(u16::MAX));
        let body = rows.screen(&frame.screen);
        let _ = write!(strip, r#"<g transform="translate(0 {top})">{body}</g>"#);
        let percent = 100.0 * at.as_secs_f32() / total.as_secs_f32();
        let _ = write!(stops, "{percent:.3}%{{transform:translateY(-{top}px)}}");
        at += shown;
    }
    let seconds = total.as_secs_f32();
    let style = format!("@keyframes f{{{stops}}}.f{{animation:f {seconds:.2}s step-end infinite}}");
    document(&first.screen, &rows, &style, &format!(r#"<g class="f">{strip}</g>"#))
}

/// Returns width and height of a screen without its margin.
fn size(screen: &vt100::Screen) -> (f32, f32) {
    let (rows, columns) = screen.size();
    (CELL.0 * f32::from(columns), CELL.1 * f32::from(rows))
}

fn document(screen: &vt100::Screen, rows: &Rows, style: &str, body: &str) -> String {
    let (width, height) = size(screen);
    let (full_width, full_height) = (width + 2.0 * MARGIN, height + 2.0 * MARGIN);
    format!(
        r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {full_width} {full_height}" font-family="ui-monospace,'DejaVu Sans Mono',Menlo,Consolas,monospace" font-size="{FONT_SIZE}">
<style>text{{white-space:pre}}{style}</style>
<defs>{defs}</defs>
<rect width="100%" height="100%" rx="8" fill="{BACKGROUND}"/>
<svg x="{MARGIN}" y="{MARGIN}" width="{width}" height="{height}">{body}</svg>
</svg>
"#,
        defs = rows.defs,
    )
}

/// Rows of a picture; equal ones are defined once and referenced.
#[derive(Default)]
struct Rows {
    defs: String,
    numbers: HashMap<String, usize>,
}

impl Rows {
    fn screen(&mut self, screen: &vt100::Screen) -> String {
        let mut body = String::new();
        for row in 0..screen.size().0 {
            let drawn = draw_row(screen, row);
            if drawn.is_empty() {
                continue;
            }
            let next = self.numbers.len();
            let number = *self.numbers.entry(drawn.clone()).or_insert(next);
            if number == next {
                let _ = write!(self.defs, r#"<g id="r{number}">{drawn}</g>"#);
            }
            let _ = write!(body, r##"<use href="#r{number}" y="{}"/>"##, CELL.1 * f32::from(row));
        }
        body
    }
}

/// Style of a run of cells.
#[derive(Clone, PartialEq)]
struct Style {
    foreground: String,
    background: Option<String>,
    attributes: String,
}

impl Style {
    fn of(cell: &Cell) -> Self {
        let (mut foreground, mut background) = (color(cell.fgcolor()), color(cell.bgcolor()));
        if cell.inverse() {
            let swapped = foreground.unwrap_or_else(|| FOREGROUND.to_owned());
            foreground = Some(background.unwrap_or_else(|| BACKGROUND.to_owned()));
            background = Some(swapped);
        }
        let mut attributes = String::new();
        for (is_set, attribute) in [
            (cell.bold(), r#" font-weight="bold""#),
            (cell.italic(), r#" font-style="italic""#),
            (cell.underline(), r#" text-decoration="underline""#),
            (cell.dim(), r#" opacity="0.6""#),
        ] {
            attributes.push_str(if is_set { attribute } else { "" });
        }
        Self {
            foreground: foreground.unwrap_or_else(|| FOREGROUND.to_owned()),
            background,
            attributes,
        }
    }
}

fn draw_row(screen: &vt100::Screen, row: u16) -> String {
    let columns = screen.size().1;
    let cells = (0..columns).filter_map(|column| Some((column, screen.cell(row, column)?)));
    let cells: Vec<_> = cells.filter(|(_, cell)| !cell.is_wide_continuation()).collect();
    let mut drawn = String::new();
    for run in cells.chunk_by(|(_, one), (_, other)| Style::of(one) == Style::of(other)) {
        let [(first, cell), ..] = run else { continue };
        draw_run(&mut drawn, &Style::of(cell), *first, run);
    }
    drawn
}

fn draw_run(drawn: &mut String, style: &Style, first: u16, run: &[(u16, &Cell)]) {
    let end = run
        .last()
        .map_or(first, |(column, cell)| column + if cell.is_wide() { 2 } else { 1 });
    let (left, width) = (CELL.0 * f32::from(first), CELL.0 * f32::from(end - first));
    if let Some(background) = &style.background {
        let _ = write!(
            drawn,
            r#"<rect x="{left:.1}" width="{width:.1}" height="{}" fill="{background}"/>"#,
            CELL.1
        );
    }
    let is_shape = |(_, cell): &(u16, &Cell)| shape(cell.contents()).is_some();
    for part in
        run.chunk_by(|one, other| is_shape(one) == is_shape(other) && (!is_shape(one) || one.1.contents() == other.1.contents()))
    {
        let [(column, cell), ..] = part else { continue };
        let (left, cells) = (
            CELL.0 * f32::from(*column),
            f32::from(u16::try_from(part.len()).unwrap_or(u16::MAX)),
        );
        if let Some(shape) = shape(cell.contents()) {
            drawn.push_str(&shape.draw(left, cells, style));
            continue;
        }
        let text: String = part
            .iter()
            .map(|(_, cell)| if cell.has_contents() { cell.contents() } else { " " })
            .collect();
        let trimmed = text.trim_end();
        let before = trimmed.len() - trimmed.trim_start().len();
        let trimmed = trimmed.trim_start();
        if trimmed.is_empty() {
            continue;
        }
        // Spaces have one byte and one cell.
        let left = left + CELL.0 * f32::from(u16::try_from(before).unwrap_or(u16::MAX));
        let wide = part.iter().filter(|(_, cell)| cell.is_wide()).count();
        let length = CELL.0 * f32::from(u16::try_from(trimmed.chars().count() + wide).unwrap_or(u16::MAX));
        let escaped = trimmed.replace('&', "&amp;").replace('<', "&lt;");
        let _ = write!(
            drawn,
            r#"<text x="{left:.1}" y="13.5" textLength="{length:.1}" lengthAdjust="spacingAndGlyphs" fill="{}"{}>{escaped}</text>"#,
            style.foreground, style.attributes
        );
    }
}

/// A character that fills its cell up to an edge.
enum Shape {
    /// The part of the cell that is filled: left, top, right and bottom in eighths.
    Block([u8; 4]),
    /// Lines from the middle up, right, down, left; and their width.
    Lines([bool; 4], f32),
}

fn shape(text: &str) -> Option<Shape> {
    let mut characters = text.chars();
    let (character, None) = (characters.next()?, characters.next()) else {
        return None;
    };
    let line = |arms: [u8; 4]| Some(Shape::Lines(arms.map(|arm| arm > 0), 1.2));
    let eighths = |first: char| u8::try_from(u32::from(character) - u32::from(first)).unwrap_or_default();
    match character {
        '▁'..='█' => Some(Shape::Block([0, 7 - eighths('▁'), 8, 8])),
        '▉'..='▏' => Some(Shape::Block([0, 0, 7 - eighths('▉'), 8])),
        '▐' => Some(Shape::Block([4, 0, 8, 8])),
        '─' => line([0, 1, 0, 1]),
        '│' => line([1, 0, 1, 0]),
        '┌' | '╭' => line([0, 1, 1, 0]),
        '┐' | '╮' => line([0, 0, 1, 1]),
        '└' | '╰' => line([1, 1, 0, 0]),
        '┘' | '╯' => line([1, 0, 0, 1]),
        '├' => line([1, 1, 1, 0]),
        '┤' => line([1, 0, 1, 1]),
        '┬' => line([0, 1, 1, 1]),
        '┴' => line([1, 1, 0, 1]),
        '┼' => line([1, 1, 1, 1]),
        '╷' => line([0, 0, 1, 0]),
        '╵' => line([1, 0, 0, 0]),
        '━' => Some(Shape::Lines([false, true, false, true], 3.0)),
        '┃' => Some(Shape::Lines([true, false, true, false], 3.0)),
        _ => None,
    }
}

impl Shape {
    /// Draws it in consecutive cells.
    fn draw(&self, left: f32, cells: f32, style: &Style) -> String {
        let (width, height) = CELL;
        let attributes = &style.attributes;
        match self {
            Self::Block([x1, y1, x2, y2]) if *x1 == 0 && *x2 == 8 => {
                let (top, bottom) = (height / 8.0 * f32::from(*y1), height / 8.0 * f32::from(*y2));
                format!(
                    r#"<rect x="{left:.1}" y="{top:.1}" width="{:.1}" height="{:.1}" fill="{}"{attributes}/>"#,
                    width * cells,
                    bottom - top,
                    style.foreground
                )
            }
            Self::Block([x1, _, x2, _]) => {
                let each = |number: f32| {
                    let start = left + width * number + width / 8.0 * f32::from(*x1);
                    let end = left + width * number + width / 8.0 * f32::from(*x2);
                    format!("M{start:.1} 0H{end:.1}V{height}H{start:.1}z")
                };
                let path: String = numbers(cells).map(each).collect();
                format!(r#"<path d="{path}" fill="{}"{attributes}/>"#, style.foreground)
            }
            Self::Lines([up, right, down, left_arm], stroke) => {
                let mut path = String::new();
                let middle = height / 2.0;
                if *right && *left_arm {
                    let _ = write!(path, "M{left:.1} {middle}h{:.1}", width * cells);
                }
                for number in numbers(cells) {
                    let (start, x) = (left + width * number, left + width * (number + 0.5));
                    if *right && !*left_arm {
                        let _ = write!(path, "M{x:.1} {middle}h{:.1}", width / 2.0);
                    }
                    if *left_arm && !*right {
                        let _ = write!(path, "M{start:.1} {middle}h{:.1}", width / 2.0);
                    }
                    let (top, bottom) = (if *up { 0.0 } else { middle }, if *down { height } else { middle });
                    if *up || *down {
                        let _ = write!(path, "M{x:.1} {top}V{bottom}");
                    }
                }
                format!(
                    r#"<path d="{path}" stroke="{}" stroke-width="{stroke}"{attributes}/>"#,
                    style.foreground
                )
            }
        }
    }
}

fn numbers(cells: f32) -> impl Iterator<Item = f32> {
    std::iter::successors(Some(0.0), |number| Some(number + 1.0)).take_while(move |number| *number < cells)
}

/// Returns the color; `None` for the terminal's default.
fn color(color: Color) -> Option<String> {
    const NAMED: [&str; 16] = [
        "#000000", "#cd3131", "#0dbc79", "#e5e510", "#2472c8", "#bc3fbc", "#11a8cd", "#e5e5e5", "#666666", "#f14c4c", "#23d18b",
        "#f5f543", "#3b8eea", "#d670d6", "#29b8db", "#ffffff",
    ];
    let level = |step: u8| if step == 0 { 0 } else { 55 + 40 * step };
    match color {
        Color::Default => None,
        Color::Rgb(red, green, blue) => Some(format!("#{red:02x}{green:02x}{blue:02x}")),
        Color::Idx(index) => Some(match index {
            0..16 => (*NAMED.get(usize::from(index))?).to_owned(),
            16..232 => {
                let cube = index - 16;
                let [red, green, blue] = [cube / 36, cube / 6 % 6, cube % 6].map(level);
                format!("#{red:02x}{green:02x}{blue:02x}")
            }
            232.. => format!("#{0:02x}{0:02x}{0:02x}", 8 + 10 * (index - 232)),
        }),
    }
}
