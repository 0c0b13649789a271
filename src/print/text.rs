//! Receipts as text, in 32, 42 or 48 columns, in two parts: what the store keeps, rendered from the
//! ticket and nothing else, and what is only on the paper.

use super::layout::{centred, clean, cut, right_aligned, row, width, wrap};
use crate::domain::money::{Currency, Money};
use crate::domain::policy::Until;
use crate::domain::quantity::{Quantity, Unit};
use crate::domain::receipt::{KeptFor, Receipt};
use crate::domain::sale::KeptLine;
use crate::domain::tax::{TaxAmount, TaxRate};
use crate::domain::tender::{Tender, TenderKind};
use crate::domain::ticket::Ticket;
use crate::locale::Locale;

/// A whole receipt; no line is wider than `columns`.
pub fn render(receipt: &Receipt, locale: &'static Locale, columns: u16) -> Vec<String> {
    let mut paper = Paper::new(locale, &receipt.ticket.issuer.currency, columns);
    paper.heading("receipt-kept-heading");
    paper.lines.extend(render_ticket(&receipt.ticket, locale, columns));
    paper.blank();
    paper.second_part(receipt);
    paper.promise(receipt);
    paper.lines
}

/// The ticket: the simplified invoice, the same to the letter on the receipt and from the stored
/// copy. RD 1619/2012, article 7: number, date, seller and tax id, goods or their kind, rate,
/// total. No line is wider than `columns`.
pub fn render_ticket(ticket: &Ticket, locale: &'static Locale, columns: u16) -> Vec<String> {
    let mut paper = Paper::new(locale, &ticket.issuer.currency, columns);
    paper.seller(ticket);
    paper.goods(ticket);
    paper.payment(ticket);
    paper.taxes(&ticket.body.taxes);
    paper.lines
}

/// What can be shown of a receipt without its code: the ticket, and the word that there is no more here.
pub fn render_earlier(ticket: &Ticket, locale: &'static Locale, columns: u16) -> Vec<String> {
    let mut paper = Paper::new(locale, &ticket.issuer.currency, columns);
    paper.heading("receipt-kept-heading");
    paper.lines.extend(render_ticket(ticket, locale, columns));
    paper.blank();
    paper.paragraph(&locale.text("receipt-earlier"));
    paper.lines
}

struct Paper<'a> {
    locale: &'static Locale,
    currency: &'a Currency,
    columns: usize,
    lines: Vec<String>,
}

