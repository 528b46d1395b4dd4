//! Texts in Rust sources: string literals outside of tests, doc comments, and names of tests.
//!
//! Tokens are read instead of a syntax tree, since most texts are arguments of macros.

use proc_macro2::{Group, TokenStream, TokenTree};

/// Texts of one file.
#[derive(Default)]
pub(super) struct Texts {
    /// String literals outside of tests.
    pub(super) strings: Vec<String>,
    /// Doc comments, one string for each.
    pub(super) docs: Vec<String>,
    /// Other comments on lines of their own, one string for each.
    pub(super) comments: Vec<String>,
    pub(super) tests: Vec<String>,
}

impl Texts {
    pub(super) fn of(source: &str) -> Self {
        let mut texts = Self::default();
        texts.visit(source.parse().expect("Rust"), false);
        texts.comments = comments(source);
        texts
    }

    fn visit(&mut self, tokens: TokenStream, is_test: bool) {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        let (mut doc, mut tested, mut at) = (String::new(), false, 0);
        while at < tokens.len() {
            if let Some((attribute, next)) = attribute(&tokens, at) {
                let text = attribute.stream().to_string();
                match doc_line(attribute) {
                    Some(line) => doc = format!("{doc}{line}\n"),
                    None => self.visit(attribute.stream(), is_test),
                }
                tested |= text == "test" || text == "tokio :: test" || text.starts_with("tokio :: test (");
                tested |= text.starts_with("cfg (test") || text.starts_with("cfg (all (test");
                at = next;
                continue;
            }
            self.docs.extend(Some(std::mem::take(&mut doc)).filter(|doc| !doc.is_empty()));
            match &tokens[at] {
                TokenTree::Ident(word) if word == "fn" && tested => {
                    self.tests.extend(tokens.get(at + 1).map(ToString::to_string));
                }
                TokenTree::Group(group) => {
                    self.visit(group.stream(), is_test || tested);
                    // The body of what the attributes belong to.
                    tested &= !group.to_string().starts_with('{');
                }
                TokenTree::Punct(mark) if mark.as_char() == ';' => tested = false,
                literal @ TokenTree::Literal(_) if !is_test => self.strings.extend(string(literal)),
                _ => {}
            }
            at += 1;
        }
        self.docs.extend(Some(doc).filter(|doc| !doc.is_empty()));
    }
}

/// Returns the comments that are not documentation: lines that follow each other are one.
fn comments(source: &str) -> Vec<String> {
    let mut comments: Vec<String> = Vec::new();
    let mut is_inside = false;
    for line in source.lines() {
        let text = line.trim_start().strip_prefix("//");
        let text = text.filter(|text| !text.starts_with(['/', '!']));
        match (text, comments.last_mut().filter(|_| is_inside)) {
            (Some(text), Some(comment)) => comment.push_str(text),
            (Some(text), None) => comments.push(text.to_owned()),
            (None, _) => {}
        }
        is_inside = text.is_some();
    }
    comments
}

/// Returns the brackets of an attribute, and the position after it.
fn attribute(tokens: &[TokenTree], at: usize) -> Option<(&Group, usize)> {
    let is = |at: usize, mark: char| matches!(tokens.get(at), Some(TokenTree::Punct(punct)) if punct.as_char() == mark);
    let brackets = if is(at + 1, '!') { at + 2 } else { at + 1 };
    match tokens.get(brackets) {
        Some(TokenTree::Group(group)) if is(at, '#') && group.to_string().starts_with('[') => Some((group, brackets + 1)),
        _ => None,
    }
}

fn doc_line(attribute: &Group) -> Option<String> {
    let tokens: Vec<TokenTree> = attribute.stream().into_iter().collect();
    match &*tokens {
        [TokenTree::Ident(name), _, literal] if name == "doc" => string(literal),
        _ => None,
    }
}

fn string(literal: &TokenTree) -> Option<String> {
    syn::parse_str::<syn::LitStr>(&literal.to_string())
        .ok()
        .map(|literal| literal.value())
}
