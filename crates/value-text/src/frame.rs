//! The frame of a stack trace that tells where an error is from.

use crate::line::StackLine;
use crate::stack::Stack;
use crate::{floor, start};

/// Bytes of a stack trace that are looked at: its start, or the end of one whose newest call is last.
const STACK_BYTES_MAX: usize = 64 << 10;

/// A call of the program's own code: its function without module or type, its file without directories. Lines are not a part of it, since
/// they change with every edit.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct OwnFrame {
    /// Name of the function; may be empty.
    pub function: String,
    /// Name of the file; empty if unknown.
    pub file: String,
}

impl OwnFrame {
    /// Returns the frame of a function and a file, as a sender names them.
    #[must_use]
    pub fn new(function: &str, file: &str) -> Self {
        Self {
            function: short_function(function).to_owned(),
            file: short_file(file).to_owned(),
        }
    }

    /// Returns the newest call of the program's own code in a stack trace of Java, Python, JavaScript, Go, Rust or .NET; `None` if there is
    /// none.
    ///
    /// ```
    /// use value_text::OwnFrame;
    ///
    /// let stack = "java.lang.IllegalStateException: closed\n\tat java.util.ArrayList.add(ArrayList.java:9)\n\tat com.acme.Cart.put(Cart.java:41)";
    /// assert_eq!(OwnFrame::newest(stack), Some(OwnFrame::new("put", "Cart.java")));
    /// ```
    #[must_use]
    pub fn newest(stack: &str) -> Option<Self> {
        let is_newest_last = start(stack, STACK_BYTES_MAX).contains("Traceback (most recent call last)");
        let text = if is_newest_last {
            let from = stack.len().saturating_sub(STACK_BYTES_MAX);
            &stack[floor(stack, from)..]
        } else {
            start(stack, STACK_BYTES_MAX)
        };
        let mut scan = Stack::default();
        let mut newest = None;
        let mut lines = text.lines().peekable();
        while let Some(line) = lines.next() {
            let below = lines.peek().copied().unwrap_or_default();
            if scan.kind_of(line, below) != StackLine::Own {
                continue;
            }
            let Some(frame) = Self::of_line(line, below) else { continue };
            newest = Some(frame);
            if !is_newest_last {
                break;
            }
        }
        newest
    }

    /// Parses a frame and the line below it, which may have its place.
    fn of_line(line: &str, below: &str) -> Option<Self> {
        let text = start(line, 1_024).trim();
        let text = text.strip_prefix("| ").unwrap_or(text).trim_start();
        if let Some(rest) = text.strip_prefix("File \"") {
            // Python: `File "/app/main.py", line 12, in handle`.
            let (file, rest) = rest.split_once('"')?;
            let function = rest.rsplit_once(" in ").map_or("", |(_, function)| function);
            return Some(Self::new(function, file));
        }
        if let Some(rest) = text.strip_prefix("at ") {
            let rest = rest.strip_prefix("async ").unwrap_or(rest);
            // .NET: `Acme.Cart.Put(String id) in /src/Cart.cs:line 41`.
            if let Some((function, file)) = rest.split_once(" in ") {
                return Some(Self::new(function.split('(').next().unwrap_or(function), file));
            }
            // Java: `com.acme.Cart.put(Cart.java:41)`; JavaScript: `put (/app/cart.js:41:7)`, or the place alone.
            return Some(match rest.split_once('(') {
                Some((function, file)) => Self::new(function.trim_end(), file.trim_end_matches(')')),
                None if rest.contains(':') => Self::new("", rest),
                None => Self::new(rest, ""),
            });
        }
        if let Some((function, place)) = text.split_once('@').filter(|(_, place)| place.contains("://")) {
            return Some(Self::new(function, place));
        }
        let place = below.trim_start();
        let numbered = text
            .split_once(": ")
            .filter(|(number, _)| number.bytes().all(|byte| byte.is_ascii_digit()));
        if let Some((_, name)) = numbered {
            // Rust: `12: shop::cart::put`, its place below it after `at`.
            let name = name.trim_start();
            let name = name
                .split_once(" - ")
                .filter(|_| name.starts_with("0x"))
                .map_or(name, |(_, name)| name);
            return Some(Self::new(name, place.strip_prefix("at ").unwrap_or_default()));
        }
        // Go: `main.(*Cart).Put(0xc000…)`, its place below it.
        let text = text.strip_prefix("created by ").unwrap_or(text);
        let text = text.split(" in goroutine ").next().unwrap_or(text);
        let name = text
            .rsplit_once('(')
            .filter(|_| text.ends_with(')'))
            .map_or(text, |(name, _)| name);
        Some(Self::new(name, place.split(' ').next().unwrap_or_default()))
    }
}

