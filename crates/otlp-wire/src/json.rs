//! OTLP/JSON into protobuf, and back ([`write()`]).
//!
//! Source: [OTLP/JSON](https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding), which is
//! [protobuf's JSON](https://protobuf.dev/programming-guides/json/) with ids in hexadecimal. Read as it is found in the wild:
//!
//! | where | what is read |
//! |---|---|
//! | names of fields | `startTimeUnixNano` or `start_time_unix_nano`; unknown ones are ignored |
//! | any field | `null` is the same as nothing; in an array it is an empty element, so that the others keep their places |
//! | integers | `1`, `"1"`, `1.0e3` |
//! | doubles | `0.5`, `"0.5"`, `"NaN"`, `"Infinity"`, `"-Infinity"` |
//! | booleans | `true`, `"true"` |
//! | enumerations | `2`, `"2"`, `"SPAN_KIND_SERVER"`, `"server"` |
//! | ids | hexadecimal of either case; base64 of 24 or 12 characters that end in `=`, as generic protobuf mappers write them |
//! | bytes | base64, standard or URL-safe, padded or not |
//! | the same name twice | as the same field twice on the wire: elements are added, messages merged, of scalars the last counts |
//!
//! Nothing is kept between the text and the bytes, so memory stays proportional to the text: numbers of two characters in an array
//! (`[1,1,…`) become eight bytes each, which is the most that text can grow.

mod number;
mod output;
mod text;
mod visit;
mod write;

use serde::de::{DeserializeSeed, Error as _};

use crate::schema::{self, Message};
use output::Output;
use visit::Outermost;
pub use write::write;

/// A message that came as JSON.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Transcoded {
    /// The message in protobuf; [`crate::validate`] accepts it.
    pub bytes: Vec<u8>,
    /// The spans that are not in `bytes`: one entry for each field that was the reason, so three at most. For OTLP's partial success.
    ///
    /// An id that is hexadecimal but too long, too short or zero is passed on; in links, exemplars and log records an unusable id is
    /// left empty.
    pub rejected: Vec<RejectedSpans>,
}

/// Spans that could not be read because of one id. Displays as the reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field} is not hexadecimal")]
pub struct RejectedSpans {
    /// `trace_id`, `span_id` or `parent_span_id`.
    pub field: &'static str,
    /// How many.
    pub spans: u64,
}

/// Why text is no message. Displays what is wrong, with line and column; it never quotes the text.
#[derive(Debug, thiserror::Error)]
#[error("{error}")]
pub struct JsonError {
    error: serde_json::Error,
    is_too_long: bool,
}

impl JsonError {
    /// Whether the message exceeds the limit that [`transcode_within`] was given. It may be a valid message.
    #[must_use]
    pub const fn is_too_long(&self) -> bool {
        self.is_too_long
    }

    /// The line where it was noticed, counted from 1.
    #[must_use]
    pub fn line(&self) -> usize {
        self.error.line()
    }

    /// The column where it was noticed, in bytes, counted from 1; 0 for what is wrong with the end of the line before.
    #[must_use]
    pub fn column(&self) -> usize {
        self.error.column()
    }
}

/// Reads a message in JSON and writes it in protobuf. Spans whose ids are unusable are left out and counted.
///
/// ```
/// use otlp_wire::{json, schema, validate};
///
/// let span = json::transcode(br#"{"name": "GET", "kind": "SPAN_KIND_SERVER"}"#, &schema::SPAN)?;
/// assert_eq!(span.bytes, b"\x2a\x03GET\x30\x02");
/// let error = json::transcode(br#"{"name": {}}"#, &schema::SPAN).expect_err("no text");
/// assert_eq!(error.to_string(), "Span.name is an object, not text at line 1 column 11");
/// # Ok::<_, json::JsonError>(())
/// ```
///
/// # Errors
/// The text is not JSON, is nested more than 128 levels deep, or has a value that its field cannot hold.
pub fn transcode(json: &[u8], message: &'static Message) -> Result<Transcoded, JsonError> {
    transcode_with(json, message, |_, text| text::id(text))
}

/// As [`transcode`], into `output` (which is emptied first) and with at most `limit` bytes.
///
/// # Errors
/// As those of [`transcode`], and [`JsonError::is_too_long`].
pub fn transcode_within(json: &[u8], message: &'static Message, output: Vec<u8>, limit: usize) -> Result<Transcoded, JsonError> {
    run(json, message, |_, text| text::id(text), Output::new(output, limit))
}

/// How the text of an id is read: the field's name in the schema (`parent_span_id`) and the text become bytes; `None` is unusable.
pub type ReadId = fn(&'static str, &str) -> Option<Vec<u8>>;

/// As [`transcode`], with ids that are written in a way of their own.
///
/// # Errors
/// As those of [`transcode`].
pub fn transcode_with(json: &[u8], message: &'static Message, id: ReadId) -> Result<Transcoded, JsonError> {
    // Names and quotes are about half of the text.
    run(json, message, id, Output::new(Vec::with_capacity(json.len() / 2), usize::MAX))
}

fn run(json: &[u8], message: &'static Message, id: ReadId, output: Output) -> Result<Transcoded, JsonError> {
    let mut state = State {
        id,
        output,
        rejected: Vec::new(),
        unusable: None,
    };
    let mut text = serde_json::Deserializer::from_slice(json);
    let read = Outermost {
        state: &mut state,
        message,
    }
    .deserialize(&mut text);
    let read = read.and_then(|()| text.end());
    let is_too_long = state.output.is_too_long();
    let whole = read.and_then(|()| {
        if is_too_long {
            Err(serde_json::Error::custom(TOO_LONG))
        } else {
            Ok(())
        }
    });
    whole.map_err(|error| JsonError { error, is_too_long })?;
    state.end_of(message, 0);
    Ok(Transcoded {
        bytes: state.output.into_bytes(),
        rejected: state.rejected,
    })
}

/// What is wrong with a message beyond the limit.
const TOO_LONG: &str = "the message is too long in protobuf";

/// What has been written, and what could not be.
struct State {
    id: ReadId,
    output: Output,
    rejected: Vec<RejectedSpans>,
    /// The id for which the span that is being read will be left out. Spans do not contain spans, so one is enough.
    unusable: Option<&'static str>,
}

impl State {
    /// Notes that a field of `message` has text that is no id.
    fn unusable_id(&mut self, message: &'static Message, field: &'static str) {
        if is_span(message) {
            self.unusable.get_or_insert(field);
        }
    }

    /// Takes back what was written of a message since `start`, if that cannot be used; says whether it could.
    fn end_of(&mut self, message: &'static Message, start: usize) -> bool {
        let Some(field) = self.unusable.take_if(|_| is_span(message)) else {
            return true;
        };
        self.output.truncate(start);
        match self.rejected.iter_mut().find(|known| known.field == field) {
            Some(known) => known.spans += 1,
            None => self.rejected.push(RejectedSpans { field, spans: 1 }),
        }
        false
    }
}

fn is_span(message: &'static Message) -> bool {
    std::ptr::eq(message, &raw const schema::SPAN)
}
