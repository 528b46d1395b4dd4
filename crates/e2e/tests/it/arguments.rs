//! Command lines of the services: none of them starts to serve by mistake.

use std::process::Command;

use e2e::DEADLINE;
use testkit::Process;

/// The services, each with a setting that its help names.
const SERVICES: [(&str, &str); 4] = [
    ("api", "API_ADDR"),
    ("mailer", "MAIL_RETRY_DELAYS"),
    ("page", "PAGE_DIR"),
    ("broker", "BROKER_ADDR"),
];

/// Runs a program to its end; returns its exit code, standard output and standard error.
async fn run(program: &str, arguments: &[&str]) -> (Option<i32>, String, String) {
    let mut command = Command::new(testkit::bin(program).unwrap());
    command.args(arguments).env_clear();
    let process = Process::spawn(command).unwrap();
    let status = process.exited(DEADLINE).await.unwrap();
    (status.code(), process.stdout().join("\n"), process.stderr().join("\n"))
}

#[tokio::test]
async fn services_print_help_and_version() {
    for (program, setting) in SERVICES {
        for flag in ["-h", "--help"] {
            let (code, help, errors) = run(program, &[flag]).await;
            assert_eq!((code, &*errors), (Some(0), ""), "{program}");
            assert!(help.contains(setting) && help.contains("--version"), "{program}: {help}");
        }
        for flag in ["-V", "--version"] {
            let expected = format!("{program} {}", env!("CARGO_PKG_VERSION"));
            assert_eq!(run(program, &[flag]).await, (Some(0), expected, String::new()), "{program}");
        }
    }
    let (code, help, _) = run("mailer", &["redrive", "--help"]).await;
    assert!(code == Some(0) && help.contains("after the cause is fixed"), "{help}");
}

#[tokio::test]
async fn services_refuse_unknown_arguments() {
    for (program, _) in SERVICES {
        for arguments in [&["--port=1"][..], &["serve"], &["-x", "--help"], &["a\u{1b}[31mb"]] {
            let (code, output, errors) = run(program, arguments).await;
            assert_eq!((code, &*output), (Some(2), ""), "{program} {arguments:?}");
            assert!(
                errors.contains("unexpected argument") && !errors.contains('\u{1b}'),
                "{program}: {errors}"
            );
        }
    }
    let (code, _, errors) = run("mailer", &["redrive", "now"]).await;
    assert!(code == Some(2) && errors.contains("'now'"), "{errors}");
}
