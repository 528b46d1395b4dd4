//! Calls between services.

use trace_stats::{Callee, Edge, QueueUse};

use crate::support::{MILLI, Sent, id, sent, store, survey};

fn edges(spans: &[Sent]) -> Vec<Edge> {
    survey(&store(spans), 7).edges
}

/// `api → mailer 2 calls`, with `⇢` for messages and brackets for uninstrumented peers.
fn drawn(edges: &[Edge]) -> Vec<String> {
    let edge = |edge: &Edge| {
        let arrow = if edge.messaging { "⇢" } else { "→" };
        let callee = match &edge.callee {
            Callee::Service(name) => name.to_string(),
            Callee::External(name) => format!("[{name}]"),
        };
        format!(
            "{} {arrow} {callee} {}/{}",
            edge.caller, edge.figures.errors, edge.figures.calls
        )
    };
    edges.iter().map(edge).collect()
}

/// A call of one service by another, as reported by both sides.
fn call(trace: u64, first: u64, parent: u64, (from, to): (&str, &str)) -> [Sent; 2] {
    [
        sent((trace, first, parent), from, 'c', (first, 9_000 - first)),
        sent((trace, first + 1, first), to, 's', (first + 1, 8_999 - first)),
    ]
}

#[test]
fn call_is_counted_once_with_the_wait_of_the_caller() {
    let edges = edges(&[
        sent((1, 1, 0), "web", 's', (0, 100)),
        sent((1, 2, 1), "web", 'c', (10, 90)),
        sent((1, 3, 2), "api", 's', (20, 60)).failed(),
        sent((1, 4, 3), "api", 'i', (20, 30)),
        sent((2, 1, 0), "web", 'c', (0, 10)),
        sent((2, 2, 1), "api", 's', (2, 8)),
    ]);
    assert_eq!(drawn(&edges), ["web → api 1/2"]);
    assert_eq!(edges[0].figures.latencies.max(), 80 * MILLI);
    assert_eq!(
        (id(edges[0].figures.slowest.as_ref()), id(edges[0].figures.failed.as_ref())),
        ((1, 3), (1, 3))
    );
    assert_eq!(edges[0].figures.queued.count(), 0);
}

#[test]
fn message_has_queue_time_and_processing_time() {
    let edges = edges(&[
        sent((1, 1, 0), "api", 'p', (0, 5)),
        sent((1, 2, 1), "mailer", 'n', (105, 135)),
        // With a clock that lags, the queue time is unknown.
        sent((2, 1, 0), "api", 'p', (50, 55)),
        sent((2, 2, 1), "mailer", 'n', (20, 25)),
    ]);
    assert_eq!(drawn(&edges), ["api ⇢ mailer 0/2"]);
    assert_eq!(
        (edges[0].figures.latencies.max(), edges[0].figures.queued.max()),
        (30 * MILLI, 100 * MILLI)
    );
    assert_eq!(edges[0].figures.queued.count(), 1);
}

#[test]
fn cycles_and_self_calls_are_ordinary_edges() {
    let mut spans = Vec::new();
    for (at, ends) in [("a", "b"), ("b", "a"), ("a", "a")].into_iter().enumerate() {
        let first = 1 + 2 * at as u64;
        spans.extend(call(1, first, first - 1, ends));
    }
    assert_eq!(drawn(&edges(&spans)), ["a → a 0/1", "a → b 0/1", "b → a 0/1"]);
}

#[test]
fn chain_of_a_thousand_services_is_surveyed() {
    let name = |at: u64| format!("s{at:04}");
    let spans: Vec<_> = (0..1_000)
        .flat_map(|at| call(1, 1 + 2 * at, 2 * at, (&name(at), &name(at + 1))))
        .map(|span| Sent {
            start: 0,
            end: Some(1),
            ..span
        })
        .collect();
    assert_eq!(edges(&spans).len(), 1_000);
}

#[test]
fn uninstrumented_peers_are_inferred_from_calls() {
    let client = |id, key, value: &str| sent((1, id, 1), "api", 'c', (id, id + 1)).with(key, value);
    let edges = edges(&[
        sent((1, 1, 0), "api", 's', (0, 100)),
        client(2, "db.system", "postgresql").with("db.name", "shop"),
        client(3, "db.system.name", "postgresql")
            .with("db.namespace", "shop")
            .failed(),
        client(4, "peer.service", "billing").with("server.address", "10.0.0.1"),
        client(5, "server.address", "example.org"),
        client(6, "http.method", "GET"),
        Sent {
            kind: 'p',
            ..client(7, "messaging.system", "rabbitmq").with("messaging.destination.name", "mails")
        },
        // The inner of two nested clients names the peer.
        client(8, "server.address", "outer"),
        sent((1, 9, 8), "api", 'i', (8, 9)),
        Sent {
            parent: 9,
            ..client(10, "server.address", "inner")
        },
        // Answered by a server span: no peer.
        client(11, "server.address", "mailer"),
        sent((1, 12, 11), "mailer", 's', (11, 12)),
    ]);
    let expected = [
        "api → mailer 0/1",
        "api → [] 0/1",
        "api → [billing] 0/1",
        "api → [example.org] 0/1",
        "api → [inner] 0/1",
        "api → [postgresql shop] 1/2",
        "api ⇢ [rabbitmq mails] 0/1",
    ];
    assert_eq!(drawn(&edges), expected);
    assert_eq!(id(edges[5].figures.failed.as_ref()), (1, 3));
}

