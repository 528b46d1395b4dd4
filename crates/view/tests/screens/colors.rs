//! No meaning by color alone: each theme only repeats what signs, words and places say.

use app::keymap::{Key, KeyContext};
use app::{Mode, Pane, ServiceState, Tab};
use ratatui::buffer::Buffer;
use ratatui::style::{Color, Modifier};
use view::{Theme, ThemeKind};

use crate::scene::{Scene, failed, password_reset, span};
use crate::whole;

/// Roles that judge, by their colors in the dark theme, with the signs and words of which one is in each line that has the color.
const JUDGMENTS: [(Color, &[&str]); 3] = [
    (
        Color::Indexed(203),
        &["✗", "!", "exception", "▲", "error", "failed", "status", "cannot", "N+1"],
    ),
    (Color::Indexed(77), &["✓", "●", "▼", "spans/s", "faster"]),
    (
        Color::Indexed(221),
        &[
            "⚠",
            "•",
            "i ",
            "…",
            "±",
            "↻",
            "≥",
            "◌",
            "◐",
            "▲",
            "≠",
            "×",
            "❚❚",
            "no end",
            "running",
            "in queue",
            "reading",
            "sorting",
            "searching",
            "waiting",
            "rejected",
            "throttled",
            "denied",
            "evicted",
            "truncated",
            "changed",
            " new",
            "not sent",
            "starting",
            "dropped",
            "warnings",
        ],
    ),
];

fn lines(buffer: &Buffer) -> Vec<String> {
    let width = usize::from(buffer.area.width).max(1);
    let line = |row: &[ratatui::buffer::Cell]| row.iter().map(ratatui::buffer::Cell::symbol).collect();
    buffer.content().chunks(width).map(line).collect()
}

/// A screen on which much has gone wrong.
fn troubled(context: KeyContext, width: u16, height: u16) -> Scene {
    let mut scene = whole::reached(context, width, height);
    scene.app.services.set(
        "mailer",
        ServiceState::Exited {
            status: "signal 9".to_owned(),
        },
    );
    scene.add(vec![failed(span(3, 1, 0, "web", "GET /", 0, 0), "no")]);
    scene.add_logs(1, 5, &[(90, 17, "cannot send"), (91, 13, "slow")]);
    scene
}

#[test]
fn colors_repeat_what_signs_say() {
    let mut unsigned = Vec::new();
    // In these the name of a column says what a number in it is.
    let has_columns = |context| {
        matches!(
            context,
            KeyContext::Operations | KeyContext::ListFilter | KeyContext::ServiceMap
        )
    };
    for context in KeyContext::ALL.into_iter().filter(|context| !has_columns(*context)) {
        for (width, height) in [(80, 24), (120, 40), (200, 50)] {
            let mut scene = troubled(context, width, height);
            let painted = scene.draw();
            scene.theme = Theme::new(ThemeKind::None);
            let plain = lines(&scene.draw());
            for (y, line) in (0..height).zip(&plain) {
                for (color, signs) in JUDGMENTS {
                    let is_judged = (0..width).any(|x| {
                        let cell = &painted[(x, y)];
                        cell.fg == color && cell.symbol() != " " && !cell.modifier.contains(Modifier::UNDERLINED)
                    });
                    let has_sign = signs.iter().any(|sign| line.contains(sign));
                    if is_judged && !has_sign {
                        unsigned.push(format!("{color:?} in {context:?} at {width}x{height}: {line}"));
                    }
                }
            }
        }
    }
    assert!(unsigned.is_empty(), "{}", unsigned.join("\n"));
}

/// The number of log records had the color of the line that it ends.
#[test]
fn text_is_not_as_faint_as_lines() {
    const RULE: Color = Color::Indexed(239);
    let mut faint = Vec::new();
    for context in KeyContext::ALL {
        for (width, height) in [(80, 24), (120, 40), (200, 50)] {
            let buffer = troubled(context, width, height).draw();
            let is_faint = |x: u16, y: u16| buffer[(x, y)].fg == RULE && buffer[(x, y)].symbol().contains(char::is_alphanumeric);
            for (y, line) in (0..height).zip(lines(&buffer)) {
                if (0..width).any(|x| is_faint(x, y)) {
                    faint.push(format!("{context:?} at {width}x{height}: {line}"));
                }
            }
        }
    }
    assert!(faint.is_empty(), "{}", faint.join("\n"));
}

