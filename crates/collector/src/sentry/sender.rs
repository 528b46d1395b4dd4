//! The sender: resource and scope of an item's content.

use opentelemetry_proto::tonic::common::v1::{InstrumentationScope, KeyValue, any_value};
use opentelemetry_proto::tonic::resource::v1::Resource;
use serde_json::{Map, Value};

use super::json::Object;
use super::value::Attributes;

/// Bytes of a service name in a DSN.
const KEY_LENGTH: usize = 64;
/// Contexts that describe the process and its machine, not the event.
const OF_THE_PROCESS: [&str; 8] = [
    "app",
    "browser",
    "cloud_resource",
    "culture",
    "device",
    "gpu",
    "os",
    "runtime",
];

/// Facts about a sender that need no look into the items.
#[derive(Debug, Default)]
pub(super) struct Sender {
    sdk: Sdk,
    /// Public key of its DSN, if that looks like a name.
    key: Option<String>,
}

/// The SDK: its name (`sentry.python`), and its version.
#[derive(Clone, Debug, Default, PartialEq)]
struct Sdk {
    name: Option<String>,
    version: Option<String>,
}

/// An item's facts about its sender.
#[derive(Debug, Default)]
pub(super) struct SenderInfo {
    /// OpenTelemetry's own resource, where the SDK is fed by OpenTelemetry.
    resource: Attributes,
    /// The service, as an attribute or a tag has it.
    service: Option<String>,
    release: Option<String>,
    environment: Option<String>,
    host: Option<String>,
    platform: Option<String>,
    sdk: Sdk,
    contexts: Attributes,
}

impl SenderInfo {
    /// Reads those of an event, a transaction, or a check-in.
    pub(super) fn of_event(event: &Object<'_>) -> Self {
        let contexts = event.object("contexts");
        let mut resource = Attributes::default();
        resource.members("", &contexts.object("otel").object("resource"));
        let text = |key| event.text(key).map(Into::into);
        let mut tags = Attributes::default();
        tags.tags(event);
        let service = tags.get_text("tags.service").or_else(|| tags.get_text("tags.service.name"));
        let sdk = event.object("sdk");
        Self {
            resource,
            service: service.map(str::to_owned),
            release: text("release"),
            environment: text("environment"),
            host: text("server_name"),
            platform: text("platform"),
            sdk: Sdk {
                name: sdk.text("name").map(Into::into),
                version: sdk.text("version").map(Into::into),
            },
            contexts: Attributes::default(),
        }
    }

    /// Adds the process facts in the contexts of a transaction.
    pub(super) fn with_contexts(mut self, contexts: &Object<'_>) -> Self {
        for name in OF_THE_PROCESS {
            // Its members have OpenTelemetry's names already.
            let prefix = if name == "cloud_resource" {
                String::new()
            } else {
                format!("{name}.")
            };
            self.contexts.members(&prefix, &contexts.object(name));
        }
        self
    }

    /// Reads those of a span or a log record, which have them as attributes.
    pub(super) fn of_attributes(attributes: &Attributes) -> Self {
        let text = |key| attributes.get_text(key).map(str::to_owned);
        Self {
            service: text("service.name"),
            release: text("sentry.release"),
            environment: text("sentry.environment"),
            host: text("host.name"),
            platform: text("sentry.platform"),
            sdk: Sdk {
                name: text("sentry.sdk.name"),
                version: text("sentry.sdk.version"),
            },
            ..Self::default()
        }
    }
}

/// Returns true if a context belongs to the resource.
pub(super) fn is_of_the_process(context: &str) -> bool {
    OF_THE_PROCESS.contains(&context)
}

impl Sender {
    /// Creates a sender from an envelope's header and the public key of the request. Texts longer than `longest` bytes count as
    /// absent: each item copies them.
    pub(super) fn new(header: &Map<String, Value>, key: Option<&str>, longest: usize) -> Self {
        let text = |member| header.get("sdk")?.get(member)?.as_str();
        let sdk = |member| text(member).filter(|text| text.len() <= longest).map(str::to_owned);
        let own = || header.get("dsn").and_then(Value::as_str).and_then(key_of_dsn);
        Self {
            sdk: Sdk {
                name: sdk("name"),
                version: sdk("version"),
            },
            key: named_key(key.or_else(own)).map(str::to_owned),
        }
    }

