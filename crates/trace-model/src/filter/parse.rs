//! Parses a text into an [`Expr`].
//!
//! ```text
//! any   = all { "OR" all }
//! all   = not { [ "AND" ] not }
//! not   = "!" not | "(" any ")" | term
//! term  = word | key ":" [ comparison ] ( word | "[" word { "," word } "]" )
//! ```

use std::ops::Range;

use super::cursor::{Cursor, Word, WordEnd};
use super::keys::{self, IdPrefix, Known, State};
use super::quantity::{Comparison, DurationTest, parse_duration};
use super::syntax::{AttributeTest, Expr, Subject, Term, TextTest};
use super::times::{At, Since};
use super::{Clock, FilterError, MAX_DEPTH, MAX_LENGTH, Records};
use crate::number::Number;
use crate::{SpanKind, StatusCode};

/// Reads a whole filter.
pub(super) fn parse(text: &str, records: Records, clock: Option<&Clock>) -> Result<Expr, FilterError> {
    let length = text.chars().count();
    if length > MAX_LENGTH {
        let message = format!("a filter has up to {MAX_LENGTH} characters, this one has {length}");
        return Err(FilterError::new(MAX_LENGTH..length, message));
    }
    let mut parser = Parser {
        cursor: Cursor::new(text),
        depth: 0,
        records,
        clock,
    };
    parser.cursor.skip_space();
    if parser.cursor.peek().is_none() {
        return Ok(Expr::default());
    }
    let expr = parser.any()?;
    // Only a closing parenthesis ends a group before the text ends.
    match parser.cursor.peek() {
        None => Ok(expr),
        Some(_) => Err(parser.error_here("this ) closes nothing: remove it, or put the text in quotes")),
    }
}

struct Parser<'c> {
    cursor: Cursor,
    depth: usize,
    /// Kind of the records that it finds.
    records: Records,
    clock: Option<&'c Clock>,
}

