//! Three looks. Colour never carries meaning alone: every accent comes with a sign or a word.

use ratatui::style::{Color, Modifier, Style};

use crate::domain::settings;

/// The styles of one look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Theme {
    pub text: Style,
    /// What is there when looked for.
    pub quiet: Style,
    /// The one large thing.
    pub strong: Style,
    /// What can be acted on now.
    pub action: Style,
    /// Money to give back.
    pub give: Style,
    /// Trouble.
    pub trouble: Style,
    /// The newest or chosen line.
    pub newest: Style,
    /// Before the newest or chosen line.
    pub mark: &'static str,
    /// Before the input line.
    pub prompt: &'static str,
}

impl Theme {
    pub fn of(theme: settings::Theme) -> Theme {
        let plain = Style::new();
        let bold = plain.add_modifier(Modifier::BOLD);
        match theme {
            settings::Theme::Default => Theme {
                text: plain,
                quiet: plain.fg(Color::Indexed(245)),
                strong: bold,
                action: bold.fg(Color::Indexed(75)),
                give: bold.fg(Color::Indexed(114)),
                trouble: bold.fg(Color::Indexed(209)),
                newest: bold.bg(Color::Indexed(236)),
                mark: "▸",
                prompt: "›",
            },
            settings::Theme::HighContrast => Theme {
                text: plain.fg(Color::White).bg(Color::Black),
                quiet: plain.fg(Color::White).bg(Color::Black),
                strong: bold.fg(Color::White).bg(Color::Black),
                action: bold.fg(Color::Black).bg(Color::LightCyan),
                give: bold.fg(Color::Black).bg(Color::LightGreen),
                trouble: bold.fg(Color::Black).bg(Color::LightYellow),
                newest: bold.fg(Color::Black).bg(Color::White),
                mark: "▸",
                prompt: "›",
            },
            settings::Theme::Plain => Theme {
                text: plain,
                quiet: plain,
                strong: bold,
                action: bold,
                give: bold,
                trouble: plain.add_modifier(Modifier::REVERSED),
                newest: bold,
                // The Linux console has no other signs.
                mark: ">",
                prompt: ">",
            },
        }
    }
}
