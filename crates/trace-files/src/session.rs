//! Files that are read together.

use std::ops::ControlFlow;

use crate::content::Content;
use crate::held::Held;
use crate::input::{FileError, Input, Next};
use crate::memory::Memory;
use crate::sink::{Deliver, Sink};
use crate::{Part, Problems, Report};

/// All files of one `open` or `inspect`: what belongs together is put together across them.
///
/// Zipkin's spans, and spans whose trace id has 64 bits, are handed on at the end ([`Self::finish`]): only then it is known what they are
/// parts of. A live input hands on what it has when nothing comes for a moment.
#[derive(Debug)]
pub struct Session {
    memory: Memory,
    held: Held,
    live: bool,
}

impl Session {
    /// Nothing read yet.
    #[must_use]
    pub fn new(memory: Memory) -> Self {
        Self {
            memory,
            held: Held::default(),
            live: false,
        }
    }

    /// What comes through a pipe is handed on when nothing more comes for a moment.
    #[must_use]
    pub const fn live(mut self) -> Self {
        self.live = true;
        self
    }

    /// Reads a file, handing on one part after the other until `deliver` breaks. What cannot be read costs itself. Blocks.
    ///
    /// # Errors
    /// Nothing of it could be read.
    pub fn read(&mut self, input: &Input, deliver: &mut dyn FnMut(Part) -> ControlFlow<()>) -> Result<Report, FileError> {
        let mut sink = Sink::new(&mut self.held, self.memory, deliver);
        let mut content = Content::new(self.memory);
        let refused = |reason: &'static str| FileError::Refused {
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
                    content.push(piece, &mut sink).map_err(refused)?;
                    has_new = true;
                }
                Next::Quiet => {
                    content.decide(&mut sink).map_err(refused)?;
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
            content.finish(&mut sink).map_err(refused)?;
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
                is_known: sink.is_refused || !report.formats.is_empty(),
                problems: report.problems,
            });
        }
        Ok(report)
    }

    /// Hands on what waited for the end of all files; gives what is to be warned of.
    pub fn finish(&mut self, deliver: Deliver<'_>) -> Problems {
        let mut sink = Sink::new(&mut self.held, self.memory, deliver);
        sink.release();
        sink.flush();
        sink.report.warnings
    }
}
