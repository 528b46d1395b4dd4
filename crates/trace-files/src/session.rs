//! Files that are read together.

use std::ops::ControlFlow;

use crate::content::Content;
use crate::held::Held;
use crate::input::{FileError, Input, Next};
use crate::memory::Memory;
use crate::sink::{Deliver, Sink};
use crate::{Part, Problems, Report};

/// The files of one `open` or `inspect`, merged where they share traces.
///
/// Zipkin spans, and spans with a 64-bit trace id, are released at the end ([`Self::finish`]), when their traces are known. A
/// live input releases its records when it is idle.
#[derive(Debug)]
pub struct Session {
    memory: Memory,
    held: Held,
    live: bool,
}

impl Session {
    /// Creates an empty session.
    #[must_use]
    pub fn new(memory: Memory) -> Self {
        Self {
            memory,
            held: Held::default(),
            live: false,
        }
    }

    /// Releases records of a pipe when it is idle.
    #[must_use]
    pub const fn live(mut self) -> Self {
        self.live = true;
        self
    }

    /// Reads a file in parts until `deliver` breaks. Invalid parts affect only themselves. Blocks.
    ///
    /// # Errors
    /// No part of the file could be read.
    pub fn read(&mut self, input: &Input, deliver: &mut dyn FnMut(Part) -> ControlFlow<()>) -> Result<Report, FileError> {
        let mut sink = Sink::new(&mut self.held, self.memory, deliver);
        let mut content = Content::new(self.memory);
        let rejected = |reason: &'static str| FileError::Rejected {
            name: input.name().to_owned(),
            reason,
        };
        let mut pieces = input.pieces(self.memory.window, self.live)?;
        let mut failed = None;
        let mut has_new = false;
        while !sink.is_stopped() {
            let (read, of) = pieces.progress();
            sink.set_progress(read, of);
            match pieces.next(has_new) {
                Next::Piece(piece) => {
                    content.push(piece, &mut sink).map_err(rejected)?;
                    has_new = true;
                }
                Next::Quiet => {
                    content.decide(&mut sink).map_err(rejected)?;
                    sink.release();
                    sink.flush();
                    has_new = false;
                }
                Next::Failed(what) => {
                    failed = Some(what);
                    break;
                }
                Next::End => break,
            }
        }
        let (read, of) = pieces.progress();
        sink.set_progress(read.max(of), of);
        if !sink.is_stopped() {
            content.finish(&mut sink).map_err(rejected)?;
        }
        sink.flush();
        if content.is_blank() {
            let name = input.name().to_owned();
            return Err(match failed {
                Some(what) => FileError::Damaged { name, what },
                None => FileError::Empty { name },
            });
        }
        if let Some(what) = failed {
            sink.problem(content.position(), what);
        }
        let report = std::mem::take(&mut sink.report);
        if report.problems.count > 0 && report.spans + report.logs == 0 && !sink.is_stopped() {
            return Err(FileError::NothingRead {
                name: input.name().to_owned(),
                is_known: sink.is_rejected || !report.formats.is_empty(),
                problems: report.problems,
            });
        }
        Ok(report)
    }

    /// Releases the held records; returns the warnings.
    pub fn finish(&mut self, deliver: Deliver<'_>) -> Problems {
        let mut sink = Sink::new(&mut self.held, self.memory, deliver);
        sink.release();
        sink.flush();
        sink.report.warnings
    }
}

/// Reads a file alone, including the records held for the end, within the memory of [`Memory::default`].
///
/// # Errors
/// No part of it could be read.
pub fn read_alone(input: &Input, deliver: &mut dyn FnMut(Part) -> ControlFlow<()>) -> Result<Report, FileError> {
    let mut session = Session::new(Memory::default());
    let (mut spans, mut stopped) = (0, false);
    let mut counting = |part: Part| {
        spans += part.batch.span_count() as u64;
        let flow = deliver(part);
        stopped |= flow.is_break();
        flow
    };
    let mut report = session.read(input, &mut counting)?;
    let warnings = session.finish(&mut counting);
    if !stopped {
        // Parts of one span count once.
        report.spans = spans;
    }
    report.warnings.extend(warnings);
    Ok(report)
}
