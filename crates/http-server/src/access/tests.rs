use http::HeaderValue;

use super::*;

fn request(version: Version, target: &str, headers: &[(HeaderName, &[u8])]) -> Request<()> {
    let mut request = Request::new(());
    *request.version_mut() = version;
    *request.uri_mut() = target.parse().expect("a target");
    for (name, value) in headers {
        let value = HeaderValue::from_bytes(value).expect("a value");
        request.headers_mut().append(name, value);
    }
    request
}

fn with_host(access: &Access, host: &str) -> Result<(), Denied> {
    access.check(&request(Version::HTTP_11, "/", &[(HOST, host.as_bytes())]))
}

fn with_origin(access: &Access, origin: &str) -> Result<(), Denied> {
    access.check(&request(
        Version::HTTP_11,
        "/",
        &[(HOST, b"localhost"), (ORIGIN, origin.as_bytes())],
    ))
}

fn local() -> Access {
    Access::local(Vec::new(), Vec::new())
}

#[test]
fn host_of_this_machine_passes() {
    for host in [
        "localhost",
        "LocalHost:4318",
        "localhost.:1",
        "localhost:",
        "shop.localhost:4318",
        "127.0.0.1",
        "127.0.0.1.",
        "127.1.2.3.:65535",
        "[::1]:4318",
        "[::ffff:127.0.0.1]",
        "host.docker.internal:4318",
        "host.containers.internal",
    ] {
        assert_eq!(with_host(&local(), host), Ok(()), "{host}");
    }
}

#[test]
fn host_of_others_is_denied() {
    for (host, status) in [
        ("evil.example", 403),
        ("evil.example:4318", 403),
        ("localhost.evil.example", 403),
        ("127.0.0.1.evil.example", 403),
        ("evillocalhost", 403),
        ("docker.internal", 403),
        ("evil.host.docker.internal", 403),
        ("0.0.0.0:4318", 403),
        ("192.168.0.1", 403),
        ("192.168.0.1.:4318", 403),
        ("[::]:4318", 403),
        ("[::ffff:192.168.0.1]", 403),
        // Nothing but a resolver reads these as 127.0.0.1; a browser writes them out.
        ("127.1", 403),
        ("2130706433", 403),
        ("0x7f000001", 403),
        ("", 400),
        ("..localhost", 400),
        ("evil@localhost", 400),
        ("localhost@evil.example", 400),
        ("localhost:port", 400),
        ("localhost:+80", 400),
        ("localhost:65536", 400),
        ("localhost:80:80", 400),
        ("localhost/", 400),
        ("localhost evil.example", 400),
        ("localhost,evil.example", 400),
        ("::1", 400),
        ("[::1", 400),
        ("[::1]x", 400),
        ("[127.0.0.1]", 400),
        ("[::1%25lo]", 400),
        ("löcalhost", 400),
        ("\u{1b}[2Jlocalhost".trim_start_matches('\u{1b}'), 400),
    ] {
        let denied = with_host(&local(), host).expect_err(host);
        assert_eq!(denied.status(), status, "{host}");
        assert_eq!(denied.host().is_some(), status == 403, "{host}");
        if let Some(named) = denied.host() {
            let allowed = Access::local(vec![named.parse().expect(named)], Vec::new());
            assert_eq!(
                with_host(&allowed, host),
                Ok(()),
                "{host} is not allowed by what the rejection names"
            );
        }
    }
}

#[test]
fn host_is_checked_wherever_it_is_written() {
    let access = local();
    let check = |version, target, hosts: &[&str]| {
        let hosts: Vec<_> = hosts.iter().map(|host| (HOST, host.as_bytes())).collect();
        access
            .check(&request(version, target, &hosts))
            .map_err(|denied| denied.to_string())
    };
    let denied = |text: &str| Err(text.to_owned());
    assert_eq!(check(Version::HTTP_10, "/", &[]), Ok(()), "no browser sends HTTP/1.0");
    assert_eq!(check(Version::HTTP_10, "/", &["evil.example"]), denied("host evil.example"));
    assert_eq!(check(Version::HTTP_11, "/", &[]), denied("missing host"));
    assert_eq!(check(Version::HTTP_2, "/", &[]), denied("missing host"));
    assert_eq!(
        check(Version::HTTP_11, "/", &["localhost", "localhost"]),
        denied("repeated host")
    );
    for version in [Version::HTTP_11, Version::HTTP_2] {
        assert_eq!(check(version, "http://localhost:1/", &[]), Ok(()));
        assert_eq!(check(version, "http://localhost:1/", &["127.0.0.1"]), Ok(()));
        assert_eq!(
            check(version, "http://evil.example/", &["localhost"]),
            denied("host evil.example")
        );
        assert_eq!(
            check(version, "http://localhost/", &["evil.example"]),
            denied("host evil.example")
        );
    }
}

#[test]
fn origin_of_this_machine_passes() {
    for origin in [
        "http://localhost",
        "https://localhost:5173",
        "http://shop.localhost:3000",
        "https://127.0.0.1:8443",
        "http://127.9.9.9",
        "http://[::1]:3000",
        // Another origin than without the dot to a browser, but as local: names are compared without it.
        "http://localhost.",
        "https://shop.localhost.:3000",
        "HTTP://LOCALHOST",
    ] {
        assert_eq!(with_origin(&local(), origin), Ok(()), "{origin}");
    }
    let program = request(Version::HTTP_11, "/", &[(HOST, b"localhost")]);
    assert_eq!(local().check(&program), Ok(()));
}

