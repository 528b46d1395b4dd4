//! Message templates.

use proptest::prelude::*;
use trace_model::work;
use trace_stats::template::{Groups, SHAPES_MAX, TEXT_BYTES_MAX, Templates, masked};

fn grouped<T: AsRef<str>>(messages: impl IntoIterator<Item = T>) -> (Templates, Groups) {
    let mut templates = Templates::default();
    for message in messages {
        templates.add(message.as_ref());
    }
    let groups = templates.group();
    (templates, groups)
}

fn texts(groups: &Groups) -> Vec<(u64, &str)> {
    groups.iter().map(|group| (group.messages, &*group.text)).collect()
}

#[test]
fn masking_replaces_what_varies_by_its_form() {
    let cases = [
        (
            "cannot send mail: 550 mailbox unavailable",
            "cannot send mail: <num> mailbox unavailable",
        ),
        (
            "no answer from \"mail.local\" after 5000 ms",
            "no answer from <str> after <num> ms",
        ),
        (
            "took 5000ms, 3.14 s, 1e-5, -7 and 1,234",
            "took <num>ms, <num> s, <num>, <num> and <num>",
        ),
        (
            "GET /users/17/orders/9f8a7b6c5d4e3f2a?page=2",
            "GET /users/<num>/orders/<id>?page=<num>",
        ),
        ("job 123e4567-e89b-12d3-a456-426614174000 done", "job <id> done"),
        (
            "dial tcp 10.0.0.7:5432: refused by [fe80::1]:80",
            "dial tcp <ip>:<num>: refused by [<ip>]:<num>",
        ),
        ("at 2026-11-28T14:02:31.229Z", "at <num>-<num>-<num>T<num>:<num>:<num>Z"),
        ("name 'foo' isn't defined", "name <str> isn't defined"),
        ("invalid email jane.doe+x@example.com", "invalid email <email>"),
        (
            "{\"event\":\"smtp_timeout\", \"after ms\" : 5000}",
            "{\"event\":<str>, \"after_ms\" : <num>}",
        ),
        (
            "utf8 and sha256 over http2, order12345 at 0x7ffe",
            "utf8 and sha256 over http2, order<num> at <id>",
        ),
        ("version 1.2.3 of std::io by a::b", "version <num> of std::io by a::b"),
        ("  first\tline \nsecond line", "first line"),
        ("{\n  \"a\": 1,\n  \"b\": 2\n}", "{ \"a\": <num>, \"b\": <num> }"),
        ("größe42 ≥ 17 €", "größe42 ≥ <num> €"),
        ("", ""),
    ];
    for (message, expected) in cases {
        assert_eq!(masked(message), expected, "{message}");
    }
}

#[test]
fn template_has_a_variable_where_tokens_differ() {
    let (_, groups) = grouped(["connected to broker-a in 3 ms", "connected to broker-b in 4 ms", "connected"]);
    assert_eq!(texts(&groups), [(1, "connected"), (2, "connected to <*> in <num> ms")]);
}

#[test]
fn messages_with_other_words_are_other_templates() {
    let (_, groups) = grouped(["cannot open file", "cannot read file", "cannot open socket"]);
    assert_eq!(groups.len(), 3);
}

#[test]
fn first_token_of_many_values_is_variable() {
    let users = (0..200_u32).map(|user| format!("user{} logged in", char::from_u32(0x4e00 + user).unwrap()));
    let (_, groups) = grouped(users.chain(["cannot open file".to_owned()]));
    assert_eq!(texts(&groups), [(1, "cannot open file"), (200, "<*> logged in")]);
}

#[test]
fn shape_leads_to_its_group() {
    let mut templates = Templates::default();
    let first = templates.add("cannot open file a").unwrap();
    let groups = templates.group();
    let second = templates.add("cannot open file b").unwrap();
    assert_eq!((groups.of(first), groups.of(second)), (Some(0), None));
    let groups = templates.group();
    assert_eq!(groups.of(first), groups.of(second));
    assert_eq!(groups.get(0).unwrap().first, first);
}

