//! The table and the reader compared with prost, and JSON with protobuf.

#![expect(clippy::unwrap_used, reason = "a test may fail by it")]

mod damage;
mod messages;
mod table;
mod transcode;
mod wire;
mod write;
