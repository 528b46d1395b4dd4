//! Trace context in the headers of an AMQP message.

use lapin::types::{AMQPValue, FieldTable, LongString, ShortString};
use opentelemetry::propagation::{Extractor, Injector};
use opentelemetry::{Context, global};

/// Writes the trace context of `cx` into the headers of a message about to be published.
pub fn inject(cx: &Context, headers: &mut FieldTable) {
    global::get_text_map_propagator(|propagator| propagator.inject_context(cx, &mut HeaderInjector(headers)));
}

/// Extracts the context of a message; returns an empty one if its headers have none.
///
/// It starts from an empty context, not from the current one: the consumer's spans are not the message's.
#[must_use]
pub fn extract(headers: Option<&FieldTable>) -> Context {
    let Some(headers) = headers else {
        return Context::new();
    };
    global::get_text_map_propagator(|propagator| propagator.extract_with_context(&Context::new(), &HeaderExtractor(headers)))
}

/// An [`Injector`] for a header table; values are long strings.
#[derive(Debug)]
pub struct HeaderInjector<'a>(pub &'a mut FieldTable);

impl Injector for HeaderInjector<'_> {
    fn set(&mut self, key: &str, value: String) {
        // A table's keys are limited to 255 bytes, and the plain conversion panics beyond.
        if let Ok(key) = ShortString::try_new(key) {
            self.0.insert(key, AMQPValue::LongString(value.into()));
        }
    }
}

/// An [`Extractor`] for a header table; other values than UTF-8 strings count as absent. Names are case-insensitive, as in HTTP.
#[derive(Debug)]
pub struct HeaderExtractor<'a>(pub &'a FieldTable);

impl Extractor for HeaderExtractor<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        let table = self.0.inner();
        let (_, value) = table.iter().find(|(name, _)| name.as_str().eq_ignore_ascii_case(key))?;
        match value {
            AMQPValue::LongString(text) => text_of(text),
            AMQPValue::ShortString(text) => Some(text.as_str()),
            _ => None,
        }
    }

    fn keys(&self) -> Vec<&str> {
        self.0.inner().keys().map(ShortString::as_str).collect()
    }
}

fn text_of(text: &LongString) -> Option<&str> {
    std::str::from_utf8(text.as_bytes()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn injected_context_is_extracted() {
        let mut headers = FieldTable::default();
        HeaderInjector(&mut headers).set("traceparent", "00-ab".to_owned());
        assert_eq!(HeaderExtractor(&headers).get("Traceparent"), Some("00-ab"));
        assert_eq!(HeaderExtractor(&headers).keys(), ["traceparent"]);
    }

    #[test]
    fn key_too_long_for_the_protocol_is_omitted() {
        let mut headers = FieldTable::default();
        HeaderInjector(&mut headers).set(&"k".repeat(256), "v".to_owned());
        assert!(headers.inner().is_empty());
    }

    #[test]
    fn header_values_of_other_types_count_as_absent() {
        let mut headers = FieldTable::default();
        headers.insert("traceparent".into(), AMQPValue::LongUInt(7));
        headers.insert("sentry-trace".into(), AMQPValue::LongString(vec![0xff, 0xfe].into()));
        headers.insert("baggage".into(), AMQPValue::ShortString("a=1".into()));
        let extractor = HeaderExtractor(&headers);
        assert_eq!(extractor.get("traceparent"), None);
        assert_eq!(extractor.get("sentry-trace"), None);
        assert_eq!(extractor.get("baggage"), Some("a=1"));
    }
}
