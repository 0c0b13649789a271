//! The first start: language, shop, currency, PIN, products. Everything is filled in for the demo
//! shop and the start has the focus, so one Enter gives a working till.

use ratatui::Frame;
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::Modifier;
use unicode_width::UnicodeWidthStr;

use crate::domain::language::Language;
use crate::domain::money::Currency;
use crate::domain::pin::{is_easy, is_pin};
use crate::domain::settings::Store;
use crate::domain::tax_id::{TaxIdCheck, check_tax_id};
use crate::domain::text::looks_like_payment_card;
use crate::locale::Locale;
use crate::ui::event::{Effect, Problem};
use crate::ui::input::Input;
use crate::ui::key::{Code, Key};
use crate::ui::keymap::Action;
use crate::ui::model::{Button, Model, Screen, ScreenId};
use crate::ui::widgets::customer::{draw_key_row, key_row};
use crate::ui::widgets::{fitted, put, row, wrapped};

/// What was entered to set up the store; checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetupAnswers {
    pub language: Language,
    pub store_name: String,
    pub tax_id: String,
    /// What the shop sells, in its own words.
    pub goods: String,
    pub currency: Currency,
    pub staff: String,
    /// 4 to 8 digits.
    pub pin: String,
    pub products: ProductSource,
}

/// Where the first products come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProductSource {
    /// The demo shop's.
    Demo,
    /// The path of a file, as typed.
    File(String),
}

/// What only this screen knows.
#[derive(Clone, Debug)]
pub struct Setup {
    language: Language,
    name: Input,
    tax_id: Input,
    goods: Input,
    currency: Input,
    staff: Input,
    pin: Input,
    /// A path; empty for the demo shop's products.
    file: Input,
    focus: Slot,
    work: Work,
}

/// Whether the store is being made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Work {
    Asking,
    /// Products imported, of how many; 0 of 0 until the import begins.
    Making {
        done: usize,
        total: usize,
    },
}

/// The places of the form, from top to bottom.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Slot {
    Language,
    Name,
    TaxId,
    Goods,
    Currency,
    Staff,
    Pin,
    Products,
    Start,
}

/// PIN of the demo shop.
pub const DEMO_PIN: &str = "1234";

impl Slot {
    const ALL: [Slot; 9] = [
        Slot::Language,
        Slot::Name,
        Slot::TaxId,
        Slot::Goods,
        Slot::Currency,
        Slot::Staff,
        Slot::Pin,
        Slot::Products,
        Slot::Start,
    ];

    fn label(self) -> &'static str {
        match self {
            Slot::Language => "setup-language",
            Slot::Name => "setup-name",
            Slot::TaxId => "setup-tax-id",
            Slot::Goods => "setup-goods",
            Slot::Currency => "setup-currency",
            Slot::Staff => "setup-staff",
            Slot::Pin => "setup-pin",
            Slot::Products => "setup-products",
            Slot::Start => "setup-start",
        }
    }
}

impl Default for Setup {
    fn default() -> Setup {
        Setup::new(Language::default())
    }
}

impl Setup {
    /// Filled in for the demo shop, with the start chosen.
    pub fn new(language: Language) -> Setup {
        let store = Store::default();
        let filled = |text: &str| {
            let mut input = Input::default();
            input.set(text);
            input
        };
        Setup {
            language,
            name: filled(&store.name),
            tax_id: filled(&store.tax_id),
            goods: filled(&Locale::of(language).text("init-goods")),
            currency: filled(&store.currency.code),
            staff: filled(&Locale::of(language).text("init-staff")),
            pin: filled(DEMO_PIN),
            file: Input::default(),
            focus: Slot::Start,
            work: Work::Asking,
        }
    }

    /// Whether the cursor stands in an empty field.
    pub fn takes_text(&self) -> bool {
        self.field().is_some_and(Input::is_empty)
    }

    /// Whether the cursor stands in a field.
    pub fn is_in_field(&self) -> bool {
        self.field().is_some()
    }

    fn field(&self) -> Option<&Input> {
        let field = match self.focus {
            Slot::Name => &self.name,
            Slot::TaxId => &self.tax_id,
            Slot::Goods => &self.goods,
            Slot::Currency => &self.currency,
            Slot::Staff => &self.staff,
            Slot::Pin => &self.pin,
            Slot::Products => &self.file,
            Slot::Language | Slot::Start => return None,
        };
        (self.work == Work::Asking).then_some(field)
    }

