//! Spans in the shape in which instrumentations write them: the name, the kind and the attributes that matter here.

use super::{CLIENT, INTERNAL, SERVER, operation, subject};
use crate::SpanKind;

const PRODUCER: SpanKind = SpanKind::Producer;
const CONSUMER: SpanKind = SpanKind::Consumer;

/// Instrumentation, name, kind and attributes of a span; then what its row and its operation add to the name.
type Shape<'a> = (&'a str, &'a str, SpanKind, &'a [(&'static str, &'a str)], &'a str, &'a str);

#[rustfmt::skip]
const HTTP: &[Shape<'_>] = &[
    ("Python requests, old", "GET", CLIENT, &[("http.method", "GET"), ("http.url", "http://shop:18099/posts/17?token=x")], "shop/posts/17", "shop/posts/?"),
    ("Python requests", "GET", CLIENT, &[("http.request.method", "GET"), ("server.address", "shop"), ("url.full", "http://shop/posts/17")], "shop/posts/17", "shop/posts/?"),
    ("Python urllib3", "PUT", CLIENT, &[("http.method", "PUT"), ("http.url", "http://127.0.0.1:18099/u3/17")], "127.0.0.1/u3/17", "/u3/?"),
    ("Python flask", "GET", SERVER, &[("http.method", "GET"), ("http.target", "/nowhere/17"), ("net.peer.ip", "127.0.0.1")], "/nowhere/17", "/nowhere/?"),
    ("Python fastapi", "GET /posts/{id}", SERVER, &[("http.route", "/posts/{id}"), ("http.target", "/posts/17")], "", ""),
    ("Python tornado", "GET", SERVER, &[("http.target", "/")], "/", "/"),
    ("Node http, server", "GET", SERVER, &[("http.request.method", "GET"), ("server.address", "shop"), ("url.path", "/carts/3"), ("network.peer.address", "::1")], "/carts/3", "/carts/?"),
    ("Node http, client", "GET", CLIENT, &[("http.request.method", "GET"), ("server.address", "shop"), ("url.full", "http://shop:3000/carts/3?x")], "shop/carts/3", "shop/carts/?"),
    ("Node http, client without an answer", "GET", CLIENT, &[("server.address", "127.0.0.1"), ("url.full", "http://127.0.0.1:1/x"), ("error.type", "Error")], "127.0.0.1/x", "/x"),
    ("Node undici", "POST", CLIENT, &[("url.full", "https://api.example/v1"), ("url.path", "/v1"), ("server.address", "api.example")], "api.example/v1", "api.example/v1"),
    ("Node express", "GET /posts/:id", SERVER, &[("http.route", "/posts/:id"), ("url.path", "/posts/17")], "", ""),
    ("Node net", "tcp.connect", INTERNAL, &[("server.address", "db.internal"), ("network.local.address", "10.0.0.2")], "db.internal", "db.internal"),
    ("Node dns", "dns.lookup", CLIENT, &[("peer.ipv4", "127.0.0.1")], "127.0.0.1", ""),
    ("Go otelhttp, client", "HTTP GET", CLIENT, &[("http.method", "GET"), ("http.url", "http://cart:8080/v1/carts/17"), ("net.peer.name", "cart")], "cart/v1/carts/17", "cart/v1/carts/?"),
    ("Go otelhttp, server", "GET", SERVER, &[("http.request.method", "GET"), ("server.address", "cart"), ("url.path", "/v1/carts/17"), ("client.address", "10.0.0.1")], "/v1/carts/17", "/v1/carts/?"),
    ("Go httptrace", "http.getconn", INTERNAL, &[("net.host.name", "cart:8080")], "", ""),
    ("Java agent, client", "GET", CLIENT, &[("http.request.method", "GET"), ("url.full", "http://rates/api/eur"), ("server.address", "rates")], "rates/api/eur", "rates/api/eur"),
    ("Java agent, servlet", "GET /**", SERVER, &[("http.route", "/**"), ("url.path", "/static/app.js")], "/static/app.js", "/static/app.js"),
    (".NET HttpClient", "GET", CLIENT, &[("http.request.method", "GET"), ("server.address", "rates"), ("url.full", "https://rates/eur")], "rates/eur", "rates/eur"),
    (".NET HttpClient, old", "System.Net.Http.HttpRequestOut", CLIENT, &[("http.url", "https://rates/eur")], "rates/eur", "rates/eur"),
    (".NET sockets", "HTTP connection_setup", INTERNAL, &[("server.address", "rates")], "", ""),
    ("Rust tower-http", "request", INTERNAL, &[("method", "GET"), ("uri", "/posts/17?q=1"), ("version", "HTTP/1.1")], "/posts/17", "/posts/?"),
    ("Rust reqwest", "reqwest-http-client", CLIENT, &[("http.request.method", "GET"), ("url.full", "https://api.example/v1/17")], "api.example/v1/17", "api.example/v1/?"),
    ("Rust reqwest, OpenTelemetry's name", "GET", CLIENT, &[("http.url", "https://api.example/v1/17")], "api.example/v1/17", "api.example/v1/?"),
    ("Ruby Net::HTTP", "HTTP GET", CLIENT, &[("http.target", "/v1/17"), ("peer.service", "billing"), ("net.peer.name", "billing.internal")], "billing.internal/v1/17", "billing.internal/v1/?"),
    ("PHP curl", "curl_exec", CLIENT, &[("url.full", "https://api.example/v1")], "api.example/v1", "api.example/v1"),
    ("Zipkin Brave", "get", CLIENT, &[("http.method", "GET"), ("http.path", "/v1/17")], "/v1/17", "/v1/?"),
    ("OpenTracing", "HTTP GET", CLIENT, &[("http.url", "http://cart:8080/v1"), ("component", "net/http"), ("peer.hostname", "cart")], "cart/v1", "cart/v1"),
    ("Envoy", "ingress", SERVER, &[("http.url", "http://shop.example/posts/17"), ("component", "proxy")], "/posts/17", "/posts/?"),
    ("Traefik", "ReverseProxy", CLIENT, &[("url.full", "http://10.0.0.7:80/posts"), ("server.address", "10.0.0.7")], "10.0.0.7/posts", "/posts"),
    ("Sentry, Python", "http.client", CLIENT, &[("sentry.op", "http.client"), ("url", "https://api.example/v1/17"), ("http.query", "x=1")], "api.example/v1/17", "api.example/v1/?"),
    ("Browser fetch", "HTTP POST", CLIENT, &[("http.url", "https://shop.example/users/reset-password")], "shop.example/users/reset-password", "shop.example/users/reset-password"),
    ("Browser interaction", "click", INTERNAL, &[("event_type", "click"), ("target_element", "BUTTON"), ("target_xpath", "//*[@id=\"pay\"]")], "//*[@id=?]", "//*[@id=?]"),
];

