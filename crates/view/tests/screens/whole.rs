//! One whole screen, with header and footer, for each tab, screen and popup. No other snapshot has these lines.

use app::keymap::{Key, KeyContext};
use app::{Action, Layer, Mode, Tab};

use crate::scene::{MILLI, Scene, failed, password_reset, password_reset_without, span};

/// The key that leads from the first screen to a layer.
fn key_to(scene: &Scene, layer: Layer) -> Key {
    let leads = |action| action == Action::Toggle(layer) || layer.tab().is_some_and(|tab: Tab| action == Action::Tab(tab));
    let bound = scene.app.keymap.iter().find(|bound| leads(bound.binding.action));
    *bound
        .and_then(|bound| bound.keys.first())
        .unwrap_or_else(|| panic!("no key leads to {layer:?}"))
}

/// The keys that lead from the first screen to a context.
fn keys_to(scene: &Scene, context: KeyContext) -> Vec<Key> {
    let typed = |keys: &str| {
        keys.chars()
            .map(|c| if c == '\n' { Key::Enter } else { Key::Char(c) })
            .collect()
    };
    match context {
        KeyContext::Waterfall => typed("\n"),
        KeyContext::Details => typed("\n\n"),
        KeyContext::RuleTraces => typed("7\n"),
        KeyContext::Patterns => typed("2a"),
        KeyContext::LogRecord => vec![Key::Char('2'), Key::Tab],
        KeyContext::Error => typed("3\n"),
        KeyContext::Value => typed("\n\n\n"),
        KeyContext::Filter => typed("/"),
        KeyContext::Find => typed("\n/"),
        KeyContext::ListFilter => typed("5/"),
        _ => {
            let layer = Layer::ALL.iter().find(|layer| KeyContext::of(**layer) == context);
            layer.map(|layer| vec![key_to(scene, *layer)]).unwrap_or_default()
        }
    }
}

pub(crate) fn reached(context: KeyContext, width: u16, height: u16) -> Scene {
    let mut scene = Scene::new(Mode::Demo, width, height);
    scene.add(vec![span(2, 2, 1, "api", "POST /users/reset-password", 1, 3)]);
    scene.add(password_reset());
    scene.add_envelope(password_reset_without(&[7]));
    scene.add_logs(1, 3, &[(2, 9, "reset requested"), (6, 13, "queue is long")]);
    if matches!(context, KeyContext::Errors | KeyContext::Error) {
        crate::errors::add_error(&mut scene, 1, 7, "mailer", 168, crate::errors::smtp_error());
    }
    for _ in 0..3 {
        scene.now += 4_000 * MILLI;
        scene.draw();
        while scene.app.survey(scene.now, 1_000) {}
    }
    let keys = keys_to(&scene, context);
    scene.press(&keys);
    scene
}

#[test]
fn layers_each_have_a_snapshot() {
    for layer in Layer::ALL {
        let mut scene = reached(KeyContext::of(*layer), 120, 40);
        insta::assert_snapshot!(format!("{layer:?}").to_lowercase(), scene.text());
    }
}

#[test]
fn contexts_are_all_reached() {
    for context in KeyContext::ALL {
        assert_eq!(reached(context, 120, 40).app.key_context(), context);
    }
}

/// It offered `y copy` in the copy menu and `x cross-check` in the cross-check: these closed what they named.
#[test]
fn footer_does_not_offer_what_is_open() {
    for context in KeyContext::ALL {
        let mut scene = reached(context, 200, 50);
        scene.draw();
        let opens = scene.app.hits.iter().filter_map(|(_, hit)| match hit {
            app::Hit::Action(Action::Toggle(layer)) => Some(layer),
            _ => None,
        });
        let opens: Vec<_> = opens.filter(|layer| KeyContext::of(*layer) == context).collect();
        assert_eq!(opens, [], "{context:?}");
    }
}

#[test]
fn footer_offers_nothing_that_does_nothing() {
    // The service map is a tree in the small one.
    let idle: Vec<_> = [(200, 50), (150, 24)].into_iter().flat_map(idle_in_footer).collect();
    assert!(idle.is_empty(), "{}", idle.join("\n"));
}