    /// Whether the cursor stands where the PIN is written.
    pub fn asks_pin(&self) -> bool {
        self.focus == Slot::Pin
    }

    /// Whether it is the demo shop still, for which nothing needs to be safe or true.
    fn is_demo(&self) -> bool {
        let demo = Store::default();
        self.name.text().trim() == demo.name && self.tax_id.text().trim() == demo.tax_id
    }

    fn input_mut(&mut self) -> Option<&mut Input> {
        match self.focus {
            Slot::Name => Some(&mut self.name),
            Slot::TaxId => Some(&mut self.tax_id),
            Slot::Goods => Some(&mut self.goods),
            Slot::Currency => Some(&mut self.currency),
            Slot::Staff => Some(&mut self.staff),
            Slot::Pin => Some(&mut self.pin),
            Slot::Products => Some(&mut self.file),
            Slot::Language | Slot::Start => None,
        }
    }

    fn step(&mut self, forwards: bool) {
        let count = Slot::ALL.len();
        let now = Slot::ALL.iter().position(|slot| *slot == self.focus).unwrap_or(0);
        self.focus = Slot::ALL[(now + if forwards { 1 } else { count - 1 }) % count];
    }

    /// What was entered. Errors: the place and the sentence of the first thing that cannot be so.
    fn answers(&self) -> Result<SetupAnswers, (Slot, &'static str)> {
        let text = |input: &Input| input.text().trim().to_owned();
        let fields = [
            (Slot::Name, &self.name),
            (Slot::TaxId, &self.tax_id),
            (Slot::Goods, &self.goods),
            (Slot::Currency, &self.currency),
            (Slot::Staff, &self.staff),
            (Slot::Products, &self.file),
        ];
        if let Some((slot, _)) = fields.iter().find(|(_, input)| looks_like_payment_card(input.text())) {
            return Err((*slot, "setup-error-payment-card"));
        }
        let [name, tax_id, goods, staff, pin] =
            [&self.name, &self.tax_id, &self.goods, &self.staff, &self.pin].map(text);
        let currency = Currency::from_code(&text(&self.currency).to_uppercase());
        let Some(name) = Store::named(&name) else { return Err((Slot::Name, "setup-error-name")) };
        if !Store::is_tax_id(&tax_id) {
            return Err((Slot::TaxId, "setup-error-tax-id"));
        }
        let Some(goods) = Store::named(&goods) else { return Err((Slot::Goods, "setup-error-goods")) };
        let Some(currency) = currency else { return Err((Slot::Currency, "setup-error-currency")) };
        let Some(staff) = Store::named(&staff) else { return Err((Slot::Staff, "setup-error-staff")) };
        if !is_pin(&pin) {
            return Err((Slot::Pin, "setup-error-pin"));
        }
        if is_easy(&pin) && !self.is_demo() {
            return Err((Slot::Pin, "setup-error-easy-pin"));
        }
        let file = text(&self.file);
        let products = if file.is_empty() { ProductSource::Demo } else { ProductSource::File(file) };
        let language = self.language;
        Ok(SetupAnswers { language, store_name: name, tax_id, goods, currency, staff, pin, products })
    }
}

pub fn act(model: &mut Model, action: Action) -> Vec<Effect> {
    let Some(state) = state_mut(model) else { return Vec::new() };
    if state.work != Work::Asking {
        return Vec::new();
    }
    match action {
        Action::Accept if state.focus == Slot::Start => return start(model),
        Action::Accept | Action::Down => state.step(true),
        Action::Up => state.step(false),
        Action::Back if state.focus == Slot::Start => return vec![Effect::Quit],
        Action::Back => state.focus = Slot::Start,
        Action::Row(place) => {
            if let Some(slot) = Slot::ALL.get(usize::from(place)) {
                let again = state.focus == *slot;
                state.focus = *slot;
                match slot {
                    Slot::Start => return start(model),
                    Slot::Language if again => next_language(model),
                    _ => {}
                }
            }
        }
        _ => {}
    }
    model.error = None;
    Vec::new()
}

pub fn typed(model: &mut Model, key: Key) -> Vec<Effect> {
    let Some(state) = state_mut(model) else { return Vec::new() };
    if state.work != Work::Asking {
        return Vec::new();
    }
    match (key.code, state.focus) {
        (Code::Tab, _) => state.step(true),
        (Code::BackTab, _) => state.step(false),
        (Code::Char(' ') | Code::Left | Code::Right, Slot::Language) => next_language(model),
        _ => {
            if let Some(input) = state.input_mut() {
                input.edit(key);
            }
        }
    }
    model.error = None;
    Vec::new()
}

