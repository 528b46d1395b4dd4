//! Keys and signals are handled during any work, and the terminal is restored.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use e2e::DEADLINE;
use e2e::screen::Screen;
use prost::Message as _;
use tempfile::TempDir;

/// Interval of reading a file.
const BETWEEN_LOOKS: Duration = Duration::from_millis(10);

struct Started {
    screen: Screen,
    directory: TempDir,
}

impl Started {
    fn new() -> Self {
        Self::with_commands("", "")
    }

    /// With job control: when the program stops, the shell waits for Enter and continues it.
    fn with_job_control() -> Self {
        Self::with_commands("set -m;", "stty -a > stopped; read line; fg;")
    }

    fn with_commands(before: &str, after: &str) -> Self {
        let directory = TempDir::new().unwrap();
        let script = format!(
            "cd {directory}; stty -a > before; {before} sh -c 'echo $$ > pid; exec {spanfall} --otlp-grpc 127.0.0.1:0 \
             --otlp-http 127.0.0.1:0 --sentry 127.0.0.1:0 --api off --log-file log'; {after} echo $? > status; stty -a > after",
            directory = directory.path().display(),
            spanfall = testkit::bin("spanfall").unwrap().display(),
        );
        let screen = Screen::start(&script, [("SPANFALL_LOG", "warn")], 120, 40).unwrap();
        screen.wait_frame("the first frame", |text| text.contains("OTLP/HTTP :"));
        Self { screen, directory }
    }

    async fn send(&self, path: &str, content_type: &str, body: Vec<u8>) {
        let text = self.screen.text();
        let (_, port) = text.split_once("OTLP/HTTP :").unwrap();
        let port = port.split_whitespace().next().unwrap();
        let client = http_client::builder().no_proxy().timeout(DEADLINE).build().unwrap();
        let request = client
            .post(format!("http://127.0.0.1:{port}{path}"))
            .header("content-type", content_type)
            .body(body);
        assert_eq!(request.send().await.unwrap().status(), 200);
    }

    /// Waits for a file that is not empty.
    fn file(&self, name: &str, wanted: impl Fn(&str) -> bool) -> String {
        let started = Instant::now();
        loop {
            let text = read(&self.directory.path().join(name));
            if wanted(&text) {
                return text;
            }
            assert!(started.elapsed() < DEADLINE, "timed out waiting for {name}: {text}");
            std::thread::sleep(BETWEEN_LOOKS);
        }
    }

    fn signal(&self, name: &str) {
        let process = self.file("pid", |text| text.ends_with('\n'));
        assert!(Command::new("kill").args([name, process.trim()]).status().unwrap().success());
    }

    fn assert_restored(mut self, status: &str) {
        self.screen.ended().unwrap();
        assert_eq!(self.file("status", |text| !text.is_empty()).trim(), status);
        assert_eq!(self.file("after", |text| !text.is_empty()), self.file("before", |_| true));
    }
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_default()
}

/// Returns a metric with this name and number of points, each with its own time.
fn metric(name: String, points: u64) -> Vec<u8> {
    use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
    use opentelemetry_proto::tonic::metrics::v1::{Gauge, Metric, NumberDataPoint, ResourceMetrics, ScopeMetrics, metric::Data};
    let point = |time_unix_nano| NumberDataPoint {
        time_unix_nano,
        ..NumberDataPoint::default()
    };
    let data_points = (0..points).map(point).collect();
    let metric = Metric {
        name,
        data: Some(Data::Gauge(Gauge { data_points })),
        ..Metric::default()
    };
    let scope_metrics = vec![ScopeMetrics {
        metrics: vec![metric],
        ..ScopeMetrics::default()
    }];
    let resource_metrics = vec![ResourceMetrics {
        scope_metrics,
        ..ResourceMetrics::default()
    }];
    ExportMetricsServiceRequest { resource_metrics }.encode_to_vec()
}

