//! Command lines of services: a command or none, `--help` and `--version`. Settings are environment variables.

use std::ffi::OsString;
use std::fmt::Write as _;
use std::io::Write as _;
use std::process::ExitCode;

/// Exit code of an invalid command line, as command-line parsers have it.
const USAGE: u8 = 2;

/// A service as a program.
#[derive(Clone, Copy, Debug)]
pub struct Program {
    /// The name, as it is called.
    pub name: &'static str,
    /// The version.
    pub version: &'static str,
    /// One line that says what it does.
    pub about: &'static str,
    /// Work other than serving.
    pub commands: &'static [Command],
    /// The environment variables that it reads: name, meaning, and value if it is unset.
    pub variables: &'static [(&'static str, &'static str, &'static str)],
    /// The further ones, or an empty text.
    pub more: &'static str,
}

/// Work of a program other than serving, by its name on the command line.
#[derive(Clone, Copy, Debug)]
pub struct Command {
    /// The name.
    pub name: &'static str,
    /// One line that says what it does.
    pub about: &'static str,
    /// When to use it, for its own help.
    pub details: &'static str,
}

/// The result of a command line.
#[derive(Debug, PartialEq, Eq)]
enum Parsed {
    /// To serve, or to do the work of a command.
    Run(Option<&'static str>),
    /// To print this.
    Print(String),
}

impl Program {
    /// Reads the command line of the process. Returns the name of its command, `None` if it is to serve; or the exit code, after help, version or an
    /// error was printed.
    ///
    /// # Errors
    /// Nothing more is to be done.
    pub fn command(&self) -> Result<Option<&'static str>, ExitCode> {
        match self.parse(std::env::args_os().skip(1)) {
            Ok(Parsed::Run(command)) => Ok(command),
            Ok(Parsed::Print(text)) => {
                // A reader that went away wants no more of it.
                let _ = std::io::stdout().write_all(text.as_bytes());
                Err(ExitCode::SUCCESS)
            }
            Err(argument) => {
                let argument = argument.to_string_lossy();
                let (name, argument) = (self.name, printable::clean(&argument));
                eprintln!("{name}: unexpected argument '{argument}' (see {name} --help)");
                Err(ExitCode::from(USAGE))
            }
        }
    }

    /// Parses arguments; returns the first one that is unexpected as an error.
    fn parse(&self, arguments: impl Iterator<Item = OsString>) -> Result<Parsed, OsString> {
        let mut command = None;
        for argument in arguments {
            match argument.to_str() {
                Some("-h" | "--help") => return Ok(Parsed::Print(self.help(command))),
                Some("-V" | "--version") => return Ok(Parsed::Print(format!("{} {}\n", self.name, self.version))),
                name => {
                    let named = self.commands.iter().find(|command| Some(command.name) == name);
                    command = Some(named.filter(|_| command.is_none()).ok_or(argument)?);
                }
            }
        }
        Ok(Parsed::Run(command.map(|command| command.name)))
    }

    fn help(&self, command: Option<&Command>) -> String {
        let Self { name, about, .. } = self;
        let mut help = match command {
            Some(command) => format!("{}\n\n{}\n\nUsage: {name} {}\n", command.about, command.details, command.name),
            None if self.commands.is_empty() => format!("{about}\n\nUsage: {name}\n"),
            None => format!("{about}\n\nUsage: {name} [COMMAND]\n\nCommands:\n"),
        };
        if command.is_none() {
            for command in self.commands {
                let _ = writeln!(help, "  {}  {}", command.name, command.about);
            }
        }
        help.push_str("\nOptions:\n  -h, --help     Print help\n  -V, --version  Print version\n");
        if command.is_none() {
            help.push_str("\nEnvironment variables:\n");
            for (name, meaning, default) in self.variables {
                let _ = writeln!(help, "  {name}\n      {meaning} (default: {default})");
            }
            if !self.more.is_empty() {
                let _ = writeln!(help, "  {}", self.more);
            }
        }
        help
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PROGRAM: Program = Program {
        name: "mailer",
        version: "1.2.3",
        about: "Sends mails",
        commands: &[Command {
            name: "redrive",
            about: "Put dead letters back",
            details: "Run it after the cause is fixed.",
        }],
        variables: &[("MAIL_DIR", "the directory of mails", "out/mail")],
        more: "",
    };

    fn parse(arguments: &[&str]) -> Result<Parsed, String> {
        let parsed = PROGRAM.parse(arguments.iter().map(OsString::from));
        parsed.map_err(|argument| argument.into_string().expect("UTF-8"))
    }

    #[test]
    fn command_line_has_a_command_or_none() {
        assert_eq!(parse(&[]), Ok(Parsed::Run(None)));
        assert_eq!(parse(&["redrive"]), Ok(Parsed::Run(Some("redrive"))));
        for (arguments, unexpected) in [
            (&["--serve"][..], "--serve"),
            (&[""], ""),
            (&["redrive", "redrive"], "redrive"),
            (&["redrive", "now", "--help"], "now"),
            (&["--serve", "--help"], "--serve"),
        ] {
            assert_eq!(parse(arguments), Err(unexpected.to_owned()), "{arguments:?}");
        }
    }

    #[test]
    fn help_lists_commands_and_variables() {
        assert_eq!(parse(&["-V"]), Ok(Parsed::Print("mailer 1.2.3\n".to_owned())));
        assert_eq!(parse(&["redrive", "--version"]), parse(&["--version"]));
        let Ok(Parsed::Print(help)) = parse(&["--help"]) else {
            panic!("no help")
        };
        for part in ["Sends mails\n", "redrive  Put dead", "MAIL_DIR\n", "(default: out/mail)\n"] {
            assert!(help.contains(part), "{part} in {help}");
        }
        let Ok(Parsed::Print(help)) = parse(&["redrive", "-h"]) else {
            panic!("no help")
        };
        assert!(
            help.contains("after the cause is fixed") && !help.contains("MAIL_DIR"),
            "{help}"
        );
    }
}