impl Parser<'_> {
    fn any(&mut self) -> Result<Expr, FilterError> {
        let mut members = vec![self.all(None)?];
        while let Some(or) = self.cursor.keyword("OR") {
            self.cursor.at = or.end;
            members.push(self.all(Some(or))?);
        }
        Ok(Expr::any(members))
    }

    /// Parses terms up to an `OR`, a closing parenthesis or the end. `before` is the position of the previous `OR`.
    fn all(&mut self, before: Option<Range<usize>>) -> Result<Expr, FilterError> {
        let mut members = Vec::new();
        let mut keyword = before.map(|or| (or, "OR"));
        loop {
            self.cursor.skip_space();
            if let Some(and) = self.cursor.keyword("AND") {
                if keyword.is_some() || members.is_empty() {
                    return Err(needs_two(and, "AND"));
                }
                self.cursor.at = and.end;
                keyword = Some((and, "AND"));
                continue;
            }
            let or = self.cursor.keyword("OR");
            if or.is_none() && self.cursor.peek().is_some_and(|next| next != ')') {
                members.push(self.not()?);
                keyword = None;
                continue;
            }
            return match (keyword, or) {
                (Some((at, name)), _) => Err(needs_two(at, name)),
                (None, Some(at)) if members.is_empty() => Err(needs_two(at, "OR")),
                _ => Ok(Expr::all(members)),
            };
        }
    }

    fn not(&mut self) -> Result<Expr, FilterError> {
        let start = self.cursor.at;
        if self.cursor.take("!") {
            if self.cursor.at_gap() {
                return Err(FilterError::new(
                    start..self.cursor.at,
                    "put ! right before what must not match: !name:health, !(a OR b)",
                ));
            }
            return self.deeper(start, Self::not).map(Expr::negate);
        }
        if self.cursor.take("(") {
            return self.deeper(start, |parser| parser.group(start));
        }
        self.term().map(Expr::Term)
    }

    fn group(&mut self, start: usize) -> Result<Expr, FilterError> {
        self.cursor.skip_space();
        if self.cursor.take(")") {
            return Err(FilterError::new(start..self.cursor.at, "empty parentheses"));
        }
        if self.cursor.peek().is_none() {
            return Err(not_closed(start));
        }
        let expr = self.any()?;
        if self.cursor.take(")") {
            Ok(expr)
        } else {
            Err(not_closed(start))
        }
    }

    fn deeper(&mut self, start: usize, inner: impl FnOnce(&mut Self) -> Result<Expr, FilterError>) -> Result<Expr, FilterError> {
        if self.depth == MAX_DEPTH {
            let message = format!("! and parentheses are nested deeper than {MAX_DEPTH}");
            return Err(FilterError::new(start..start + 1, message));
        }
        self.depth += 1;
        let expr = inner(self);
        self.depth -= 1;
        expr
    }

    fn term(&mut self) -> Result<Term, FilterError> {
        let word = self.cursor.word(WordEnd::Term)?;
        if !self.cursor.at_colon() {
            if word.pattern.plain() == Some("") {
                return Err(FilterError::new(word.at, "empty quotes"));
            }
            return Ok(Term::Anywhere(word.pattern));
        }
        if word.at.is_empty() {
            return Err(self.error_here("a name is missing before the colon: name:value, or \":text\" in quotes"));
        }
        let Some(name) = word.pattern.plain() else {
            return Err(FilterError::new(
                word.at,
                "a key has no wildcard: write it out, or \\* for an asterisk",
            ));
        };
        self.cursor.at += 1;
        let known = if word.quoted { None } else { Known::parse(name) };
        let key = Key {
            name,
            known,
            at: word.at.start..self.cursor.at,
        };
        if let Some(known) = known {
            self.check_field(known, name, word.at)?;
        }
        let value = self.value(&key)?;
        key.term(&value, self.records, self.clock)
    }

    /// Returns an error for a field that these records do not have, with the list that has it.
    fn check_field(&self, known: Known, name: &str, at: Range<usize>) -> Result<(), FilterError> {
        field_of(self.records, known, name).map_err(|message| FilterError::new(at, message))
    }

    fn value(&mut self, key: &Key<'_>) -> Result<Values, FilterError> {
        let start = self.cursor.at;
        let comparison = Comparison::WRITTEN.iter().find(|(written, _)| self.cursor.take(written));
        let comparison = comparison.map(|(_, comparison)| (*comparison, start..self.cursor.at));
        let open = self.cursor.at;
        let mut words = Vec::new();
        if self.cursor.take("[") {
            loop {
                self.cursor.skip_space();
                let word = self.cursor.word(WordEnd::List)?;
                if word.at.is_empty() {
                    return Err(self.error_in_list(open));
                }
                words.push(word);
                self.cursor.skip_space();
                if self.cursor.take("]") {
                    break;
                }
                if !self.cursor.take(",") {
                    return Err(self.error_in_list(open));
                }
            }
            if !self.cursor.at_gap() {
                return Err(self.error_here("a space is missing after the list"));
            }
        } else {
            if self.cursor.at_gap() {
                let message = format!("a value is missing: {0}:text right after the colon, or has:{0}", key.name);
                return Err(FilterError::new(key.at.start..self.cursor.at, message));
            }
            let negated = self.cursor.peek() == Some('!');
            let word = self.cursor.word(WordEnd::Value)?;
            if negated {
                let message = format!("put ! before the key: !{}:…; quote a text that contains !", key.name);
                return Err(FilterError::new(word.at, message));
            }
            words.push(word);
        }
        Ok(Values { comparison, words })
    }

    fn error_here(&self, message: &str) -> FilterError {
        FilterError::new(self.cursor.at..self.cursor.at + 1, message)
    }

    fn error_in_list(&self, open: usize) -> FilterError {
        if self.cursor.peek().is_none() {
            return FilterError::new(open..self.cursor.at, "the list is not closed: key:[a, b]");
        }
        self.error_here("a list is written key:[a, b]; text with spaces in it goes in quotes")
    }
}

