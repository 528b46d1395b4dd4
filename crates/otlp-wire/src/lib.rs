//! OTLP as bytes: its schema as one table, and what that table drives.
//!
//! - [`validate`] decides whether bytes are a message, exactly as prost would, without keeping anything.
//! - [`fields`] reads the fields of a message that is known to be valid.
#![cfg_attr(feature = "json", doc = "- [`json::transcode`] writes what came as JSON in protobuf.")]
//!
//! It knows messages and fields, not spans: what of a span is worth keeping is the affair of the crate that keeps it.
//!
//! ```
//! use otlp_wire::{Value, fields, schema, validate};
//!
//! // Field 5, the name, of three bytes.
//! let span = b"\x2a\x03GET";
//! assert!(validate(span, &schema::SPAN).is_ok());
//! let name = fields(span).find_map(|field| match (field.number, field.value) {
//!     (5, Value::Bytes(name)) => Some(name),
//!     _ => None,
//! });
//! assert_eq!(name, Some(&b"GET"[..]));
//! assert!(validate(b"\x2a\x03GE", &schema::SPAN).is_err());
//! ```

#[cfg(feature = "json")]
pub mod json;
mod reader;
pub mod schema;
mod validate;

pub use reader::{DEPTH, Fields, Malformed, RawField, Reader, Value, fields};
pub use validate::{validate, validate_attribute, validate_field};
