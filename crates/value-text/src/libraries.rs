//! Which frames of a stack trace are of libraries, or of the language itself.

/// Paths of libraries, whatever the language.
const PATHS: [&str; 32] = [
    "site-packages",
    "dist-packages",
    "/lib/python",
    "\\Python3",
    "<frozen ",
    "node_modules",
    "node:",
    "(internal/",
    "(bun:",
    "(ext:",
    "(native:",
    "[native code]",
    "-extension://",
    "https://deno.land/",
    "https://jsr.io/",
    "/rustc/",
    ".cargo/registry",
    ".cargo/git/",
    "/rustlib/",
    ".rustup/",
    "/usr/local/go/src/",
    "/go/pkg/mod/",
    "/libexec/src/",
    "/vendor/",
    "/usr/lib/",
    "webpack/runtime",
    "webpack/bootstrap",
    "/_next/static",
    "\\lib\\site-packages",
    "/toolchain@",
    "/deps/",
    "GOROOT",
];
/// Prefixes of libraries in Java and related languages.
const JAVA: [&str; 83] = [
    "java.",
    "javax.",
    "jakarta.",
    "jdk.",
    "sun.",
    "com.sun.",
    "com.oracle.",
    "oracle.",
    "kotlin.",
    "kotlinx.",
    "_COROUTINE.",
    "scala.",
    "groovy.",
    "clojure.",
    "dalvik.",
    "android.",
    "androidx.",
    "com.android.",
    "org.springframework.",
    "org.apache.",
    "org.hibernate.",
    "org.eclipse.",
    "org.jboss.",
    "org.wildfly.",
    "org.xnio.",
    "org.glassfish.",
    "org.postgresql.",
    "org.mariadb.",
    "org.h2.",
    "org.hsqldb.",
    "org.sqlite.",
    "org.mybatis.",
    "org.jooq.",
    "org.quartz.",
    "org.thymeleaf.",
    "org.aspectj.",
    "org.codehaus.",
    "org.elasticsearch.",
    "org.flywaydb.",
    "org.redisson.",
    "org.reactivestreams.",
    "org.slf4j.",
    "org.junit.",
    "org.mockito.",
    "org.gradle.",
    "org.jetbrains.",
    "ch.qos.logback.",
    "io.netty.",
    "io.grpc.",
    "io.vertx.",
    "io.quarkus.",
    "io.smallrye.",
    "io.micronaut.",
    "io.micrometer.",
    "io.ktor.",
    "io.lettuce.",
    "io.undertow.",
    "io.dropwizard.",
    "io.reactivex.",
    "io.github.resilience4j.",
    "io.opentelemetry.",
    "io.sentry.",
    "reactor.",
    "okhttp3.",
    "okio.",
    "retrofit2.",
    "feign.",
    "akka.",
    "zio.",
    "redis.clients.",
    "com.fasterxml.",
    "com.google.",
    "com.amazonaws.",
    "software.amazon.",
    "com.azure.",
    "com.microsoft.",
    "com.mongodb.",
    "com.mysql.",
    "com.rabbitmq.",
    "com.netflix.",
    "com.zaxxer.",
    "net.bytebuddy.",
    "rx.",
];
/// Parts of names of classes that are made while a program of Java runs: proxies and lambdas.
const MADE_IN_JAVA: [&str; 6] = [
    "$$Lambda",
    "$Proxy",
    "$$FastClassBy",
    "$$EnhancerBy",
    "$$SpringCGLIB$$",
    "GeneratedMethodAccessor",
];
/// The same in .NET, with the methods that it makes.
const DOTNET: [&str; 32] = [
    "System.",
    "Microsoft.",
    "lambda_method",
    "Npgsql.",
    "MySql.",
    "MySqlConnector.",
    "Oracle.",
    "MongoDB.",
    "Newtonsoft.",
    "Grpc.",
    "Google.",
    "Azure.",
    "Amazon.",
    "MassTransit.",
    "MediatR.",
    "AutoMapper.",
    "FluentValidation.",
    "Autofac.",
    "Castle.",
    "NHibernate.",
    "Hangfire.",
    "Quartz.",
    "Polly.",
    "Serilog.",
    "RabbitMQ.",
    "Confluent.",
    "StackExchange.",
    "Dapper.",
    "OpenTelemetry.",
    "Sentry.",
    "Xunit.",
    "NUnit.",
];
/// Crates.
const RUST: [&str; 50] = [
    "rustc",
    "std",
    "core",
    "alloc",
    "tokio",
    "tokio_util",
    "tokio_stream",
    "tokio_rustls",
    "async_std",
    "async_executor",
    "futures",
    "futures_util",
    "futures_core",
    "futures_executor",
    "h2",
    "hyper",
    "hyper_util",
    "http_body_util",
    "reqwest",
    "tower",
    "tower_http",
    "tower_service",
    "axum",
    "actix_web",
    "actix_http",
    "actix_server",
    "actix_service",
    "actix_rt",
    "rocket",
    "warp",
    "tracing",
    "tracing_core",
    "tracing_subscriber",
    "opentelemetry",
    "opentelemetry_sdk",
    "sentry",
    "rayon",
    "rayon_core",
    "crossbeam",
    "backtrace",
    "anyhow",
    "eyre",
    "color_eyre",
    "tonic",
    "prost",
    "serde",
    "serde_json",
    "sqlx",
    "diesel",
    "sea_orm",
];
/// First parts of the paths of Go's standard library.
const GO: [&str; 50] = [
    "archive",
    "bufio",
    "bytes",
    "cmp",
    "compress",
    "container",
    "context",
    "crypto",
    "database",
    "debug",
    "embed",
    "encoding",
    "errors",
    "expvar",
    "flag",
    "fmt",
    "go",
    "hash",
    "html",
    "image",
    "index",
    "internal",
    "io",
    "iter",
    "log",
    "maps",
    "math",
    "mime",
    "net",
    "os",
    "panic",
    "path",
    "plugin",
    "reflect",
    "regexp",
    "runtime",
    "slices",
    "sort",
    "strconv",
    "strings",
    "structs",
    "sync",
    "syscall",
    "testing",
    "text",
    "time",
    "unicode",
    "unique",
    "unsafe",
    "vendor",
];

