//! Generic names: the kind of work without its subject.

/// Words for a method, a protocol or a library, in lower case and in order.
#[rustfmt::skip]
const WORDS: [&str; 318] = [
    "acall", "ack", "acquire", "agent", "aggregate", "ai", "ainvoke", "aiohttp", "alter", "amqp", "anonymous", "anthropic",
    "aspnetcore", "balancer", "basic", "batch", "bedrock", "begin", "bulk", "bulkinsert", "bulkwrite", "cache", "call",
    "cassandra", "chat", "chatcompletion", "click", "clickhouse", "client", "close", "commit", "compile", "completion",
    "completions", "conn", "connect", "connection", "connector", "consume", "consumer", "content", "count", "cql", "create",
    "curl", "cursor", "database", "db", "default", "del", "delete", "deletemany", "deleteone", "deliver", "dequeue",
    "deserialize", "dial", "dispatch", "distinct", "dns", "documentfetch", "documentload", "doembed", "dogenerate",
    "dostream", "driver", "drop", "dynamodb", "egress", "elasticsearch", "embed", "embedding", "embeddings", "embedmany",
    "engine", "enqueue", "entrypoint", "eval", "evalsha", "exchange", "exec", "execsql", "execute", "executemany", "exists",
    "expire", "explain", "fetch", "fetchall", "fetchone", "find", "findandmodify", "findmany", "findone",
    "findoneandupdate", "flush", "gateway", "gemini", "gen", "generate", "generated", "generateobject", "generatetext",
    "generation", "get", "getconn", "getitem", "getmore", "graphql", "grpc", "grpcio", "guzzle", "handle", "handler",
    "handshake", "hdel", "head", "hello", "hget", "hgetall", "hikari", "hincrby", "hmget", "hmset", "hosting", "hset",
    "html", "http", "httprequestin", "httprequestout", "https", "httpx", "incr", "index", "info", "ingress", "insert",
    "insertmany", "insertone", "invoke", "ioredis", "ipc", "itx", "jdbc", "jedis", "jinja2", "jms", "jsonrpc", "kafka",
    "lettuce", "llen", "llm", "load", "lookup", "lpop", "lpush", "lrange", "mariadb", "memcache", "memcached", "merge",
    "message", "messages", "messaging", "method", "mget", "microsoft", "model", "mongo", "mongodb", "mongoose", "mset",
    "mssql", "multi", "mutate", "mutation", "mysql", "mysql2", "mysqli", "nack", "nats", "net", "odbc", "okhttp", "on",
    "open", "openai", "opensearch", "operation", "options", "oracle", "parse", "patch", "pdo", "pdostatement", "peek", "pg",
    "ping", "pipeline", "poll", "pool", "post", "postgres", "postgresql", "prepare", "prisma", "process", "producer",
    "prompts", "proxy", "psubscribe", "psycopg", "psycopg2", "publish", "pubsub", "put", "putitem", "query", "queue",
    "quit", "rabbit", "rabbitmq", "read", "receive", "redis", "render", "replace", "request", "requests", "reqwest",
    "reset", "resolve", "resource", "resourcefetch", "resources", "response", "responses", "reverseproxy", "rollback",
    "router", "rows", "rpc", "rpop", "rpush", "s3", "sadd", "scan", "search", "select", "send", "sendmessage", "server",
    "session", "set", "setex", "setnx", "settle", "show", "smembers", "sns", "socket", "sql", "sqlalchemy", "sqlite",
    "sqlite3", "sqlx", "sqs", "srem", "start", "statement", "stmt", "stream", "streamobject", "streamtext", "submit",
    "subscribe", "subscription", "system", "tcp", "tedious", "template", "temporary", "text", "tls", "tool", "toolcall",
    "tools", "topic", "trace", "transaction", "transport", "truncate", "tx", "txn", "unary", "undici", "unix", "unlink",
    "unsubscribe", "update", "updatemany", "updateone", "upsert", "urllib", "urllib3", "use", "validate", "valkey",
    "websocket", "with", "write", "ws", "xadd", "xhr", "xread", "xreadgroup", "zadd", "zrange",
];

/// Words that statements begin with; some instrumentations add the path of the database to them.
const VERBS: [&str; 12] = [
    "SELECT", "INSERT", "UPDATE", "DELETE", "CREATE", "ALTER", "DROP", "PRAGMA", "BEGIN", "COMMIT", "ROLLBACK", "WITH",
];

/// Returns true if a name may be generic, before its span is read: at most one of its words is specific, and that is not a path.
pub(super) fn may_be_generic(name: &str) -> bool {
    if name.len() > LENGTH_MAX {
        return false;
    }
    let own = words(name).filter(|word| !is_common(word)).take(2).count();
    own == 0 || (own == 1 && !name.contains('/')) || begins_statement(name)
}

/// Returns true if a name begins as a statement does.
pub(super) fn begins_statement(name: &str) -> bool {
    let first = name.split_ascii_whitespace().next().unwrap_or_default();
    VERBS.iter().any(|verb| verb.eq_ignore_ascii_case(first))
}

/// Returns true if each word of a name is generic; `is_own` accepts words that the span's attributes repeat.
pub(super) fn is_generic(name: &str, is_own: impl Fn(&str) -> bool) -> bool {
    name.len() <= LENGTH_MAX && words(name).all(|word| is_common(word) || is_own(word))
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

/// Returns the part of a text that a name lacks: not the word that the name ends with, and nothing if the name has all its words.
pub(super) fn without_repetition<'a>(name: &str, text: &'a str) -> &'a str {
    let is_break = |c: char| !c.is_alphanumeric();
    let last = name.trim_end_matches(is_break).rsplit(is_break).next().unwrap_or_default();
    let rest = match text.split_at_checked(last.len()) {
        Some((first, rest)) if !last.is_empty() && first.eq_ignore_ascii_case(last) && rest.starts_with(char::is_whitespace) => {
            rest.trim_start()
        }
        _ => text,
    };
    let is_in_name = |word: &str| words(name).any(|known| known.eq_ignore_ascii_case(word));
    let has_words = words(rest).next().is_some();
    let is_known = if has_words {
        words(rest).all(is_in_name)
    } else {
        // A path of an operation may be all placeholders.
        !rest.starts_with('/') || name.ends_with(rest)
    };
    if is_known { "" } else { rest }
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
            ("GET", "/?", "/?"),
            ("SELECT", "SELECT ?", ""),
            ("GET GET", "GET ? GET ?", ""),
            ("GET", "GETTING x", "GETTING x"),
            ("", "/posts", "/posts"),
            ("publish", "orders", "orders"),
            ("SELECT", "SELECT", ""),
        ] {
            assert_eq!(without_repetition(name, text), expected, "{name} {text}");
        }
    }
}
