//! Ports are bound before anything starts, and given back.

use collector::{Addresses, Collector, Config, Listener};

use crate::{Running, SOON, client};

/// Returns the addresses of some listeners; the others take free ports.
fn on(addresses: &[(Listener, &str)]) -> Config {
    let address = |listener| {
        let found = addresses.iter().find(|(of, _)| *of == listener);
        found.map_or("127.0.0.1:0", |(_, address)| *address).parse().unwrap()
    };
    Config {
        addresses: Addresses::from_fn(address),
        ..Config::default()
    }
}

#[tokio::test]
async fn taken_port_is_reported_with_its_flag() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    for listener in Listener::ALL {
        let error = Collector::bind(on(&[(listener, &address)])).await.unwrap_err();
        assert_eq!(error.ports.iter().map(|port| port.listener).collect::<Vec<_>>(), [listener]);
        let option = listener.entry().option;
        let expected = format!("cannot bind {listener} to {address}: address in use (set --{option})");
        assert_eq!(error.to_string(), expected);
    }
}

#[tokio::test]
async fn taken_ports_are_all_named_at_once() {
    let taken = [(); 2].map(|()| std::net::TcpListener::bind("127.0.0.1:0").unwrap());
    let [grpc, sentry] = taken.each_ref().map(|taken| taken.local_addr().unwrap().to_string());
    let error = Collector::bind(on(&[(Listener::OtlpGrpc, &grpc), (Listener::Sentry, &sentry)]))
        .await
        .unwrap_err();
    let text = error.to_string();
    let lines: Vec<&str> = text.lines().collect();
    assert!(
        lines.len() == 2 && lines[0].contains(&grpc) && lines[1].contains(&sentry),
        "{text}"
    );
}

#[tokio::test]
async fn addresses_beyond_loopback_are_rejected() {
    for address in ["0.0.0.0:0", "[::]:0", "192.0.2.1:0"] {
        let error = Collector::bind(on(&[(Listener::OtlpHttp, address)])).await.unwrap_err();
        assert!(error.to_string().contains("loopback only"), "{error:?}");
    }
}

#[tokio::test]
async fn requests_are_answered_only_after_serve() {
    let collector = Collector::bind(on(&[])).await.unwrap();
    let url = format!("http://{}/", collector.addresses()[Listener::Sentry]);
    let asked = tokio::spawn(client().get(url).send());
    // The connection is in the kernel's queue, so the response arrives once it serves.
    let (_arrivals, _health, _server) = collector.serve();
    let answer = tokio::time::timeout(SOON, asked).await.unwrap().unwrap().unwrap();
    assert_eq!(answer.status(), 404);
}

#[tokio::test]
async fn ports_are_free_after_shutdown() {
    for graceful in [true, false] {
        let running = Running::start().await;
        let at = running.at;
        // A connection that is kept open does not hold it up.
        let idle = tokio::net::TcpStream::connect(at[Listener::Sentry]).await.unwrap();
        if graceful {
            tokio::time::timeout(SOON, running.server.shutdown()).await.unwrap();
        } else {
            drop(running.server);
        }
        let again = Config {
            addresses: at,
            ..Config::default()
        };
        let bound = testkit::eventually(SOON, || async { Collector::bind(again).await.ok() }).await;
        assert!(bound.is_ok(), "graceful: {graceful}");
        drop(idle);
    }
}
