//! The terminal: taken over, drawn to, and given back as it was.

use std::io::{self, Stdout, stdout};

use crossterm::cursor::{Hide, Show};
use crossterm::event::{DisableBracketedPaste, EnableBracketedPaste};
use crossterm::execute;
use crossterm::terminal::{Clear, ClearType, EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode};
use ratatui::backend::CrosstermBackend;

use crate::app::App;
use crate::view::layout::Panes;
use crate::view::{self, Now};

/// The terminal in raw mode on its alternate screen, until it is dropped.
#[derive(Debug)]
pub(super) struct Terminal {
    inner: ratatui::Terminal<CrosstermBackend<Stdout>>,
}

impl Terminal {
    /// Takes the terminal over. A panic in whatever thread gives it back first, reports, and ends the program: what is left of a
    /// program one of whose tasks has died is not worth looking at.
    pub(super) fn enter() -> io::Result<Self> {
        let report = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            give_back();
            report(panic);
            std::process::exit(101);
        }));
        enable_raw_mode()?;
        // From here on dropping it gives the terminal back.
        let inner = ratatui::Terminal::new(CrosstermBackend::new(stdout()))?;
        let terminal = Self { inner };
        // Not `Terminal::clear`, which asks the terminal where its cursor is: not every one answers.
        execute!(
            stdout(),
            EnterAlternateScreen,
            EnableBracketedPaste,
            Clear(ClearType::All),
            Hide
        )?;
        Ok(terminal)
    }

    /// Draws a frame.
    pub(super) fn draw(&mut self, app: &mut App, now: &Now) -> io::Result<()> {
        self.inner.draw(|frame| {
            let panes = Panes::of(frame.area());
            app.fit(&panes);
            view::draw(frame, app, &panes, now);
        })?;
        Ok(())
    }

    /// Gives the terminal back.
    pub(super) fn leave(self) {
        drop(self);
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        give_back();
    }
}

/// As often as you like. Errors have nowhere to go: the terminal is what failed.
fn give_back() {
    let _ = execute!(stdout(), DisableBracketedPaste, LeaveAlternateScreen, Show);
    let _ = disable_raw_mode();
}