/// # Errors
/// The records do not have this field; the error has the list that has it.
fn field_of(records: Records, known: Known, name: &str) -> Result<(), String> {
    match known.only_of() {
        Some(only) if records != Records::Any && only != records => Err(format!(
            "{name}: works in {}, not in {}: an attribute of that name is written \"{name}\" in quotes",
            only.list(),
            records.list()
        )),
        _ => Ok(()),
    }
}

fn needs_two(at: Range<usize>, keyword: &str) -> FilterError {
    let message = format!("{keyword} needs a term on both sides; quote it to find the word");
    FilterError::new(at, message)
}

fn not_closed(start: usize) -> FilterError {
    FilterError::new(
        start..start + 1,
        "this ( is not closed: add ) at the end, or put the text in quotes",
    )
}

/// The text after the colon.
struct Values {
    comparison: Option<(Comparison, Range<usize>)>,
    /// At least one.
    words: Vec<Word>,
}

impl Values {
    /// Reads every value, none of which may have a wildcard.
    fn each<T>(&self, read: impl Fn(&str) -> Result<T, String>) -> Result<Vec<T>, FilterError> {
        self.words.iter().map(|word| Self::one(word, &read)).collect()
    }

    fn one<T>(word: &Word, read: impl Fn(&str) -> Result<T, String>) -> Result<T, FilterError> {
        match word.pattern.plain() {
            Some(text) => read(text).map_err(|message| FilterError::new(word.at.clone(), message)),
            None => Err(FilterError::new(word.at.clone(), "no wildcard is possible here")),
        }
    }

    /// Returns true after `=`; a comparison is an error that names `name`.
    fn whole(&self, name: &str) -> Result<bool, FilterError> {
        match &self.comparison {
            None => Ok(false),
            Some((Comparison::Equal, _)) => Ok(true),
            Some((other, at)) => Err(FilterError::new(
                at.clone(),
                format!("{other} compares numbers, and {name} is none: {name}:text, or {name}:=text for the whole"),
            )),
        }
    }

    fn text_test(&self, whole: bool) -> Result<TextTest, FilterError> {
        if let (false, Some(word)) = (whole, self.words.iter().find(|word| word.pattern.plain() == Some(""))) {
            return Err(FilterError::new(
                word.at.clone(),
                "every text contains an empty one: has:key matches any value, key:=\"\" an empty one",
            ));
        }
        let any_of = self.words.iter().map(|word| word.pattern.clone()).collect();
        Ok(TextTest { whole, any_of })
    }
}

/// The text before the colon.
struct Key<'a> {
    name: &'a str,
    known: Option<Known>,
    /// Position, including the colon.
    at: Range<usize>,
}

impl Key<'_> {
    fn term(&self, values: &Values, records: Records, clock: Option<&Clock>) -> Result<Term, FilterError> {
        let Some(known) = self.known else {
            return self.attribute(values);
        };
        let whole = || values.whole(self.name);
        Ok(match known {
            Known::Text(field) => Term::Text {
                field,
                test: values.text_test(whole()?)?,
            },
            Known::Id(field) => {
                let whole = whole()?;
                let prefixes = values.each(|text| IdPrefix::parse(text, field, whole))?;
                Term::Id { field, prefixes }
            }
            Known::Duration => Term::Duration(duration(values)?),
            Known::Severity => severity(values)?,
            Known::Since => {
                whole()?;
                let [word] = values.words.as_slice() else {
                    return Err(several_times(values));
                };
                Term::Since(Values::one(word, |text| Since::parse(text, clock))?)
            }
            Known::At => {
                whole()?;
                Term::At(values.each(|text| At::parse(text, clock))?)
            }
            Known::Kind => {
                whole()?;
                Term::Kind(values.each(|text| keys::choose("kind", text, &keys::KINDS, SpanKind::name))?)
            }
            Known::Status => {
                whole()?;
                Term::Status(values.each(|text| keys::choose("status", text, &keys::STATUSES, StatusCode::name))?)
            }
            Known::Is => {
                whole()?;
                Term::Is(values.each(|text| keys::choose("state", text, &State::ALL, State::name))?)
            }
            Known::Has => {
                whole()?;
                Term::Has(has(values, records)?)
            }
        })
    }

    fn attribute(&self, values: &Values) -> Result<Term, FilterError> {
        let name = self.name.to_owned();
        let test = match &values.comparison {
            None => AttributeTest::Text(values.text_test(false)?),
            Some((Comparison::Equal, _)) => AttributeTest::Text(values.text_test(true)?),
            &Some((comparison, _)) => {
                let numbers = values.each(|text| Number::parse(text.as_bytes()).ok_or_else(|| not_a_number(text, comparison)))?;
                match numbers.as_slice() {
                    [number] => AttributeTest::Number(comparison, *number),
                    _ => return Err(several(values, comparison)),
                }
            }
        };
        Ok(Term::Attribute { name, test })
    }
}

