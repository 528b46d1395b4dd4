//! The configuration: keys and colors in a TOML file.
//!
//! ```toml
//! mouse = true
//! theme = "auto"              # or dark, light, ansi-dark, ansi-light, none
//!
//! [keys]                      # an action's name, its key or keys
//! quit = ["q", "ctrl-q"]
//!
//! [colors]                    # a role, and "#rrggbb", a name such as "blue", or a number of 256
//! error = "#ff5f5f"
//!
//! [services]                  # a service by its name
//! api = 215
//!
//! [warnings]                  # from which number or time on equal calls are repeated
//! repeated-calls = 10
//! repeated-calls-ms = 50
//! ```
//!
//! [`defaults`] prints every setting. Errors name their line.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

use ratatui::style::Color;
use serde::Deserialize;
use toml::Spanned;
use trace_model::RepeatedLimits;

use app::keymap::{Clash, KEYMAP, Key, Keymap};
use app::text::clean;
use view::{ROLES, Theme, ThemeKind};

/// The user's configuration.
#[derive(Clone, Debug)]
pub struct Config {
    /// The theme; `None` for the one that suits the terminal.
    pub theme: Option<ThemeKind>,
    /// True if clicks are handled.
    pub mouse: bool,
    /// The table of keys with those that were chosen.
    pub keymap: Keymap,
    /// Warnings about an accepted configuration: former names, keys with two meanings.
    pub notices: Vec<String>,
    /// Number and time from which on calls count as repeated.
    pub repeated: RepeatedLimits,
    roles: Vec<(String, Color)>,
    services: Vec<(String, Color)>,
}