/// It was black on the black bars that a service has with 16 colors on light.
#[test]
fn critical_path_is_seen_on_a_bar_of_any_color() {
    for (_, kind) in ThemeKind::NAMES.into_iter().filter(|(_, kind)| *kind != ThemeKind::None) {
        let mut scene = Scene::new(Mode::Viewer, 120, 40);
        scene.theme = Theme::new(kind);
        let service = |id: u8| span(1, id, id - 1, &format!("service-{id}"), "work", u64::from(id) * 9, 200);
        scene.add((1..=12).map(service).collect());
        scene.press(&[Key::Enter]);
        let buffer = scene.draw();
        let lines = buffer
            .content()
            .iter()
            .filter(|cell| cell.symbol() == "━" && cell.modifier.contains(Modifier::REVERSED));
        let lines: Vec<_> = lines.collect();
        assert!(lines.len() > 20, "{kind:?}\n{}", scene.text());
        let unseen = lines.iter().find(|cell| cell.fg == cell.bg || cell.fg == Color::Reset);
        assert_eq!(unseen, None, "{kind:?}");
    }
}

/// Renders the same screen in a theme, once for each of several states, and looks whether they differ without their colors.
fn all_differ(kind: ThemeKind, states: impl IntoIterator<Item = Scene>) {
    let mut seen: Vec<Vec<(String, Modifier)>> = Vec::new();
    for mut scene in states {
        scene.theme = Theme::new(kind);
        let buffer = scene.draw();
        let cells = buffer.content().iter();
        let cells = cells.map(|cell| (cell.symbol().to_owned(), cell.modifier)).collect();
        assert!(
            !seen.contains(&cells),
            "two states look alike in {kind:?}:\n{}",
            lines(&buffer).join("\n")
        );
        seen.push(cells);
    }
}

fn demo() -> Scene {
    let mut scene = Scene::new(Mode::Demo, 120, 40);
    scene.add(vec![span(2, 1, 0, "api", "GET /", 0, 9)]);
    scene.add(password_reset());
    scene
}

#[test]
fn states_differ_without_colors_in_every_theme() {
    for (_, kind) in ThemeKind::NAMES {
        let services = [
            ServiceState::Starting,
            ServiceState::Ready { address: None },
            ServiceState::Absent { why: "not built" },
            ServiceState::NotReady,
            ServiceState::Exited {
                status: "signal 9".to_owned(),
            },
        ];
        let with_service = |state: ServiceState| {
            let mut scene = demo();
            scene.app.services.set("mailer", state);
            scene
        };
        all_differ(kind, services.map(with_service));
        let in_pane = |pane| {
            let mut scene = demo();
            scene.app.screens.pane = pane;
            scene
        };
        all_differ(kind, [Pane::Traces, Pane::Waterfall, Pane::Details].map(in_pane));
        let on_tab = |tab: Tab| {
            let mut scene = demo();
            scene.press(&[Key::Char(char::from(b'0' + tab.number()))]);
            scene
        };
        all_differ(kind, Tab::ALL.map(on_tab));
    }
}

/// The cursor is a background. In the dark and the light theme that is a color; in the others it is reversed or underlined as well.
#[test]
fn cursor_is_seen_without_colors() {
    for kind in [ThemeKind::AnsiDark, ThemeKind::AnsiLight, ThemeKind::None] {
        let at = |rows: usize| {
            let mut scene = demo();
            scene.press(&[Key::Enter]);
            scene.press(&vec![Key::Down; rows]);
            // The keys are elsewhere, the row under the cursor still tells whose details these are.
            scene.app.screens.pane = Pane::Details;
            scene
        };
        all_differ(kind, (0..3).map(at));
        let mut scene = at(1);
        scene.theme = Theme::new(kind);
        let buffer = scene.draw();
        let is_marked = |cell: &ratatui::buffer::Cell| cell.modifier.contains(Modifier::UNDERLINED);
        assert!(buffer.content().iter().any(is_marked), "{kind:?}");
    }
}
