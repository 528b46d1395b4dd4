//! OTLP: requests with traces and logs, in JSON and in protobuf, as exporters and collectors write them.

pub(crate) mod json;
pub(crate) mod protobuf;
