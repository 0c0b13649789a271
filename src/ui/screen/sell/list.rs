//! The list above the input line: products that the typed words find, or departments.

use super::ask::Ask;
use super::scan::{put, split_quantity};
use super::{ask, save};
use crate::domain::catalogue::fold;
use crate::domain::quantity::Unit;
use crate::domain::tax::TaxRate;
use crate::ui::event::Effect;
use crate::ui::model::Model;

/// No screen shows more.
const MOST: usize = 20;

/// One row of the list.
pub(super) struct Entry {
    pub left: String,
    pub right: String,
}

/// Finds again what the typed words find.
pub(super) fn refresh(model: &mut Model) {
    let (_, words) = split_quantity(model.sell.input.text());
    let asked = matches!(model.sell.ask, None | Some(Ask::Search { .. }));
    let searched = asked && words.chars().any(char::is_alphabetic);
    let hits = match model.catalogue.as_deref().filter(|_| searched) {
        Some(catalogue) => catalogue.search(words, MOST).iter().map(|product| product.id()).collect(),
        None => Vec::new(),
    };
    model.sell.hits = hits;
    model.sell.pick = 0;
}

/// Shows the best-sellers before anything is typed.
pub(super) fn best_sellers(model: &mut Model) {
    if let Some(catalogue) = model.catalogue.as_deref() {
        model.sell.hits = catalogue.products().take(MOST).map(|product| product.id()).collect();
        model.sell.pick = 0;
    }
}

/// How many rows there are.
pub(super) fn len(model: &Model) -> usize {
    match model.sell.ask {
        Some(Ask::Department { .. }) => departments(model).len(),
        _ => model.sell.hits.len(),
    }
}

/// The rows from `from` on, at most `count`.
pub(super) fn entries(model: &Model, from: usize, count: usize) -> Vec<Entry> {
    if matches!(model.sell.ask, Some(Ask::Department { .. })) {
        let shown = departments(model).into_iter().skip(from).take(count);
        return shown
            .map(|(number, name, tax)| Entry {
                left: format!("{number:>2}  {name}"),
                right: model.locale.percent(tax),
            })
            .collect();
    }
    let Some(catalogue) = model.catalogue.as_deref() else { return Vec::new() };
    let products = model.sell.hits.iter().skip(from).take(count).filter_map(|&id| catalogue.get(id));
    let currency = &model.settings.store.currency;
    products
        .map(|product| {
            let price = model.locale.money(product.price(), currency);
            let unit = if product.unit() == Unit::Kilogram { "/kg" } else { "   " };
            Entry { left: product.name().to_owned(), right: format!("{price}{unit}") }
        })
        .collect()
}

/// Takes the picked row.
pub(super) fn take(model: &mut Model) -> Vec<Effect> {
    if matches!(model.sell.ask, Some(Ask::Department { .. })) {
        return ask::answer(model);
    }
    let Some(&id) = model.sell.hits.get(model.sell.pick) else { return Vec::new() };
    let text = model.sell.input.take();
    let quantity = split_quantity(&text).0;
    model.sell.hits.clear();
    model.sell.pick = 0;
    model.error = None;
    let asked = model.sell.ask.take();
    let effects = put(model, id, None, quantity);
    match asked {
        Some(Ask::Search { code }) if model.error.is_none() => {
            model.sell.resolve(&code);
            save(model)
        }
        _ => effects,
    }
}

/// The departments that the typed words leave, each with its number in the whole list.
pub(super) fn departments(model: &Model) -> Vec<(usize, String, TaxRate)> {
    let mut all: Vec<(String, TaxRate)> = model
        .catalogue
        .as_deref()
        .map(|catalogue| catalogue.departments().map(|d| (d.name.to_owned(), d.tax)).collect())
        .unwrap_or_default();
    if all.is_empty() {
        let name = model.locale.text("sell-department-other").into_owned();
        all.push((name, model.settings.selling.default_tax));
    }
    let wanted = fold(model.sell.input.text().trim());
    let number = wanted.parse::<usize>().ok();
    let numbered = (1..).zip(all).map(|(index, (name, tax))| (index, name, tax));
    numbered
        .filter(|(index, name, _)| match number {
            Some(number) => *index == number || (*index >= 10 && index / 10 == number),
            None => fold(name).contains(wanted.trim()),
        })
        .collect()
}
