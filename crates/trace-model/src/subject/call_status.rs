//! The status of a call, in the words of its protocol.

use super::prefix;
use crate::number::Number;
use crate::text::cut;
use crate::wire::{AnyValue, Leaf};

/// The status of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallStatus {
    /// `404` of HTTP, `14` of gRPC, `23505` of a database; of gRPC as a word where the sender has no number.
    pub code: Box<str>,
    /// `UNAVAILABLE` for a number of gRPC.
    pub name: Option<&'static str>,
    /// Meaning of the code.
    pub class: StatusClass,
}

/// Meaning of a status, in HTTP's terms.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum StatusClass {
    /// The call succeeded.
    Success,
    /// The request was at fault.
    ClientError,
    /// The server was at fault.
    ServerError,
}

/// The attributes that have a status, the most specific first.
#[derive(Clone, Copy)]
pub(super) enum StatusKey {
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
/// Codes that [OpenTelemetry](https://opentelemetry.io/docs/specs/semconv/rpc/grpc/#grpc-status) counts as failures of the
/// server.
const GRPC_SERVER_ERRORS: [&str; 6] = [
    "UNKNOWN",
    "DEADLINE_EXCEEDED",
    "UNIMPLEMENTED",
    "INTERNAL",
    "UNAVAILABLE",
    "DATA_LOSS",
];
/// Bytes of a code: those of databases are a dozen characters.
const CODE_LENGTH_MAX: usize = 32;

impl StatusKey {
    pub(super) const ALL: [Self; 3] = [Self::Rpc, Self::Http, Self::Database];

    /// The attributes' names.
    pub(super) const fn names(self) -> &'static [&'static [u8]] {
        match self {
            Self::Rpc => &[
                b"rpc.response.status_code",
                b"rpc.grpc.status_code",
                b"grpc.status_code",
                b"rpc.connect_rpc.error_code",
            ],
            Self::Http => &[b"http.response.status_code", b"http.status_code"],
            Self::Database => &[b"db.response.status_code"],
        }
    }

    /// Parses a status; `None` for one without meaning.
    pub(super) fn status(self, code: &Code<'_>) -> Option<CallStatus> {
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
                let text = prefix(text).map(str::trim).filter(|text| !text.is_empty());
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

/// Returns the name of a status code of gRPC.
#[must_use]
pub fn grpc_status(number: i64) -> Option<&'static str> {
    GRPC.get(usize::try_from(number).ok()?).copied()
}

fn http(number: i64) -> Option<CallStatus> {
    let class = match number {
        100..400 => StatusClass::Success,
        400..500 => StatusClass::ClientError,
        500..1_000 => StatusClass::ServerError,
        _ => return None,
    };
    Some(CallStatus {
        code: number.to_string().into(),
        name: None,
        class,
    })
}

fn rpc(code: &Code<'_>) -> CallStatus {
    let name = code.number().and_then(grpc_status);
    let code = code.text();
    let is = |known: &&str| known.eq_ignore_ascii_case(name.unwrap_or(&code));
    let class = if is(&GRPC[0]) {
        StatusClass::Success
    } else if GRPC_SERVER_ERRORS.iter().any(is) || !GRPC.iter().any(is) {
        StatusClass::ServerError
    } else {
        StatusClass::ClientError
    };
    CallStatus { code, name, class }
}

/// Reads a database's code. Databases have codes for failures; some senders write one for success, too, which is ignored.
fn database(code: &Code<'_>) -> Option<CallStatus> {
    const SUCCESS: [&str; 4] = ["0", "00000", "OK", "200"];
    let code = code.text();
    let is_success = SUCCESS.iter().any(|success| success.eq_ignore_ascii_case(&code));
    (!is_success).then_some(CallStatus {
        code,
        name: None,
        class: StatusClass::ServerError,
    })
}
