//! One driver for the tests of all screens: a till with a small shop, keys as text, frames as text.

use std::sync::Arc;

use chrono::DateTime;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::Buffer;

use super::event::{Committed, Done, Effect, Event};
use super::key::{Code, Key};
use super::model::{Model, Screen};
use super::{update, view};
use crate::domain::barcode::Gtin;
use crate::domain::catalogue::{Catalogue, build_image};
use crate::domain::language::Language;
use crate::domain::money::Money;
use crate::domain::policy::Policy;
use crate::domain::product::{Product, ProductId};
use crate::domain::quantity::Unit;
use crate::domain::settings::Settings;
use crate::domain::tax::TaxRate;

/// Milk by the piece.
pub const MILK: &str = "2000000000015";
/// Tomatoes by weight: asks for it.
pub const TOMATO: &str = "2000000000039";
pub const WASHER: &str = "2000000000046";

pub fn product(code: &str, sku: &str, name: &str, department: &str, price: i64, tax: u16) -> Product {
    Product {
        barcode: Gtin::parse(code).ok(),
        plu: None,
        sku: sku.to_owned(),
        name: name.to_owned(),
        department: department.to_owned(),
        price: Money(price),
        tax: TaxRate(tax),
        unit: if department == "Fruta" { Unit::Kilogram } else { Unit::Piece },
        durable_years: if tax == 2100 { 10 } else { 0 },
    }
}

/// Five products, best-seller first.
pub fn catalogue() -> Arc<Catalogue> {
    let products = [
        product(MILK, "L1", "Leche entera 1 L", "Lácteos", 115, 400),
        product("2000000000022", "P1", "Pan de centeno", "Panadería", 180, 400),
        product(TOMATO, "T1", "Tomate rama", "Fruta", 249, 400),
        product(WASHER, "LAV-8", "Lavadora Alba 8 kg", "Electro", 38_900, 2100),
        product("2000000000053", "L2", "Leche desnatada 1 L", "Lácteos", 105, 400),
    ];
    let products: Vec<_> = (1..).map(ProductId).zip(products).collect();
    Arc::new(Catalogue::from_image(build_image(&products)).unwrap())
}

/// An open till in a language, with the small catalogue, at 18:42.
pub fn till(language: Language) -> Model {
    let mut settings = Settings::default();
    settings.store.language = language;
    till_with(settings)
}

/// An open till with these settings.
pub fn till_with(settings: Settings) -> Model {
    let mut model = Model::new(Arc::new(settings), Arc::new(Policy::shipped())).unwrap();
    model.staff = "Ana".to_owned();
    model.screen = Screen::Sell;
    let now = DateTime::parse_from_rfc3339("2026-11-23T18:42:07+01:00").unwrap();
    update(&mut model, Event::Clock(now));
    update(&mut model, Event::Done(Done::Catalogue(catalogue())));
    model
}

/// Gives the keys in `text`, as the application would, and returns what was asked for: characters
/// as a person types them, one after the other, `<F10>` for other keys, `{code}` for what a scanner sends, Enter
/// included.
pub fn press(model: &mut Model, text: &str) -> Vec<Effect> {
    let mut effects = Vec::new();
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        effects.extend(update(model, Event::Pause));
        let close = match c {
            '<' => rest.find('>'),
            '{' => rest.find('}'),
            _ => None,
        };
        let Some(close) = close else {
            effects.extend(update(model, Event::Key(Key::char(c))));
            rest = &rest[c.len_utf8()..];
            continue;
        };
        let inside = &rest[1..close];
        if c == '{' {
            effects.extend(scan(model, &format!("{inside}\n")));
        } else {
            effects.extend(update(model, Event::Key(inside.parse().unwrap())));
        }
        rest = &rest[close + 1..];
    }
    effects.extend(update(model, Event::Pause));
    effects
}

/// The keys in `text`, as [`press`] reads them.
pub fn keys(text: &str) -> Vec<Key> {
    let mut keys = Vec::new();
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let close = rest.find('>').filter(|_| c == '<');
        keys.push(close.map_or(Key::char(c), |close| rest[1..close].parse().unwrap()));
        rest = &rest[close.map_or(c.len_utf8(), |close| close + 1)..];
    }
    keys
}

/// Characters without a pause, Enter as `\n`: keys where they are taken at once, else a burst.
pub fn scan(model: &mut Model, text: &str) -> Vec<Effect> {
    if !model.takes_keys_at_once() {
        return update(model, Event::Burst(text.to_owned()));
    }
    let mut effects = Vec::new();
    for (index, c) in text.chars().enumerate() {
        let key = if c == '\n' { Key::plain(Code::Enter) } else { Key::char(c) };
        let event = if index == 0 { Event::Key(key) } else { Event::Swift(Some(key)) };
        effects.extend(update(model, event));
    }
    effects
}

/// What the store would answer to a sale.
pub fn committed() -> Event {
    Event::Done(Done::Committed(Box::new(Committed {
        ticket: "A-000123".to_owned(),
        total: Money(39_370),
        change: Money(630),
        receipt: vec!["Ultramarinos Sol".to_owned(), "TOTAL".to_owned()],
        after: "Guardamos el tique hasta el 23.11.2032. Nada más.".to_owned(),
    })))
}

/// The model's frame in a window of this size.
pub fn buffer(model: &mut Model, width: u16, height: u16) -> Buffer {
    update(model, Event::Resize(width, height));
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    terminal.draw(|frame| view(model, frame)).unwrap().buffer.clone()
}

/// The frame as text, without blanks at the ends of its rows.
pub fn frame(model: &mut Model, width: u16, height: u16) -> String {
    let buffer = buffer(model, width, height);
    let rows = buffer.content.chunks(width.max(1).into()).map(|row| {
        let row: String = row.iter().map(|cell| cell.symbol()).collect();
        row.trim_end().to_owned()
    });
    rows.collect::<Vec<_>>().join("\n")
}

/// The basket in one line, and what is asked or said: `2×Leche entera 1 L 2.30 | total 2.30 | …`.
pub fn told(model: &Model) -> String {
    let lines = model.till.basket().lines().iter().zip(&model.till.priced().lines);
    let mut parts: Vec<String> = lines
        .map(|(line, priced)| {
            format!("{}×{} {}", line.quantity.decimal(line.unit), line.name, priced.net.decimal(2))
        })
        .collect();
    parts.push(format!("= {}", model.till.priced().total.decimal(2)));
    if !model.sell.input.is_empty() {
        parts.push(format!("[{}]", model.sell.input.text()));
    }
    if !model.sell.unknown().is_empty() {
        parts.push(format!("? {}", model.sell.unknown().join(" ")));
    }
    if let Some(error) = &model.error {
        parts.push(format!("! {error}"));
    }
    parts.join(" | ")
}