#[test]
fn origin_of_others_is_denied() {
    for (origin, allowable) in [
        ("https://app.example", true),
        ("http://localhost.evil.example", true),
        ("http://localhost..", false),
        ("http://.localhost", false),
        ("http://evillocalhost", true),
        ("http://127.0.0.1.evil.example", true),
        ("http://host.docker.internal", true),
        ("http://0.0.0.0:3000", true),
        ("null", true),
        ("file://", true),
        ("file://localhost", true),
        ("chrome-extension://abcdef", true),
        ("tauri://localhost", true),
        ("", false),
        ("localhost:5173", false),
        ("http://", false),
        ("http://localhost/", false),
        ("http://localhost@evil.example", false),
        ("http://evil@localhost", false),
        ("http://localhost http://evil.example", false),
        ("http://localhost,http://evil.example", false),
        ("NULL", false),
        ("javascript://;'", false),
    ] {
        let denied = with_origin(&local(), origin).expect_err(origin);
        assert_eq!(denied.status(), 403, "{origin}");
        assert_eq!(denied.origin(), allowable.then_some(origin), "{origin}");
    }
    let headers: [(HeaderName, &[u8]); 3] = [
        (HOST, b"localhost"),
        (ORIGIN, b"http://localhost"),
        (ORIGIN, b"http://localhost"),
    ];
    let denied = local()
        .check(&request(Version::HTTP_11, "/", &headers))
        .expect_err("repeated");
    assert_eq!(
        (denied.status(), &*denied.to_string()),
        (StatusCode::FORBIDDEN, "repeated origin")
    );
}

#[test]
fn allowed_hosts_and_origins_pass() {
    let hosts = ["viewer.example", "192.0.2.1", "2001:db8::1"].map(|host| host.parse().expect(host));
    let origins = ["https://app.example", "http://dev.example:*", "null", "tauri://localhost"];
    let origins = origins.map(|origin| origin.parse().expect(origin));
    let access = Access::local(hosts.into(), origins.into());
    for host in [
        "viewer.example:4318",
        "VIEWER.example.",
        "192.0.2.1",
        "[2001:db8::1]:1",
        "localhost",
    ] {
        assert_eq!(with_host(&access, host), Ok(()), "{host}");
    }
    for host in ["other.example", "sub.viewer.example"] {
        assert!(with_host(&access, host).is_err(), "{host}");
    }
    for origin in [
        "https://app.example",
        "https://app.example:443",
        "http://dev.example",
        "http://dev.example:5173",
        "null",
        "tauri://localhost",
        "http://localhost:1",
    ] {
        assert_eq!(with_origin(&access, origin), Ok(()), "{origin}");
    }
    for origin in [
        "http://app.example",
        "https://app.example:444",
        "https://dev.example",
        "https://sub.app.example",
    ] {
        assert!(with_origin(&access, origin).is_err(), "{origin}");
    }
}

#[test]
fn allowed_text_that_means_nothing_is_an_error() {
    for host in ["", "a b", "viewer.example:80", "http://viewer.example", "*", "[::1"] {
        assert!(host.parse::<Host>().is_err(), "{host}");
    }
    for origin in [
        "",
        "*",
        "app.example",
        "http://",
        "http://a/b",
        "http://*:80",
        "null:*",
        "http://a:1:*",
        "http://a:99999",
    ] {
        assert!(origin.parse::<AllowedOrigin>().is_err(), "{origin}");
    }
}

#[test]
fn service_checks_hosts_while_on_loopback() {
    let hosts = || Host::list("proxy.example, 192.0.2.1,").expect("hosts");
    for (address, foreign_passes) in [
        ("127.0.0.1:3000", false),
        ("[::1]:3000", false),
        ("0.0.0.0:3000", true),
        ("[::]:3000", true),
    ] {
        let access = Access::service(address.parse().expect(address), hosts());
        assert_eq!(with_host(&access, "foreign.example").is_ok(), foreign_passes, "{address}");
        for host in ["localhost:3000", "proxy.example"] {
            assert_eq!(with_host(&access, host), Ok(()), "{address} {host}");
        }
        assert_eq!(with_origin(&access, "https://app.example"), Ok(()), "for CORS to decide");
    }
    assert!(Host::list("proxy.example, *").is_err());
}

#[test]
fn denied_is_short_printable_ascii() {
    let long = "a".repeat(10_000);
    for value in [
        b"\xff\xfe\x9b2J".as_slice(),
        "\u{202e}\u{200b}evil\t".as_bytes(),
        long.as_bytes(),
        format!("http://{long}").as_bytes(),
    ] {
        for header in [HOST, ORIGIN] {
            let headers: [(HeaderName, &[u8]); 2] = [(HOST, b"localhost"), (header.clone(), value)];
            let headers = if header == HOST { &headers[1..] } else { &headers };
            let denied = local().check(&request(Version::HTTP_11, "/", headers)).expect_err("denied");
            let text = denied.to_string();
            assert!(
                text.len() < 150 && text.bytes().all(|byte| (b' '..=b'~').contains(&byte)),
                "{text}"
            );
            assert_eq!(denied.host().or(denied.origin()), None, "{text}");
        }
    }
}
