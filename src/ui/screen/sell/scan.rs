//! What Enter ends: a scan, a code, a name, or the answer to a question.

use super::{Sell, ask, changed, fail, list, save};
use crate::domain::barcode::{Measure, Scan};
use crate::domain::basket::{BasketError, Line};
use crate::domain::catalogue::{Found, ProductView};
use crate::domain::product::ProductId;
use crate::domain::quantity::{Quantity, Unit};
use crate::domain::text::{Place, quotable};
use crate::ui::event::Effect;
use crate::ui::model::Model;

/// From so many characters without a pause on, something was scanned and not typed.
pub(super) const SHORTEST_RUN: usize = 4;
/// From so many digits on, something is a barcode whoever entered it.
const SHORTEST_BARCODE: usize = 8;

/// A code as it was entered, perhaps with the quantity before `*`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Waiting {
    quantity: Option<String>,
    code: String,
    scanned: bool,
}

/// Enter. `swift`: it came without a pause, as a scanner sends it.
pub(super) fn accept(model: &mut Model, swift: bool) -> Vec<Effect> {
    let run = std::mem::take(&mut model.sell.run);
    let text = model.sell.input.text().to_owned();
    // A number with a decimal sign answers what is asked, however fast it came: no code has one.
    let asked = model.sell.ask.is_some() || !model.sell.weigh.is_empty();
    let scan = scanned_part(&text, if swift { run } else { 0 })
        .filter(|(_, code)| !(asked && code.contains([',', '.', '%'])));
    if let Some((before, _)) = scan {
        let (before, code) = text.split_at(first_piece(model, &text, before.len(), asked));
        let (before, code) = (before.to_owned(), code.to_owned());
        if names_several(model, &code) {
            return ask_which(model);
        }
        let quantity = before.strip_suffix('*').filter(|q| is_number(q)).map(str::to_owned);
        // What somebody was typing when the scan came stays.
        model.sell.input.set(if quantity.is_some() { "" } else { &before });
        model.sell.hits.clear();
        let effects = enter(model, Waiting { quantity, code, scanned: true });
        if !asked && !model.sell.weigh.is_empty() && !model.sell.input.is_empty() {
            // It was typed for nothing, so it is no weight.
            let left = model.sell.input.take();
            let text = quotable(&left, Place::Catalogue);
            model.error = Some(model.locale.format("sell-left-out", &[("name", text.into())]));
        }
        return effects;
    }
    if model.sell.ask.is_some() {
        return ask::answer(model);
    }
    if !model.sell.weigh.is_empty() && is_number(&text) {
        return ask::weigh(model, &text);
    }
    // The end of a code that is hardly one, or of letters: nobody has seen what they find.
    if swift && names_several(model, text.trim()) {
        return ask_which(model);
    }
    typed_line(model, &text)
}

/// Pasted words, or a label that nobody can mean by itself: the list asks which. The space keeps a scan that follows
/// at once apart from them.
fn ask_which(model: &mut Model) -> Vec<Effect> {
    model.sell.input.push(' ');
    list::refresh(model);
    super::say(model, "sell-several");
    Vec::new()
}

/// Whether `code` is words, without a digit, that more than one product has.
fn names_several(model: &Model, code: &str) -> bool {
    !code.bytes().any(|b| b.is_ascii_digit())
        && find(model, code).is_none()
        && model.catalogue.as_deref().is_some_and(|catalogue| catalogue.search(code, 2).len() > 1)
}

/// The scan at the end of `text`, and what was there before it: `run` characters that came without a
/// pause, or digits enough for a barcode.
fn scanned_part(text: &str, run: usize) -> Option<(&str, &str)> {
    if run >= SHORTEST_RUN {
        let start = text.char_indices().nth_back(run - 1).map_or(0, |(index, _)| index);
        // The quantity before it, or its star alone, may have come as fast.
        let star = text.rfind('*').filter(|&star| is_number(&text[..star])).map_or(0, |star| star + 1);
        return Some(text.split_at(start.max(star)));
    }
    let start = text.rfind('*').map_or(0, |star| star + 1);
    let (before, code) = text.split_at(start);
    (code.len() >= SHORTEST_BARCODE && code.bytes().all(|b| b.is_ascii_digit())).then_some((before, code))
}

/// Where the code begins of which `text[at..]` came at once: a first piece of it may stand before that, if it came
/// without a pause, or if nothing is asked and it makes a product's code of all that stands there.
fn first_piece(model: &Model, text: &str, at: usize, asked: bool) -> usize {
    let is_known = |start: usize| find(model, &text[start..]).is_some();
    let recent = text.strip_suffix(model.recent.text()).map_or(at, str::len);
    let star = text[..at].rfind('*').map_or(0, |star| star + 1);
    let start = recent.max(star);
    if start < at && (is_known(start) || !is_known(at)) {
        return start;
    }
    let is_digits = !asked && text[..at].bytes().all(|b| b.is_ascii_digit());
    if is_digits && !is_known(at) && is_known(0) { 0 } else { at }
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_digit() || matches!(c, ',' | '.'))
}