impl<'a> Paper<'a> {
    fn new(locale: &'static Locale, currency: &'a Currency, columns: u16) -> Paper<'a> {
        Paper { locale, currency, columns: usize::from(columns), lines: Vec::new() }
    }

    fn seller(&mut self, ticket: &Ticket) {
        let tax_id = self.locale.format("receipt-tax-id", &[("id", (&ticket.issuer.tax_id).into())]);
        self.lines.extend(centred(&clean(&ticket.issuer.name), self.columns));
        self.lines.extend(centred(&clean(&tax_id), self.columns));
        self.row(&self.locale.text("receipt-invoice"), &clean(&ticket.number_text()));
        let time = ticket.at.format("%H:%M:%S").to_string();
        self.row(&self.locale.date(ticket.day()), &time);
    }

    fn goods(&mut self, ticket: &Ticket) {
        self.rule();
        for product in &ticket.body.products {
            self.priced(&product.name, product.rate, product.amount);
            if product.quantity != Quantity::ONE || product.unit != Unit::Piece {
                let quantity = self.locale.quantity(product.quantity, product.unit);
                self.lines.push(cut(&format!("  {quantity}"), self.columns));
            }
        }
        if ticket.body.products.is_empty() {
            for goods in &ticket.body.goods {
                match goods.rate {
                    Some(rate) => self.priced(&goods.kind, rate, goods.amount),
                    None => self.described(&goods.kind, goods.amount),
                }
            }
        }
        self.rule();
    }

    /// What was sold in the shop's words, which are never cut, and an amount.
    fn described(&mut self, kind: &str, amount: Money) {
        let amount = self.money(amount);
        let room = self.columns.saturating_sub(width(&amount) + 1).max(self.columns / 2);
        let mut lines = wrap(&clean(kind), room);
        let last = lines.pop().unwrap_or_default();
        self.lines.extend(lines);
        self.row(&last, &amount);
    }

    /// A name and its tax rate, and an amount. The rate is never cut.
    fn priced(&mut self, name: &str, rate: TaxRate, amount: Money) {
        let (rate, amount) = (format!(" {}", self.locale.percent(rate)), self.money(amount));
        let room = self.columns.saturating_sub(width(&rate) + width(&amount) + 1);
        let name = cut(&clean(name), room);
        self.row(&format!("{name}{rate}"), &amount);
    }

    fn payment(&mut self, ticket: &Ticket) {
        let total = self.locale.money_signed(ticket.total, self.currency);
        self.row(&self.locale.text("receipt-total"), &total);
        if ticket.body.rounding != Money::ZERO {
            let rounding = self.money(ticket.body.rounding);
            self.row(&self.locale.text("receipt-rounding"), &rounding);
        }
        for tender in &ticket.body.tenders {
            let key = match tender.kind {
                TenderKind::Cash => "receipt-cash",
                TenderKind::Card => "receipt-card",
            };
            let amount = self.money(tender.amount);
            self.row(&self.locale.text(key), &amount);
        }
        self.rule();
    }

    /// Rate, base and tax, one line a rate; two where the amounts are too wide for one.
    fn taxes(&mut self, taxes: &[TaxAmount]) {
        let [tax, base, amount] =
            ["receipt-tax", "receipt-tax-base", "receipt-tax-amount"].map(|key| self.locale.text(key));
        let rate_columns = self.columns / 4;
        let amount_columns = (self.columns - rate_columns) / 2;
        let rest = self.columns - rate_columns - 2 * amount_columns;
        let line = |rate: &str, base: &str, tax: &str| {
            let rate = cut(rate, rate_columns);
            let gap = " ".repeat(rate_columns + rest - width(&rate));
            let (base, tax) = (right_aligned(base, amount_columns), right_aligned(tax, amount_columns));
            format!("{rate}{gap}{base}{tax}")
        };
        let narrow = |t: &TaxAmount| width(&self.money(t.base)) < amount_columns;
        if taxes.iter().all(narrow) {
            self.lines.push(line(&tax, &base, &amount));
            for t in taxes {
                let (rate, base, tax) = (self.locale.percent(t.rate), self.money(t.base), self.money(t.tax));
                self.lines.push(line(&rate, &base, &tax));
            }
            return;
        }
        for t in taxes {
            let rate = format!("{tax} {}", self.locale.percent(t.rate));
            self.row(&format!("{rate} {base}"), &self.money(t.base));
            self.row(&format!("{rate} {amount}"), &self.money(t.tax));
        }
    }

    fn second_part(&mut self, receipt: &Receipt) {
        let on_ticket = !receipt.ticket.body.products.is_empty();
        let kept = receipt.memory.kept.as_ref();
        if let Some(kept) = kept {
            self.heading("receipt-also-kept-heading");
            self.kept_for(kept);
        }
        if on_ticket {
            self.paragraph(&self.locale.text("receipt-lines-on-ticket"));
        }
        let (lines, discounts) = (!on_ticket, receipt.discount() != Money::ZERO);
        if kept.is_none() && (lines || discounts) {
            if on_ticket {
                self.blank();
            }
            self.heading("receipt-paper-heading");
        }
        if lines {
            receipt.lines.iter().for_each(|line| self.line(line));
        }
        if discounts {
            self.discounts(receipt, lines);
        }
        self.change(receipt, kept.is_some() || !(lines || discounts));
    }

    fn kept_for(&mut self, kept: &KeptFor) {
        let until = match kept.until {
            Until::Date(date) => self.locale.date(date),
            Until::CustomerSaysSo => self.locale.text("receipt-until-customer").into_owned(),
        };
        if let Some(kind) = &kept.profile {
            self.paragraph(&self.locale.format("receipt-kept-profile", &[("kind", kind.into())]));
        }
        self.paragraph(&self.locale.format("receipt-kept-for", &[("purpose", (&kept.purpose).into())]));
        let key = if kept.renewed { "receipt-kept-until-renewed" } else { "receipt-kept-until" };
        self.paragraph(&self.locale.format(key, &[("until", until.into())]));
        self.rule();
    }

    /// What all discounts took off. `below`: lines stand above it.
    fn discounts(&mut self, receipt: &Receipt, below: bool) {
        if below {
            self.rule();
        }
        self.row(&self.locale.text("receipt-subtotal"), &self.money(receipt.subtotal()));
        self.row(&self.locale.text("receipt-discounts"), &self.money(-receipt.discount()));
    }

    fn line(&mut self, line: &KeptLine) {
        let (name, gross) = (clean(&line.name), self.money(line.gross));
        if line.unit == Unit::Piece && line.quantity == Quantity::ONE {
            self.row(&name, &gross);
        } else {
            let quantity = self.locale.quantity(line.quantity, line.unit);
            self.lines.push(cut(&name, self.columns));
            self.row(&format!("  {quantity} × {}", self.money(line.unit_price)), &gross);
        }
        if line.discount() != Money::ZERO {
            let discount = self.locale.text("receipt-discount");
            self.row(&format!("  {discount}"), &self.money(-line.discount()));
        }
    }

    /// The cash given, where some was given back: the ticket keeps only what is between the two. Under
    /// the paper's heading even where the lines are kept.
    fn change(&mut self, receipt: &Receipt, own_heading: bool) {
        if receipt.change == Money::ZERO {
            return;
        }
        if own_heading {
            self.blank();
            self.heading("receipt-paper-heading");
        } else {
            self.rule();
        }
        for Tender { amount, .. } in receipt.given.iter().filter(|given| given.kind == TenderKind::Cash) {
            self.row(&self.locale.text("receipt-given-cash"), &self.money(*amount));
        }
        self.row(&self.locale.text("receipt-change"), &self.money(receipt.change));
    }

    fn promise(&mut self, receipt: &Receipt) {
        self.rule();
        let key = if receipt.memory.answered { "receipt-choice" } else { "receipt-not-answered" };
        self.paragraph(&self.locale.format(key, &[("choice", (&receipt.memory.choice).into())]));
        self.paragraph(&receipt.after);
        if let Some(code) = &receipt.code {
            self.blank();
            self.paragraph(&self.locale.text("receipt-code"));
            self.lines.extend(centred(&clean(code), self.columns));
            let use_key =
                if receipt.memory.kept.is_some() { "receipt-code-use" } else { "receipt-code-forgotten" };
            self.paragraph(&self.locale.text(use_key));
        }
    }

    fn heading(&mut self, key: &str) {
        self.lines.extend(wrap(&self.locale.text(key), self.columns));
        self.rule();
    }

    fn row(&mut self, left: &str, right: &str) {
        self.lines.extend(row(left, right, self.columns));
    }

    fn paragraph(&mut self, text: &str) {
        self.lines.extend(wrap(&clean(text), self.columns));
    }

    fn rule(&mut self) {
        self.lines.push("-".repeat(self.columns));
    }

    fn blank(&mut self) {
        self.lines.push(String::new());
    }

    fn money(&self, amount: Money) -> String {
        self.locale.money(amount, self.currency)
    }
}

#[cfg(test)]
#[path = "text_tests.rs"]
mod tests;
