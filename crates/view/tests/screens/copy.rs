//! The copy menu.

use app::keymap::{Key, KeyContext};
use app::{Effect, Mode};

use crate::scene::{Part, Scene, password_reset, password_reset_without};

fn copied(scene: &mut Scene, key: char) -> Option<String> {
    match scene.press(&[Key::Char('y'), Key::Char(key)]) {
        Some(Effect::Copy(text)) => Some(text),
        other => {
            assert_eq!(other, None);
            None
        }
    }
}

#[test]
fn copy_menu_keys_copy_what_they_say() {
    let mut scene = Scene::new(Mode::Viewer, 120, 40);
    scene.add(password_reset());
    scene.press(&[Key::Enter, Key::Down]);
    for (key, expected) in [
        ('t', "01".repeat(16)),
        ('s', "02".repeat(8)),
        ('p', format!("00-{}-{}-01", "01".repeat(16), "02".repeat(8))),
        ('D', "http://spanfall@127.0.0.1:8969/1".to_owned()),
    ] {
        assert_eq!(copied(&mut scene, key).as_deref(), Some(expected.as_str()), "{key}");
        let text = scene.text();
        let footer = text.lines().last().expect("a footer");
        assert!(footer.contains(&expected), "{footer}");
        assert_ne!(scene.app.key_context(), KeyContext::Copy, "the menu has closed");
    }
    let json = copied(&mut scene, 'j').expect("a span");
    assert!(
        json.starts_with(r#"{"signal":"span","trace_id":"0101"#) && json.contains(r#""name":"POST /users/reset-password""#),
        "{json}"
    );
}

#[test]
fn the_menu_explains_itself_and_closes_without_a_trace() {
    for (width, height) in [(80, 24), (120, 40), (200, 50)] {
        let mut scene = Scene::new(Mode::Viewer, width, height);
        scene.add(password_reset());
        let before = scene.text();
        scene.type_keys("y");
        let text = scene.text();
        insta::assert_snapshot!(format!("copy_{width}x{height}"), scene.part(Part::Popup));
        for said in [" Copy ", "t  copy the trace id", "c  copy the request as curl", "q close"] {
            assert!(text.contains(said), "{said}\n{text}");
        }
        // Keys of the panes below mean nothing here.
        scene.type_keys("jx");
        scene.type_keys("y");
        scene.press(&[Key::Esc]);
        assert_eq!(scene.text().lines().count(), before.lines().count());
        assert_ne!(scene.app.key_context(), KeyContext::Copy);
    }
    let mut empty = Scene::new(Mode::Demo, 80, 24);
    empty.type_keys("y");
    assert!(empty.text().contains("no span to copy yet"), "{}", empty.text());
}

#[test]
fn missing_span_has_only_an_id_to_copy() {
    let mut scene = Scene::new(Mode::Viewer, 120, 40);
    scene.add(password_reset_without(&[1]));
    scene.press(&[Key::Enter]);
    assert_eq!(copied(&mut scene, 's'), Some("01".repeat(8)));
    assert_eq!(copied(&mut scene, 'j'), None);
    assert!(
        scene.text().contains("span not received: only its id is known"),
        "{}",
        scene.text()
    );
    // None of these says where the request went.
    assert_eq!(copied(&mut scene, 'c'), None);
    assert!(scene.text().contains("no HTTP request with a URL"), "{}", scene.text());
}

#[test]
fn two_curls_begin_two_traces() {
    use crate::scene::{edit, span};
    use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue, any_value};
    let url = KeyValue {
        key: "url.full".to_owned(),
        value: Some(AnyValue {
            value: Some(any_value::Value::StringValue("http://127.0.0.1:3000/x".to_owned())),
        }),
        ..KeyValue::default()
    };
    let mut scene = Scene::new(Mode::Viewer, 120, 40);
    let client = edit(span(1, 1, 0, "shop", "POST", 0, 9), |span| span.attributes.push(url));
    scene.add(vec![client, span(1, 2, 1, "shop", "inside", 1, 8)]);
    // On the one below: the request is the nearest above.
    scene.press(&[Key::Enter, Key::Down]);
    let (one, two) = (copied(&mut scene, 'c').expect("one"), copied(&mut scene, 'c').expect("two"));
    assert!(
        one.starts_with("curl -i -g -X POST http://127.0.0.1:3000/x -H 'traceparent: 00-"),
        "{one}"
    );
    assert_ne!(one, two);
    assert!(!one.contains(&"01".repeat(16)));
    assert!(
        scene.text().contains("without the body, which is not recorded"),
        "{}",
        scene.text()
    );
}

#[test]
fn copy_menu_leaves_out_what_a_chosen_key_has_left_without_one() {
    let mut scene = Scene::new(Mode::Viewer, 120, 40);
    assert_eq!(scene.app.keymap.choose("copy-trace-id", &[Key::Char('s')]), Ok(None));
    assert_eq!(scene.app.keymap.settle(), []);
    scene.add(password_reset());
    scene.draw();
    scene.type_keys("y");
    let text = scene.text();
    assert!(
        text.contains("s  copy the trace id") && !text.contains("copy the span id"),
        "{text}"
    );
    assert_eq!(scene.type_keys("s"), Some(Effect::Copy("01".repeat(16))));
}

#[test]
fn span_with_too_many_parts_says_so_and_is_not_copied() {
    use crate::scene::{edit, span};
    use opentelemetry_proto::tonic::trace::v1::span::Event;
    let mut scene = Scene::new(Mode::Viewer, 120, 40);
    let many = edit(span(1, 1, 0, "shop", "POST", 0, 9), |span| {
        span.events = vec![Event::default(); trace_model::PARTS_MAX + 1];
    });
    scene.add(vec![many]);
    scene.press(&[Key::Enter]);
    let note = "only the first 50,000 attributes, events, links and values are shown; saved files have all";
    let text = scene.text();
    assert!(text.replace('\n', " ").contains(&note[..40]), "{text}");
    assert_eq!(copied(&mut scene, 'j'), None);
    assert!(scene.text().contains("not copied: too many attributes"), "{}", scene.text());
}
