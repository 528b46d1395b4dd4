//! Records as lines of OTLP/JSON, the format of OpenTelemetry's file exporter.

use otlp_wire::json::{transcode, write};
use otlp_wire::schema::{LOGS_REQUEST, Message, TRACES_REQUEST};
use trace_model::{Batch, RawRecord, Source};

use crate::pending::Pending;

/// Appends spans as one `ExportTraceServiceRequest` in JSON and a line break; nothing without any.
pub fn write_spans<'a>(spans: impl Iterator<Item = RawRecord<'a>>, line: &mut Vec<u8>) {
    write_line(spans, &TRACES_REQUEST, line);
}

/// Appends log records as one `ExportLogsServiceRequest` in JSON and a line break; nothing without any.
pub fn write_logs<'a>(logs: impl Iterator<Item = RawRecord<'a>>, line: &mut Vec<u8>) {
    write_line(logs, &LOGS_REQUEST, line);
}

/// Reads one `ExportTraceServiceRequest` in JSON, as [`write_spans`] appends it; `None` if it is not one.
#[must_use]
pub fn read_spans(json: &[u8], source: Source) -> Option<Batch> {
    let request = transcode(json, &TRACES_REQUEST).ok()?.bytes;
    Some(Batch::traces(request.into(), source).ok()?.0)
}

/// Reads one `ExportLogsServiceRequest` in JSON, as [`write_logs`] appends it; `None` if it is not one.
#[must_use]
pub fn read_logs(json: &[u8], source: Source) -> Option<Batch> {
    let request = transcode(json, &LOGS_REQUEST).ok()?.bytes;
    Batch::logs(request.into(), source).ok()
}

fn write_line<'a>(records: impl Iterator<Item = RawRecord<'a>>, request: &'static Message, line: &mut Vec<u8>) {
    let mut pending = Pending::default();
    for record in records {
        pending.add_raw(&record);
    }
    if !pending.is_empty() {
        write(&pending.body(), request, line);
        line.push(b'\n');
    }
}