    /// Returns the resource and the scope for these facts.
    pub(super) fn origin(&self, facts: SenderInfo) -> (Resource, InstrumentationScope) {
        let sdk = if facts.sdk.name.is_some() { &facts.sdk } else { &self.sdk };
        let platform = platform(facts.platform.as_deref(), sdk.name.as_deref());
        let named = |name: &&str| is_named(name);
        let said = facts.resource.get_text("service.name");
        let own = said.filter(named);
        // Version 10 of the SDK for Node.js fills in its platform if the service has no name.
        let is_own = |name: &&str| facts.resource.get_text("service.namespace") != Some("sentry") || Some(*name) != platform;
        let service = own
            .filter(is_own)
            .or(facts.service.as_deref().filter(named))
            .or(self.key.as_deref())
            .or_else(|| package(facts.release.as_deref()?))
            .or_else(|| [said, facts.service.as_deref()].into_iter().flatten().find_map(program))
            .or(platform);
        let mut attributes = Attributes::default();
        attributes.text("service.name", service);
        attributes
            .0
            .extend(facts.resource.0.iter().filter(|own| own.key != "service.name").cloned());
        let mut missing = |key: &str, text: Option<&str>| {
            if !attributes.has(key) {
                attributes.text(key, text);
            }
        };
        missing("service.version", facts.release.as_deref());
        missing("deployment.environment.name", facts.environment.as_deref());
        missing("host.name", facts.host.as_deref());
        missing("telemetry.sdk.name", sdk.name.as_deref());
        missing("telemetry.sdk.version", sdk.version.as_deref());
        missing("telemetry.sdk.language", platform.map(language));
        attributes.0.extend(facts.contexts.0);
        let resource = Resource {
            attributes: attributes.0,
            ..Resource::default()
        };
        let scope = InstrumentationScope {
            name: sdk.name.clone().unwrap_or_default(),
            version: sdk.version.clone().unwrap_or_default(),
            ..InstrumentationScope::default()
        };
        (resource, scope)
    }
}

/// `service.name` of a resource.
pub(super) fn service(resource: &Resource) -> &str {
    let named = |attribute: &&KeyValue| attribute.key == "service.name";
    let value = resource
        .attributes
        .iter()
        .find(named)
        .and_then(|attribute| attribute.value.as_ref());
    match value.and_then(|value| value.value.as_ref()) {
        Some(any_value::Value::StringValue(name)) => name,
        _ => "",
    }
}

/// Returns true if the service name is set. OpenTelemetry's SDKs send `unknown_service` or `unknown_service:python` if it is not.
pub(super) fn is_named(service: &str) -> bool {
    !service.is_empty() && service != "unknown_service" && !service.starts_with("unknown_service:")
}

/// The public key of a DSN, where it names the service.
pub(super) fn named_key(key: Option<&str>) -> Option<&str> {
    key.filter(|key| is_name(key))
}

/// The program in `unknown_service:program`.
fn program(service: &str) -> Option<&str> {
    service.strip_prefix("unknown_service:").filter(|program| !program.is_empty())
}

/// The package of a release like `api@0.1.0`.
fn package(release: &str) -> Option<&str> {
    let (package, _) = release.rsplit_once('@')?;
    (!package.is_empty()).then_some(package)
}

/// `key` of `http://key@127.0.0.1:8969/1`.
fn key_of_dsn(dsn: &str) -> Option<&str> {
    let (_, rest) = dsn.split_once("://")?;
    let (user, _) = rest.split_once('@')?;
    user.split(':').next()
}

/// Returns true if a key was chosen as a name: Sentry's own are 32 digits, and `spanfall` is the screen's proposal.
fn is_name(key: &str) -> bool {
    let is_sentrys = key.len() == 32 && key.bytes().all(|byte| byte.is_ascii_hexdigit());
    let is_plain = key.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
    !key.is_empty() && key.len() <= KEY_LENGTH && is_plain && !is_sentrys && key != "spanfall"
}

/// Returns the program's language. Rust's SDK sends `native`, as C's does, and spans have none; then the SDK's name decides.
fn platform<'a>(said: Option<&'a str>, sdk: Option<&'a str>) -> Option<&'a str> {
    let mut parts = sdk.unwrap_or_default().split('.').skip(1);
    let by_sdk = match (parts.next(), parts.next()) {
        (Some("javascript"), Some("node")) => Some("node"),
        (language, _) => language.filter(|language| !language.is_empty()),
    };
    match said {
        Some("native" | "other") | None => by_sdk.or(said),
        said => said,
    }
}

/// Returns OpenTelemetry's `telemetry.sdk.language`.
fn language(platform: &str) -> &str {
    match platform {
        "node" => "nodejs",
        "javascript" => "webjs",
        "csharp" => "dotnet",
        "native" => "cpp",
        other => other,
    }
}

