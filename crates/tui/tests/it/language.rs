//! Plain language in every text that a user or a reader of the documentation sees.
//!
//! Strings, comments and names of tests of all crates, and the documents, are searched for phrases that CONTRIBUTING.md rules
//! out. Exceptions are listed with their reasons; an unused one fails, too.

mod source;

use std::collections::{BTreeMap, BTreeSet};

use app::keymap::KEYMAP;
use source::Texts;

use super::docs::documents;
use super::sources::{crates, files_of};

/// Phrases of whole words.
const PHRASES: &[&str] = &[
    "is no",
    "are no",
    "shall",
    "whoever",
    "somebody",
    "nobody",
    "anybody",
    "goes on",
    "go on",
    "comes again",
    "come again",
    "taken in",
    "takes in",
    "take in",
    "stands in",
    "stands on",
    "stands at",
    "stands for",
    "stands beside",
    "stand in",
    "stand on",
    "stand at",
    "stand for",
    "who asks",
    "who speaks",
    "who sends",
    "who looks",
    "tells of",
    "told of",
    "tell of",
    "is said",
    "are said",
    "handed on",
    "hands on",
    "under way",
    "beside",
    "the person",
    "a person",
    "colour",
    "colours",
    "behaviour",
    "cancelled",
];
/// First words of a doc comment that make it a question without a head, or a clause without a subject.
const QUESTIONS: &[&str] = &["What", "Who", "Whose", "Where", "Whether", "Why", "How", "There"];
/// First words of a test's name that hide its subject.
const PRONOUNS: &[&str] = &[
    "it",
    "they",
    "its",
    "their",
    "these",
    "those",
    "what",
    "who",
    "whose",
    "where",
    "how",
    "whether",
    "when",
    "which",
    "whatever",
    "whoever",
    "nothing",
    "nobody",
    "everything",
    "all",
    "none",
    "some",
    "both",
    "each",
    "one",
    "no",
];
/// Lines of `place | words | reason`.
const EXCEPTIONS: &str = include_str!("language/exceptions.txt");

/// Returns true if a phrase is in a text of lower-case words with single spaces. "Is no longer" and "takes in addition" are plain.
fn has_phrase(text: &str, phrase: &str) -> bool {
    let is_word = |character: char| character.is_alphanumeric() || character == '_' || character == '\'';
    text.match_indices(phrase).any(|(at, _)| {
        let (before, after) = (&text[..at], &text[at + phrase.len()..]);
        let is_plain = [" longer", " more", " addition"].iter().any(|word| after.starts_with(word));
        !before.ends_with(is_word) && !after.starts_with(is_word) && !is_plain
    })
}

/// Finds what is wrong in one place: the kind, and the words.
fn faults(texts: &Texts) -> Vec<(&'static str, String)> {
    let mut found = Vec::new();
    for (kind, texts) in [("string", &texts.strings), ("doc", &texts.docs), ("comment", &texts.comments)] {
        for text in texts {
            let words = text.to_lowercase().split_whitespace().collect::<Vec<_>>().join(" ");
            let phrases = PHRASES.iter().filter(|phrase| has_phrase(&words, phrase));
            found.extend(phrases.map(|phrase| (kind, format!("{phrase}: {}", text.trim()))));
        }
    }
    let headless = texts.docs.iter().filter(|doc| {
        let first = doc.split_whitespace().next();
        first.is_some_and(|first| QUESTIONS.contains(&first))
    });
    found.extend(headless.map(|doc| ("question", doc.trim().to_owned())));
    let hidden = texts.tests.iter().filter(|name| {
        let first = name.split('_').next();
        first.is_some_and(|first| PRONOUNS.contains(&first))
    });
    found.extend(hidden.map(|name| ("test", name.clone())));
    found
}

/// Every fault with its place: the path of a file from the directory of the crates or documents.
fn all_faults() -> Vec<(String, &'static str, String)> {
    let mut found = Vec::new();
    for directory in std::fs::read_dir(crates())
        .expect("crates")
        .map(|entry| entry.expect("a crate"))
    {
        let name = directory.file_name().to_string_lossy().into_owned();
        for below in ["src", "tests", "benches"] {
            for (_, file) in files_of(&directory.path().join(below)) {
                let mut texts = Texts::of(&std::fs::read_to_string(&file).expect("a source"));
                if below != "src" || file.ends_with("tests.rs") || file.to_string_lossy().contains("/tests/it/") {
                    texts.strings.clear();
                }
                let inside = file.strip_prefix(directory.path()).expect("a file of the crate");
                let place = format!("{name}/{}", inside.display());
                found.extend(faults(&texts).into_iter().map(|(kind, words)| (place.clone(), kind, words)));
            }
        }
    }
    for (path, text) in documents() {
        let outside: Vec<&str> = text.split("```").step_by(2).collect();
        let texts = Texts {
            strings: outside.concat().split("\n\n").map(str::to_owned).collect(),
            ..Texts::default()
        };
        let place = path.file_name().expect("a name").to_string_lossy().into_owned();
        found.extend(faults(&texts).into_iter().map(|(kind, words)| (place.clone(), kind, words)));
    }
    found.sort();
    found
}

#[test]
fn texts_are_plain() {
    let exceptions: Vec<[&str; 3]> = EXCEPTIONS
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(|line| {
            let parts: Vec<&str> = line.splitn(3, " | ").collect();
            <[&str; 3]>::try_from(parts).expect("an exception is `place | words | reason`")
        })
        .collect();
    let (mut used, mut faults, mut counts) = (BTreeSet::new(), Vec::new(), BTreeMap::new());
    for (place, kind, words) in all_faults() {
        let matching = |[path, part, _]: &[&str; 3]| place.starts_with(path) && words.contains(part);
        if let Some(exception) = exceptions.iter().position(matching) {
            used.insert(exception);
        } else {
            let top = place.split('/').next().unwrap_or_default().to_owned();
            *counts.entry((top, kind)).or_insert(0) += 1;
            faults.push(format!("{place}: {kind}: {words}"));
        }
    }
    assert!(faults.is_empty(), "{}\n{counts:#?}", faults.join("\n"));
    let unused: Vec<_> = (0..exceptions.len()).filter(|number| !used.contains(number)).collect();
    let unused: Vec<_> = unused.into_iter().map(|number| exceptions[number]).collect();
    assert!(unused.is_empty(), "unused exceptions: {unused:#?}");
}

#[test]
fn help_entries_have_at_most_six_words() {
    for binding in KEYMAP.iter().flat_map(|section| section.bindings) {
        assert!(binding.help.split(' ').count() <= 6, "{}", binding.help);
    }
}

#[test]
fn phrases_are_found_as_whole_words() {
    let texts = Texts::of(
        r#"
        /// What it does, beside the point.
        // It goes
        // on here.
        fn one() { bail!("{x} is no key"); let _ = "it is no longer there, nor shallow"; }
        #[cfg(test)]
        mod tests { #[test] fn it_works() { panic!("nobody reads this"); } }
        "#,
    );
    let found = faults(&texts).into_iter().map(|(kind, words)| {
        let start: String = words.chars().take(7).collect();
        (kind, start)
    });
    let expected = [
        ("string", "is no: "),
        ("doc", "beside:"),
        ("comment", "goes on"),
        ("question", "What it"),
        ("test", "it_work"),
    ];
    assert_eq!(
        found.collect::<Vec<_>>(),
        expected.map(|(kind, start)| (kind, start.to_owned()))
    );
}
