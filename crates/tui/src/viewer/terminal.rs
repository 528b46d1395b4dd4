//! The terminal: taken over, drawn to, and given back as it was.

mod link;

use std::io::{self, Stdout, stdout};
use std::mem::ManuallyDrop;
use std::time::Duration;

use crossterm::clipboard::CopyToClipboard;
use crossterm::cursor::{Hide, Show};
use crossterm::event::{DisableBracketedPaste, DisableMouseCapture, EnableBracketedPaste, EnableMouseCapture};
use crossterm::execute;
use crossterm::terminal::{Clear, ClearType, EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode};
use ratatui::backend::CrosstermBackend;
use ratatui::layout::Rect;
use ratatui::{TerminalOptions, Viewport};

use app::{App, Event};
use view::{Hyperlink, Now, Theme};

type Inner = ratatui::Terminal<CrosstermBackend<Stdout>>;

/// The terminal in raw mode on its alternate screen, until it is dropped.
#[derive(Debug)]
pub(super) struct Terminal {
    /// Never dropped: it would show the cursor, as [`give_back`] does, and where that fails write to standard error, which panics when the
    /// terminal is closed.
    inner: ManuallyDrop<Inner>,
    /// The area of the last frame.
    area: Rect,
    /// The part of the picture that is a link now.
    link: Option<Hyperlink>,
    /// True if clicks are reported instead of selecting text.
    mouse: bool,
    /// The colors that it has.
    theme: Theme,
}

impl Terminal {
    /// Enters the terminal. A panic in any thread leaves it first, reports, and ends the program: a program one of whose tasks
    /// has died is of no use. Clicks are reported instead of selecting text if `mouse` is set.
    pub(super) fn enter(mouse: bool, theme: Theme) -> io::Result<Self> {
        let report = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            give_back();
            report(panic);
            std::process::exit(101);
        }));
        enable_raw_mode()?;
        // From here on dropping it gives the terminal back.
        let area = area()?;
        let terminal = Self {
            inner: ManuallyDrop::new(inner(area)?),
            area,
            link: None,
            mouse,
            theme,
        };
        terminal.show()?;
        Ok(terminal)
    }

    /// Takes the terminal over again, whatever was done to it since: all of the next frame is written.
    pub(super) fn take_over(&mut self) -> io::Result<()> {
        // It remembers whether the mode is raw, and a shell may have changed that.
        disable_raw_mode()?;
        enable_raw_mode()?;
        self.area = area()?;
        // There is a terminal, and this frees the buffers.
        drop(ManuallyDrop::into_inner(std::mem::replace(
            &mut self.inner,
            ManuallyDrop::new(inner(self.area)?),
        )));
        self.link = None;
        self.show()
    }

    /// Gives the terminal back until [`Terminal::take_over`].
    #[expect(clippy::unused_self, reason = "only an entered terminal can be left")]
    pub(super) fn give_back(&mut self) {
        give_back();
    }

    fn show(&self) -> io::Result<()> {
        // Not `Terminal::clear`, which queries the cursor's position: not every terminal answers.
        execute!(
            stdout(),
            EnterAlternateScreen,
            EnableBracketedPaste,
            Clear(ClearType::All),
            Hide
        )?;
        if self.mouse {
            execute!(stdout(), EnableMouseCapture)?;
        }
        Ok(())
    }

    /// Draws a frame.
    pub(super) fn draw(&mut self, app: &mut App, now: &Now) -> io::Result<()> {
        let area = area()?;
        if area != self.area {
            self.inner.resize(area)?;
            self.area = area;
        }
        let mut wanted = None;
        let theme = &mut self.theme;
        let frame = self.inner.draw(|frame| {
            let geometry = app.prepare(frame.area());
            app.fit(&geometry, now.unix_nano);
            let hits = view::draw(frame, app, theme, &geometry, now);
            wanted = view::hyperlink(app, geometry.panes.footer);
            app.apply(Event::Drawn(hits));
        })?;
        // A frame writes only what has changed of it, and knows nothing of links.
        if wanted != self.link {
            let cells = |link: &Hyperlink| link::cells(frame.buffer, link.area);
            let (old, new) = (self.link.as_ref().map(cells), wanted.as_ref().map(cells));
            let backend = self.inner.backend_mut();
            if let Some(old) = old {
                link::write(backend, &old, None)?;
            }
            if let Some((link, new)) = wanted.as_ref().zip(new) {
                link::write(backend, &new, Some(&link.url))?;
            }
            self.link = wanted;
        }
        Ok(())
    }

    /// Copies a text to the clipboard by OSC 52, which reports no result.
    pub(super) fn copy(text: &str) -> io::Result<()> {
        execute!(stdout(), CopyToClipboard::to_clipboard_from(text))
    }

    /// Gives the terminal back.
    pub(super) fn leave(self) {
        drop(self);
    }
}

fn inner(area: Rect) -> io::Result<Inner> {
    let options = TerminalOptions {
        viewport: Viewport::Fixed(area),
    };
    ratatui::Terminal::with_options(CrosstermBackend::new(stdout()), options)
}

/// Returns the area of the terminal, for each frame: to read its size, crossterm would open `/dev/tty`.
fn area() -> io::Result<Rect> {
    let (width, height) = match rustix::termios::tcgetwinsize(stdout()) {
        Ok(size) => (size.ws_col, size.ws_row),
        Err(_) => crossterm::terminal::size()?,
    };
    Ok(Rect::new(0, 0, width, height))
}

impl Drop for Terminal {
    fn drop(&mut self) {
        give_back();
    }
}

/// Time for a terminal that does not read to leave its alternate screen.
const ABANDON: Duration = Duration::from_millis(300);

/// Gives the terminal back as far as it goes, from another thread than the one that may be stuck writing to it: what a shell needs to
/// be usable does not depend on the terminal reading.
pub(super) fn abandon() {
    let _ = disable_raw_mode();
    let (sender, given_back) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        give_back();
        let _ = sender.send(());
    });
    let _ = given_back.recv_timeout(ABANDON);
}

/// Leaves the terminal; may be repeated. Errors have nowhere to go: the terminal is what failed.
fn give_back() {
    let _ = execute!(
        stdout(),
        DisableMouseCapture,
        DisableBracketedPaste,
        LeaveAlternateScreen,
        Show
    );
    let _ = disable_raw_mode();
}