#[rustfmt::skip]
const DATABASES: &[Shape<'_>] = &[
    ("Python SQLAlchemy", "SELECT shop", CLIENT, &[("db.name", "shop"), ("db.system", "postgresql"), ("db.statement", "SELECT *\nFROM posts WHERE id = 17")], "SELECT * FROM posts WHERE id = ?", "SELECT * FROM posts WHERE id = ?"),
    ("Python SQLAlchemy, SQLite", "SELECT /srv/data/shop.db", CLIENT, &[("db.name", "/srv/data/shop.db"), ("db.system", "sqlite"), ("db.statement", "SELECT id FROM posts WHERE mail = 'a@b'")], "SELECT id FROM posts WHERE mail = ?", "SELECT id FROM posts WHERE mail = ?"),
    ("Python SQLAlchemy, connection", "connect", CLIENT, &[("db.system", "postgresql"), ("net.peer.name", "db.internal")], "db.internal", "db.internal"),
    ("Python psycopg", "INSERT", CLIENT, &[("db.system", "postgresql"), ("db.name", "shop"), ("db.statement", "INSERT INTO orders(id,mail) VALUES (%s,%s), (%s,%s)"), ("net.peer.name", "db")], "INTO orders(id,mail) VALUES (?)", "INTO orders(id,mail) VALUES (?)"),
    ("Python pymysql", "SELECT", CLIENT, &[("db.system", "mysql"), ("db.statement", "SELECT * FROM t WHERE mail = \"a@b.de\" AND id = %s")], "* FROM t WHERE mail = ? AND id = ?", "* FROM t WHERE mail = ? AND id = ?"),
    ("Python redis", "GET", CLIENT, &[("db.system", "redis"), ("db.statement", "GET ?"), ("net.peer.name", "cache.internal")], "cache.internal", "cache.internal"),
    ("Python redis, pipeline", "GET GET", CLIENT, &[("db.system", "redis"), ("db.statement", "GET ?\nGET ?"), ("net.peer.name", "cache")], "cache", "cache"),
    ("Python pymemcache", "get", CLIENT, &[("db.system", "memcached"), ("db.statement", "get user:17")], "user:?", "user:?"),
    ("Python elasticsearch", "search", INTERNAL, &[("db.system.name", "elasticsearch"), ("db.operation.name", "search"), ("db.operation.parameter.index", "posts"), ("url.full", "http://es/posts/_search")], "posts", "posts"),
    ("Node pg", "pg.query:SELECT shop", CLIENT, &[("db.system.name", "postgresql"), ("db.namespace", "shop"), ("db.query.text", "SELECT * FROM \"posts\" WHERE id = $1")], "SELECT * FROM \"posts\" WHERE id = ?", "SELECT * FROM \"posts\" WHERE id = ?"),
    ("Node pg, transaction", "pg.query:COMMIT shop", CLIENT, &[("db.namespace", "shop"), ("db.query.text", "COMMIT"), ("server.address", "db.internal")], "db.internal", "db.internal"),
    ("Node pg pool", "pg-pool.connect", CLIENT, &[("db.system.name", "postgresql"), ("server.address", "db.internal")], "db.internal", "db.internal"),
    ("Node mysql2", "SELECT", CLIENT, &[("db.system.name", "mysql"), ("db.query.text", "SELECT * FROM t WHERE mail = \"a@b.de\" AND id = 7")], "* FROM t WHERE mail = ? AND id = ?", "* FROM t WHERE mail = ? AND id = ?"),
    ("Node ioredis", "set", CLIENT, &[("db.system.name", "redis"), ("db.query.text", "set session:abc [1 other arguments]")], "session:abc [? other arguments]", "session:?"),
    ("Node redis", "redis-GET", CLIENT, &[("db.system.name", "redis"), ("db.query.text", "GET user:17")], "user:?", "user:?"),
    ("Node mongodb", "mongodb.find", CLIENT, &[("db.system", "mongodb"), ("db.mongodb.collection", "users"), ("db.statement", "{\"filter\":{\"mail\":\"?\"}}")], "users", "users"),
    ("Prisma", "prisma:engine:db_query", CLIENT, &[("db.system", "postgresql"), ("db.query.text", "SELECT \"id\" FROM \"User\" WHERE 1=1")], "SELECT \"id\" FROM \"User\" WHERE ?=?", "SELECT \"id\" FROM \"User\" WHERE ?=?"),
    ("Prisma, operation", "prisma:client:operation", INTERNAL, &[("method", "findMany"), ("model", "User"), ("name", "User.findMany")], "User.findMany", "User.findMany"),
    ("Go otelsql", "sql.conn.query", CLIENT, &[("db.system", "postgresql"), ("db.statement", "-- name: ListPosts :many\nSELECT id FROM posts LIMIT 10")], "SELECT id FROM posts LIMIT ?", "SELECT id FROM posts LIMIT ?"),
    ("Go redisotel", "hgetall", CLIENT, &[("db.system", "redis"), ("db.statement", "hgetall basket:17")], "basket:?", "basket:?"),
    ("Java JDBC", "SELECT shop", CLIENT, &[("db.system", "mysql"), ("db.name", "shop"), ("db.statement", "select o.id from orders o where o.id=?"), ("server.address", "db")], "select o.id from orders o where o.id=?", "select o.id from orders o where o.id=?"),
    ("Java JDBC, with a table", "SELECT shop.orders", CLIENT, &[("db.name", "shop"), ("db.sql.table", "orders"), ("db.statement", "select 1 from orders")], "", ""),
    (".NET Entity Framework", "shop", CLIENT, &[("db.system", "mssql"), ("db.name", "shop"), ("db.statement", "SELECT TOP(1) [o].[Id] FROM [Orders] AS [o]")], "SELECT TOP(?) [o].[Id] FROM [Orders] AS [o]", "SELECT TOP(?) [o].[Id] FROM [Orders] AS [o]"),
    ("Rust sqlx", "sqlx::query", CLIENT, &[("db.system", "postgresql"), ("db.query.text", "SELECT id FROM posts WHERE id = $1")], "SELECT id FROM posts WHERE id = ?", "SELECT id FROM posts WHERE id = ?"),
    ("PHP PDO", "PDOStatement::execute", CLIENT, &[("db.system", "mysql"), ("db.query.text", "SELECT * FROM posts WHERE slug = 'a'")], "SELECT * FROM posts WHERE slug = ?", "SELECT * FROM posts WHERE slug = ?"),
    ("Zipkin Brave", "select", CLIENT, &[("sql.query", "select * from posts where id = 3")], "* from posts where id = ?", "* from posts where id = ?"),
    ("OpenTracing", "query", CLIENT, &[("db.type", "sql"), ("db.instance", "shop"), ("db.statement", "select 1 from t")], "select ? from t", "select ? from t"),
    ("conventions with a summary", "SELECT", CLIENT, &[("db.query.summary", "SELECT posts"), ("db.query.text", "SELECT * FROM posts")], "posts", "posts"),
    ("operation and table alone", "dynamodb", CLIENT, &[("db.system", "dynamodb"), ("db.operation", "PutItem"), ("db.collection.name", "orders")], "PutItem orders", "PutItem orders"),
    ("Sentry cache", "cache.get", CLIENT, &[("cache.key", "basket:17:items")], "basket:17:items", "basket:?"),
];

