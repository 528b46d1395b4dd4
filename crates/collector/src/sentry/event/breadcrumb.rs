//! Breadcrumbs: what happened before.
//!
//! Source: [Breadcrumbs interface](https://develop.sentry.dev/sdk/foundations/transport/event-payloads/breadcrumbs/).

use opentelemetry_proto::tonic::common::v1::AnyValue;

use super::super::json::Object;
use super::super::time;
use super::super::value::{self, Attributes};

/// Returns the breadcrumbs of an event, oldest first.
pub(super) fn all(event: &Object<'_>) -> Vec<AnyValue> {
    let breadcrumbs = event.list("breadcrumbs").into_iter().filter_map(Object::of);
    breadcrumbs.map(|breadcrumb| encode(&breadcrumb)).collect()
}

fn encode(breadcrumb: &Object<'_>) -> AnyValue {
    let mut members = Attributes::default();
    if let Some(nanos) = time::member(breadcrumb, "timestamp") {
        members.push("unix_nano", value::int(nanos));
    }
    for name in ["category", "type", "level", "message", "data"] {
        members.member(name, breadcrumb, name);
    }
    value::list(members.0)
}
