//! One whole screen, with header and footer, for each context that gets keys. No other snapshot has these lines.

use app::Mode;
use app::keymap::KeyContext;

use crate::scene::{MILLI, Scene, password_reset, password_reset_without, span};

/// The keys that lead from the first screen to a context.
fn keys_to(context: KeyContext) -> &'static str {
    match context {
        KeyContext::Traces => "",
        KeyContext::Waterfall => "\n",
        KeyContext::Details => "\n\n",
        KeyContext::Operations => "5",
        KeyContext::ServiceMap => "6",
        KeyContext::Warnings => "7",
        KeyContext::RuleTraces => "7\n",
        KeyContext::Ingest => "8",
        KeyContext::CrossCheck => "x",
        KeyContext::Compare => "d",
        KeyContext::Logs => "L",
        KeyContext::Output => "o",
        KeyContext::Help => "?",
        KeyContext::Copy => "y",
        KeyContext::Palette => ":",
        KeyContext::Filter => "/",
        KeyContext::Find => "\n/",
        KeyContext::Narrow => "5/",
    }
}

pub(crate) fn reached(context: KeyContext, width: u16, height: u16) -> Scene {
    let mut scene = Scene::new(Mode::Demo, width, height);
    scene.add(vec![span(2, 2, 1, "api", "POST /users/reset-password", 1, 3)]);
    scene.add(password_reset());
    scene.add_envelope(password_reset_without(&[7]));
    scene.add_logs(1, 3, &[(2, 9, "reset requested"), (6, 13, "queue is long")]);
    for _ in 0..3 {
        scene.now += 4_000 * MILLI;
        scene.draw();
        while scene.app.survey(scene.now, 1_000) {}
    }
    scene.type_keys(keys_to(context));
    scene
}

#[test]
fn each_context_has_a_screen() {
    for context in KeyContext::ALL {
        let mut scene = reached(context, 120, 40);
        assert_eq!(scene.app.key_context(), context);
        insta::assert_snapshot!(format!("{context:?}").to_lowercase(), scene.text());
    }
}

#[test]
fn footer_offers_nothing_that_does_nothing() {
    // The service map is a tree in the small one.
    for (width, height) in [(200, 50), (150, 24)] {
        footer_acts(width, height);
    }
}

fn footer_acts(width: u16, height: u16) {
    use app::{Effect, Event, Hit, Pointer, PointerKind};
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
                // In a list of one row there is no other.
                continue;
            }
            let before = (scene.draw(), scene.app.key_context());
            let effect: Option<Effect> = scene.apply(Event::Pointer(Pointer {
                at: area.as_position(),
                kind: PointerKind::Press,
                control: false,
                shift: false,
            }));
            while scene.app.survey(scene.now, 1_000) {}
            let after = (scene.draw(), scene.app.key_context());
            assert!(effect.is_some() || before != after, "{action:?} in {context:?}");
        }
    }
}
