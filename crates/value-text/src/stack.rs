//! Stack traces of Java, Python, JavaScript, Go, Rust and .NET: whose code each frame is.

use crate::line::{Content, Fragment, Line, Role, Scan, StackLine, line_end};

/// Paths of libraries, whatever the language.
const PATHS: [&str; 22] = [
    "site-packages",
    "dist-packages",
    "/lib/python",
    "<frozen ",
    "node_modules",
    "node:",
    "(internal/",
    "/rustc/",
    ".cargo/registry",
    "/rustlib/",
    ".rustup/",
    "/usr/local/go/src/",
    "/go/pkg/mod/",
    "/libexec/src/",
    "/vendor/",
    "/usr/lib/",
    "webpack/runtime",
    "/_next/static",
    "\\lib\\site-packages",
    "/toolchain@",
    "/deps/",
    "GOROOT",
];
/// Prefixes of libraries in Java and related languages.
const JAVA: [&str; 36] = [
    "java.",
    "javax.",
    "jakarta.",
    "jdk.",
    "sun.",
    "com.sun.",
    "kotlin.",
    "kotlinx.",
    "scala.",
    "groovy.",
    "clojure.",
    "android.",
    "androidx.",
    "org.springframework.",
    "org.apache.",
    "org.hibernate.",
    "org.eclipse.",
    "org.jboss.",
    "org.postgresql.",
    "org.junit.",
    "org.gradle.",
    "io.netty.",
    "io.grpc.",
    "io.vertx.",
    "io.quarkus.",
    "io.micrometer.",
    "io.opentelemetry.",
    "io.sentry.",
    "reactor.",
    "okhttp3.",
    "akka.",
    "com.fasterxml.",
    "com.google.",
    "com.mysql.",
    "com.zaxxer.",
    "rx.",
];
/// The same in .NET.
const DOTNET: [&str; 10] = [
    "System.",
    "Microsoft.",
    "Npgsql.",
    "Newtonsoft.",
    "Grpc.",
    "MassTransit.",
    "Serilog.",
    "RabbitMQ.",
    "StackExchange.",
    "Dapper.",
];
/// Crates, and the ends of their stacks.
const RUST: [&str; 22] = [
    "std",
    "core",
    "alloc",
    "tokio",
    "futures",
    "futures_util",
    "futures_core",
    "hyper",
    "hyper_util",
    "tower",
    "axum",
    "actix_web",
    "actix_rt",
    "tracing",
    "rayon",
    "rayon_core",
    "backtrace",
    "anyhow",
    "tonic",
    "sqlx",
    "rust_begin_unwind",
    "__rust_try",
];

/// Returns true if a text is a stack trace: it has two frames, or a heading and one.
pub(crate) fn is_stack_trace(start: &str) -> bool {
    if !start.contains('\n') {
        return false;
    }
    let mut stack = Stack::default();
    let (mut frames, mut headings) = (0, 0);
    for line in start.lines().take(40) {
        let is_frame = matches!(stack.kind(line), StackLine::Own | StackLine::Library);
        let is_place_of_go = line.starts_with("\t/");
        frames += usize::from(is_frame && stack.is_sure || is_place_of_go);
        headings += usize::from(is_heading(line));
    }
    frames >= 2 || frames >= 1 && headings >= 1
}

fn is_heading(line: &str) -> bool {
    line.contains("Traceback (most recent")
        || line.starts_with("goroutine ")
        || line.starts_with("stack backtrace:")
        || line.starts_with("Caused by: ")
        || line.starts_with("Exception in thread")
        || line
            .split([':', ' '])
            .next()
            .is_some_and(|word| word.ends_with("Error") || word.ends_with("Exception"))
}

#[derive(Debug, Default)]
pub(crate) struct Stack {
    /// The line above the library frames that are being read.
    libraries: Option<usize>,
    /// Of the frame before.
    frame: Option<StackLine>,
    /// A line without a place, which is a frame of Go if one follows.
    is_sure: bool,
    is_python: bool,
    is_cut: bool,
    /// Kind of the line that is being read in parts.
    kind: Option<StackLine>,
}

impl Scan for Stack {
    fn scan(&mut self, text: &str, at: usize, lines: &mut Vec<Line>) -> usize {
        let (end, after, is_cut) = line_end(text, at);
        let is_continued = std::mem::replace(&mut self.is_cut, is_cut);
        let mut kind = match self.kind.filter(|_| is_continued) {
            Some(kind) => kind,
            None => self.kind(&text[at..end]),
        };
        self.kind = Some(kind);
        // Where a place stands below its frame, it tells whose code that is.
        if kind == StackLine::Own && !is_cut && has_place_below(&text[after..]) {
            let (below, ..) = line_end(text, after);
            if is_library_path(&text[after..below]) {
                kind = StackLine::Library;
                self.frame = Some(kind);
            }
        }
        let is_library = kind == StackLine::Library || kind == StackLine::Detail && self.frame == Some(StackLine::Library);
        if is_library {
            let parent = *self.libraries.get_or_insert_with(|| {
                let mut heading = Line::new(at..at, 0, Content::Libraries);
                heading.is_fold = true;
                lines.push(heading);
                lines.len() - 1
            });
            lines[parent].children += usize::from(kind == StackLine::Library && !is_continued);
        } else if let Some(parent) = self.libraries.take() {
            lines[parent].end = Some(lines.len());
        }
        let mut line = Line::new(at..end, u32::from(is_library), Content::Stack(kind));
        line.parent = self.libraries;
        line.is_continued = is_continued;
        lines.push(line);
        after
    }
}

