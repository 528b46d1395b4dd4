//! Conversion of OTLP/JSON to protobuf, and back ([`write()`]).
//!
//! Source: [OTLP/JSON](https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding), which is [protobuf's
//! JSON](https://protobuf.dev/programming-guides/json/) with ids in hexadecimal. The parser is lenient, for real senders:
//!
//! | input | accepted |
//! |---|---|
//! | names of fields | `startTimeUnixNano` or `start_time_unix_nano`; unknown ones are ignored |
//! | any field | `null` counts as absent; in an array it is an empty element, so that the others keep their positions |
//! | integers | `1`, `"1"`, `1.0e3` |
//! | doubles | `0.5`, `"0.5"`, `"NaN"`, `"Infinity"`, `"-Infinity"` |
//! | booleans | `true`, `"true"` |
//! | enumerations | `2`, `"2"`, `"SPAN_KIND_SERVER"`, `"server"` |
//! | ids | hexadecimal of either case; base64 of 24 or 12 characters with `=` at the end, as written by generic protobuf mappers
//! |
//! | bytes | base64, standard or URL-safe, padded or not |
//! | duplicate names | like a repeated field on the wire: elements are appended, messages merged, and the last scalar counts |
//!
//! Text is converted without an intermediate representation, so memory is proportional to the text: numbers of two characters in an array
//! (`[1,1,…`) become eight bytes each, which is the maximum growth.

mod number;
mod output;
mod state;
mod text;
mod visit;
mod write;

use serde::de::{DeserializeSeed, Error as _};

use crate::schema::Message;
use output::Output;
pub use state::{ReadId, RejectedSpans};
use state::{State, TOO_LONG};
use visit::Outermost;
pub use write::write;

/// A message converted from JSON.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Transcoded {
    /// The message in protobuf, valid for [`crate::validate`].
    pub bytes: Vec<u8>,
    /// Spans that are not in `bytes`, by the field with the invalid id: three entries at most. For OTLP's partial success.
    ///
    /// A hexadecimal id that is too long, too short or zero is passed on; in links, exemplars and log records an invalid id is
    /// left empty.
    pub rejected: Vec<RejectedSpans>,
}

/// Invalid JSON or an invalid message. Displays the cause with line and column; never quotes the text.
#[derive(Debug, thiserror::Error)]
#[error("{error}")]
pub struct JsonError {
    error: serde_json::Error,
    is_too_long: bool,
}

impl JsonError {
    /// Returns true if the message exceeds the limit of [`transcode_within`]. It may be valid.
    #[must_use]
    pub const fn is_too_long(&self) -> bool {
        self.is_too_long
    }

    /// Returns the line of the error, from 1.
    #[must_use]
    pub fn line(&self) -> usize {
        self.error.line()
    }

    /// Returns the column of the error in bytes, from 1; 0 for an error at the end of the previous line.
    #[must_use]
    pub fn column(&self) -> usize {
        self.error.column()
    }
}

/// Converts a message from JSON to protobuf. Spans with invalid ids are omitted and counted.
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

/// Like [`transcode`], but writes to `output` (emptied first), at most `limit` bytes.
///
/// # Errors
/// See [`transcode`], and [`JsonError::is_too_long`].
pub fn transcode_within(json: &[u8], message: &'static Message, output: Vec<u8>, limit: usize) -> Result<Transcoded, JsonError> {
    run(json, message, |_, text| text::id(text), Output::new(output, limit))
}

/// Like [`transcode`], with a custom syntax of ids.
///
/// # Errors
/// See [`transcode`].
pub fn transcode_with(json: &[u8], message: &'static Message, id: ReadId) -> Result<Transcoded, JsonError> {
    // Names and quotes are about half of the text.
    run(json, message, id, Output::new(Vec::with_capacity(json.len() / 2), usize::MAX))
}

fn run(json: &[u8], message: &'static Message, id: ReadId, output: Output) -> Result<Transcoded, JsonError> {
    let mut state = State::new(id, output);
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
