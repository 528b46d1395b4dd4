//! Graph of the service map.

use trace_stats::{Counted, Party, ServiceGraph, Survey};

use crate::support::{Sent, sent, store, survey};

fn of_queue(span: Sent) -> Sent {
    span.with("messaging.system", "rabbitmq")
        .with("messaging.destination.name", "mails")
}

/// A shop: calls, a database, a queue with its ack, a retry through the same queue, a peer without a name.
fn shop() -> Survey {
    survey(
        &store(&[
            sent((1, 1, 0), "web", 'c', (0, 50)),
            sent((1, 2, 1), "api", 's', (1, 49)),
            sent((1, 3, 2), "api", 'c', (2, 3)).with("db.system", "postgresql"),
            sent((1, 4, 2), "api", 'c', (4, 5)).with("http.method", "GET"),
            of_queue(sent((1, 5, 2), "api", 'p', (6, 7))),
            of_queue(sent((1, 6, 5), "mailer", 'n', (20, 30))),
            of_queue(sent((1, 7, 6), "mailer", 'c', (29, 30))).with("messaging.operation.type", "settle"),
            of_queue(sent((1, 8, 6), "mailer", 'p', (25, 26))),
            of_queue(sent((1, 9, 0), "janitor", 'c', (25, 26))).with("messaging.operation.type", "settle"),
        ]),
        7,
    )
}

fn drawn(graph: &ServiceGraph) -> Vec<String> {
    let name = |at: usize| match &graph.parties[at] {
        Party::Service(name) => name.to_string(),
        Party::Queue(queue) => format!("({})", queue.name),
        Party::Peer(name) => format!("[{name}]"),
    };
    let edges = graph.edges.iter();
    edges
        .map(|edge| {
            format!(
                "{} {} {}",
                name(edge.from),
                if edge.is_message { "⇢" } else { "→" },
                name(edge.to)
            )
        })
        .collect()
}

#[test]
fn queue_is_one_node_with_its_acks() {
    let survey = shop();
    let graph = ServiceGraph::new(&survey, |_| true);
    let expected = [
        "api → [postgresql]",
        "api ⇢ (mails)",
        "janitor → (mails)",
        "mailer ⇢ (mails)",
        "web → api",
        "(mails) ⇢ mailer",
    ];
    let (mut found, mut wanted) = (drawn(&graph), expected.map(str::to_owned).to_vec());
    found.sort();
    wanted.sort();
    assert_eq!(found, wanted);
    assert_eq!(graph.unnamed, 1);
    assert_eq!(graph.parties.len(), 6);
}

#[test]
fn details_of_a_party_have_all_its_edges() {
    let survey = shop();
    let details = |party: &Party| {
        let name = |counted: &Counted| match counted {
            Counted::Edge(at) => {
                let edge = &survey.edges[*at];
                format!("{} → {}", edge.caller, edge.callee.name())
            }
            Counted::Use(at) => format!("{} {:?}", survey.queue_uses[*at].service, survey.queue_uses[*at].action),
        };
        ServiceGraph::details(&survey, party).iter().map(name).collect::<Vec<_>>()
    };
    assert_eq!(
        details(&Party::Service("api".into())),
        ["api → mailer", "api → ", "api → postgresql", "web → api", "api Publish"]
    );
    let queue = survey.queue_uses[0].queue.clone();
    assert_eq!(
        details(&Party::Queue(queue)),
        [
            "api Publish",
            "mailer Publish",
            "mailer Receive",
            "janitor Settle",
            "mailer Settle"
        ]
    );
    assert_eq!(details(&Party::Peer("postgresql".into())), ["api → postgresql"]);
    for counted in ServiceGraph::details(&survey, &Party::Service("mailer".into())) {
        assert!(counted.figures(&survey).is_some());
    }
}

#[test]
fn graph_keeps_edges_that_match_the_filter() {
    let survey = shop();
    let graph = ServiceGraph::new(&survey, |names| names.iter().any(|name| name.contains("web")));
    assert_eq!(drawn(&graph), ["web → api"]);
    assert_eq!(graph.parties.len(), 2);
}

#[test]
fn graph_depends_on_names_alone() {
    let one = ServiceGraph::new(&shop(), |_| true);
    assert_eq!(one, ServiceGraph::new(&shop(), |_| true));
}
