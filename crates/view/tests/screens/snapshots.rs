//! The screens as users see them, at three sizes.

use app::keymap::Key;
use app::{Mode, OutputLine, ServiceState};
use ingest_state::{HealthSnapshot, Listener};

use crate::errors::{checkout, mail_failed, nothing_but_an_error};
use crate::scene::{NOW, Part, Scene, edit, failed, password_reset, span};
use crate::sentry::{asked, checked, rejected};

const SIZES: [(u16, u16); 3] = [(80, 24), (120, 40), (200, 50)];

pub(crate) fn at_all_sizes(name: &str, mode: Mode, prepare: impl Fn(&mut Scene)) {
    part_at_all_sizes(name, mode, Part::Body, prepare);
}

pub(crate) fn part_at_all_sizes(name: &str, mode: Mode, part: Part, prepare: impl Fn(&mut Scene)) {
    for (width, height) in SIZES {
        let mut scene = Scene::new(mode, width, height);
        prepare(&mut scene);
        insta::assert_snapshot!(format!("{name}_{width}x{height}"), scene.part(part));
    }
}

fn two_traces(scene: &mut Scene) {
    scene.add(vec![
        failed(span(2, 1, 0, "spanfall", "reset password", 0, 4), ""),
        failed(span(2, 2, 1, "api", "POST /users/reset-password", 1, 3), "no valid email"),
    ]);
    scene.add(password_reset());
    scene.add_envelope(password_reset());
    scene.add_envelope(vec![span(2, 1, 0, "spanfall", "reset password", 0, 4)]);
}

#[test]
fn the_demo_at_its_start() {
    at_all_sizes("demo_start", Mode::Demo, |_| {});
}

#[test]
fn the_viewer_alone_says_where_to_send() {
    at_all_sizes("viewer_start", Mode::Viewer, |_| {});
}

#[test]
fn files_instead_of_what_arrives() {
    at_all_sizes("files", Mode::Files, crate::files::two_files);
}

#[test]
fn a_password_reset() {
    at_all_sizes("password_reset", Mode::Demo, two_traces);
}

#[test]
fn the_failed_span_and_its_details() {
    part_at_all_sizes("failed_span", Mode::Demo, Part::Trace, |scene| {
        two_traces(scene);
        scene.press(&[Key::Enter, Key::End]);
    });
}

#[test]
fn running_missing_and_nameless_spans() {
    at_all_sizes("unfinished", Mode::Demo, |scene| {
        scene.add(vec![
            span(1, 2, 9, "api", "POST /users/reset-password", 1, 0),
            span(1, 3, 2, "", "a span without service", 2, 7),
            edit(span(1, 4, 4, "api", "its own parent", 3, 6), |span| {
                span.end_time_unix_nano = span.start_time_unix_nano - 1;
            }),
        ]);
        scene.app.services.set(
            "mailer",
            ServiceState::Exited {
                status: "signal: 9 (SIGKILL)".to_owned(),
            },
        );
        scene.app.services.set("api", ServiceState::NotReady);
        let mut health = HealthSnapshot::default();
        health.listeners[Listener::OtlpHttp].rejected = 3;
        health.listeners[Listener::OtlpGrpc].throttled = 2;
        scene.app.health = health;
    });
}

#[test]
fn help_shows_all_keys() {
    part_at_all_sizes("help", Mode::Demo, Part::Popup, |scene| {
        two_traces(scene);
        scene.type_keys("?");
    });
}

#[test]
fn the_output_of_the_services() {
    at_all_sizes("output", Mode::Demo, |scene| {
        for (level, text) in [
            ("INFO", "listening  address=127.0.0.1:3000"),
            ("WARN", "the broker cannot be reached"),
            ("", "a bare line"),
        ] {
            scene.app.output.push(OutputLine {
                service: "api",
                level: level.to_owned(),
                text: text.to_owned(),
            });
        }
        scene.type_keys("o");
    });
}

