//! Use of the real Sentry: the relay's target, and the API for polling.

use collector::Listener;
use sentry_api::Settings;
use sentry_relay::Target;
use trace_model::Expectation;

use crate::cli::Options;
use crate::problem::Problem;
use app::Mode;

/// Read from the command line and the environment, before anything starts.
#[derive(Debug)]
pub struct SentryConfig {
    /// Target of forwarded envelopes.
    pub relay: Option<Target>,
    /// Settings for polling Sentry's API.
    pub api: Option<Settings>,
    /// Reason why polling is off although a token is set. Not an error: the variable may be set for another program.
    pub api_problem: Option<String>,
    /// The DSN to which the demo's services send directly, if they do.
    pub services_dsn: Option<String>,
}

impl SentryConfig {
    /// Reads the options and the environment.
    ///
    /// # Errors
    ///
    /// An option or a variable is invalid; the error names it, and no secret.
    pub fn read(options: &Options, mode: Mode) -> Result<Self, Problem> {
        let dsn = std::env::var("SENTRY_DSN").ok().filter(|dsn| !dsn.trim().is_empty());
        let relay = relay(options, mode, dsn.as_deref())?;
        let dsn = dsn.filter(|dsn| !leads_here(dsn, options));
        let (api, api_problem) = match Settings::from_env() {
            Ok(api) => (api, None),
            Err(error) => (None, Some(format!("Sentry is not polled: {error}"))),
        };
        let services_dsn = dsn.filter(|_| relay.is_none());
        Ok(Self {
            relay,
            api,
            api_problem,
            services_dsn,
        })
    }

    /// Returns what spans are compared with before the first envelope.
    #[must_use]
    pub fn expectation(&self, mode: Mode) -> Expectation {
        if self.is_asked(mode) {
            Expectation::Sentry
        } else if mode == Mode::Demo && self.services_dsn.is_none() {
            // The demo's services send here.
            Expectation::Endpoint
        } else {
            Expectation::Nothing
        }
    }

    /// Returns true if Sentry can have the services' spans: those of the demo reach it only if they are configured to.
    #[must_use]
    pub fn is_asked(&self, mode: Mode) -> bool {
        let may = self.api.as_ref().is_some_and(|settings| settings.token.is_some());
        may && (mode == Mode::Viewer || self.relay.is_some() || self.services_dsn.is_some())
    }
}

/// Returns the relay's target: the option's, in the demo by default the Sentry of `SENTRY_DSN`.
fn relay(options: &Options, mode: Mode, dsn: Option<&str>) -> Result<Option<Target>, Problem> {
    match (options.sentry_relay.as_deref(), dsn) {
        (Some(said), dsn) => target(said, dsn).map(Some),
        (None, Some(dsn)) if mode == Mode::Demo && !options.no_sentry_relay => {
            let target = target("", Some(dsn))?;
            Ok((!target.leads_to(options.listen.0[Listener::Sentry])).then_some(target))
        }
        (None, _) => Ok(None),
    }
}

/// Returns true for the viewer's own DSN, which must not be a relay's target.
fn leads_here(dsn: &str, options: &Options) -> bool {
    Target::parse(dsn).is_ok_and(|target| target.leads_to(options.listen.0[Listener::Sentry]))
}

fn target(said: &str, variable: Option<&str>) -> Result<Target, Problem> {
    let (dsn, whose) = match (said.trim(), variable) {
        ("", Some(dsn)) => (dsn, "SENTRY_DSN"),
        ("", None) => {
            return Err(Problem {
                what: "--sentry-relay does not know where to".to_owned(),
                advice: "name the DSN: --sentry-relay https://<key>@<host>/<project>, or set SENTRY_DSN".to_owned(),
            });
        }
        (said, _) => (said, "--sentry-relay"),
    };
    Target::parse(dsn).map_err(|error| Problem {
        what: format!("invalid {whose}: {error}"),
        advice: "use the form https://<key>@<host>/<project>, from the project's settings, under Client Keys".to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::Cli;

    const DSN: &str = "https://5f1e0c5b6d8f4c7f9f3a0d2b1c4e6a88@o1.ingest.sentry.io/42";

    fn sentry_config(relay: bool, services: bool) -> SentryConfig {
        SentryConfig {
            relay: relay.then(|| Target::parse(DSN).expect("a DSN")),
            api: None,
            api_problem: None,
            services_dsn: services.then(|| DSN.to_owned()),
        }
    }

    #[test]
    fn relay_dsn_is_that_of_the_option_or_of_the_variable() {
        let at = |said, variable| target(said, variable).map(|target| target.to_string());
        assert_eq!(at(DSN, None).as_deref(), Ok("https://o1.ingest.sentry.io/42"));
        assert_eq!(at("", Some(DSN)).as_deref(), Ok("https://o1.ingest.sentry.io/42"));
        let other = at("http://key@127.0.0.1:9/7", Some(DSN));
        assert_eq!(other.as_deref(), Ok("http://127.0.0.1:9/7"), "the option takes precedence");
        let nothing = at("", None).expect_err("nowhere");
        assert!(nothing.advice.contains("SENTRY_DSN"), "{nothing}");
        let wrong = at("demo", Some(DSN)).expect_err("no DSN");
        assert!(wrong.what.starts_with("invalid --sentry-relay: "), "{wrong}");
    }

    #[test]
    fn relay_is_on_by_default_in_the_demo_alone() {
        use clap::Parser as _;

        let relay_of = |arguments: &[&str], mode, dsn| {
            let cli = Cli::parse_from(["spanfall"].iter().chain(arguments));
            relay(&cli.options, mode, dsn).map(|target| target.map(|target| target.to_string()))
        };
        let there = Ok(Some("https://o1.ingest.sentry.io/42".to_owned()));
        assert_eq!(relay_of(&["demo"], Mode::Demo, Some(DSN)), there);
        assert_eq!(relay_of(&["--sentry-relay"], Mode::Viewer, Some(DSN)), there);
        for (arguments, mode, dsn) in [
            (&["demo", "--no-sentry-relay"][..], Mode::Demo, Some(DSN)),
            (&["demo"], Mode::Demo, None),
            (&[], Mode::Viewer, Some(DSN)),
            // The viewer's own.
            (&["demo"], Mode::Demo, Some("http://spanfall@localhost:8969/1")),
        ] {
            assert_eq!(relay_of(arguments, mode, dsn), Ok(None), "{arguments:?}");
        }
        let wrong = relay_of(&["demo"], Mode::Demo, Some("demo")).expect_err("not a DSN");
        assert!(wrong.what.starts_with("invalid SENTRY_DSN: "), "{wrong}");
    }

    #[test]
    fn expectation_is_off_when_services_send_elsewhere() {
        assert_eq!(sentry_config(false, false).expectation(Mode::Viewer), Expectation::Nothing);
        assert_eq!(sentry_config(false, false).expectation(Mode::Demo), Expectation::Endpoint);
        assert_eq!(sentry_config(false, true).expectation(Mode::Demo), Expectation::Nothing);
        assert_eq!(sentry_config(true, false).expectation(Mode::Demo), Expectation::Endpoint);
    }
}