/// Returns true if the next line is the location of a frame: in Go after a tab, in Rust after `at`.
fn has_place_below(text: &str) -> bool {
    text.starts_with("\t/") || text.starts_with("\t\\") || text.starts_with("             at ")
}

fn is_library_path(line: &str) -> bool {
    let line = crate::start(line, 1_024);
    PATHS.iter().any(|path| line.contains(path))
}

impl Stack {
    /// Returns the kind of a line with the line below it, which may tell whose code it is.
    pub(crate) fn kind_of(&mut self, line: &str, below: &str) -> StackLine {
        let mut kind = self.kind(line);
        if kind == StackLine::Own && has_place_below(below) && is_library_path(below) {
            kind = StackLine::Library;
            self.frame = Some(kind);
        }
        kind
    }

    fn kind(&mut self, line: &str) -> StackLine {
        let line = without_group(crate::start(line, 1_024));
        let text = line.trim_start();
        let indent = line.len() - text.len();
        self.is_sure = true;
        let kind = if let Some(path) = text.strip_prefix("File \"").filter(|_| indent > 0) {
            self.is_python = true;
            of(is_library_path(path))
        } else if text.starts_with("at ") && indent > 8 || line.starts_with("\t/") {
            StackLine::Detail
        } else if let Some(frame) = text.strip_prefix("at ").filter(|_| indent > 0) {
            of(is_library_frame(frame))
        } else if let Some(name) = rust_frame(text) {
            of(is_rust_library(name))
        } else if text.starts_with("... ") && indent > 0 {
            // Java's frames in common with those above.
            StackLine::Detail
        } else if let Some((_, place)) = text.split_once('@').filter(|(_, place)| place.contains("://")) {
            of(is_library_path(place))
        } else if indent >= 4 && self.is_python && self.frame.is_some() {
            StackLine::Detail
        } else if indent == 0 && (line.ends_with(')') || line.starts_with("created by ")) && is_go_function(text) {
            self.is_sure = false;
            of(is_go_library(text))
        } else {
            StackLine::Title
        };
        if kind != StackLine::Detail {
            self.frame = (kind != StackLine::Title).then_some(kind);
        }
        kind
    }
}

/// Returns a line of an exception group of Python without the bar before it.
fn without_group(line: &str) -> &str {
    line.trim_start().strip_prefix("| ").unwrap_or(line)
}

const fn of(is_library: bool) -> StackLine {
    if is_library { StackLine::Library } else { StackLine::Own }
}

/// Of Java, .NET or JavaScript: what follows `at `.
fn is_library_frame(frame: &str) -> bool {
    let frame = frame.strip_prefix("async ").unwrap_or(frame);
    // A module before the name: `java.base/java.lang.Thread.run`.
    let place = frame.find('(').unwrap_or(frame.len());
    let name = frame[..place].rsplit('/').next().unwrap_or(frame);
    let is_of = |names: &[&str]| names.iter().any(|library| name.starts_with(library));
    // Without a place: built into the engine, such as `Array.map (<anonymous>)`.
    let is_built_in = frame == "native" || frame.starts_with("<anonymous>") || frame.ends_with("(<anonymous>)");
    is_built_in || is_library_path(frame) || is_of(&JAVA) || is_of(&DOTNET)
}

/// The name in a frame of Rust: `  12: tokio::runtime::…`.
fn rust_frame(text: &str) -> Option<&str> {
    let (number, name) = text.split_once(": ")?;
    let is_number = !number.is_empty() && number.len() < 6 && number.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| {
        let name = name.trim_start();
        // An address before the name.
        name.strip_prefix("0x")
            .and_then(|name| name.split_once(" - "))
            .map_or(name, |(_, name)| name)
    })
}

fn is_rust_library(name: &str) -> bool {
    let name = name.trim_start_matches(['<', '&', '_']);
    let krate = name.split([':', '<', ' ']).next().unwrap_or(name);
    name.contains("rust_begin_unwind") || name.starts_with("rust_") || RUST.contains(&krate)
}

/// `main.(*Server).handle(0xc000…)`, `net/http.HandlerFunc.ServeHTTP(…)`, `created by …`.
fn is_go_function(text: &str) -> bool {
    let text = text.strip_prefix("created by ").unwrap_or(text);
    let text = text.split(" in goroutine ").next().unwrap_or(text);
    let name = text.split('(').next().unwrap_or(text);
    let name = name.rsplit('/').next().unwrap_or(name);
    let is_name = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.' | '-');
    (name.contains('.') || name == "panic") && name.chars().all(is_name)
}

/// The standard library has no dot in the first part of its paths, and no program is in it but `main`.
fn is_go_library(text: &str) -> bool {
    let text = text.strip_prefix("created by ").unwrap_or(text);
    let name = text.split('(').next().unwrap_or(text);
    let first = name.split('/').next().unwrap_or(name);
    let is_path = name.contains('/');
    if is_path {
        !first.contains('.')
    } else {
        matches!(
            first.split('.').next(),
            Some("runtime" | "panic" | "testing" | "syscall" | "reflect")
        )
    }
}

/// Returns the parts of a line.
pub(crate) fn pieces(text: &str, kind: StackLine) -> Vec<Fragment<'_>> {
    let role = match kind {
        StackLine::Title => Role::Error,
        StackLine::Own => Role::Own,
        StackLine::Library => Role::Dim,
        StackLine::Detail => Role::Plain,
    };
    vec![Fragment::new(text, role)]
}
