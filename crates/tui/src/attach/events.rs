//! Server-sent events, as the viewer's API sends them.

use eyre::{Context, Result};
use reqwest::Response;

/// An event.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Event {
    /// Its type.
    pub name: String,
    /// Its lines, joined by line breaks.
    pub data: String,
}

/// The events of an answer.
#[derive(Debug)]
pub struct Events {
    answer: Response,
    parser: Parser,
}

impl Events {
    pub(super) fn new(answer: Response) -> Self {
        Self {
            answer,
            parser: Parser::default(),
        }
    }

    /// Waits for the next event; `None` at the end. Nothing is lost when it is not waited for to the end.
    ///
    /// # Errors
    /// The connection is lost.
    pub async fn next(&mut self) -> Result<Option<Event>> {
        loop {
            if let Some(event) = self.parser.next() {
                return Ok(Some(event));
            }
            match self.answer.chunk().await.wrap_err("the connection to the viewer is lost")? {
                Some(bytes) => self.parser.unread.extend_from_slice(&bytes),
                None => return Ok(None),
            }
        }
    }
}

/// Lines of the format of the HTML standard; `id` and `retry` are ignored.
#[derive(Debug, Default)]
struct Parser {
    unread: Vec<u8>,
    /// Bytes of these without a line break.
    searched: usize,
    event: Event,
}

impl Parser {
    /// Returns the next whole event.
    fn next(&mut self) -> Option<Event> {
        let mut from = 0;
        let mut found = None;
        while let Some(length) = self.unread[from.max(self.searched)..].iter().position(|byte| *byte == b'\n') {
            let end = from.max(self.searched) + length;
            let line = String::from_utf8_lossy(&self.unread[from..end]).into_owned();
            from = end + 1;
            found = self.line(line.strip_suffix('\r').unwrap_or(&line));
            if found.is_some() {
                break;
            }
        }
        self.unread.drain(..from);
        self.searched = if found.is_some() { 0 } else { self.unread.len() };
        found
    }

    fn line(&mut self, line: &str) -> Option<Event> {
        if line.is_empty() {
            let event = std::mem::take(&mut self.event);
            return (event != Event::default()).then_some(event);
        }
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "event" => value.clone_into(&mut self.event.name),
            "data" => {
                if !self.event.data.is_empty() {
                    self.event.data.push('\n');
                }
                self.event.data.push_str(value);
            }
            // A comment, or what is not needed here.
            _ => {}
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_read_from_any_pieces() {
        let text = ": hello\n\nevent: spans\nid: 1.2\ndata: {\"a\":\ndata:1}\n\nevent:end\r\n\r\ndata: cut";
        for size in 1..text.len() {
            let mut parser = Parser::default();
            let mut events = Vec::new();
            for piece in text.as_bytes().chunks(size) {
                parser.unread.extend_from_slice(piece);
                events.extend(std::iter::from_fn(|| parser.next()));
            }
            let event = |name: &str, data: &str| Event {
                name: name.to_owned(),
                data: data.to_owned(),
            };
            assert_eq!(events, [event("spans", "{\"a\":\n1}"), event("end", "")], "{size}");
        }
    }
}
