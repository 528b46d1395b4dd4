//! Reads a text as a file.

use std::ops::ControlFlow;

use trace_files::{FileError, Input, Report, read_alone};
use trace_model::{Attribute, LogRecord, Span, Value};

pub(crate) struct Read {
    pub(crate) spans: Vec<Span>,
    pub(crate) logs: Vec<LogRecord>,
    pub(crate) report: Report,
}

impl Read {
    pub(crate) fn span(&self, name: &str) -> &Span {
        self.spans.iter().find(|span| span.name == name).unwrap()
    }

    pub(crate) fn problems(&self) -> Vec<String> {
        self.report.problems.first.iter().map(ToString::to_string).collect()
    }
}

pub(crate) fn try_read(bytes: impl Into<Vec<u8>>) -> Result<Read, FileError> {
    let (mut spans, mut logs) = (Vec::new(), Vec::new());
    let input = Input::new("the file".to_owned(), bytes.into());
    let report = read_alone(&input, &mut |part| {
        assert!(part.read <= part.of);
        spans.extend(part.batch.decode_spans());
        logs.extend(part.batch.decode_logs());
        ControlFlow::Continue(())
    })?;
    assert_eq!(
        (report.spans, report.logs),
        (spans.len() as u64, logs.len() as u64),
        "the counts match"
    );
    Ok(Read { spans, logs, report })
}

pub(crate) fn read(bytes: impl Into<Vec<u8>>) -> Read {
    try_read(bytes).unwrap()
}

pub(crate) fn attribute<'a>(attributes: &'a [Attribute], key: &str) -> Option<&'a Value> {
    attributes
        .iter()
        .find(|attribute| attribute.key == key)
        .map(|attribute| &attribute.value)
}

pub(crate) fn text(text: &str) -> Value {
    Value::String(text.to_owned())
}
