//! The resource: process, service and host.

use opentelemetry::{Key, KeyValue};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::resource::{EnvResourceDetector, TelemetryResourceDetector};

use crate::{Service, environment};

/// Builds the resource from detected attributes, overridden by the standard's variables.
pub(crate) fn of(service: Service) -> Resource {
    let mut ours = vec![
        KeyValue::new("service.name", service.name),
        KeyValue::new("service.version", service.version),
        KeyValue::new("process.pid", i64::from(std::process::id())),
    ];
    if let Ok(host) = std::fs::read_to_string("/proc/sys/kernel/hostname") {
        ours.push(KeyValue::new("host.name", host.trim().to_owned()));
    }
    if let Some(environment) = environment::value("SENTRY_ENVIRONMENT") {
        ours.push(KeyValue::new("deployment.environment.name", environment));
    }
    let builder = Resource::builder_empty()
        .with_detector(Box::new(TelemetryResourceDetector))
        .with_attributes(ours)
        .with_detector(Box::new(EnvResourceDetector::new()));
    match environment::value("OTEL_SERVICE_NAME") {
        Some(name) => builder.with_service_name(name).build(),
        None => builder.build(),
    }
}

/// Returns the service name, with all variables applied.
pub(crate) fn service_name(service: Service) -> String {
    let name = of(service).get(&Key::new("service.name"));
    name.map_or_else(|| service.name.to_owned(), |name| name.to_string())
}
