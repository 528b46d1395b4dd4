//! The order of attributes: what a reader looks for first.

use trace_model::Attribute;

/// Groups of attributes, the most used first, by their names or, with a dot at the end, by how these begin: those of
/// [OpenTelemetry's semantic conventions](https://opentelemetry.io/docs/specs/semconv/) of either generation, and of Sentry's span data.
const GROUPS: &[&[&str]] = &[
    // Errors.
    &[
        "error.type",
        "error.message",
        "error.",
        "error",
        "exception.",
        "otel.status_description",
    ],
    // Status.
    &[
        "http.response.status_code",
        "http.status_code",
        "rpc.response.status_code",
        "rpc.grpc.status_code",
        "rpc.connect_rpc.error_code",
        "db.response.status_code",
        "status",
    ],
    // Route.
    &[
        "http.request.method",
        "http.method",
        "http.route",
        "url.template",
        "url.path",
        "http.target",
        "url.query",
        "url.full",
        "http.url",
        "url",
        "rpc.method",
        "rpc.service",
        "rpc.system.name",
        "rpc.system",
        "graphql.operation.",
        "graphql.",
    ],
    // Statement.
    &[
        "db.query.summary",
        "db.query.text",
        "db.statement",
        "db.operation.name",
        "db.operation",
        "db.collection.name",
        "db.sql.table",
        "db.system.name",
        "db.system",
        "db.namespace",
        "db.name",
        "db.",
    ],
    // Peer.
    &[
        "service.peer.name",
        "peer.service",
        "server.address",
        "server.port",
        "net.peer.name",
        "net.peer.port",
        "network.peer.address",
        "network.peer.port",
        "net.peer.ip",
        "client.address",
        "client.port",
        "http.client_ip",
        "http.host",
    ],
    // Messaging.
    &[
        "messaging.destination.name",
        "messaging.destination",
        "messaging.operation.type",
        "messaging.operation.name",
        "messaging.operation",
        "messaging.system",
        "messaging.",
    ],
    // Models and tools.
    &["gen_ai.operation.name", "gen_ai.request.model", "gen_ai.tool.name", "gen_ai."],
];

/// Sorts by use: errors, status, route, statement, peer, messaging, models, and the rest by name.
pub(super) fn by_use(attributes: &[Attribute]) -> Vec<&Attribute> {
    let mut sorted: Vec<_> = attributes.iter().collect();
    sorted.sort_by_cached_key(|attribute| (rank(&attribute.key), &*attribute.key));
    sorted
}

/// The place of a name: its group, and its place in that.
fn rank(key: &str) -> (usize, usize) {
    let is_of = |name: &str| key == name || name.ends_with('.') && key.starts_with(name);
    let mut places = GROUPS.iter().enumerate();
    let place = places.find_map(|(group, names)| Some((group, names.iter().position(|name| is_of(name))?)));
    place.unwrap_or((GROUPS.len(), 0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use trace_model::Value;

    fn sorted(keys: &[&str]) -> Vec<String> {
        let attributes: Vec<_> = keys
            .iter()
            .map(|key| Attribute {
                key: (*key).to_owned(),
                value: Value::Empty,
            })
            .collect();
        by_use(&attributes)
            .into_iter()
            .map(|attribute| attribute.key.clone())
            .collect()
    }

    #[test]
    fn order_is_by_use_then_by_name() {
        let keys = [
            "thread.id",
            "process.command_args",
            "messaging.message.id",
            "messaging.destination.name",
            "server.address",
            "db.statement",
            "http.route",
            "http.method",
            "http.status_code",
            "error.type",
            "code.function",
        ];
        let expected = [
            "error.type",
            "http.status_code",
            "http.method",
            "http.route",
            "db.statement",
            "server.address",
            "messaging.destination.name",
            "messaging.message.id",
            "code.function",
            "process.command_args",
            "thread.id",
        ];
        assert_eq!(sorted(&keys), expected);
    }

    #[test]
    fn order_keeps_attributes_of_one_name() {
        assert_eq!(sorted(&["b", "a", "b"]), ["a", "b", "b"]);
    }
}
