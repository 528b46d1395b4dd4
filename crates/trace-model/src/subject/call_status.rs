//! How a call was answered, in the words of its protocol.

use crate::filter::wire::{AnyValue, Leaf, Number};
use crate::sentry::cut;

/// The status that a call was answered with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// `404` of HTTP, `UNAVAILABLE` of gRPC, `23505` of a database.
    pub code: Box<str>,
    /// What it means.
    pub class: AnswerClass,
}

/// What a status means, in HTTP's terms.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum AnswerClass {
    /// It was done.
    Success,
    /// The caller asked for what it cannot have.
    ClientError,
    /// Who was called failed.
    ServerError,
}

/// The attributes that have a status, the most specific first.
#[derive(Clone, Copy)]
pub(super) enum AnswerKey {
    Rpc,
    Http,
    Database,
}

/// A status as a sender writes it.
#[derive(Clone, Copy)]
pub(super) enum Code<'a> {
    Number(i64),
    Text(&'a str),
}

/// The [status codes of gRPC](https://grpc.io/docs/guides/status-codes/), by number.
const GRPC: [&str; 17] = [
    "OK",
    "CANCELLED",
    "UNKNOWN",
    "INVALID_ARGUMENT",
    "DEADLINE_EXCEEDED",
    "NOT_FOUND",
    "ALREADY_EXISTS",
    "PERMISSION_DENIED",
    "RESOURCE_EXHAUSTED",
    "FAILED_PRECONDITION",
    "ABORTED",
    "OUT_OF_RANGE",
    "UNIMPLEMENTED",
    "INTERNAL",
    "UNAVAILABLE",
    "DATA_LOSS",
    "UNAUTHENTICATED",
];
/// Those that [OpenTelemetry](https://opentelemetry.io/docs/specs/semconv/rpc/grpc/#grpc-status) counts as failures of the server.
const GRPC_SERVER_ERRORS: [&str; 6] = [
    "UNKNOWN",
    "DEADLINE_EXCEEDED",
    "UNIMPLEMENTED",
    "INTERNAL",
    "UNAVAILABLE",
    "DATA_LOSS",
];
/// How long a code may be, in bytes: those of databases are a dozen characters.
const CODE_LENGTH_MAX: usize = 32;

impl AnswerKey {
    pub(super) const ALL: [Self; 3] = [Self::Rpc, Self::Http, Self::Database];

    /// The attributes' names.
    pub(super) const fn names(self) -> &'static [&'static [u8]] {
        match self {
            Self::Rpc => &[
                b"rpc.response.status_code",
                b"rpc.grpc.status_code",
                b"rpc.connect_rpc.error_code",
            ],
            Self::Http => &[b"http.response.status_code", b"http.status_code"],
            Self::Database => &[b"db.response.status_code"],
        }
    }

    /// What a status says; `None` for one that says nothing.
    pub(super) fn answer(self, code: &Code<'_>) -> Option<Answer> {
        match self {
            Self::Rpc => Some(rpc(code)),
            Self::Http => http(code.number()?),
            Self::Database => database(code),
        }
    }
}

impl<'a> Code<'a> {
    /// Reads an `AnyValue`.
    pub(super) fn read(value: &'a [u8]) -> Option<Self> {
        match AnyValue::read(value) {
            AnyValue::Leaf(Leaf::Number(Number::Int(number))) => Some(Self::Number(number)),
            AnyValue::Leaf(Leaf::Text(text)) => {
                let text = std::str::from_utf8(text).ok().map(str::trim).filter(|text| !text.is_empty());
                text.map(Self::Text)
            }
            _ => None,
        }
    }

    fn number(&self) -> Option<i64> {
        match self {
            Self::Number(number) => Some(*number),
            Self::Text(text) => text.parse().ok(),
        }
    }

    fn text(&self) -> Box<str> {
        match self {
            Self::Number(number) => number.to_string().into(),
            Self::Text(text) => cut(text, CODE_LENGTH_MAX).into(),
        }
    }
}

fn http(number: i64) -> Option<Answer> {
    let class = match number {
        100..400 => AnswerClass::Success,
        400..500 => AnswerClass::ClientError,
        500..1_000 => AnswerClass::ServerError,
        _ => return None,
    };
    Some(Answer {
        code: number.to_string().into(),
        class,
    })
}

fn rpc(code: &Code<'_>) -> Answer {
    let by_number = code.number().and_then(|number| GRPC.get(usize::try_from(number).ok()?));
    let code = by_number.map_or_else(|| code.text(), |name| (*name).into());
    let is = |name: &&str| name.eq_ignore_ascii_case(&code);
    let class = if is(&GRPC[0]) {
        AnswerClass::Success
    } else if GRPC_SERVER_ERRORS.iter().any(is) || !GRPC.iter().any(is) {
        AnswerClass::ServerError
    } else {
        AnswerClass::ClientError
    };
    Answer { code, class }
}

/// Databases have codes for failures; some senders write one for success, too, which says nothing.
fn database(code: &Code<'_>) -> Option<Answer> {
    const SUCCESS: [&str; 4] = ["0", "00000", "OK", "200"];
    let code = code.text();
    let is_success = SUCCESS.iter().any(|success| success.eq_ignore_ascii_case(&code));
    (!is_success).then_some(Answer {
        code,
        class: AnswerClass::ServerError,
    })
}
