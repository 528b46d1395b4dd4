//! OTLP in protobuf.

use opentelemetry_proto::tonic::trace::v1::Span;
use otlp_wire::json::transcode;
use otlp_wire::schema::{LOGS_REQUEST, METRICS_REQUEST, Message, SPAN, TRACES_REQUEST};
use otlp_wire::{fields, validate};

use crate::walk;

pub(crate) fn traces(data: &[u8]) {
    agree::<Span>(data, &SPAN);
    walk::traces(data, agree(data, &TRACES_REQUEST).as_ref());
}

pub(crate) fn logs(data: &[u8]) {
    walk::logs(data, agree(data, &LOGS_REQUEST).as_ref());
}

pub(crate) fn metrics(data: &[u8]) {
    walk::metrics(data, agree(data, &METRICS_REQUEST).as_ref());
}

/// Bytes are valid exactly if prost decodes them.
fn agree<T: prost::Message + Default>(data: &[u8], schema: &'static Message) -> Option<T> {
    let (ours, theirs) = (validate(data, schema), T::decode(data));
    assert_eq!(
        ours.is_ok(),
        theirs.is_ok(),
        "{}: {ours:?}, prost: {:?}",
        schema.name,
        theirs.err()
    );
    // Of invalid bytes the readable part is read.
    assert!(fields(data).count() <= data.len());
    theirs.ok()
}

pub(crate) fn traces_from(document: &[u8]) -> Vec<u8> {
    from(document, &TRACES_REQUEST)
}

pub(crate) fn logs_from(document: &[u8]) -> Vec<u8> {
    from(document, &LOGS_REQUEST)
}

pub(crate) fn metrics_from(document: &[u8]) -> Vec<u8> {
    from(document, &METRICS_REQUEST)
}

fn from(document: &[u8], schema: &'static Message) -> Vec<u8> {
    transcode(document, schema).map_or_else(|_| document.to_vec(), |read| read.bytes)
}
