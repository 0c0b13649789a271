//! The terminal itself: taken over at the start, given back at any end.

use std::io::{self, BufWriter, Stdout, Write};

use crossterm::event::{
    DisableBracketedPaste, DisableMouseCapture, EnableBracketedPaste, EnableMouseCapture,
};
use crossterm::terminal::{
    Clear, ClearType, EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode,
};
use crossterm::{cursor, execute, queue};
use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;
use signal_hook::consts::SIGTSTP;
use signal_hook::low_level::emulate_default_handler;

use super::model::Model;

/// A frame leaves in one write: a terminal at the other end of a slow line never shows half.
const FRAME_BYTES: usize = 64 << 10;

/// The screen, while it is ours. Dropping it gives it back.
pub struct Screen {
    terminal: Terminal<CrosstermBackend<BufWriter<Stdout>>>,
}

impl Screen {
    /// Takes the terminal: raw mode, its other screen, mouse, pastes as such.
    pub fn enter() -> io::Result<Screen> {
        Ok(Screen { terminal: take().inspect_err(|_| restore())? })
    }

    /// Gives the terminal back and stops the process, as the system asked. Returns when it goes on:
    /// [`Screen::retake`] comes next.
    pub fn suspend(&mut self) -> io::Result<()> {
        restore();
        emulate_default_handler(SIGTSTP)
    }

    /// Takes the terminal again, in whatever state it is, so that the next [`Screen::draw`] writes all anew.
    pub fn retake(&mut self) -> io::Result<()> {
        // Whoever stopped the process with another signal may have changed the mode of the line since.
        disable_raw_mode()?;
        self.terminal = take()?;
        Ok(())
    }

    /// Shows the model: draws, compares, writes what changed.
    pub fn draw(&mut self, model: &Model) -> io::Result<()> {
        self.terminal.draw(|frame| super::view(model, frame))?;
        Ok(())
    }

    /// Makes the terminal beep once.
    pub fn beep(&mut self) -> io::Result<()> {
        let out = self.terminal.backend_mut();
        out.write_all(b"\x07")?;
        Write::flush(out)
    }

    /// Columns and rows.
    pub fn size(&self) -> io::Result<(u16, u16)> {
        let size = self.terminal.size()?;
        Ok((size.width, size.height))
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        restore();
    }
}

fn take() -> io::Result<Terminal<CrosstermBackend<BufWriter<Stdout>>>> {
    enable_raw_mode()?;
    let mut out = BufWriter::with_capacity(FRAME_BYTES, io::stdout());
    execute!(
        out,
        EnterAlternateScreen,
        Clear(ClearType::All),
        EnableMouseCapture,
        EnableBracketedPaste,
        cursor::Hide
    )?;
    Terminal::new(CrosstermBackend::new(out))
}

/// Gives the terminal back. Safe to call twice, and from a panic.
pub fn restore() {
    let mut out = io::stdout();
    let _ = queue!(out, DisableMouseCapture, DisableBracketedPaste, LeaveAlternateScreen, cursor::Show);
    let _ = out.flush();
    let _ = disable_raw_mode();
}