/// Rejections with what a sender may put into them, and counts of all kinds.
fn trouble(scene: &mut Scene) {
    let mut health = HealthSnapshot::default();
    health.listeners[Listener::OtlpHttp].requests = 1_234;
    health.listeners[Listener::OtlpHttp].spans = 1_234_567;
    health.listeners[Listener::OtlpHttp].log_records = 42;
    health.listeners[Listener::OtlpGrpc].data_points = 12_345_678_901;
    health.listeners[Listener::OtlpGrpc].throttled = 2;
    health.listeners[Listener::OtlpHttp].connections = 3;
    health.listeners[Listener::OtlpHttp].received_bytes = 123 << 20;
    health.listeners[Listener::Sentry].requests = 7;
    let items = |count, bytes| ingest_state::ItemCount { count, bytes };
    health.envelopes.items = [
        ("transaction".to_owned(), items(7, 70_000)),
        ("\u{1b}[2J".to_owned(), items(1, 1)),
        ("attachment".to_owned(), items(2, 3 << 20)),
    ]
    .into();
    health.listeners[Listener::Sentry].errors = 3;
    health.envelopes.sessions = [("exited".to_owned(), 5)].into();
    health.envelopes.client_reports = [("sample_rate".to_owned(), 12)].into();
    for (number, reason) in [
        (1, "no OTLP message: field 1 of Span ends in the middle"),
        (
            2,
            "the content-encoding \u{1b}[31m日本語 is not known here, use one of: gzip, zstd, deflate, br; or none at all, which is simplest \
             on loopback, where nothing is gained by it",
        ),
    ] {
        health.listeners[Listener::OtlpHttp].rejected += 1;
        health.recent.push_back(ingest_state::RecentRejection {
            number,
            time: std::time::UNIX_EPOCH + std::time::Duration::from_nanos(NOW),
            listener: ingest_state::Listener::OtlpHttp,
            reason: reason.to_owned(),
        });
    }
    scene.app.health = health;
    scene.app.queue = ingest_state::QueueDepth {
        waiting: 60,
        waiting_limit: 64,
        bytes: 12 << 20,
        bytes_limit: 64 << 20,
        connection_bytes: 3 << 20,
        connection_bytes_limit: 72 << 20,
    };
}

#[test]
fn ingest_health() {
    at_all_sizes("health", Mode::Demo, |scene| {
        two_traces(scene);
        trouble(scene);
        scene.type_keys("*H");
        scene.app.notice = None;
    });
}

#[test]
fn ingest_health_before_anything_came() {
    at_all_sizes("health_start", Mode::Viewer, |scene| {
        scene.type_keys("H");
    });
}

#[test]
fn the_end_of_a_long_health_screen() {
    let mut scene = Scene::new(Mode::Viewer, 80, 24);
    two_traces(&mut scene);
    trouble(&mut scene);
    scene.type_keys("HG");
    insta::assert_snapshot!("health_end_80x24", scene.part(Part::Body));
}

#[test]
fn a_filter_that_finds() {
    part_at_all_sizes("filter_found", Mode::Demo, Part::Traces, |scene| {
        two_traces(scene);
        scene.type_keys("/status:error mail");
    });
}

#[test]
fn a_filter_that_is_kept() {
    part_at_all_sizes("filter_kept", Mode::Demo, Part::Traces, |scene| {
        two_traces(scene);
        scene.type_keys("/name:\"*mail*\"");
        scene.press(&[Key::Enter, Key::Enter]);
    });
}

#[test]
fn a_filter_with_a_mistake() {
    part_at_all_sizes("filter_mistake", Mode::Demo, Part::Traces, |scene| {
        two_traces(scene);
        scene.type_keys("/service:api duration:>50");
    });
}

#[test]
fn a_filter_that_finds_nothing() {
    part_at_all_sizes("filter_nothing", Mode::Viewer, Part::Traces, |scene| {
        two_traces(scene);
        scene.type_keys("/nowhere");
        scene.press(&[Key::Enter]);
    });
}

#[test]
fn a_filter_not_typed_yet() {
    part_at_all_sizes("filter_empty", Mode::Viewer, Part::Traces, |scene| {
        two_traces(scene);
        scene.type_keys("/");
    });
}

#[test]
fn errors_where_they_happened() {
    part_at_all_sizes("errors", Mode::Viewer, Part::Details, |scene| {
        nothing_but_an_error(scene);
        mail_failed(scene);
        scene.press(&[Key::Enter, Key::End]);
    });
}

#[test]
fn an_error_in_a_small_pane() {
    let mut scene = Scene::new(Mode::Viewer, 80, 24);
    mail_failed(&mut scene);
    scene.press(&[Key::Enter, Key::End]);
    scene.press(&[Key::Enter, Key::PageDown]);
    insta::assert_snapshot!("errors_scrolled_80x24", scene.part(Part::Details));
}

#[test]
fn a_trace_of_nothing_but_an_error() {
    part_at_all_sizes("error_alone", Mode::Viewer, Part::Details, |scene| {
        checkout(scene);
        nothing_but_an_error(scene);
    });
}

#[test]
fn the_cross_check_with_all_marks() {
    at_all_sizes("cross_check", Mode::Demo, |scene| {
        checked(scene);
        scene.type_keys("x");
        scene.press(&[Key::Down; 5]);
    });
}

#[test]
fn marks_in_the_list_and_on_the_rows() {
    part_at_all_sizes("sentry_marks", Mode::Demo, Part::Rows, checked);
}

#[test]
fn the_cross_check_with_sentry_itself() {
    at_all_sizes("cross_check_asked", Mode::Demo, |scene| {
        asked(scene);
        scene.type_keys("x");
    });
}

#[test]
fn the_cross_check_when_sentry_does_not_answer() {
    at_all_sizes("cross_check_rejected", Mode::Demo, |scene| {
        rejected(scene);
        scene.type_keys("x");
    });
}

#[test]
fn the_cross_check_without_anything_to_compare_with() {
    at_all_sizes("cross_check_nothing", Mode::Viewer, |scene| {
        scene.add(password_reset());
        scene.type_keys("x");
    });
}
