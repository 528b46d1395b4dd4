//! The terminal's keys and clicks as the [`app`](crate::app)'s own.

use crossterm::event::{
    Event as TerminalEvent, KeyCode, KeyEvent, KeyEventKind, KeyModifiers, MouseButton, MouseEvent, MouseEventKind,
};
use ratatui::layout::Position;

use app::keymap::Key;
use app::{Event, Pointer, PointerKind};

/// Converts a terminal event to one of the app; `None` for events without a meaning.
pub(super) fn event(event: TerminalEvent) -> Option<Event> {
    match event {
        TerminalEvent::Key(pressed) => key(&pressed).map(Event::Key),
        TerminalEvent::Mouse(mouse) => pointer(mouse).map(Event::Pointer),
        TerminalEvent::Paste(text) => Some(Event::Paste(text)),
        TerminalEvent::Resize(..) => Some(Event::Resized),
        TerminalEvent::FocusGained | TerminalEvent::FocusLost => None,
    }
}

/// The key that was pressed; `None` for one that can mean nothing, and for one that was released.
const fn key(event: &KeyEvent) -> Option<Key> {
    if matches!(event.kind, KeyEventKind::Release) {
        return None;
    }
    Some(match event.code {
        KeyCode::Char(c) if event.modifiers.contains(KeyModifiers::CONTROL) => Key::Ctrl(c),
        // Not the character: with Ctrl or Alt it is not text.
        KeyCode::Char(_) if event.modifiers.contains(KeyModifiers::ALT) => return None,
        KeyCode::Char(c) => Key::Char(c),
        KeyCode::F(number) => Key::F(number),
        KeyCode::Up => Key::Up,
        KeyCode::Down => Key::Down,
        KeyCode::Left => Key::Left,
        KeyCode::Right => Key::Right,
        KeyCode::Enter => Key::Enter,
        KeyCode::Esc => Key::Esc,
        KeyCode::Tab => Key::Tab,
        KeyCode::BackTab => Key::BackTab,
        KeyCode::PageUp => Key::PageUp,
        KeyCode::PageDown => Key::PageDown,
        KeyCode::Home => Key::Home,
        KeyCode::End => Key::End,
        KeyCode::Backspace => Key::Backspace,
        KeyCode::Delete => Key::Delete,
        _ => return None,
    })
}

/// Converts a mouse event; `None` for events without a meaning.
const fn pointer(event: MouseEvent) -> Option<Pointer> {
    let kind = match event.kind {
        MouseEventKind::ScrollUp => PointerKind::WheelUp,
        MouseEventKind::ScrollDown => PointerKind::WheelDown,
        MouseEventKind::Down(MouseButton::Left) => PointerKind::Press,
        MouseEventKind::Drag(MouseButton::Left) => PointerKind::Drag,
        MouseEventKind::Up(MouseButton::Left) => PointerKind::Release,
        _ => return None,
    };
    Some(Pointer {
        at: Position {
            x: event.column,
            y: event.row,
        },
        kind,
        control: event.modifiers.contains(KeyModifiers::CONTROL),
        shift: event.modifiers.contains(KeyModifiers::SHIFT),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modifiers_make_another_key() {
        let press = |code, modifiers| key(&KeyEvent::new(code, modifiers));
        assert_eq!(press(KeyCode::Char('c'), KeyModifiers::NONE), Some(Key::Char('c')));
        assert_eq!(press(KeyCode::Char('G'), KeyModifiers::SHIFT), Some(Key::Char('G')));
        assert_eq!(press(KeyCode::Char('c'), KeyModifiers::CONTROL), Some(Key::Ctrl('c')));
        assert_eq!(press(KeyCode::Char('x'), KeyModifiers::ALT), None);
        assert_eq!(press(KeyCode::Down, KeyModifiers::SHIFT), Some(Key::Down));
        let released = KeyEvent::new_with_kind(KeyCode::Char('c'), KeyModifiers::NONE, KeyEventKind::Release);
        assert_eq!(key(&released), None);
    }

    #[test]
    fn pointer_moves_without_a_button_are_ignored() {
        let event = |kind| MouseEvent {
            kind,
            column: 3,
            row: 2,
            modifiers: KeyModifiers::SHIFT,
        };
        assert_eq!(pointer(event(MouseEventKind::Moved)), None);
        let pressed = pointer(event(MouseEventKind::Down(MouseButton::Left)));
        let expected = Pointer {
            at: (3, 2).into(),
            kind: PointerKind::Press,
            control: false,
            shift: true,
        };
        assert_eq!(pressed, Some(expected));
    }
}