/// Returns the service name of a sender; empty if unknown.
pub(super) fn name(sender: &Sender) -> String {
    service(&sender.origin(SenderInfo::default()).0).to_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn resource(event: &Value, header: &Value, key: Option<&str>) -> Vec<(String, String)> {
        let event = event.to_string();
        let event = Object::parse(event.as_bytes()).unwrap();
        let sender = Sender::new(header.as_object().unwrap(), key, 200);
        let (resource, _) = sender.origin(SenderInfo::of_event(&event).with_contexts(&event.object("contexts")));
        let text = |value: KeyValue| match value.value.unwrap().value.unwrap() {
            any_value::Value::StringValue(text) => text,
            other => format!("{other:?}"),
        };
        let attributes = resource.attributes.into_iter();
        attributes.map(|attribute| (attribute.key.clone(), text(attribute))).collect()
    }

    fn service_of(event: &Value, key: Option<&str>) -> String {
        let resource = resource(event, &json!({}), key);
        let service = resource.into_iter().find(|(key, _)| key == "service.name");
        service.map(|(_, name)| name).unwrap_or_default()
    }

    /// Each line lacks what the line before was named by.
    #[test]
    fn service_name_is_the_best_available() {
        let otel = json!({ "otel": { "resource": { "service.name": "by-otel" } } });
        let event = |contexts: &Value, tags: Value, release: &str, platform: &str| json!({ "contexts": contexts, "tags": tags, "release": release, "platform": platform });
        let (tags, none) = (json!({ "service": "by-tag" }), json!({}));
        assert_eq!(
            service_of(&event(&otel, tags.clone(), "rel@1", "python"), Some("key")),
            "by-otel"
        );
        assert_eq!(service_of(&event(&none, tags, "rel@1", "python"), Some("key")), "by-tag");
        assert_eq!(
            service_of(
                &event(&none, json!([["service.name", "by-tag"]]), "rel@1", "python"),
                Some("key")
            ),
            "by-tag"
        );
        let unknown = json!({ "otel": { "resource": { "service.name": "unknown_service:node" } } });
        assert_eq!(
            service_of(&event(&unknown, none.clone(), "rel@1", "python"), Some("key")),
            "key"
        );
        assert_eq!(service_of(&event(&unknown, none.clone(), "rel@1", "python"), None), "rel");
        assert_eq!(
            service_of(&event(&none, none.clone(), "@scope/pkg@1", "python"), None),
            "@scope/pkg"
        );
        assert_eq!(
            service_of(&event(&unknown, none.clone(), "94e0a34017", "python"), None),
            "node"
        );
        let nameless = json!({ "otel": { "resource": { "service.name": "unknown_service" } } });
        assert_eq!(service_of(&event(&nameless, none.clone(), "", "python"), None), "python");
        assert_eq!(service_of(&event(&none, none.clone(), "", "python"), None), "python");
        assert_eq!(service_of(&json!({}), None), "");
    }

    #[test]
    fn generated_key_is_not_a_service_name() {
        for key in [
            "spanfall",
            "e12d836b15bb49d7bbf99e64295d995b",
            "",
            "a b",
            "\u{1b}[2J",
            &"x".repeat(65),
        ] {
            assert_eq!(service_of(&json!({}), Some(key)), "", "{key:?}");
        }
        let header = json!({ "dsn": "http://checkout@127.0.0.1:8969/1" });
        assert_eq!(name(&Sender::new(header.as_object().unwrap(), None, 200)), "checkout");
    }

    #[test]
    fn platform_is_that_of_the_sdk_if_the_event_has_none() {
        assert_eq!(platform(Some("native"), Some("sentry.rust")), Some("rust"));
        assert_eq!(platform(None, Some("sentry.javascript.node")), Some("node"));
        assert_eq!(platform(None, Some("sentry.javascript.react")), Some("javascript"));
        assert_eq!(platform(Some("node"), Some("sentry.javascript.nextjs")), Some("node"));
        assert_eq!(platform(Some("native"), None), Some("native"));
        assert_eq!(platform(None, Some("")), None);
    }

    #[test]
    fn opentelemetry_resource_comes_first_and_is_completed() {
        let event = json!({
            "release": "api@1.2", "environment": "test", "server_name": "box", "platform": "native",
            "sdk": { "name": "sentry.rust", "version": "0.49" },
            "contexts": {
                "otel": { "resource": { "service.name": "api", "service.version": "9", "telemetry.sdk.name": "opentelemetry" } },
                "runtime": { "name": "rustc" }, "cloud_resource": { "cloud.provider": "x" }, "state": { "a": 1 },
            },
        });
        let expected = [
            ("service.name", "api"),
            ("service.version", "9"),
            ("telemetry.sdk.name", "opentelemetry"),
            ("deployment.environment.name", "test"),
            ("host.name", "box"),
            ("telemetry.sdk.version", "0.49"),
            ("telemetry.sdk.language", "rust"),
            ("cloud.provider", "x"),
            ("runtime.name", "rustc"),
        ];
        let found = resource(&event, &json!({ "sdk": { "name": "sentry.other" } }), None);
        assert_eq!(found, expected.map(|(key, value)| (key.to_owned(), value.to_owned())));
    }
}
