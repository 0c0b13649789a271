//! The picture in the README is drawn from the real selling screen: this test fails where
//! `assets/screen.svg` shows something else. `OLVIDO_BLESS=1 cargo test --test picture` draws it anew.

use std::fmt::Write;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use chrono::DateTime;
use olvido::cli::init::demo_products;
use olvido::domain::catalogue::{Catalogue, build_image};
use olvido::domain::language::Language;
use olvido::domain::policy::Policy;
use olvido::domain::product::ProductId;
use olvido::domain::settings::Settings;
use olvido::locale::Locale;
use olvido::ui::{Code, Done, Event, Key, Model, Screen, update, view};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::{Buffer, Cell};
use ratatui::layout::Position;
use ratatui::style::{Color, Modifier};

const COLUMNS: u16 = 80;
const ROWS: u16 = 24;
/// Width and height of a character, in pixels, and the room around the screen.
const CELL: (u16, u16) = (9, 18);
const MARGIN: u16 = 14;
/// The screen brings its own background, so it reads the same on a light and on a dark page.
const BACKGROUND: &str = "#16181d";
const TEXT: &str = "#e6e6e6";

#[test]
fn the_readme_shows_the_real_screen() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/screen.svg");
    let mut till = till();
    sell(&mut till);
    let mut terminal = Terminal::new(TestBackend::new(COLUMNS, ROWS)).unwrap();
    let buffer = terminal.draw(|frame| view(&till, frame)).unwrap().buffer.clone();
    let cursor = terminal.get_cursor_position().unwrap();
    let drawn = svg(&buffer, cursor);
    if std::env::var_os("OLVIDO_BLESS").is_some() {
        fs::write(&path, &drawn).unwrap();
    }
    let committed = fs::read_to_string(&path).unwrap_or_default();
    assert!(committed == drawn, "draw it anew: OLVIDO_BLESS=1 cargo test --test picture");
}

/// The demo shop's till, in English, on an evening.
fn till() -> Model {
    let mut settings = Settings::default();
    settings.store.language = Language::English;
    settings.store.till = Locale::of(Language::English).text("init-till").into_owned();
    let products: Vec<_> = (1..).map(ProductId).zip(demo_products(&settings.store)).collect();
    let mut model = Model::new(Arc::new(settings), Arc::new(Policy::shipped())).unwrap();
    model.staff = "Ana".to_owned();
    model.screen = Screen::Sell;
    let catalogue = Catalogue::from_image(build_image(&products)).unwrap();
    update(&mut model, Event::Resize(COLUMNS, ROWS));
    update(&mut model, Event::Clock(DateTime::parse_from_rfc3339("2026-11-23T18:42:07+01:00").unwrap()));
    update(&mut model, Event::Done(Done::Catalogue(Arc::new(catalogue))));
    model
}

/// Milk twice, rye bread, apples on the scales, a washing machine, and something off the coffee.
fn sell(model: &mut Model) {
    let mut line = |text: &str| {
        let enter = Key::plain(Code::Enter);
        for key in text.chars().map(Key::char).chain([enter]) {
            update(model, Event::Key(key));
        }
    };
    line("2*0400001020012");
    line("0400001010020");
    line("0.482*4020");
    line("0400001200018");
    update(model, Event::Key(Key::plain(Code::F(6))));
    for key in "10%".chars().map(Key::char).chain([Key::plain(Code::Enter)]) {
        update(model, Event::Key(key));
    }
}

fn svg(buffer: &Buffer, cursor: Position) -> String {
    let (width, height) = (COLUMNS * CELL.0 + 2 * MARGIN, ROWS * CELL.1 + 2 * MARGIN);
    let mut out = String::new();
    let _ = writeln!(
        out,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" \
         height=\"{height}\" font-family=\"ui-monospace, 'SF Mono', Menlo, Consolas, 'DejaVu Sans Mono', \
         monospace\" font-size=\"15\">"
    );
    let _ = writeln!(out, "<title>The till, selling</title>");
    let _ = writeln!(
        out,
        "<rect width=\"{width}\" height=\"{height}\" rx=\"10\" fill=\"{BACKGROUND}\" stroke=\"#6b7280\"/>"
    );
    for y in 0..ROWS {
        backgrounds(buffer, y, &mut out);
        texts(buffer, y, &mut out);
    }
    rect(&mut out, x_of(cursor.x), y_of(cursor.y) + 2, (2, CELL.1 - 4), "#5fafff");
    out.push_str("</svg>\n");
    out
}

