//! Paging as [Sentry does it](https://docs.sentry.io/api/pagination/): a `Link` header
//! (`<url>; rel="next"; results="true"; cursor="0:100:0"`).

use reqwest::Url;

/// Returns the cursor of the next page, if the header announces results on it.
///
/// Uses the cursor only: the URL in the header could point anywhere, and the next request carries the token.
pub(crate) fn next_cursor(link: &str) -> Option<String> {
    links(link).into_iter().find_map(|link| {
        let (address, parameters) = link.trim().strip_prefix('<')?.split_once('>')?;
        let parameter = |name: &str| {
            parameters.split(';').find_map(|parameter| {
                let (key, value) = parameter.split_once('=')?;
                (key.trim() == name).then(|| value.trim().trim_matches('"'))
            })
        };
        if parameter("rel") != Some("next") || parameter("results") != Some("true") {
            return None;
        }
        let said = parameter("cursor").map(str::to_owned);
        said.or_else(|| cursor_of(address)).filter(|cursor| !cursor.is_empty())
    })
}

/// Older versions have it in the URL only.
fn cursor_of(address: &str) -> Option<String> {
    let url = Url::parse(address).ok()?;
    let found = url.query_pairs().find(|(key, _)| key == "cursor");
    found.map(|(_, cursor)| cursor.into_owned())
}

/// Splits a header into links at commas outside of URLs and quotes.
fn links(header: &str) -> Vec<&str> {
    let (mut quoted, mut in_address) = (false, false);
    let separates = |c: char| {
        match c {
            '"' if !in_address => quoted = !quoted,
            '<' if !quoted => in_address = true,
            '>' if !quoted => in_address = false,
            _ => {}
        }
        c == ',' && !quoted && !in_address
    };
    header.split(separates).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn next_page_must_have_results() {
        let previous = r#"<https://sentry.io/api/0/x/?a=1,2&cursor=0:0:1>; rel="previous"; results="false"; cursor="0:0:1""#;
        let next = r#"<https://sentry.io/api/0/x/?&cursor=0:100:0>; rel="next"; results="true"; cursor="0:100:0""#;
        assert_eq!(next_cursor(&format!("{previous}, {next}")).as_deref(), Some("0:100:0"));
        assert_eq!(next_cursor(previous), None);
        assert_eq!(next_cursor(&next.replace("true", "false")), None, "the last page");
    }

    #[test]
    fn previous_page_with_results_is_not_the_next() {
        let both = r#"<https://a/?cursor=1>; rel="previous"; results="true"; cursor="1", <https://a/?cursor=2>; rel="next"; results="false"; cursor="2""#;
        assert_eq!(next_cursor(both), None);
    }

    #[test]
    fn cursor_is_found_in_the_url_alone() {
        let old = r#"<https://sentry.io/api/0/x/?&cursor=142%3A0%3A0>; rel="next"; results="true""#;
        assert_eq!(next_cursor(old).as_deref(), Some("142:0:0"));
    }

    proptest! {
        #[test]
        fn link_parser_accepts_arbitrary_headers_without_panic(header in r#"[<>;,="a-z: ]{0,60}|.*"#) {
            let _ = next_cursor(&header);
        }
    }
}
