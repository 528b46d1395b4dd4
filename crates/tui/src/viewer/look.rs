//! Colors of the terminal.

use std::env;

use terminal_colorsaurus::{QueryOptions, ThemeMode, theme_mode};

use crate::cli::Options;
use crate::config::{Config, ConfigError};
use app::Notice;
use view::{Theme, ThemeKind};

/// Reads the configuration and chooses the theme for this terminal. Must be called before the terminal is entered, since its
/// background may be queried.
///
/// # Errors
/// The configuration cannot be used.
pub(super) fn read(options: &Options) -> Result<(Config, Theme), ConfigError> {
    let config = Config::read(options.config.as_deref())?;
    let kind = options.theme.map_or(config.theme, |choice| choice.0).unwrap_or_else(|| {
        let set = |name: &str| env::var(name).ok().filter(|value| !value.is_empty());
        suits(set, || matches!(theme_mode(QueryOptions::default()), Ok(ThemeMode::Light)))
    });
    let theme = config.theme(kind);
    Ok((config, theme))
}

/// Summarizes warnings about the configuration in one line.
pub(super) fn notice(notices: &[String]) -> Option<Notice> {
    let (first, others) = notices.split_first()?;
    let text = if others.is_empty() {
        first.clone()
    } else {
        format!("{first} (and {} more)", others.len())
    };
    Some(Notice { text, error: true })
}

/// Chooses the theme by the environment; only if that does not decide, the terminal is queried.
fn suits(set: impl Fn(&str) -> Option<String>, is_light: impl FnOnce() -> bool) -> ThemeKind {
    let term = set("TERM").unwrap_or_default();
    if set("NO_COLOR").is_some() || term == "dumb" {
        return ThemeKind::None;
    }
    let many = set("COLORTERM").is_some_and(|value| value == "truecolor" || value == "24bit")
        || ["256color", "direct", "kitty", "alacritty", "ghostty", "wezterm", "foot"]
            .iter()
            .any(|part| term.contains(part));
    // Foreground and background as two of the sixteen colors, as rxvt and Konsole set them.
    let ground = set("COLORFGBG").and_then(|colors| colors.rsplit(';').next()?.parse::<u8>().ok());
    let light = ground.map_or_else(is_light, |ground| ground == 7 || ground == 15);
    match (many, light) {
        (true, false) => ThemeKind::Dark,
        (true, true) => ThemeKind::Light,
        (false, false) => ThemeKind::AnsiDark,
        (false, true) => ThemeKind::AnsiLight,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(variables: &[(&str, &str)], asked: bool) -> ThemeKind {
        let set = |name: &str| {
            variables
                .iter()
                .find(|(known, _)| *known == name)
                .map(|(_, value)| (*value).to_owned())
        };
        suits(set, || asked)
    }

    #[test]
    fn theme_is_chosen_by_the_environment_then_by_the_terminal() {
        for (variables, asked, kind) in [
            (&[("TERM", "xterm-256color")][..], false, ThemeKind::Dark),
            (&[("TERM", "xterm-256color")], true, ThemeKind::Light),
            (&[("TERM", "xterm-256color"), ("COLORFGBG", "0;15")], false, ThemeKind::Light),
            (
                &[("TERM", "xterm-256color"), ("COLORFGBG", "15;default;0")],
                true,
                ThemeKind::Dark,
            ),
            (&[("TERM", "xterm"), ("COLORTERM", "truecolor")], false, ThemeKind::Dark),
            (&[("TERM", "linux")], false, ThemeKind::AnsiDark),
            (&[("TERM", "xterm")], true, ThemeKind::AnsiLight),
            (&[("TERM", "xterm-256color"), ("NO_COLOR", "1")], true, ThemeKind::None),
            (&[("TERM", "dumb")], false, ThemeKind::None),
        ] {
            assert_eq!(of(variables, asked), kind, "{variables:?}");
        }
    }
}