/// The store is set up, or is not: then everything entered is still there.
pub fn answered(model: &mut Model, result: Result<(), Problem>) -> Vec<Effect> {
    let Some(state) = state_mut(model) else { return Vec::new() };
    state.work = Work::Asking;
    match result {
        Ok(()) => Vec::new(),
        Err(problem) => {
            model.error = Some(problem.sentences());
            vec![Effect::Beep]
        }
    }
}

/// So many of the products are imported.
pub fn progressed(model: &mut Model, done: usize, total: usize) {
    if let Some(state) = state_mut(model)
        && state.work != Work::Asking
    {
        state.work = Work::Making { done, total };
    }
}

pub fn buttons(model: &Model, state: &Setup) -> Vec<Button> {
    if state.work != Work::Asking {
        return Vec::new();
    }
    let layout = Layout::of(model.size);
    let slots = (0..).zip(layout.slots).map(|(place, area)| Button { area, action: Action::Row(place) });
    slots.chain(foot(model, state, layout.foot).into_iter().map(|(button, ..)| button)).collect()
}

pub fn draw(model: &Model, state: &Setup, frame: &mut Frame) {
    let (words, theme, layout) = (model.locale, &model.theme, Layout::of(frame.area()));
    let buffer = frame.buffer_mut();
    put(buffer, row(layout.inner, 1), &words.text("setup-title"), theme.strong);
    put(buffer, row(layout.inner, 2), &words.text("setup-intro"), theme.text);
    let mut cursor = None;
    for (slot, &area) in Slot::ALL.iter().zip(&layout.slots) {
        let focused = state.work == Work::Asking && state.focus == *slot;
        if focused {
            let sign = Rect { x: area.x.saturating_sub(2), width: 1, ..area };
            put(buffer, sign, "▸", theme.action);
        }
        if *slot == Slot::Start {
            let style = if focused { theme.action } else { theme.text };
            put(buffer, area, &format!("[ {} ]", words.text(slot.label())), style);
            continue;
        }
        put(buffer, area, &words.text(slot.label()), theme.quiet);
        let value = Rect { x: area.x + LABEL, width: area.width.saturating_sub(LABEL), ..area };
        cursor = draw_value(model, state, *slot, value, focused, buffer).or(cursor);
    }
    draw_below(model, state, &layout, buffer);
    draw_key_row(model, &foot(model, state, layout.foot), buffer);
    if let Some(position) = cursor {
        frame.set_cursor_position(position);
    }
}

fn state_mut(model: &mut Model) -> Option<&mut Setup> {
    match &mut model.screen {
        Screen::Setup(state) => Some(state),
        _ => None,
    }
}

fn start(model: &mut Model) -> Vec<Effect> {
    let words = model.locale;
    let Some(state) = state_mut(model) else { return Vec::new() };
    match state.answers() {
        Ok(answers) => {
            state.work = Work::Making { done: 0, total: 0 };
            model.error = None;
            vec![Effect::SetUp(Box::new(answers))]
        }
        Err((slot, id)) => {
            state.focus = slot;
            model.error = Some(words.text(id).into_owned());
            vec![Effect::Beep]
        }
    }
}

/// Another language, for the store and for this screen at once.
fn next_language(model: &mut Model) {
    let Some(state) = state_mut(model) else { return };
    let all = Language::ALL;
    let own = |language| Locale::of(language).text("init-goods");
    let untouched = state.goods.text() == own(state.language);
    let now = all.iter().position(|language| *language == state.language).unwrap_or(0);
    state.language = all[(now + 1) % all.len()];
    if untouched {
        state.goods.set(&own(state.language));
    }
    model.locale = Locale::of(state.language);
}