/// A single span that did not fail has nothing to fold, no failed span, and no other section of its critical path.
#[test]
fn footer_of_a_single_span_offers_nothing_that_does_nothing() {
    let mut scene = Scene::new(Mode::Viewer, 200, 50);
    scene.add(vec![span(2, 1, 0, "api", "GET /health", 0, 5)]);
    for keys in ["\n", "x"] {
        scene.type_keys(keys);
        let text = scene.text();
        let footer = text.lines().last().unwrap_or_default();
        for word in ["fold", "error", "critical"] {
            assert!(!footer.contains(word), "{footer}");
        }
    }

    scene.add(vec![failed(span(2, 2, 1, "api", "SELECT", 1, 2), "")]);
    scene.press(&[Key::Esc]);
    let text = scene.text();
    for word in ["Space fold", "e error", "c critical"] {
        assert!(text.contains(word), "{word} {text}");
    }
}

/// At 40 columns the number of the rows below was over the duration of the last one in view.
#[test]
fn number_of_rows_below_leaves_durations_whole() {
    let mut scene = Scene::new(Mode::Viewer, 40, 10);
    let children = (2..9).map(|id| span(2, id, 1, "api", "work", 1, 251));
    scene.add([span(2, 1, 0, "api", "GET /", 0, 300)].into_iter().chain(children).collect());
    scene.type_keys("\n");
    let text = scene.text();
    let last = text.lines().find(|line| line.contains('↓')).unwrap_or_default();
    assert!(last.contains("300 ms") && last.contains("↓"), "{text}");
}

/// The most frequent action of the details is offered first.
#[test]
fn footer_of_details_offers_to_open_at_80_columns() {
    let mut scene = Scene::new(Mode::Viewer, 80, 24);
    scene.add(password_reset());
    scene.type_keys("\n\n");
    let text = scene.text();
    let footer = text.lines().last().unwrap_or_default();
    assert!(footer.contains("Enter open"), "{footer}");
}

#[test]
fn message_that_is_cut_ends_with_an_ellipsis() {
    let mut scene = Scene::new(Mode::Viewer, 60, 24);
    scene.add(password_reset());
    scene.type_keys("\nc");
    let text = scene.text();
    let footer = text.lines().last().unwrap_or_default();
    assert!(footer.contains("critical path") && footer.ends_with('…'), "{footer}");
}

/// Returns the entries of footers that do nothing, or nothing but saying so.
fn idle_in_footer((width, height): (u16, u16)) -> Vec<String> {
    use app::{Effect, Event, Hit, Pointer, PointerKind};
    // A pin is on the screen only where the list is.
    let state = |scene: &mut Scene| (scene.draw(), scene.app.key_context(), scene.app.store.totals().pinned);
    let mut idle = Vec::new();
    for context in KeyContext::ALL {
        let mut scene = reached(context, width, height);
        scene.draw();
        let in_footer = scene.app.hits.iter().filter(|(area, _)| area.y + 1 == height);
        let mut actions: Vec<_> = in_footer
            .filter_map(|(area, hit)| match hit {
                Hit::Action(action) => Some((area, action)),
                _ => None,
            })
            .collect();
        actions.dedup_by_key(|(_, action)| *action);
        assert!(!actions.is_empty(), "{context:?}");
        for (area, action) in actions {
            let mut scene = reached(context, width, height);
            if matches!(action, app::Action::Down) {
                // A list of one row has no other.
                continue;
            }
            scene.app.notice = None;
            let before = state(&mut scene);
            let effect: Option<Effect> = scene.apply(Event::Pointer(Pointer {
                at: area.as_position(),
                kind: PointerKind::Press,
                control: false,
                shift: false,
            }));
            while scene.app.survey(scene.now, 1_000) {}
            scene.app.notice = None;
            let after = state(&mut scene);
            if effect.is_none() && before == after {
                idle.push(format!("{action:?} in {context:?}"));
            }
        }
    }
    idle
}
