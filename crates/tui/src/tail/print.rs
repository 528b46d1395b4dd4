//! Turns arrivals into lines, on a separate thread: writing may block.

use std::io::{self, BufWriter, Write};

use jiff::tz::TimeZone;
use query::Uploads;
use tokio::sync::watch;
use trace_files::json_lines;
use trace_model::sentry::ErrorEvent;
use trace_model::{Batch, BatchLog, BatchSpan, LogRecord};

use super::input::Next;
use super::{Form, Selection, plain};
use app::log_text;

/// Records of a line of OTLP/JSON, at most.
const OF_A_LINE: usize = 512;

/// Prints until arrivals end, or as many records as wanted. Returns their number.
pub(super) struct Printer<W: Write> {
    out: BufWriter<W>,
    form: Form,
    count: Option<u64>,
    selection: query::Selection,
    zone: TimeZone,
    uploads: Uploads,
    printed: watch::Sender<u64>,
}

impl<W: Write> Printer<W> {
    pub(super) fn new(selection: Selection, out: W, printed: watch::Sender<u64>) -> Self {
        Self {
            out: BufWriter::new(out),
            form: selection.form,
            count: selection.count,
            selection: query::Selection {
                filter: selection.filter,
                logs: selection.logs,
            },
            zone: TimeZone::system(),
            uploads: Uploads::new(),
            printed,
        }
    }

    /// Blocks.
    pub(super) fn run(mut self, mut next: Next) -> io::Result<()> {
        while !self.is_done()
            && let Some(delivered) = next()
        {
            delivered.batches.iter().try_for_each(|batch| self.batch(batch))?;
            self.out.flush()?;
        }
        Ok(())
    }

    fn is_done(&self) -> bool {
        self.left() == 0
    }

    /// Returns the number of records still to print.
    fn left(&self) -> usize {
        let printed = *self.printed.borrow();
        let left = self.count.map(|count| count.saturating_sub(printed));
        left.map_or(usize::MAX, |left| usize::try_from(left).unwrap_or(usize::MAX))
    }

    fn batch(&mut self, batch: &Batch) -> io::Result<()> {
        let revealed = self.uploads.reveal(batch);
        self.records(batch)?;
        revealed.iter().try_for_each(|batch| self.records(batch))
    }

    fn records(&mut self, batch: &Batch) -> io::Result<()> {
        let spans: Vec<_> = batch
            .each_span()
            .filter(|span| !span.is_hidden() && self.selection.selects(span))
            .take(self.left())
            .collect();
        match self.form {
            Form::Otlp => self.otlp(&spans, |spans, line| {
                trace_files::write_spans(spans.iter().map(BatchSpan::raw), line);
            })?,
            Form::Json | Form::Plain => self.spans(&spans)?,
        }
        let logs: Vec<_> = batch
            .each_log()
            .filter(|log| self.selection.selects_log(log))
            .take(self.left())
            .collect();
        match self.form {
            Form::Otlp => self.otlp(&logs, |logs, line| {
                trace_files::write_logs(logs.iter().map(BatchLog::raw), line);
            }),
            Form::Json | Form::Plain => self.logs(&logs),
        }
    }

    fn spans(&mut self, spans: &[BatchSpan<'_>]) -> io::Result<()> {
        for span in spans {
            let line = match self.form {
                Form::Json => span.decode_whole().map(|span| json_lines::span_line(&span)).transpose()?,
                Form::Plain | Form::Otlp => span.decode().map(|span| plain::line(&span, &self.zone)),
            };
            if let Some(line) = line {
                writeln!(self.out, "{line}")?;
            }
        }
        self.printed(spans.len());
        Ok(())
    }

    fn logs(&mut self, logs: &[BatchLog<'_>]) -> io::Result<()> {
        for log in logs {
            let line = match self.form {
                Form::Json => json_lines::log_line(&log.decode_whole(), log.is_error())?,
                Form::Plain | Form::Otlp => {
                    let decoded = log.decode();
                    plain::log_line(&decoded, &title(&decoded), &self.zone)
                }
            };
            writeln!(self.out, "{line}")?;
        }
        self.printed(logs.len());
        Ok(())
    }

    /// A line for some records at a time: a request may have any number of them.
    fn otlp<T>(&mut self, records: &[T], write: impl Fn(&[T], &mut Vec<u8>)) -> io::Result<()> {
        let mut line = Vec::new();
        for some in records.chunks(OF_A_LINE) {
            line.clear();
            write(some, &mut line);
            self.out.write_all(&line)?;
        }
        self.printed(records.len());
        Ok(())
    }

    fn printed(&self, records: usize) {
        if records > 0 {
            self.printed.send_modify(|printed| *printed += records as u64);
        }
    }
}

/// Returns a record's text in one line: an error's title, else the body.
pub(crate) fn title(log: &LogRecord) -> String {
    ErrorEvent::of(log).map_or_else(|| log_text(log), |error| error.title)
}