/// Returns true if a place is in a library.
pub(crate) fn is_library_path(line: &str) -> bool {
    let line = crate::start(line, 1_024);
    PATHS.iter().any(|path| line.contains(path)) || is_of_module(line)
}

/// A module of Go in a program that was built with `-trimpath`: `github.com/gorilla/mux@v1.8.0/mux.go`.
fn is_of_module(place: &str) -> bool {
    let version = place.split_once("@v").map(|(_, version)| version.as_bytes());
    version.is_some_and(|version| version.first().is_some_and(u8::is_ascii_digit) && place.contains(".go:"))
}

/// Of Java, .NET or JavaScript: what follows `at `.
pub(crate) fn is_library_frame(frame: &str) -> bool {
    let frame = frame.strip_prefix("async ").unwrap_or(frame);
    // A module before the name: `java.base/java.lang.Thread.run`.
    let place = frame.find('(').unwrap_or(frame.len());
    let name = frame[..place].rsplit('/').next().unwrap_or(frame);
    let is_of = |names: &[&str]| names.iter().any(|library| name.starts_with(library));
    // Without a place: built into the engine, such as `Array.map (<anonymous>)` and `Promise.all (index 0)`.
    let is_built_in = frame == "native"
        || frame.starts_with("<anonymous>")
        || ["(<anonymous>)", "(native)", "(<generated>)"]
            .iter()
            .any(|end| frame.ends_with(end))
        || frame[place..].starts_with("(index ");
    let is_made = || MADE_IN_JAVA.iter().any(|part| frame[..place].contains(part));
    is_built_in || is_library_path(frame) || is_of(&JAVA) || is_of(&DOTNET) || is_made()
}

/// Of Rust: a name with its crate, and the line below it. A name without a crate is of a function in C, which starts the program or a
/// thread, but where a file of Rust is below.
pub(crate) fn is_rust_library(name: &str, below: &str) -> bool {
    let path = name.trim_start_matches(['<', '&', '_']);
    let krate = path.split([':', '<', '[', ' ']).next().unwrap_or(path);
    let is_of_c = !name.contains("::") && !crate::start(below, 1_024).contains(".rs:");
    is_of_c || RUST.contains(&krate)
}

/// Of Go: a name with the path of its package.
pub(crate) fn is_go_library(name: &str) -> bool {
    let name = name.strip_prefix("created by ").unwrap_or(name);
    let first = name.split(['/', '.', '(']).next().unwrap_or(name);
    GO.contains(&first) && !is_path_with_dot(name)
}

/// Returns true if the first part of a package's path is a domain: `go.uber.org/zap.(*Logger).Error`.
fn is_path_with_dot(name: &str) -> bool {
    let path = name.split('(').next().unwrap_or(name);
    path.split_once('/').is_some_and(|(first, _)| first.contains('.'))
}