/// `3*` before the rest, taken apart.
pub(super) fn split_quantity(text: &str) -> (Option<&str>, &str) {
    match text.split_once('*') {
        Some((quantity, rest)) if is_number(quantity.trim()) => (Some(quantity.trim()), rest.trim()),
        _ => (None, text.trim()),
    }
}

fn typed_line(model: &mut Model, text: &str) -> Vec<Effect> {
    let (quantity, rest) = split_quantity(text);
    let (quantity, rest) = (quantity.map(str::to_owned), rest.to_owned());
    if rest.is_empty() {
        if !model.sell.hits.is_empty() {
            return list::take(model);
        }
        if quantity.is_some() {
            super::refuse(model, "sell-star-alone");
        }
        return Vec::new();
    }
    let has_digit = rest.bytes().any(|b| b.is_ascii_digit());
    let known = has_digit && find(model, &rest).is_some();
    if !known && !model.sell.hits.is_empty() {
        return list::take(model);
    }
    // Words that find nothing stay to be corrected; nobody means a barcode by them.
    if !has_digit && model.catalogue.is_some() {
        model.error = Some(
            model.locale.format("sell-no-such-name", &[("name", quotable(&rest, Place::Catalogue).into())]),
        );
        return vec![Effect::Beep];
    }
    model.sell.input.clear();
    enter(model, Waiting { quantity, code: rest, scanned: false })
}

fn find<'a>(model: &'a Model, code: &str) -> Option<(ProductView<'a>, Option<Measure>)> {
    let scan = Scan::parse(code, &model.settings.barcodes.variable);
    let found = model.catalogue.as_deref()?.find(&scan)?;
    Some((found.product, found.measure))
}

fn enter(model: &mut Model, waiting: Waiting) -> Vec<Effect> {
    let Some(catalogue) = &model.catalogue else {
        model.sell.early.push(waiting);
        return Vec::new();
    };
    let code = waiting.code.trim();
    if code.is_empty() {
        return Vec::new();
    }
    let found = find(model, code).or_else(|| {
        // A label with words in it may spell the name of one product.
        let only = waiting.scanned && code.chars().any(char::is_alphabetic);
        let hits = if only { catalogue.search(code, 2) } else { Vec::new() };
        if let [hit] = hits[..] { Some((hit, None)) } else { None }
    });
    match found.map(|(product, measure)| (product.id(), measure)) {
        Some((id, measure)) => put(model, id, measure, waiting.quantity.as_deref()),
        None => {
            model.sell.unknown.push(code.to_owned());
            model.error = None;
            model.hint = None;
            let mut effects = vec![Effect::Beep];
            effects.extend(save(model));
            effects
        }
    }
}

/// Puts a product into the basket, or asks for its weight.
pub(super) fn put(
    model: &mut Model,
    id: ProductId,
    measure: Option<Measure>,
    quantity: Option<&str>,
) -> Vec<Effect> {
    let Some(product) = model.catalogue.as_deref().and_then(|c| c.get(id)) else { return Vec::new() };
    if product.unit() == Unit::Kilogram && measure.is_none() && quantity.is_none() {
        model.sell.weigh.push_back(id);
        model.error = None;
        return save(model);
    }
    match line(Found { product, measure }, quantity).and_then(|line| model.till.add(line)) {
        Ok(()) => changed(model),
        Err(error) => {
            let name = product.name().to_owned();
            let effects = fail(model, error);
            let why = model.error.take().unwrap_or_default();
            model.error =
                Some(model.locale.format("sell-not-added", &[("name", name.into()), ("why", why.into())]));
            effects
        }
    }
}

fn line(found: Found<'_>, quantity: Option<&str>) -> Result<Line, BasketError> {
    let quantity = quantity.map_or(Ok(Quantity::ONE), |text| Quantity::parse(text, found.counted_in()))?;
    found.line(quantity)
}

/// Looks up what was scanned before the catalogue was there, in its order.
pub(super) fn catch_up(model: &mut Model) -> Vec<Effect> {
    let early = std::mem::take(&mut model.sell.early);
    early.into_iter().flat_map(|waiting| enter(model, waiting)).collect()
}

impl Sell {
    /// How many scans wait for the catalogue.
    pub(super) fn early_count(&self) -> usize {
        self.early.len()
    }
}
