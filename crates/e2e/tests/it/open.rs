//! `spanfall open` and `spanfall inspect` in a terminal: files, standard input, and errors.
use std::fs;
use std::path::Path;

use e2e::screen::Screen;
use serde_json::json;
use tempfile::TempDir;

const ROOT: &str = "a voyage";

fn zipkin() -> String {
    let span = |id: &str, parent: Option<&str>, name: &str| {
        json!({ "traceId": "0af7651916cd43dd", "id": id, "parentId": parent, "name": name, "timestamp": 1_700_000_000_000_000_u64,
            "duration": 5_000, "localEndpoint": { "serviceName": "ferry" } })
    };
    json!([span("01", None, ROOT), span("02", Some("01"), "cast off"), { "traceId": "0af7651916cd43dd" }]).to_string()
}

/// Starts a script with the program as `$spanfall`, in its own directory.
fn start(directory: &Path, script: &str) -> Screen {
    let spanfall = testkit::bin("spanfall").unwrap();
    let script = format!("cd {}; {script}; echo status $?", directory.display());
    let environment = [
        ("spanfall", spanfall.display().to_string()),
        ("XDG_STATE_HOME", directory.display().to_string()),
    ];
    Screen::start(&script, environment, 120, 40).unwrap()
}

fn directory() -> TempDir {
    let directory = TempDir::new().unwrap();
    fs::write(directory.path().join("voyage.json"), zipkin()).unwrap();
    fs::write(directory.path().join("notes.txt"), "hello").unwrap();
    directory
}

/// Waits for the trace, quits by key, and checks the exit.
fn seen_and_left(mut screen: Screen, from: &str) -> String {
    let text = screen.wait_frame("the trace", |text| text.contains(ROOT) && text.contains(from));
    screen.press("q").unwrap();
    screen.ended().unwrap();
    assert!(screen.text().contains("status 0"), "{}", screen.text());
    assert_eq!(screen.taken_over(), (false, false));
    text
}

#[test]
fn file_is_shown_with_its_problems() {
    let directory = directory();
    let screen = start(directory.path(), "$spanfall open voyage.json notes.txt");
    let text = seen_and_left(screen, "files voyage.json");
    assert!(text.contains("2 spans") && text.contains("2 not read"), "{text}");
    assert!(text.contains("notes.txt: line 1, column 1"), "{text}");
    assert!(text.contains("cast off") && !text.contains("otlp"), "{text}");
}

/// A saved trace is a file in the working directory of the program, and can be opened.
#[test]
fn saved_trace_can_be_opened() {
    let directory = directory();
    let mut screen = start(directory.path(), "$spanfall open voyage.json");
    screen.wait_frame("the trace", |text| text.contains(ROOT));
    let name = "trace-00000000000000000af7651916cd43dd.otlp.jsonl";
    screen.press("W").unwrap();
    screen.wait_frame("what is saved", |text| {
        text.contains("1 trace · 2 spans") && text.contains(name)
    });
    screen.press("\r").unwrap();
    screen.wait_frame("its name", |text| text.contains(&format!("saved as {name}: 2 spans")));
    let screen = start(directory.path(), &format!("$spanfall open {name}"));
    let text = seen_and_left(screen, &format!("files {name}"));
    assert!(text.contains("cast off") && text.contains("2 spans"), "{text}");
}

/// A file is old: times of a filter count from its newest record.
#[test]
fn since_counts_from_the_newest_record_of_files() {
    let directory = directory();
    let span = |id: &str, name: &str, second: u64| json!({ "traceId": format!("0af7651916cd43{id}"), "id": id, "name": name, "timestamp": second * 1_000_000, "duration": 5_000 });
    let spans = json!([
        span("01", "early crossing", 1_700_000_000),
        span("02", "late crossing", 1_700_000_600)
    ]);
    fs::write(directory.path().join("crossings.json"), spans.to_string()).unwrap();
    let mut screen = start(directory.path(), "$spanfall open crossings.json");
    screen.wait_frame("both traces", |text| {
        text.contains("early crossing") && text.contains("late crossing")
    });
    // Whichever trace is selected.
    screen.press("G").unwrap();
    screen.wait_frame("the oldest one selected", |text| {
        text.contains("▸ ") && text.lines().any(|line| line.contains('▸') && line.contains("early"))
    });
    screen.press("/since:5m\r").unwrap();
    screen.wait_frame("the late one", |text| {
        text.contains("late crossing") && !text.contains("early crossing")
    });
}

/// Standard input has the data, so keys come from the terminal.
#[test]
fn standard_input_is_shown_and_keys_work() {
    let directory = directory();
    let screen = start(directory.path(), "cat voyage.json | $spanfall open -");
    seen_and_left(screen, "files standard input");
}

#[test]
fn unreadable_input_is_reported_on_the_normal_screen() {
    let directory = directory();
    for (script, said) in [
        (
            "$spanfall open notes.txt missing.json",
            ["notes.txt: line 1, column 1: expected", "missing.json: No such file"],
        ),
        ("true | $spanfall open -", ["standard input is empty", "status 1"]),
    ] {
        let mut screen = start(directory.path(), script);
        screen.ended().unwrap();
        let text = screen.text();
        assert!(
            said.iter().all(|said| text.contains(said)) && text.contains("status 1"),
            "{text}"
        );
        assert!(!screen.written().contains("\u{1b}[?1049h"), "the screen was taken over");
    }
}

