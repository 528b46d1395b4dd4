//! Bodies that are written as their parts are found.

use std::io;

use axum::body::Body;
use bytes::Bytes;
use futures_util::stream;
use query::jaeger::TracesWriter;
use query::{Evaluation, Part};

use crate::queue::QuerySender;

/// The next part to write.
enum Next {
    Part(Evaluation, Option<Part>),
    Ask(Evaluation),
    Nothing,
}

/// The body of an answer whose first part is there. The next part is requested when the client has read the last one: a client that
/// does not read delays no other, and the server closes its connection. An answer that cannot be completed breaks the connection, so that no
/// part of it is taken for the whole.
pub(crate) fn traces(queries: QuerySender, evaluation: Evaluation, first: Option<Part>) -> Body {
    let state = (queries, TracesWriter::default(), Next::Part(evaluation, first));
    Body::from_stream(stream::unfold(state, |(queries, mut writer, mut next)| async move {
        loop {
            let (evaluation, part) = match next {
                Next::Nothing => return None,
                Next::Part(evaluation, part) => (evaluation, part),
                Next::Ask(evaluation) => {
                    let Ok(answer) = queries.ask(evaluation).await else {
                        let broken = io::Error::other("the viewer is ending");
                        return Some((Err(broken), (queries, writer, Next::Nothing)));
                    };
                    answer
                }
            };
            let Some(part) = part else {
                let end = std::mem::take(&mut writer).end();
                return Some((Ok(Bytes::from(end)), (queries, writer, Next::Nothing)));
            };
            let bytes = writer.part(&part);
            next = Next::Ask(evaluation);
            if !bytes.is_empty() {
                return Some((Ok(Bytes::from(bytes)), (queries, writer, next)));
            }
        }
    }))
}