#[test]
fn peers_are_named_by_either_generation_of_the_conventions() {
    for (attributes, name) in [
        (&[("url.full", "https://api.example.org:8443/v1?q=1")][..], "api.example.org"),
        (&[("http.url", "http://user:pw@shop:8080/cart")], "shop"),
        (&[("http.url", "http://shop/cart"), ("net.peer.ip", "10.0.0.1")], "shop"),
        (&[("net.peer.name", "cache"), ("net.peer.ip", "10.0.0.1")], "cache"),
        (&[("net.peer.ip", "10.0.0.1")], "10.0.0.1"),
        (&[("net.sock.peer.addr", "10.0.0.2")], "10.0.0.2"),
        (&[("db.system", "mysql"), ("net.peer.name", "db1")], "mysql"),
        (&[("db.type", "sql"), ("db.instance", "shop")], "sql shop"),
        (&[("peer.service", "billing"), ("http.url", "http://x/")], "billing"),
        (&[("url", "https://api.example/v1/17"), ("http.query", "x=1")], "api.example"),
        (&[("peer.ipv4", "10.0.0.3")], "10.0.0.3"),
        (&[("rpc.service", "shop.Cart"), ("rpc.method", "Add")], "shop.Cart"),
        (&[("rpc.service", "shop.Cart"), ("server.address", "cart")], "cart"),
    ] {
        let mut client = sent((1, 2, 1), "api", 'c', (2, 3));
        client.attributes = attributes.iter().map(|(key, value)| (*key, (*value).to_owned())).collect();
        let found = drawn(&edges(&[sent((1, 1, 0), "api", 's', (0, 100)), client]));
        assert_eq!(found, [format!("api → [{name}] 0/1")], "{attributes:?}");
    }
}

#[test]
fn child_of_a_missing_parent_has_no_caller() {
    assert_eq!(drawn(&edges(&[sent((1, 2, 1), "api", 's', (0, 1))])), [""; 0]);
}

/// `publish api mails 0/1, 0 queued`.
fn used(spans: &[Sent]) -> Vec<String> {
    let uses = survey(&store(spans), 7).queue_uses;
    let text = |uses: &QueueUse| {
        let (queue, figures) = (&uses.queue, &uses.figures);
        let name = format!("{:?} {} {} {}", uses.action, uses.service, queue.system, queue.name);
        format!(
            "{name} {}/{}, {} queued",
            figures.errors,
            figures.calls,
            figures.queued.count()
        )
    };
    uses.iter().map(text).collect()
}

#[test]
fn publish_receive_and_ack_share_a_queue() {
    let of_queue = |span: Sent| {
        span.with("messaging.system", "rabbitmq")
            .with("messaging.destination.name", "mails")
    };
    let spans = [
        of_queue(sent((1, 1, 0), "api", 'p', (0, 5))),
        of_queue(sent((1, 2, 1), "mailer", 'n', (105, 135))).failed(),
        of_queue(sent((1, 3, 2), "mailer", 'n', (110, 120))),
        of_queue(sent((1, 4, 2), "mailer", 'c', (130, 131))).with("messaging.operation.type", "settle"),
        // Linked instead of being a child: its queue time is unknown.
        of_queue(sent((2, 1, 0), "mailer", 'c', (0, 5))).with("messaging.operation", "receive"),
    ];
    let expected = [
        "Publish api rabbitmq mails 0/1, 0 queued",
        "Receive mailer rabbitmq mails 1/2, 1 queued",
        "Settle mailer rabbitmq mails 0/1, 0 queued",
    ];
    assert_eq!(used(&spans), expected);
    let edges = edges(&spans);
    assert_eq!(
        drawn(&edges),
        ["api ⇢ mailer 1/1", "mailer → [rabbitmq mails] 0/2"],
        "edges are unaffected"
    );
    assert!(
        edges
            .iter()
            .all(|edge| edge.queue.as_ref().is_some_and(|queue| &*queue.name == "mails"))
    );
}

#[test]
fn queue_is_on_an_edge_only_if_both_sides_name_it() {
    let producer = sent((1, 1, 0), "api", 'p', (0, 5)).with("messaging.destination.name", "exchange");
    let consumer = sent((1, 2, 1), "mailer", 'n', (105, 135)).with("messaging.destination.name", "queue");
    let spans = [producer, consumer];
    assert_eq!(edges(&spans)[0].queue, None);
    assert_eq!(
        used(&spans),
        ["Publish api  exchange 0/1, 0 queued", "Receive mailer  queue 0/1, 0 queued"]
    );
}

#[test]
fn topics_are_named_by_brave_too() {
    let spans = [sent((1, 1, 0), "api", 'p', (0, 5)).with("kafka.topic", "orders")];
    assert_eq!(used(&spans), ["Publish api kafka orders 0/1, 0 queued"]);
}
