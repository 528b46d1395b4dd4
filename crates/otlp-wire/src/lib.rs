//! OTLP at the byte level: its schema as one table, and the functions driven by it.
//!
//! **Invariant:** what [`validate`] accepts, prost accepts, and the reverse.
//!
//! - [`validate`] checks whether bytes are a message, exactly like prost, without allocating.
//! - [`fields`] iterates over the fields of a valid message.
#![cfg_attr(feature = "json", doc = "- [`json::transcode`] converts JSON to protobuf.")]
//!
//! The crate knows messages and fields, not spans: crates that store spans decide which parts to keep.
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

#![warn(missing_docs)]

#[cfg(feature = "json")]
pub mod json;
mod reader;
pub mod schema;
mod validate;

pub use reader::{DEPTH, Fields, Malformed, RawField, Reader, Value, fields};
pub use validate::{validate, validate_attribute, validate_field};
