//! Words for a shell, whichever it is.

use crate::text::is_printable;

/// One word that sh, dash, bash, zsh and fish read as the text; `None` where the text has a character that does not print, which a
/// terminal may take for a key.
///
/// Between single quotes these shells agree on everything but `\`: fish takes `\'` and `\\` there for an escape, the others take
/// nothing. So neither `'` nor `\` stands between quotes: outside of them `\'` and `\\` mean the same in all.
pub(super) fn quoted(text: &str) -> Option<String> {
    if !text.chars().all(is_printable) {
        return None;
    }
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./:".contains(&byte);
    if !text.is_empty() && text.bytes().all(plain) {
        return Some(text.to_owned());
    }
    let mut word = String::with_capacity(text.len() + 2);
    let mut is_open = false;
    for c in text.chars() {
        if matches!(c, '\'' | '\\') == is_open {
            word.push('\'');
            is_open = !is_open;
        }
        if !is_open {
            word.push('\\');
        }
        word.push(c);
    }
    if is_open || word.is_empty() {
        word.push_str(if is_open { "'" } else { "''" });
    }
    Some(word)
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;
    use std::process::{Command, Stdio};

    use proptest::prelude::*;

    use super::*;

    /// The shells, started as users do: interactive where that changes what is read.
    const SHELLS: [(&str, &[&str]); 5] = [
        ("sh", &[]),
        ("dash", &[]),
        ("bash", &["--norc", "-i"]),
        ("zsh", &["-f", "-i"]),
        ("fish", &["--no-config"]),
    ];

    /// With this variable set, a missing shell is a failure and no reason to skip.
    const REQUIRE: &str = "SPANFALL_REQUIRE_SHELLS";

    /// Types a line into each shell, and returns what it prints. Says loudly which shells are skipped.
    fn typed(line: &str) -> Vec<(&'static str, String)> {
        let in_shell = |(shell, options): (&'static str, &[&str])| {
            let mut command = Command::new(shell);
            command.args(options).env("TERM", "dumb");
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
            let Ok(mut child) = command.spawn() else {
                assert!(std::env::var_os(REQUIRE).is_none(), "{shell} is missing");
                eprintln!("SKIPPED: {shell} is missing");
                return None;
            };
            child.stdin.take()?.write_all(format!("{line}\n").as_bytes()).unwrap();
            let output = child.wait_with_output().unwrap();
            Some((shell, String::from_utf8(output.stdout).unwrap()))
        };
        SHELLS.into_iter().filter_map(in_shell).collect()
    }

    fn every_shell_reads(words: &[String]) {
        let quoted: Vec<_> = words.iter().map(|word| quoted(word).unwrap()).collect();
        let expected: Vec<_> = words.iter().map(|word| format!("[{word}]\n")).collect();
        for (shell, read) in typed(&format!(r"printf '[%s]\n' {}", quoted.join(" "))) {
            assert_eq!(read, expected.concat(), "{shell}");
        }
    }

    #[test]
    fn a_word_is_quoted_the_same_way_for_all_shells() {
        for (text, word) in [
            ("http://here.example:80/a-b_c", "http://here.example:80/a-b_c"),
            ("", "''"),
            ("it's", r"'it'\''s'"),
            (r"a\b", r"'a'\\'b'"),
            (r"\'", r"\\\'"),
            ("=ls ~", "'=ls ~'"),
        ] {
            assert_eq!(quoted(text).as_deref(), Some(word));
        }
    }

    #[test]
    fn hostile_words_run_nothing_in_any_shell() {
        let words = [
            r"\'; touch /tmp/owned #",
            r"\\'; echo owned; '",
            "'; echo owned; '",
            r"x\' (echo owned) \'",
            "`echo owned` $(echo owned) (echo owned) {echo,owned} $HOME %self",
            "!! !-1 !echo ^a^b",
            "&& echo owned || echo owned; echo owned | cat > /dev/null < /dev/null &",
            "* ? [a] ~ ~root = =ls # \" \"$PATH\"",
            "''' \\\\\\ '\\' \\'\\",
            "-e \\x41 %s",
            "日本 é '’‘",
            "",
        ];
        every_shell_reads(&words.map(str::to_owned));
    }

    #[test]
    fn words_that_do_not_print_are_not_quoted() {
        for c in '\0'..=char::MAX {
            assert_eq!(quoted(&format!("a{c}")).is_some(), is_printable(c), "{c:?}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 16, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn every_shell_reads_any_word_as_it_is(words in prop::collection::vec(r#"['\\!$`"(){}^~*?#;&|<>= a-c%é-]{0,12}"#, 1..60)) {
            every_shell_reads(&words);
        }
    }
}
