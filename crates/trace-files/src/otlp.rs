//! OTLP: requests with traces and logs, in JSON and protobuf, as written by exporters and collectors.

pub(crate) mod json;
pub(crate) mod protobuf;
