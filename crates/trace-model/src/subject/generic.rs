//! Generic names: the kind of work without its subject.

/// Words for a method, a protocol or a library, in lower case and in order.
#[rustfmt::skip]
const WORDS: [&str; 193] = [
    "ack", "agent", "aggregate", "ai", "alter", "amqp", "anthropic", "aspnetcore", "basic", "batch", "bedrock", "begin",
    "bulk", "cache", "call", "cassandra", "chat", "chatcompletion", "clickhouse", "client", "close", "commit", "completion",
    "completions", "connect", "consume", "consumer", "content", "count", "create", "cursor", "database", "db", "del", "delete",
    "deliver", "dequeue", "dispatch", "documentfetch", "documentload", "dogenerate", "dostream", "drop", "dynamodb", "egress",
    "elasticsearch", "embed", "embedding", "embeddings", "enqueue", "eval", "evalsha", "exec", "execute", "executemany",
    "exists", "expire", "fetch", "find", "findone", "flush", "gemini", "gen", "generate", "generateobject", "generatetext",
    "generation", "get", "getmore", "graphql", "grpc", "handle", "handler", "head", "hget", "hosting", "hset", "html", "http",
    "httprequestin", "httprequestout", "https", "incr", "index", "ingress", "insert", "invoke", "jdbc", "jms", "jsonrpc",
    "kafka", "llm", "lookup", "lpop", "lpush", "mariadb", "memcached", "merge", "message", "messages", "messaging", "method",
    "mget", "microsoft", "model", "mongo", "mongodb", "mongoose", "mset", "mssql", "multi", "mutation", "mysql", "mysql2",
    "nack", "nats", "net", "odbc", "open", "openai", "opensearch", "operation", "options", "oracle", "parse", "patch", "pg",
    "pipeline", "poll", "pool", "post", "postgres", "postgresql", "prepare", "process", "producer", "publish", "pubsub", "put",
    "query", "queue", "rabbitmq", "read", "receive", "redis", "replace", "request", "requests", "resolve", "resource",
    "resourcefetch", "response", "responses", "rollback", "rpc", "rpop", "rpush", "scan", "search", "select", "send", "server",
    "set", "settle", "sns", "sql", "sqlite", "sqlite3", "sqs", "start", "statement", "stream", "streamobject", "streamtext",
    "subscribe", "subscription", "system", "text", "tool", "toolcall", "tools", "topic", "trace", "transaction", "truncate",
    "unary", "update", "upsert", "validate", "valkey", "with", "write", "xhr",
];

/// Returns true if a name may be generic, before its span is read: at most one of its words is specific, and that is not a path.
pub(super) fn may_be_generic(name: &str) -> bool {
    if name.len() > LENGTH_MAX {
        return false;
    }
    let own = words(name).filter(|word| !is_common(word)).take(2).count();
    own == 0 || (own == 1 && !name.contains('/'))
}

/// Returns true if each word of a name is generic; `is_own` accepts words that the span's attributes repeat.
pub(super) fn is_generic(name: &str, is_own: impl Fn(&str) -> bool) -> bool {
    may_be_generic(name) && words(name).all(|word| is_common(word) || is_own(word))
}

/// Bytes of the longest generic name.
const LENGTH_MAX: usize = 64;

fn words(name: &str) -> impl Iterator<Item = &str> {
    name.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty())
}

fn is_common(word: &str) -> bool {
    let mut lower = [0; LENGTH_MAX];
    let Some(lower) = lower.get_mut(..word.len()) else {
        return false;
    };
    lower.copy_from_slice(word.as_bytes());
    lower.make_ascii_lowercase();
    let is_number = lower.iter().all(u8::is_ascii_digit);
    is_number || WORDS.binary_search_by(|known| known.as_bytes().cmp(lower)).is_ok()
}

/// Returns the part of a text that a name lacks: nothing if the name has it, and not the word that the name ends with.
pub(super) fn without_repetition<'a>(name: &str, text: &'a str) -> &'a str {
    if name.to_lowercase().contains(&text.to_lowercase()) {
        return "";
    }
    let is_break = |c: char| !c.is_alphanumeric();
    let last = name.trim_end_matches(is_break).rsplit(is_break).next().unwrap_or_default();
    match text.split_at_checked(last.len()) {
        Some((first, rest)) if !last.is_empty() && first.eq_ignore_ascii_case(last) && rest.starts_with(' ') => rest.trim_start(),
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_in_order() {
        assert!(WORDS.is_sorted_by(|one, other| one < other));
        assert!(WORDS.iter().all(|word| *word == word.to_lowercase()));
    }

    #[test]
    fn generic_names_have_no_word_of_their_own() {
        for name in [
            "",
            "GET",
            "HTTP POST",
            "SELECT",
            "pg.query:SELECT",
            "publish",
            "basic.publish",
            "http.client",
            "PUT /",
            "grpc.unary",
            "chat",
            "tools/call",
            "System.Net.Http.HttpRequestOut",
            "HTTP/1.1 GET",
            "redis-GET",
            "mongodb.find",
            "process message",
            "fetch",
        ] {
            assert!(is_generic(name, |_| false), "{name}");
        }
        for name in [
            "GET /posts",
            "SELECT users",
            "orders publish",
            "resetPasswordHandler",
            "run/add",
            "web vitals",
            "chat gpt-4o",
            "日本",
        ] {
            assert!(!is_generic(name, |_| false), "{name}");
        }
        assert!(is_generic("SELECT shop", |word| word == "shop"));
        assert!(!is_generic(&"GET ".repeat(20), |_| false), "longer than any such name");
    }

    #[test]
    fn repetition_is_left_out() {
        for (name, text, expected) in [
            ("SELECT", "SELECT * FROM users", "* FROM users"),
            ("pg.query:SELECT", "select 1", "1"),
            ("GET", "GET", ""),
            ("GET /", "/", ""),
            ("GET", "GETTING x", "GETTING x"),
            ("", "/posts", "/posts"),
            ("publish", "orders", "orders"),
            ("SELECT", "SELECT", ""),
        ] {
            assert_eq!(without_repetition(name, text), expected, "{name} {text}");
        }
    }
}
