//! The filter of a log, as `RUST_LOG` and `SPANFALL_LOG` write it: `info`, `warn,lapin=debug`.
//!
//! It is [`Targets`] and not `EnvFilter`, which can also filter by the values of spans' fields and brings a regex engine for that.

#![warn(missing_docs)]

use tracing_subscriber::filter::{LevelFilter, ParseError, Targets};

/// Parses levels and pairs of target and level, separated by commas. Empty ones mean nothing, as for `EnvFilter`; to `Targets` they mean
/// all targets.
///
/// # Errors
/// One of them is not a level, a target, or `target=level`.
pub fn parse(text: &str) -> Result<Targets, ParseError> {
    let directives: Vec<_> = text
        .split(',')
        .map(str::trim)
        .filter(|directive| !directive.is_empty())
        .collect();
    if directives.is_empty() {
        return Ok(Targets::new());
    }
    directives.join(",").parse()
}

/// The filter that an environment variable holds, or the default one if it is not set, empty, or not a filter.
#[must_use]
pub fn from_env(variable: &str, default: LevelFilter) -> Targets {
    let text = std::env::var(variable).ok().filter(|text| !text.trim().is_empty());
    let filter = text.and_then(|text| parse(&text).ok());
    filter.unwrap_or_else(|| Targets::new().with_default(default))
}

#[cfg(test)]
mod tests {
    use tracing_subscriber::filter::LevelFilter;

    use super::parse;

    #[test]
    fn filter_has_default_level_and_levels_of_targets() {
        let filter = parse("warn, lapin=off,,api=debug,").expect("a filter");
        let levels: Vec<_> = filter.iter().map(|(target, level)| (target.to_owned(), level)).collect();
        assert_eq!(filter.default_level(), Some(LevelFilter::WARN));
        assert_eq!(levels.len(), 2);
        assert!(levels.contains(&("lapin".to_owned(), LevelFilter::OFF)));
        assert!(levels.contains(&("api".to_owned(), LevelFilter::DEBUG)));
    }

    #[test]
    fn filter_of_nothing_is_empty() {
        assert_eq!(parse(" ,").expect("a filter").default_level(), None);
    }

    #[test]
    fn filter_rejects_unknown_levels() {
        for text in ["a=b=c", "info,api=loud"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
