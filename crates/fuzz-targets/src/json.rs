//! OTLP/JSON.

use otlp_wire::json::transcode;
use otlp_wire::schema::{LOGS_REQUEST, METRICS_REQUEST, TRACES_REQUEST};
use otlp_wire::validate;

/// An accepted message is of bounded size, and a rejected one is not quoted.
pub(crate) fn check(data: &[u8]) {
    for schema in [&TRACES_REQUEST, &LOGS_REQUEST, &METRICS_REQUEST] {
        match transcode(data, schema) {
            Ok(read) => {
                assert_eq!(validate(&read.bytes, schema), Ok(()));
                assert!(
                    read.bytes.len() <= 4 * data.len(),
                    "{} of {} bytes",
                    read.bytes.len(),
                    data.len()
                );
                assert!(read.rejected.len() <= 3);
            }
            Err(error) => {
                assert!(error.line() > 0 && error.to_string().len() < 120, "{error}");
            }
        }
    }
}