fn backgrounds(buffer: &Buffer, y: u16, out: &mut String) {
    let mut x = 0;
    while x < COLUMNS {
        let color = buffer[(x, y)].bg;
        let end = (x..COLUMNS).find(|&x| buffer[(x, y)].bg != color).unwrap_or(COLUMNS);
        if color != Color::Reset {
            rect(out, x_of(x), y_of(y), ((end - x) * CELL.0, CELL.1), &rgb(color));
        }
        x = end;
    }
}

/// The words of a row, each run of one style in a piece of its own, so that every font keeps the
/// columns; blocks as rectangles, so that no font leaves gaps between them.
fn texts(buffer: &Buffer, y: u16, out: &mut String) {
    let mut x = 0;
    while x < COLUMNS {
        let cell = &buffer[(x, y)];
        if let Some((top, bottom)) = block(cell.symbol()) {
            let (from, to) = (if top { 0 } else { CELL.1 / 2 }, if bottom { CELL.1 } else { CELL.1 / 2 });
            rect(out, x_of(x), y_of(y) + from, (CELL.0, to - from), &foreground(cell));
            x += 1;
            continue;
        }
        let end = (x..COLUMNS).find(|&at| ends_run(buffer, x, at, y)).unwrap_or(COLUMNS);
        let text: String = (x..end).map(|at| buffer[(at, y)].symbol()).collect();
        let run = text.trim_end();
        let columns = u16::try_from(run.chars().count()).unwrap();
        if columns > 0 {
            let weight = if cell.modifier.contains(Modifier::BOLD) { " font-weight=\"bold\"" } else { "" };
            let _ = writeln!(
                out,
                "<text x=\"{}\" y=\"{}\" fill=\"{}\"{weight} textLength=\"{}\" \
                 lengthAdjust=\"spacingAndGlyphs\">{}</text>",
                x_of(x),
                y_of(y) + CELL.1 - 5,
                foreground(cell),
                columns * CELL.0,
                escaped(run),
            );
        }
        x = end.max(x + 1);
    }
}

/// Whether the run of text that begins at `start` ends before `at`.
fn ends_run(buffer: &Buffer, start: u16, at: u16, y: u16) -> bool {
    let blank = |x: u16| x >= COLUMNS || buffer[(x, y)].symbol() == " ";
    let (first, cell) = (&buffer[(start, y)], &buffer[(at, y)]);
    block(cell.symbol()).is_some()
        || (cell.fg, cell.modifier) != (first.fg, first.modifier)
        || blank(start)
        || (blank(at) && blank(at + 1))
}

/// Which halves of its cell a block fills: upper, lower.
fn block(symbol: &str) -> Option<(bool, bool)> {
    match symbol {
        "█" => Some((true, true)),
        "▀" => Some((true, false)),
        "▄" => Some((false, true)),
        _ => None,
    }
}

fn foreground(cell: &Cell) -> String {
    if cell.fg == Color::Reset { TEXT.to_owned() } else { rgb(cell.fg) }
}

/// A colour of the 256 of xterm; the default look uses no others.
fn rgb(color: Color) -> String {
    let Color::Indexed(index @ 16..) = color else { panic!("{color:?} depends on the terminal") };
    let [r, g, b] = match index {
        232.. => [8 + 10 * (index - 232); 3],
        _ => [(index - 16) / 36, (index - 16) / 6 % 6, (index - 16) % 6]
            .map(|step| if step == 0 { 0 } else { 55 + 40 * step }),
    };
    format!("#{r:02x}{g:02x}{b:02x}")
}

fn rect(out: &mut String, x: u16, y: u16, (width, height): (u16, u16), fill: &str) {
    let _ = writeln!(
        out,
        "<rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" fill=\"{fill}\" \
         shape-rendering=\"crispEdges\"/>"
    );
}

fn x_of(column: u16) -> u16 {
    MARGIN + column * CELL.0
}

fn y_of(row: u16) -> u16 {
    MARGIN + row * CELL.1
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