#[rustfmt::skip]
const OTHERS: &[Shape<'_>] = &[
    ("Python pika", "mail send", PRODUCER, &[("messaging.system", "rabbitmq"), ("messaging.destination", "mail")], "", ""),
    ("Node amqplib, default exchange", "publish <default>", PRODUCER, &[("messaging.destination.name", "<default>"), ("messaging.rabbitmq.destination.routing_key", "mail"), ("server.address", "mq")], "mail", "mail"),
    ("Node amqplib, old", "publish <default>", PRODUCER, &[("messaging.rabbitmq.routing_key", "mail"), ("messaging.destination", "")], "mail", "mail"),
    ("RabbitMQ, reply queue", "publish", PRODUCER, &[("messaging.destination.name", "amq.gen-JzTY20BRgKO-HjmUJj0wLg")], "amq.gen-JzTY20BRgKO-HjmUJj0wLg", "amq.gen-?"),
    ("Java JMS", "receive", CONSUMER, &[("messaging.destination", "orders.17")], "orders.17", "orders.?"),
    ("Zipkin JMS", "on-message", CONSUMER, &[("messaging.destination.name", "orders")], "orders", "orders"),
    ("OpenTracing queue", "send", PRODUCER, &[("message_bus.destination", "orders")], "orders", "orders"),
    ("Python celery", "run/tasks.mail", CONSUMER, &[("celery.task_name", "tasks.mail"), ("messaging.destination", "celery")], "", ""),
    ("gRPC of Python", "/shop.Cart/Add", CLIENT, &[("rpc.system", "grpc"), ("rpc.service", "shop.Cart"), ("rpc.method", "Add")], "", ""),
    ("gRPC, one word", "grpc.client", CLIENT, &[("rpc.system", "grpc"), ("rpc.service", "shop.Cart"), ("rpc.method", "Add"), ("server.address", "cart")], "shop.Cart/Add", "shop.Cart/Add"),
    ("gRPC, new conventions", "grpc", CLIENT, &[("rpc.system.name", "grpc"), ("rpc.method", "shop.Cart/Add")], "shop.Cart/Add", "shop.Cart/Add"),
    ("AWS DynamoDB", "DynamoDB.PutItem", CLIENT, &[("rpc.system", "aws-api"), ("rpc.service", "DynamoDB"), ("rpc.method", "PutItem"), ("db.operation", "PutItem"), ("aws.dynamodb.table_names", "orders")], "orders", "orders"),
    ("AWS S3", "S3.PutObject", CLIENT, &[("rpc.system", "aws-api"), ("rpc.service", "S3"), ("rpc.method", "PutObject"), ("aws.s3.bucket", "pictures")], "pictures", "pictures"),
    ("AWS SQS", "SQS.SendMessage", CLIENT, &[("rpc.system", "aws-api"), ("rpc.service", "SQS"), ("rpc.method", "SendMessage"), ("aws.queue_url", "http://sqs/123456789012/jobs")], "jobs", "jobs"),
    ("GraphQL of Node", "query", INTERNAL, &[("graphql.operation.type", "query"), ("graphql.source", "{ basket(id: *) { items } }")], "{ basket(id: *) { items } }", "{ basket(id: *) { items } }"),
    ("GraphQL, named", "graphql.execute", INTERNAL, &[("graphql.operation.name", "Basket"), ("graphql.source", "query Basket { basket { id } }")], "Basket", "Basket"),
    ("OpenAI of Python", "chat gpt-4o-mini", CLIENT, &[("gen_ai.request.model", "gpt-4o-mini")], "", ""),
    ("OpenLLMetry", "openai.chat", CLIENT, &[("gen_ai.request.model", "gpt-4o"), ("gen_ai.agent.name", "researcher")], "gpt-4o", "gpt-4o"),
    ("Vercel AI SDK", "ai.generateText.doGenerate", CLIENT, &[("ai.model.id", "gpt-4o"), ("gen_ai.request.model", "gpt-4o")], "gpt-4o", "gpt-4o"),
    ("OpenInference", "ChatCompletion", INTERNAL, &[("llm.model_name", "gpt-4o")], "gpt-4o", "gpt-4o"),
    ("an agent", "invoke_agent", INTERNAL, &[("gen_ai.agent.name", "researcher"), ("gen_ai.request.model", "gpt-4o")], "researcher", "researcher"),
    ("a tool", "execute_tool", INTERNAL, &[("gen_ai.tool.name", "weather"), ("gen_ai.request.model", "gpt-4o")], "weather", "weather"),
    ("MCP", "tools/call", SERVER, &[("mcp.tool.name", "weather")], "weather", "weather"),
    ("MCP resource", "resources/read", CLIENT, &[("mcp.resource.uri", "file:///notes/17.md")], "file:///notes/17.md", "file:///notes/?.md"),
    ("Python jinja2", "jinja2.render", INTERNAL, &[("jinja2.template_name", "a.html")], "a.html", "a.html"),
    ("a function of the program", "validate", INTERNAL, &[("user.id", "17")], "", ""),
];

#[test]
fn subjects_of_ordinary_instrumentations() {
    let mut wrong = Vec::new();
    for (library, name, kind, attributes, row, group) in [HTTP, DATABASES, OTHERS].concat() {
        let found = (subject(name, kind, attributes), operation(name, kind, attributes));
        if (&*found.0, &*found.1) != (row, group) {
            wrong.push(format!("{library}: {name}: {found:?}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