/// Messages of few words, numbers, quotes and punctuation, so that many are alike.
fn message() -> impl Strategy<Value = String> {
    let word = prop_oneof![
        Just("cannot"),
        Just("open"),
        Just("file"),
        Just("'a b'"),
        Just("\"x\""),
        Just("17"),
        Just("9f8a7b6c5d"),
        Just("10.0.0.7"),
        Just("a@b.c"),
        Just("–"),
        Just("'"),
        Just("\""),
        Just("key:"),
        Just("…"),
        Just("\u{1b}[31m"),
    ];
    prop::collection::vec(word, 0..8).prop_map(|words| words.join(" "))
}

proptest! {
    #[test]
    fn groups_do_not_depend_on_the_order(
        (messages, shuffled) in prop::collection::vec(message(), 0..60)
            .prop_flat_map(|messages| (Just(messages.clone()), Just(messages).prop_shuffle())),
    ) {
        let (_, one) = grouped(&messages);
        let (_, other) = grouped(&shuffled);
        prop_assert_eq!(texts(&one), texts(&other));
    }

    #[test]
    fn counts_add_up(messages in prop::collection::vec(message(), 0..60)) {
        let (templates, groups) = grouped(&messages);
        let sum: u64 = groups.iter().map(|group| group.messages).sum();
        prop_assert_eq!(sum + templates.others(), messages.len() as u64);
    }

    #[test]
    fn template_matches_its_messages(messages in prop::collection::vec(message(), 1..60)) {
        let mut templates = Templates::default();
        let shapes: Vec<_> = messages.iter().map(|message| templates.add(message).unwrap()).collect();
        let groups = templates.group();
        for (message, shape) in messages.iter().zip(shapes) {
            let template = groups.get(groups.of(shape).unwrap()).unwrap();
            let masked = masked(message);
            prop_assert_eq!(template.text.split(' ').count(), masked.split(' ').count());
            let mut pairs = template.text.split(' ').zip(masked.split(' '));
            prop_assert!(pairs.all(|(template, token)| template == "<*>" || template == token), "{} {}", template.text, masked);
        }
    }

    #[test]
    fn any_text_is_masked_in_bounded_length(text in "\\PC*", length in 0..3_000_usize) {
        let text: String = text.chars().cycle().take(if text.is_empty() { 0 } else { length }).collect();
        // A single digit may become a variable of five characters.
        prop_assert!(masked(&text).len() <= 8 * TEXT_BYTES_MAX);
    }
}

#[test]
fn long_messages_cost_no_more_than_their_beginning() {
    let mut templates = Templates::default();
    let token = "x".repeat(10 << 20);
    let ((), cost) = work::of(|| {
        templates.add(&token);
    });
    assert!(cost < 16 << 10, "{cost}");
    let quotes = "'a ".repeat(1 << 20);
    let ((), cost) = work::of(|| {
        templates.add(&quotes);
    });
    assert!(cost < 16 << 10, "{cost}");
    let text = &templates.group().get(1).unwrap().text.clone();
    assert!(text.ends_with(" …"), "{text}");
}

#[test]
fn templates_are_bounded_in_number_and_work() {
    let mut templates = Templates::default();
    // Numbers would be masked: words of letters.
    let word = |mut number: u32| {
        let mut word = String::new();
        while number > 0 || word.is_empty() {
            word.push(char::from(b'a' + (number % 10) as u8));
            number /= 10;
        }
        word
    };
    let bytes = std::cell::Cell::new(0);
    let ((), cost) = work::of(|| {
        for number in 0..100_000 {
            let message = format!(
                "{} {} {} {}",
                word(number),
                word(number / 3),
                word(number * 7),
                word(number / 5)
            );
            bytes.set(bytes.get() + message.len() as u64);
            templates.add(&message);
        }
    });
    assert_eq!(
        (templates.shapes(), templates.others()),
        (SHAPES_MAX, 100_000 - SHAPES_MAX as u64)
    );
    assert!(cost < 200 * 100_000 + 40 * bytes.get(), "{cost}");
    let mut grouping = trace_stats::template::Grouping::new(&templates);
    let mut steps = 0_u32;
    loop {
        let (more, cost) = work::of(|| grouping.step(&templates, 1 << 16));
        assert!(cost < 1 << 17, "{cost}");
        steps += 1;
        if !more {
            break;
        }
    }
    assert!(steps > 1);
    let groups = grouping.finish(&templates);
    assert_eq!(groups.iter().map(|group| group.messages).sum::<u64>(), SHAPES_MAX as u64);
}