/// Returns the last part of a function's name: `com.acme.Cart.put`, `shop::cart::put::h0123456789abcdef`, `main.(*Cart).Put`.
fn short_function(name: &str) -> &str {
    let name = name.trim();
    let is_hash =
        |part: &str| part.len() == 17 && part.starts_with('h') && part[1..].bytes().all(|byte| byte.is_ascii_hexdigit());
    let name = name
        .rsplit_once("::")
        .filter(|(_, hash)| is_hash(hash))
        .map_or(name, |(name, _)| name);
    let closure = "::{{closure}}";
    let name = name.strip_suffix(closure).unwrap_or(name);
    let name = name.strip_suffix("::{closure#0}").unwrap_or(name);
    // `<shop::Cart as core::ops::Drop>::drop`, `Cart.<init>`: the last separator outside of brackets.
    let last = name.rsplit(['.', ':', '/']).next().unwrap_or(name);
    if last.is_empty() { name } else { last }
}

/// Returns a file's name without directories, query, and the numbers of line and column.
fn short_file(place: &str) -> &str {
    let place = place.trim();
    let mut place = place.split_once(":line ").map_or(place, |(file, _)| file);
    while let Some((file, _)) = place
        .rsplit_once(':')
        .filter(|(_, number)| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()))
    {
        place = file;
    }
    let name = place.rsplit(['/', '\\']).next().unwrap_or(place);
    name.split(['?', '#']).next().unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn newest(stack: &str) -> Option<(String, String)> {
        OwnFrame::newest(stack).map(|frame| (frame.function, frame.file))
    }

    #[test]
    fn newest_own_frame_is_found_in_stacks_of_each_language() {
        let python = "Traceback (most recent call last):\n  File \"/app/main.py\", line 3, in <module>\n    run()\n  File \"/app/shop/cart.py\", line 41, in put\n    db.add(x)\n  File \"/usr/lib/python3/site-packages/db.py\", line 9, in add\n    raise E\nE: no";
        let javascript = "TypeError: x is undefined\n    at Array.map (<anonymous>)\n    at put (/app/src/cart.js:41:7)\n    at next (/app/node_modules/express/lib/router.js:1:2)";
        let dotnet = "System.InvalidOperationException: no\n   at System.Linq.Enumerable.First()\n   at Acme.Cart.Put(String id) in /src/Cart.cs:line 41";
        let go = "panic: no\n\ngoroutine 1 [running]:\nruntime.gopanic(0x1)\n\t/usr/local/go/src/runtime/panic.go:9 +0x1\nmain.(*Cart).Put(0xc000012345)\n\t/app/cart.go:41 +0x1d\n";
        let rust = "stack backtrace:\n   0: rust_begin_unwind\n             at /rustc/1/library/std/src/panicking.rs:1:5\n   1: shop::cart::put::h0123456789abcdef\n             at ./src/cart.rs:41:7\n";
        let firefox = "put@http://localhost:3000/static/cart.js?v=2:41:7\nnext@http://localhost:3000/node_modules/x.js:1:2";
        for (stack, file) in [
            (python, "cart.py"),
            (javascript, "cart.js"),
            (dotnet, "Cart.cs"),
            (go, "cart.go"),
            (rust, "cart.rs"),
            (firefox, "cart.js"),
        ] {
            let (function, found) = newest(stack).expect(stack);
            assert_eq!((function.to_lowercase(), &*found), ("put".to_owned(), file), "{stack}");
        }
    }

    #[test]
    fn line_numbers_and_directories_make_no_difference() {
        let one = "Traceback (most recent call last):\n  File \"/app/1/cart.py\", line 41, in put\n    x\nE";
        let other = "Traceback (most recent call last):\n  File \"/app/2/cart.py\", line 43, in put\n    y\nE";
        assert_eq!(newest(one), newest(other));
    }

    #[test]
    fn stack_without_own_frames_has_none() {
        assert_eq!(
            newest("java.lang.Error: x\n\tat java.util.A.b(A.java:1)\n\tat java.util.C.d(C.java:2)"),
            None
        );
        assert_eq!(newest(""), None);
        let long = "x".repeat(10 << 20);
        assert_eq!(newest(&long), None);
    }
}