#[test]
fn inspect_exits_with_1_if_anything_was_unreadable() {
    let directory = directory();
    for (script, said, status) in [
        ("cat voyage.json | $spanfall inspect -", "a voyage", "status 1"),
        ("$spanfall inspect --json voyage.json | head -c 2", "[", "status 0"),
        (
            "$spanfall inspect voyage.json",
            "voyage.json: line 1, column 322: span without id",
            "status 1",
        ),
        ("$spanfall inspect notes.txt voyage.json", "a voyage", "status 1"),
    ] {
        let mut screen = start(directory.path(), script);
        screen.ended().unwrap();
        let text = screen.text();
        assert!(text.contains(said) && text.contains(status), "{script}: {text}");
        assert!(!screen.written().contains("\u{1b}[?1049h"), "the screen was taken over");
    }
}

#[test]
fn click_selects_a_span_and_mouse_capture_is_released() {
    let directory = directory();
    let mut screen = start(directory.path(), "$spanfall open voyage.json");
    let text = screen.wait_frame("the trace", |text| text.contains("cast off"));
    let row = text.lines().position(|line| line.contains("cast off")).unwrap() + 1;
    // Press and release, as encoded by a terminal (SGR, 1006), columns and rows from 1.
    screen.press(&format!("\x1b[<0;20;{row}M\x1b[<0;20;{row}m")).unwrap();
    screen.wait_frame("its details", |text| text.contains("SPAN ferry cast off"));
    screen.press("q").unwrap();
    screen.ended().unwrap();
    let written = screen.written();
    assert!(
        written.contains("\x1b[?1006h") && written.contains("\x1b[?1006l"),
        "{written:?}"
    );

    let mut screen = start(directory.path(), "$spanfall open --no-mouse voyage.json");
    screen.wait_frame("the trace", |text| text.contains("cast off"));
    screen.press("q").unwrap();
    screen.ended().unwrap();
    assert!(!screen.written().contains("\x1b[?1006h"), "it was to be left alone");
}

#[test]
fn configuration_is_used_and_its_errors_are_named() {
    let directory = directory();
    let configured = |text: &str, script: &str| {
        fs::write(directory.path().join("spanfall.toml"), text).unwrap();
        start(directory.path(), script)
    };
    let mut screen = configured(
        "[keys]\nquit = \"Z\"\n",
        "$spanfall open --config spanfall.toml --theme none voyage.json",
    );
    // The file is named once it is read, with what was not.
    screen.wait_frame("the trace", |text| {
        text.contains("cast off") && text.contains("files voyage.json")
    });
    // Problems are shown in place of the key hints, until the next key.
    screen.press("j").unwrap();
    screen.wait_frame("the key that was chosen", |text| text.contains("Z quit"));
    screen.press("Z").unwrap();
    screen.ended().unwrap();
    assert!(screen.text().contains("status 0"), "{}", screen.text());
    let written = screen.written();
    assert!(
        !written.contains("38;5;") && !written.contains("48;5;"),
        "a theme without colors has some"
    );

    let mut screen = configured(
        "[keys]\n\nqiut = \"Z\"\n",
        "$spanfall open --config spanfall.toml voyage.json",
    );
    screen.ended().unwrap();
    let text = screen.text();
    assert!(
        text.contains("spanfall.toml, line 3") && text.contains("\"quit\"") && text.contains("status 1"),
        "{text}"
    );
    assert!(
        !screen.written().contains("\x1b[?1049h"),
        "not on the screen that is taken over"
    );
}

/// `open -` after `tail -f`: the writer never ends.
#[test]
fn open_pipe_is_shown_live() {
    let directory = directory();
    let span = |id: u32, name: &str| {
        json!({ "traceId": "0af7651916cd43dd8448eb211c80319c", "spanId": format!("{id:016x}"), "name": name,
            "startTimeUnixNano": "1700000000000000000", "endTimeUnixNano": "1700000000000000900" })
        .to_string()
            + "\n"
    };
    let path = directory.path().join("growing.jsonl");
    fs::write(&path, span(1, "set sail")).unwrap();
    let mut screen = start(directory.path(), "tail -n +1 -f growing.jsonl | $spanfall open -");
    screen.wait_frame("what was there", |text| text.contains("set sail"));
    let mut file = fs::OpenOptions::new().append(true).open(&path).unwrap();
    std::io::Write::write_all(&mut file, span(2, "cast anchor").as_bytes()).unwrap();
    screen.wait_frame("what came afterwards", |text| text.contains("cast anchor"));
    screen.press("q").unwrap();
    // The shell also waits for tail, which exits when interrupted.
    screen.press("\x03").unwrap();
    screen.ended().unwrap();
}

#[test]
fn memory_that_is_too_small_for_the_files_is_reported_at_once() {
    let directory = directory();
    let line = |number: u32| {
        json!({ "traceId": format!("{number:031x}1"), "spanId": "0000000000000001", "name": "x".repeat(2_000), "startTimeUnixNano": "5" })
            .to_string()
    };
    let lines: Vec<String> = (0..1_500).map(line).collect();
    fs::write(directory.path().join("large.jsonl"), lines.join("\n")).unwrap();
    let mut screen = start(directory.path(), "$spanfall open --max-memory 2MiB large.jsonl");
    screen.wait_frame("the notice", |text| {
        text.contains("dropped: the memory limit is 2 MiB (raise --max-memory)")
    });
    screen.press("q").unwrap();
    screen.ended().unwrap();
}