/// Each of these used to freeze the program for minutes.
async fn send_hostile_metrics(started: &Started) {
    for (name, points) in [("m".to_owned(), 100_000), ("x".repeat(8 << 20), 20_000)] {
        started
            .send("/v1/metrics", "application/x-protobuf", metric(name, points))
            .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_are_handled_while_hostile_metrics_arrive() {
    let mut started = Started::new();
    send_hostile_metrics(&started).await;
    started.screen.press("?").unwrap();
    started.screen.wait("the help", |text| text.contains("Keys and marks"));
    started.screen.press("\u{1b}").unwrap();
    started.screen.wait("no help", |text| !text.contains("Keys and marks"));
    send_hostile_metrics(&started).await;
    started.screen.press("q").unwrap();
    started.assert_restored("0");
}

#[tokio::test(flavor = "multi_thread")]
async fn signals_restore_the_terminal_while_hostile_metrics_arrive() {
    for signal in ["-TERM", "-HUP", "-INT"] {
        let started = Started::new();
        send_hostile_metrics(&started).await;
        started.signal(signal);
        started.assert_restored("0");
    }
}

#[test]
fn suspended_program_restores_the_terminal_and_resumes() {
    for signal in [None, Some("-TSTP")] {
        let mut started = Started::with_job_control();
        match signal {
            None => started.screen.press("\u{1a}").unwrap(),
            Some(signal) => started.signal(signal),
        }
        assert_eq!(
            started.file("stopped", |text| !text.is_empty()),
            started.file("before", |_| true)
        );
        // Its last output may still be in the pipe.
        let screen = &started.screen;
        screen.wait("the shell's screen", |_| screen.taken_over() == (false, false));
        started.screen.press("\n").unwrap();
        let screen = started
            .screen
            .wait_frame("the resumed program", |text| text.contains("resumed: ingest was stopped for"));
        assert!(screen.contains("OTLP/HTTP :"), "everything is redrawn: {screen}");
        assert_eq!(started.screen.taken_over(), (true, true));
        started.screen.press("?").unwrap();
        started.screen.wait("the help", |text| text.contains("Keys and marks"));
        started.screen.press("\u{1b}").unwrap();
        let screen = started.screen.wait("no help", |text| !text.contains("Keys and marks"));
        assert!(!screen.contains("resumed"), "the notice disappears: {screen}");
        started.screen.press("q").unwrap();
        started.assert_restored("0");
    }
}

#[test]
fn program_without_a_shell_is_not_suspended() {
    let mut started = Started::new();
    started.screen.press("\u{1a}").unwrap();
    started.screen.wait("a reason", |text| {
        text.contains("cannot suspend: this terminal has no shell with job control")
    });
    started.screen.press("q").unwrap();
    started.assert_restored("0");
}

#[test]
fn program_after_sigstop_redraws_everything() {
    let mut started = Started::new();
    let taken = |started: &Started| started.screen.written().matches("\u{1b}[?1049h").count();
    assert_eq!(taken(&started), 1);
    started.signal("-STOP");
    started.signal("-CONT");
    started.screen.wait("the program", |_| taken(&started) == 2);
    started.screen.wait_frame("a frame", |text| text.contains("OTLP/HTTP :"));
    started.screen.press("q").unwrap();
    started.assert_restored("0");
}

#[test]
fn stopped_program_can_be_terminated() {
    let started = Started::with_job_control();
    started.signal("-TSTP");
    started.file("stopped", |text| !text.is_empty());
    started.signal("-TERM");
    started.signal("-CONT");
    started.file("log", |_| true);
    let mut started = started;
    started.screen.press("\n").unwrap();
    started.screen.ended().unwrap();
    assert_eq!(
        started.file("after", |text| !text.is_empty()),
        started.file("before", |_| true)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn watchdog_ends_a_program_stuck_writing_to_its_terminal() {
    let mut started = Started::new();
    let log = started.directory.path().join("log");
    let screen = &mut started.screen;
    // Each key causes a frame, until the terminal accepts no more output.
    let begun = Instant::now();
    screen.stop_reading(true);
    while !read(&log).contains("has not turned") {
        assert!(begun.elapsed() < DEADLINE, "nothing in the log: {}", read(&log));
        screen.press("?").unwrap();
        std::thread::sleep(BETWEEN_LOOKS);
    }
    started.signal("-TERM");
    // The program exits although nothing reads its output.
    started.file("after", |text| !text.is_empty());
    started.screen.stop_reading(false);
    started.assert_restored("143");
}