/// An unusable configuration.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// Something in it is wrong.
    #[error("{}, line {line}: {}", clean(&path.display().to_string()), clean(message))]
    Line {
        /// The file.
        path: PathBuf,
        /// Counted from 1.
        line: usize,
        /// The error and what is expected.
        message: String,
    },
    /// The file is there and cannot be read.
    #[error("{} cannot be read", clean(&path.display().to_string()))]
    Unreadable {
        /// The file.
        path: PathBuf,
        source: io::Error,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ConfigFile {
    theme: Option<Spanned<String>>,
    #[serde(default = "yes")]
    mouse: bool,
    #[serde(default)]
    keys: BTreeMap<Spanned<String>, Spanned<OneOrMore>>,
    #[serde(default)]
    colors: BTreeMap<Spanned<String>, Spanned<ColorText>>,
    #[serde(default)]
    services: BTreeMap<Spanned<String>, Spanned<ColorText>>,
    #[serde(default)]
    warnings: WarningsTable,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct WarningsTable {
    repeated_calls: Option<Spanned<usize>>,
    repeated_calls_ms: Option<u64>,
}

impl WarningsTable {
    fn limits(self) -> Result<RepeatedLimits, Mistake> {
        let mut limits = RepeatedLimits::default();
        if let Some(count) = self.repeated_calls {
            if *count.get_ref() < RepeatedLimits::FEWEST {
                return Err((
                    count.span(),
                    format!("repeated-calls must be at least {}", RepeatedLimits::FEWEST),
                ));
            }
            limits.count = count.into_inner();
        }
        if let Some(millis) = self.repeated_calls_ms {
            limits.nano = millis.saturating_mul(1_000_000);
        }
        Ok(limits)
    }
}

#[derive(Deserialize)]
#[serde(untagged, expecting = "a key, or a list of keys, was expected")]
enum OneOrMore {
    One(String),
    More(Vec<String>),
}

#[derive(Deserialize)]
#[serde(untagged, expecting = "a color was expected: \"#rrggbb\", a name, or a number of 256")]
enum ColorText {
    Number(u8),
    Text(String),
}

const fn yes() -> bool {
    true
}

/// An error with its position in the text.
type Mistake = (Range<usize>, String);

impl Default for Config {
    fn default() -> Self {
        Self {
            theme: None,
            mouse: true,
            keymap: Keymap::default(),
            notices: Vec::new(),
            repeated: RepeatedLimits::default(),
            roles: Vec::new(),
            services: Vec::new(),
        }
    }
}

impl Config {
    /// Reads a configuration: the file that is named, or the one at its usual place, where there need be none.
    ///
    /// # Errors
    /// It cannot be read, or something in it is wrong.
    pub fn read(named: Option<&Path>) -> Result<Self, ConfigError> {
        let Some(path) = named.map(Path::to_owned).or_else(usual_place) else {
            return Ok(Self::default());
        };
        match fs::read_to_string(&path) {
            Ok(text) => Self::parse(&text).map_err(|(line, message)| ConfigError::Line { path, line, message }),
            Err(error) if error.kind() == io::ErrorKind::NotFound && named.is_none() => Ok(Self::default()),
            Err(source) => Err(ConfigError::Unreadable { path, source }),
        }
    }

    /// Reads the text of a configuration.
    ///
    /// # Errors
    /// The line, counted from 1, of what is wrong, and what would be right.
    pub fn parse(text: &str) -> Result<Self, (usize, String)> {
        let line = |at: usize| 1 + text.bytes().take(at).filter(|byte| *byte == b'\n').count();
        let raw: ConfigFile = toml::from_str(text).map_err(|error| {
            let at = error.span().map_or(0, |span| span.start);
            (line(at), error.message().to_owned())
        })?;
        Self::of(raw).map_err(|(at, message)| (line(at.start), message))
    }

    fn of(raw: ConfigFile) -> Result<Self, Mistake> {
        let theme = match raw.theme {
            Some(theme) if theme.get_ref() != "auto" => Some(theme.get_ref().parse().map_err(|error| (theme.span(), error))?),
            _ => None,
        };
        let (keymap, notices) = keymap(raw.keys)?;
        let color = |text: Spanned<ColorText>| {
            let at = text.span();
            let color = match text.into_inner() {
                ColorText::Number(number) => Some(Color::Indexed(number)),
                ColorText::Text(text) => text.parse().ok(),
            };
            color.ok_or_else(|| {
                (
                    at,
                    "invalid color: use \"#rrggbb\", a name such as \"blue\", or a number of 256".to_owned(),
                )
            })
        };
        let mut roles = Vec::new();
        for (role, text) in raw.colors {
            if !ROLES.contains(&role.get_ref().as_str()) {
                return Err((role.span(), unknown("role", role.get_ref(), &ROLES.map(str::to_owned))));
            }
            roles.push((role.into_inner(), color(text)?));
        }
        let mut services = Vec::new();
        for (service, text) in raw.services {
            services.push((service.into_inner(), color(text)?));
        }
        Ok(Self {
            theme,
            mouse: raw.mouse,
            keymap,
            notices,
            repeated: raw.warnings.limits()?,
            roles,
            services,
        })
    }

    /// Returns the theme of a terminal with the configured colors.
    #[must_use]
    pub fn theme(&self, kind: ThemeKind) -> Theme {
        let mut theme = Theme::new(kind);
        for (role, color) in &self.roles {
            theme.set_role(role, *color);
        }
        for (service, color) in &self.services {
            theme.set_service(service, *color);
        }
        theme
    }
}

/// Returns the key table with the configured keys, and warnings about them.
fn keymap(chosen: BTreeMap<Spanned<String>, Spanned<OneOrMore>>) -> Result<(Keymap, Vec<String>), Mistake> {
    let mut keymap = Keymap::default();
    let mut notices = Vec::new();
    let mut chosen: Vec<_> = chosen.into_iter().collect();
    // Of two clashing lines the first one keeps the key.
    chosen.sort_by_key(|(action, _)| action.span().start);
    for (action, keys) in chosen {
        let at = keys.span();
        let texts = match keys.into_inner() {
            OneOrMore::One(text) => vec![text],
            OneOrMore::More(texts) => texts,
        };
        let keys: Result<Vec<Key>, String> = texts.iter().map(|text| text.parse()).collect();
        let keys = keys.map_err(|error| (at, error))?;
        let name = action.get_ref();
        let Ok(successor) = keymap.choose(name, &keys) else {
            let bindings = KEYMAP.iter().flat_map(|section| section.bindings);
            let names: Vec<_> = bindings.map(|binding| binding.name.to_owned()).collect();
            return Err((action.span(), unknown("action", name, &names)));
        };
        notices.extend(successor.map(|successor| format!("config: the action {name:?} is now called {successor:?}")));
    }
    notices.extend(keymap.settle().into_iter().map(
        |Clash {
             key,
             actions: [one, other],
         }| {
            let key = key.text();
            format!("config: the key {key:?} has two meanings, {one:?} and {other:?}: {one:?} keeps it")
        },
    ));
    Ok((keymap, notices))
}

fn unknown(what: &str, name: &str, known: &[String]) -> String {
    // As many letters in common at the start as any.
    let in_common = |known: &&String| {
        known
            .bytes()
            .zip(name.bytes())
            .take_while(|(one, other)| one == other)
            .count()
    };
    let near = known
        .iter()
        .max_by_key(|known| (in_common(known), Reverse(known.len())))
        .filter(|known| in_common(known) > 0);
    let advice = near.map_or_else(String::new, |near| format!(" (did you mean {near:?}?)"));
    format!("unknown {what} {name:?}{advice}; `spanfall config` prints all")
}

/// `spanfall/config.toml` in the directory that [XDG](https://specifications.freedesktop.org/basedir-spec/latest/) names.
fn usual_place() -> Option<PathBuf> {
    let set = |name| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let directory = set("XDG_CONFIG_HOME").or_else(|| set("HOME").map(|home| home.join(".config")))?;
    Some(directory.join("spanfall/config.toml"))
}

/// Returns every setting with its default, commented out: a saved copy must not pin what a later release changes.
#[must_use]
pub fn defaults() -> String {
    let bindings = KEYMAP.iter().flat_map(|section| section.bindings);
    let keys = bindings.filter(|binding| !binding.is_fixed).map(|binding| {
        let keys: Vec<_> = binding
            .keys
            .iter()
            .map(|key| toml::Value::String(key.text()).to_string())
            .collect();
        let help = if binding.help.is_empty() {
            String::new()
        } else {
            format!("# {}\n", binding.help)
        };
        format!("{help}#{} = [{}]\n", binding.name, keys.join(", "))
    });
    let roles = ROLES.map(|role| format!("#   {role}\n")).concat();
    let limits = RepeatedLimits::default();
    format!(
        "\
# spanfall's configuration: $XDG_CONFIG_HOME/spanfall/config.toml, or ~/.config/spanfall/config.toml.
# These are the defaults. Remove the # before a setting to change it.

# auto, dark, light, ansi-dark, ansi-light or none
#theme = \"auto\"
# false leaves it to the terminal, which selects text with it
#mouse = true

[keys]
{}
# A role = \"#rrggbb\", a name such as \"blue\", or a number of 256. Roles:
{roles}[colors]

# A service's name = a color
[services]

# Equal calls of one span, one after the other, are repeated from this number on, or from this time on for {fewest} or more.
[warnings]
#repeated-calls = {count}
#repeated-calls-ms = {millis}
",
        keys.collect::<String>(),
        fewest = RepeatedLimits::FEWEST,
        count = limits.count,
        millis = limits.nano / 1_000_000,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mistake(text: &str) -> (usize, String) {
        Config::parse(text).map_or_else(|mistake| mistake, |_| panic!("{text} was taken"))
    }

    #[test]
    fn printed_defaults_set_nothing() {
        let printed = defaults();
        let lines = printed.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
        assert_eq!(lines.collect::<Vec<_>>(), ["[keys]", "[colors]", "[services]", "[warnings]"]);
        let config = Config::parse(&printed).expect("valid");
        assert_eq!((config.notices, config.roles), (Vec::new(), Vec::new()));
    }

    /// The printed defaults with every setting in force.
    fn in_force() -> String {
        let is_setting = |line: &&str| line.starts_with('#') && !line.starts_with("# ");
        let line = |line: &str| format!("{}\n", Some(line).filter(is_setting).map_or(line, |line| &line[1..]));
        defaults().lines().map(line).collect()
    }

    #[test]
    fn defaults_are_valid_and_change_nothing() {
        let text = in_force();
        assert!(text.contains("\nquit = [") && text.contains("\nrepeated-calls = "), "{text}");
        let config = Config::parse(&text).expect("valid");
        let keys = |keymap: &Keymap| keymap.iter().map(|bound| bound.keys.clone()).collect::<Vec<_>>();
        assert_eq!(keys(&config.keymap), keys(&Keymap::default()));
        assert_eq!(config.theme, None);
        assert_eq!(config.repeated, RepeatedLimits::default());
    }

    #[test]
    fn warnings_follow_the_limits_that_are_set() {
        let config = Config::parse("[warnings]\nrepeated-calls = 6\nrepeated-calls-ms = 1").expect("valid");
        let limits = RepeatedLimits {
            count: 6,
            nano: 1_000_000,
        };
        assert_eq!(config.repeated, limits);
    }

    #[test]
    fn keys_and_colors_are_those_of_the_configuration() {
        let text = "theme = \"light\"\n[keys]\nquit = \"Q\"\nhelp = [\"f1\", \"?\"]\n[colors]\nerror = \"#010203\"\n[services]\napi = 9\n";
        let config = Config::parse(text).expect("valid");
        assert_eq!(config.theme, Some(ThemeKind::Light));
        let keys = |name| {
            let bound = config.keymap.iter().find(|bound| bound.binding.name == name);
            bound.map(app::keymap::Bound::labels)
        };
        assert_eq!((keys("quit").as_deref(), keys("help").as_deref()), (Some("Q"), Some("F1 ?")));
        assert_eq!(config.roles, [("error".to_owned(), Color::Rgb(1, 2, 3))]);
        assert_eq!(config.services, [("api".to_owned(), Color::Indexed(9))]);
    }

    /// The configuration that 0.1.0 printed, which its README advised to save.
    const OLD_DEFAULTS: &str = include_str!("config/defaults-0.1.0.toml");

    #[test]
    fn saved_defaults_of_former_releases_are_no_choice() {
        let config = Config::parse(OLD_DEFAULTS).expect("valid");
        let keys = |keymap: &Keymap| keymap.iter().map(|bound| bound.keys.clone()).collect::<Vec<_>>();
        assert_eq!(keys(&config.keymap), keys(&Keymap::default()));
        assert_eq!(config.notices, [""; 0]);
    }

    #[test]
    fn clashes_and_former_names_are_notices() {
        let config = Config::parse("[keys]\nhealth = \"I\"\ncopy-trace-id = \"z\"\ncopy-span-id = \"z\"").expect("valid");
        let expected = [
            "config: the action \"health\" is now called \"ingest\"",
            "config: the key \"z\" has two meanings, \"copy-trace-id\" and \"copy-span-id\": \"copy-trace-id\" keeps it",
        ];
        assert_eq!(config.notices, expected);
    }

    #[test]
    fn errors_name_their_line() {
        for (text, line, part) in [
            ("theme = \"drak\"", 1, "dark, light"),
            ("\n[keys]\nqiut = \"q\"", 3, "\"quit\""),
            ("[keys]\n\nquit = \"hyper-q\"", 3, "invalid key"),
            ("[keys]\nquit = 5", 2, "a key, or a list of keys"),
            ("[colors]\nerror = \"redd\"", 2, "invalid color"),
            ("[colors]\neror = \"red\"", 2, "\"error\""),
            ("[services]\napi = 256", 2, "a number of 256"),
            ("# a comment\ncolours = 1", 2, "unknown field"),
            ("[warnings]\nrepeated-calls = 4", 2, "at least 5"),
            ("[warnings]\nrepeated = 9", 2, "unknown field"),
            ("theme = ", 1, ""),
        ] {
            let (at, message) = mistake(text);
            assert!(at == line && message.contains(part), "{text}: line {at}, {message}");
        }
    }
}