/// Draws what is entered in one place; returns where the cursor stands.
fn draw_value(
    model: &Model,
    state: &Setup,
    slot: Slot,
    area: Rect,
    focused: bool,
    buffer: &mut Buffer,
) -> Option<Position> {
    let theme = &model.theme;
    let room = usize::from(area.width.max(1)) - 1;
    let hidden = "•".repeat(state.pin.text().chars().count());
    let text = match slot {
        Slot::Name => state.name.tail(room),
        Slot::TaxId => state.tax_id.tail(room),
        Slot::Goods => state.goods.tail(room),
        Slot::Currency => state.currency.tail(room),
        Slot::Staff => state.staff.tail(room),
        // Whoever types it sees it: it is the owner's, and typed only once.
        Slot::Pin if focused || state.pin.text() == DEMO_PIN => state.pin.tail(room),
        Slot::Pin => &hidden,
        Slot::Products if state.file.is_empty() && !focused => {
            put(buffer, area, &model.locale.text("setup-demo-products"), theme.text);
            return None;
        }
        Slot::Products => state.file.tail(room),
        Slot::Language | Slot::Start => {
            put(buffer, area, state.language.own_name(), theme.text);
            return None;
        }
    };
    buffer.set_style(area, theme.text.add_modifier(Modifier::UNDERLINED));
    put(buffer, area, text, theme.text.add_modifier(Modifier::UNDERLINED));
    let x = area.x + u16::try_from(text.width()).unwrap_or(0);
    focused.then(|| Position::new(x.min(area.right().saturating_sub(1)), area.y))
}

/// What went wrong, how far the import is, or a hint for the place that has the focus.
fn draw_below(model: &Model, state: &Setup, layout: &Layout, buffer: &mut Buffer) {
    let (words, theme, area) = (model.locale, &model.theme, layout.message);
    if let Work::Making { done, total } = state.work {
        put(buffer, row(area, 0), &words.text("setup-making"), theme.strong);
        if total > 0 {
            let say = [("done", done.into()), ("total", total.into())];
            put(buffer, row(area, 1), &words.format("setup-progress", &say), theme.text);
            put(buffer, row(area, 2), &bar(done, total, area.width.min(60)), theme.action);
        }
        return;
    }
    let (text, style) = match &model.error {
        Some(error) => (format!("! {error}"), theme.trouble),
        None => (words.text(hint(state)).into_owned(), theme.quiet),
    };
    for (index, line) in (0..area.height).zip(wrapped(&text, area.width.into())) {
        put(buffer, row(area, index), &fitted(&line, area.width.into()), style);
    }
}

fn hint(state: &Setup) -> &'static str {
    match state.focus {
        Slot::Language => "setup-hint-language",
        Slot::Name => "setup-hint-name",
        Slot::TaxId => match check_tax_id(state.tax_id.text()) {
            TaxIdCheck::Right => "setup-hint-tax-id-right",
            TaxIdCheck::Mistyped => "setup-hint-tax-id-mistyped",
            TaxIdCheck::Unknown => "setup-hint-tax-id-unknown",
        },
        Slot::Goods => "setup-hint-goods",
        Slot::Currency => "setup-hint-currency",
        Slot::Staff => "setup-hint-staff",
        Slot::Pin => "setup-hint-pin",
        Slot::Products => "setup-hint-products",
        Slot::Start if state.is_demo() => "setup-hint-demo",
        Slot::Start => "setup-hint-start",
    }
}

/// A bar as wide as the area: `█████░░░░░`.
fn bar(done: usize, total: usize, width: u16) -> String {
    let width = usize::from(width);
    let full = done.min(total).saturating_mul(width) / total.max(1);
    format!("{}{}", "█".repeat(full), "░".repeat(width - full))
}

fn foot(model: &Model, state: &Setup, area: Rect) -> Vec<(Button, String, String)> {
    let (accept, back) =
        if state.focus == Slot::Start { ("setup-start", "setup-quit") } else { ("setup-next", "key-back") };
    let entries =
        [(Action::Accept, accept), (Action::Up, "key-up"), (Action::Down, "key-down"), (Action::Back, back)];
    key_row(model, ScreenId::Setup, area, model.locale, &entries)
}

/// Columns of the labels.
const LABEL: u16 = 24;

struct Layout {
    inner: Rect,
    /// One for each of [`Slot::ALL`].
    slots: Vec<Rect>,
    message: Rect,
    foot: Rect,
}

impl Layout {
    fn of(area: Rect) -> Layout {
        let inner =
            Rect { x: area.x + 4, width: area.width.saturating_sub(8).min(84), ..area }.intersection(area);
        // The start stands apart from the fields.
        let places = (4..12).chain([13]);
        let slots = places.map(|index| row(inner, index)).collect();
        let message = Rect { y: inner.y + 15, height: 5, ..inner }.intersection(inner);
        let foot = row(inner, inner.height.saturating_sub(1));
        Layout { inner, slots, message, foot }
    }
}

#[cfg(test)]
mod tests;
