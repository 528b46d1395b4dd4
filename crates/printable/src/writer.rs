//! A cleaning writer.

use std::io::{self, Write};

use crate::clean;

/// A writer for one-line records, such as logs: each record stays one line of printable text.
///
/// Each call of [`Write::write_all`] must be one record with its line feed, as `tracing-subscriber` writes them.
#[derive(Debug)]
pub struct LineWriter<W>(pub W);

impl<W: Write> Write for LineWriter<W> {
    fn write(&mut self, record: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(record);
        let (text, end) = text.strip_suffix('\n').map_or((&*text, ""), |text| (text, "\n"));
        self.0.write_all(format!("{}{end}", clean(text)).as_bytes())?;
        Ok(record.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}