fn not_a_number(text: &str, comparison: Comparison) -> String {
    match parse_duration(text) {
        Ok(_) => format!("`{text}` is not a number: only duration has units, attributes are plain numbers"),
        Err(_) => format!("`{text}` is not a number, which {comparison} needs"),
    }
}

fn several(values: &Values, comparison: Comparison) -> FilterError {
    let first = values.words.first().map_or(0, |word| word.at.start);
    let last = values.words.last().map_or(first, |word| word.at.end);
    FilterError::new(first..last, format!("{comparison} compares with one value, not with a list"))
}

fn duration(values: &Values) -> Result<Vec<DurationTest>, FilterError> {
    let comparison = values.comparison.as_ref().map(|(comparison, _)| *comparison);
    let tests = values.each(|text| match (comparison, text.split_once("..")) {
        (None, Some((from, to))) => {
            let (from, to) = (parse_duration(from)?, parse_duration(to)?);
            if from > to {
                return Err(format!("`{text}` is empty: the shorter duration comes first"));
            }
            Ok(DurationTest::Between(from, to))
        }
        _ => Ok(DurationTest::Compare(
            comparison.unwrap_or(Comparison::Equal),
            parse_duration(text)?,
        )),
    })?;
    match comparison {
        Some(comparison) if tests.len() > 1 && comparison != Comparison::Equal => Err(several(values, comparison)),
        _ => Ok(tests),
    }
}

fn severity(values: &Values) -> Result<Term, FilterError> {
    let comparison = values
        .comparison
        .as_ref()
        .map_or(Comparison::Equal, |(comparison, _)| *comparison);
    let severities = values.each(keys::severity)?;
    if severities.len() > 1 && comparison != Comparison::Equal {
        return Err(several(values, comparison));
    }
    Ok(Term::Severity(comparison, severities))
}

fn several_times(values: &Values) -> FilterError {
    let first = values.words.first().map_or(0, |word| word.at.start);
    let last = values.words.last().map_or(first, |word| word.at.end);
    FilterError::new(first..last, "since has one value: since:5m")
}

fn has(values: &Values, records: Records) -> Result<Vec<Subject>, FilterError> {
    let subject = |word: &Word| {
        let Some(name) = word.pattern.plain() else {
            let message = "a key has no wildcard: write it out, or \\* for an asterisk";
            return Err(FilterError::new(word.at.clone(), message));
        };
        let known = if word.quoted { None } else { Known::parse(name) };
        match known {
            Some(Known::Is | Known::Has | Known::Since | Known::At) => {
                let message =
                    format!("`{name}` is not something a record has; the attribute of that name is \"{name}\" in quotes");
                Err(FilterError::new(word.at.clone(), message))
            }
            Some(known) => field_of(records, known, name)
                .map(|()| Subject::Known(known))
                .map_err(|message| FilterError::new(word.at.clone(), message)),
            None => Ok(Subject::Attribute(name.to_owned())),
        }
    };
    values.words.iter().map(subject).collect()
}
