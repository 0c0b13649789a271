//! `olvido receipt`, `olvido purchase show` and `olvido purchase forget`: a kept purchase by its
//! code. A code that is none, one that this store never gave and one behind which nothing is kept
//! get three different answers, and none says more than that.

use std::io::Write;

use anyhow::Result as Written;
use serde::Serialize;

use crate::domain::customer::Purpose;
use crate::domain::language::Language;
use crate::domain::look::{Look, LookReason};
use crate::domain::money::{Currency, Money};
use crate::domain::policy::{Card, Policy, Until};
use crate::domain::receipt::{KeptFor, Receipt, ReceiptMemory};
use crate::domain::ticket::number_text;
use crate::locale::Locale;
use crate::print::text;
use crate::seal::{CodeError, ReceiptCode, code};
use crate::store::{
    Forgetting, Found, Purchase, Reason, RestoredDays, Store, StoreError, destroy_key, note_forgotten,
    restored_days,
};
use crate::sync::exchange::How;

use super::args::{PurchaseShowArgs, ReceiptArgs};
use super::open::{Locked, files};
use super::problem::Problem;
use super::review::row;
use super::run::{DONE, REFUSED, Session, written};

/// The uses that were ticked, in the words of a policy.
pub(super) fn ticked(purposes: &[Purpose], policy: &Policy, locale: &'static Locale) -> String {
    let names = policy.purpose_names(purposes, locale.language());
    if names.is_empty() { locale.text("purchase-no-purposes").into_owned() } else { names.join(", ") }
}

impl Session {
    /// Prints the receipt of a kept purchase again.
    pub(super) fn receipt(&self, args: &ReceiptArgs, out: &mut impl Write) -> Result<u8, Problem> {
        let code = self.code(&args.code)?;
        let mut locked = self.open_store()?;
        let purchase = self.kept(&mut locked.store, &code)?;
        let language = self.asked_language.unwrap_or(locked.settings.store.language);
        let card = self.card(&locked.store, &purchase, language)?;
        let Some(ticket) = purchase.ticket.clone() else {
            return Err(self.refusal("purchase-ticket-gone", "purchase-ticket-gone-next"));
        };
        self.log_look(&mut locked.store, &purchase, LookReason::Receipt)?;
        // What stands before the colon says which kind it is.
        let kind = |customer: String| customer.split(':').next().unwrap_or_default().to_owned();
        let (profile, ticked) = purchase.customer.map(|(who, uses)| (kind(who), uses)).unzip();
        let ticked = ticked.unwrap_or_default();
        let no_uses = Locale::of(language).text("purchase-no-purposes");
        let kept = KeptFor::of_card(&card, &ticked, purchase.until, profile, &no_uses);
        let receipt = Receipt {
            ticket,
            lines: purchase.lines,
            given: Vec::new(),
            change: Money::ZERO,
            memory: ReceiptMemory {
                kept: Some(kept),
                choice: card.title,
                // Nothing is kept of a purchase whose customer did not answer.
                answered: true,
            },
            after: card.after,
            code: Some(code.text().to_string()),
        };
        let columns = args.columns.unwrap_or(locked.settings.receipt.columns);
        let lines = text::render(&receipt, Locale::of(language), columns);
        self.say(&lines.join("\n"), out)
    }

    /// Shows a kept purchase to whoever brings its code: that is the customer, and staff say why they
    /// look. Either is logged.
    pub(super) fn show_purchase(&self, args: &PurchaseShowArgs, out: &mut impl Write) -> Result<u8, Problem> {
        let code = self.code(&args.code)?;
        let mut locked = self.open_store()?;
        let purchase = self.kept(&mut locked.store, &code)?;
        self.log_look(&mut locked.store, &purchase, args.look.purpose.unwrap_or(LookReason::Receipt))?;
        if args.look.json {
            let looks = locked.store.looks(&purchase.id).map_err(|error| self.store_problem(&error))?;
            let json = purchase_json(&locked.store, &purchase, &looks);
            return self.say(&serde_json::to_string(&json).expect("a purchase is JSON"), out);
        }
        written(self.print_purchase(&locked.store, &purchase, out), self.locale())?;
        Ok(DONE)
    }

    /// Forgets a kept purchase.
    pub(super) fn forget_purchase(&self, code: &str, out: &mut impl Write) -> Result<u8, Problem> {
        let code = self.code(code)?;
        if !self.data.keys().exists() && self.data.database().exists() {
            return self.forget_without_keys(&code, out);
        }
        let mut locked = match self.open_store_to_forget(out)? {
            Ok(locked) => locked,
            Err(_locked) => {
                let destroyed = destroy_key(&files(&self.data), &code.purchase_id());
                return self.say_destroyed(destroyed, out);
            }
        };
        // The hub hears of it from the till, where the key to speak with it is gone.
        let has_hub = match locked.store.enrolment() {
            Err(_) if !locked.without.is_empty() => false,
            Err(error) if error.is_of_database() => {
                self.warn(&self.store_problem(&error), out)?;
                false
            }
            enrolment => enrolment.map_err(|error| self.store_problem(&error))?.is_some(),
        };
        let found = locked.store.find(&code);
        if has_hub && matches!(found, Ok(Found::Unknown)) {
            return self.forget_elsewhere(&mut locked, &code, out);
        }
        // What is here is forgotten without being read, so that damage keeps nobody from it.
        let forgetting = match locked.store.forget(&code) {
            Err(error) if error.is_of_database() => {
                let destroyed = destroy_key(&files(&self.data), &code.purchase_id());
                return self.say_destroyed(destroyed, out);
            }
            forgetting => forgetting.map_err(|error| self.store_problem(&error))?,
        };
        let Some(forgetting) = forgetting else {
            return Err(self
                .kept(&mut locked.store, &code)
                .err()
                .unwrap_or_else(|| self.refusal("purchase-forgotten", "purchase-forgotten-next")));
        };
        let mut stays = None;
        if let Ok(Found::Kept(purchase)) = found
            && purchase.ticket.is_some()
        {
            let policy = locked.store.policy_version(purchase.policy_version);
            // A damaged one has no words for it.
            stays =
                policy.ok().flatten().map(|policy| policy.after_forget_sentence(self.language, purchase.day));
        }
        let exit = self.say_forgotten(&mut locked, forgetting, stays, out)?;
        if has_hub {
            self.tell_copies(&mut locked, &code, out)?;
        }
        Ok(exit)
    }

    /// Where there is no keys file, nobody can open the purchase here, and its key may come back.
    fn forget_without_keys(&self, code: &ReceiptCode, out: &mut impl Write) -> Result<u8, Problem> {
        let _lock = self.lock()?;
        let noted = note_forgotten(&files(&self.data), &code.purchase_id());
        if !noted.map_err(|error| self.store_problem(&error))? {
            return Err(self.unknown_code()?);
        }
        self.say(&forgetting_words(Forgetting::Pending(Reason::NoKey), self.locale()), out)?;
        Ok(REFUSED)
    }

    /// Says how far a forget got, and what stays. Then it does what a till does in a quiet moment, and says
    /// that the bytes are out of the files only where that is so. Returns 1 where somebody has to do something first.
    pub(super) fn say_forgotten(
        &self,
        locked: &mut Locked,
        mut forgetting: Forgetting,
        stays: Option<String>,
        out: &mut impl Write,
    ) -> Result<u8, Problem> {
        let locale = self.locale();
        if forgetting == Forgetting::Pending(Reason::Compaction) {
            forgetting = self.rest(locked).unwrap_or(forgetting);
        }
        let said = [Some(forgetting_words(forgetting, locale)), stays];
        self.say(&said.into_iter().flatten().collect::<Vec<_>>().join("\n"), out)?;
        let rested = self.rest(locked);
        // What has a damaged key stays, whatever is complete beside it.
        if rested == Some(Forgetting::Complete) && forgetting != Forgetting::Pending(Reason::Slot) {
            let is_out = locked.store.is_compact().unwrap_or(false);
            self.say(
                &locale.text(if is_out { "purchase-forget-out" } else { "purchase-forget-out-later" }),
                out,
            )?;
        }
        match forgetting {
            Forgetting::Pending(reason) if reason.needs_somebody() => Ok(REFUSED),
            Forgetting::Pending(_) | Forgetting::Complete => Ok(DONE),
        }
    }

    /// What a forget that was said before still waits for; `None` where all of them are complete.
    pub(super) fn still_pending(&self, store: &mut Store) -> Result<Option<String>, Problem> {
        match store.finish_forgetting().map_err(|error| self.store_problem(&error))? {
            Forgetting::Complete => Ok(None),
            Forgetting::Pending(reason) => Ok(Some(self.locale().text(waits_for(reason)).into_owned())),
        }
    }

    /// Says that a key is destroyed and nothing noted, since the database cannot be read: the forget is pending, and
    /// somebody has to put a backup back.
    pub(super) fn say_destroyed(
        &self,
        destroyed: Result<bool, StoreError>,
        out: &mut impl Write,
    ) -> Result<u8, Problem> {
        if destroyed.map_err(|error| self.store_problem(&error))? {
            let path = [("path", self.data.database().display().to_string().into())];
            self.say(&self.locale().format("forget-key-only", &path), out)?;
            Ok(REFUSED)
        } else {
            Err(self.refusal("forget-no-key", "forget-no-key-next"))
        }
    }

    /// A code that this till does not know: another till of the store may hold the purchase.
    fn forget_elsewhere(
        &self,
        locked: &mut Locked,
        code: &ReceiptCode,
        out: &mut impl Write,
    ) -> Result<u8, Problem> {
        let forgetting = locked.store.forget_elsewhere(&code.purchase_id());
        forgetting.map_err(|error| self.store_problem(&error))?;
        self.say(&self.locale().text("sync-forget-elsewhere"), out)?;
        self.rest(locked);
        self.tell_copies(locked, code, out)
    }

    /// Tells the hub of a forget now, if it can be reached, and says how far the other copies are.
    fn tell_copies(
        &self,
        locked: &mut Locked,
        code: &ReceiptCode,
        out: &mut impl Write,
    ) -> Result<u8, Problem> {
        // Where it cannot be told now, the till does it later by itself.
        if locked.without.is_empty() {
            let _ = self.exchange(locked, How::Forgets)?;
        }
        let state = locked.store.forget_state(&code.purchase_id());
        let state = state.map_err(|error| self.store_problem(&error))?.unwrap_or_default();
        let words = ["sync-forget-accepted", "sync-forget-progress", "sync-forget-complete"];
        self.say(&self.copies_words(state, words), out)
    }

    pub(super) fn say(&self, text: &str, out: &mut impl Write) -> Result<u8, Problem> {
        written(writeln!(out, "{text}").map_err(Into::into), self.locale())?;
        Ok(DONE)
    }

    pub(super) fn refusal(&self, what: &str, next: &str) -> Problem {
        let words = |key| self.locale().text(key).into_owned();
        Problem { what: words(what), place: None, next: Some(words(next)) }
    }

    pub(super) fn log_look(
        &self,
        store: &mut Store,
        purchase: &Purchase,
        reason: LookReason,
    ) -> Result<(), Problem> {
        let by = self.environment.user.clone().unwrap_or_default();
        let look = Look { at: crate::app::now(), reason, by };
        store.log_look(&purchase.id, &look).map_err(|error| self.store_problem(&error))
    }

    /// A code as typed.
    fn code(&self, text: &str) -> Result<ReceiptCode, Problem> {
        let locale = self.locale();
        ReceiptCode::parse(text).map_err(|error| {
            let what = match error {
                CodeError::Length(found) => {
                    let wanted = code::SYMBOLS.into();
                    locale.format("purchase-code-length", &[("wanted", wanted), ("found", found.into())])
                }
                CodeError::Symbol(place, symbol) => {
                    let symbol = symbol.to_string().into();
                    locale.format("purchase-code-symbol", &[("place", place.into()), ("symbol", symbol)])
                }
                CodeError::Check => locale.text("purchase-code-check").into_owned(),
            };
            Problem { what, place: None, next: Some(locale.text("purchase-code-next").into_owned()) }
        })
    }

    fn kept(&self, store: &mut Store, code: &ReceiptCode) -> Result<Purchase, Problem> {
        let found = store.find(code).map_err(|error| self.store_problem(&error))?;
        if matches!(found, Found::Forgotten { .. }) {
            // Its key is here again where somebody put an earlier keys file back.
            store.reclaim_slots().map_err(|error| self.store_problem(&error))?;
        }
        if let Found::Forgotten { pending: true } = found
            && let Some(next) = self.still_pending(store)?
        {
            let what = self.locale().text("purchase-forgotten-pending").into_owned();
            return Err(Problem { what, place: None, next: Some(next) });
        }
        match found {
            Found::Kept(purchase) => Ok(*purchase),
            Found::Unknown => Err(self.unknown_code()?),
            Found::PastTerm => Err(self.refusal("purchase-past-term", "purchase-past-term-next")),
            Found::Forgotten { .. } => {
                let mut problem = self.refusal("purchase-forgotten", "purchase-forgotten-next");
                let state = match store.forget_state(&code.purchase_id()) {
                    // What is known of copies elsewhere is damaged: that it is forgotten here is not.
                    Err(error) if error.is_of_database() => None,
                    state => state.map_err(|error| self.store_problem(&error))?,
                };
                if let Some(state) = state {
                    let words =
                        ["sync-forgotten-accepted", "sync-forgotten-progress", "sync-forgotten-complete"];
                    let said = self.copies_words(state, words);
                    let mut lines = said.splitn(2, '\n').map(str::to_owned);
                    problem.what = lines.next().unwrap_or_default();
                    problem.place = lines.next();
                }
                Err(problem)
            }
        }
    }

    /// Nothing is found under a code. Where the store was restored, what that ended looks like a code of another shop.
    /// Errors: of the store.
    fn unknown_code(&self) -> Result<Problem, Problem> {
        let restored = restored_days(&self.data.database()).map_err(|error| self.store_problem(&error))?;
        let Some(RestoredDays { from, to }) = restored else {
            return Ok(self.refusal("purchase-unknown", "purchase-unknown-next"));
        };
        let locale = self.locale();
        let days = [("from", locale.date(from).into()), ("to", locale.date(to).into())];
        let next = Some(locale.format("purchase-not-found-next", &days));
        Ok(Problem { next, ..self.refusal("purchase-not-found", "purchase-unknown-next") })
    }

    /// The card that was chosen, in the words of the policy that was shown.
    fn card(&self, store: &Store, purchase: &Purchase, language: Language) -> Result<Card, Problem> {
        let policy = store.policy_version(purchase.policy_version);
        let policy = policy.map_err(|error| self.store_problem(&error))?;
        let card = policy.as_ref().unwrap_or(store.policy()).card(&purchase.choice, language, purchase.day);
        let damaged = || {
            let what = format!("choice {} of policy {}", purchase.choice, purchase.policy_version);
            self.store_problem(&crate::store::StoreError::Damaged(what))
        };
        card.ok_or_else(damaged)
    }

    pub(super) fn print_purchase(
        &self,
        store: &Store,
        purchase: &Purchase,
        out: &mut impl Write,
    ) -> Written<()> {
        let locale = self.locale();
        let currency = currency(store, purchase);
        let chosen = self.card(store, purchase, self.language);
        let title = chosen.map_or_else(|_| purchase.choice.clone(), |card| card.title);
        let until = match purchase.until {
            Until::Date(date) => locale.date(date),
            Until::CustomerSaysSo => locale.text("purchase-until-customer").into_owned(),
        };
        let mut facts = vec![
            ("purchase-ticket", number(store, purchase)),
            ("purchase-day", locale.date(purchase.day)),
            ("purchase-choice", title),
            ("purchase-until", until),
        ];
        if let Some((customer, purposes)) = &purchase.customer {
            let policy = store.policy_version(purchase.policy_version).ok().flatten();
            let purposes = ticked(purposes, policy.as_ref().unwrap_or(store.policy()), locale);
            // What stands before the colon says which kind it is.
            let text = customer.split_once(':').map_or(customer.as_str(), |(_, text)| text);
            facts.extend([("purchase-customer", text.to_owned()), ("purchase-purposes", purposes)]);
        }
        for (key, value) in facts {
            writeln!(out, "{}: {value}", locale.text(key))?;
        }
        for line in &purchase.lines {
            let figures = [locale.quantity(line.quantity, line.unit), locale.money(line.amount, &currency)];
            row(&line.name, &figures, out)?;
        }
        let total = locale.money_signed(total(purchase), &currency);
        row(&locale.text("purchase-total"), &[String::new(), total], out)?;
        writeln!(out, "{}:", locale.text("purchase-looks"))?;
        for look in store.looks(&purchase.id)? {
            let (at, reason) = (look.at, locale.text(look_words(look.reason)));
            let by = if look.by.is_empty() { String::new() } else { format!(", {}", look.by) };
            writeln!(out, "  {} {}: {reason}{by}", locale.date(at.date_naive()), locale.time(at.time()))?;
        }
        Ok(())
    }
}

/// A purchase as machines read it.
pub(super) fn purchase_json<'a>(
    store: &Store,
    purchase: &'a Purchase,
    looks: &'a [Look],
) -> PurchaseJson<'a> {
    let decimals = currency(store, purchase).decimals;
    let lines = purchase.lines.iter().map(|line| LineJson {
        name: &line.name,
        department: &line.department,
        quantity: line.quantity.decimal(line.unit),
        unit_price: line.unit_price.decimal(decimals),
        tax: line.rate.decimal(),
        amount: line.amount.decimal(decimals),
    });
    PurchaseJson {
        ticket: number(store, purchase),
        day: purchase.day.to_string(),
        total: total(purchase).decimal(decimals),
        discount: purchase.discount.decimal(decimals),
        lines: lines.collect(),
        choice: &purchase.choice,
        policy: purchase.policy_version,
        until: purchase.until.date().map(|date| date.to_string()),
        customer: purchase.customer.as_ref().map(|(customer, purposes)| CustomerJson {
            customer,
            purposes: purposes.iter().map(|purpose| purpose.as_str()).collect(),
        }),
        looks,
    }
}

#[derive(Serialize)]
pub(super) struct PurchaseJson<'a> {
    ticket: String,
    day: String,
    total: String,
    discount: String,
    lines: Vec<LineJson<'a>>,
    choice: &'a str,
    policy: u32,
    /// Last day; nothing where the customer says when.
    until: Option<String>,
    customer: Option<CustomerJson<'a>>,
    /// When it was looked at and what for, this time too; `by` is a name where the system tells one.
    looks: &'a [Look],
}

#[derive(Serialize)]
struct LineJson<'a> {
    name: &'a str,
    department: &'a str,
    quantity: String,
    unit_price: String,
    tax: String,
    amount: String,
}

#[derive(Serialize)]
struct CustomerJson<'a> {
    customer: &'a str,
    purposes: Vec<&'a str>,
}

fn look_words(reason: LookReason) -> &'static str {
    match reason {
        LookReason::Receipt => "purchase-look-receipt",
        LookReason::CustomerAsks => "purchase-look-customer-asks",
        LookReason::Return => "purchase-look-return",
        LookReason::Guarantee => "purchase-look-guarantee",
        LookReason::Complaint => "purchase-look-complaint",
        LookReason::Authority => "purchase-look-authority",
        LookReason::Unsaid => "purchase-look-unsaid",
        LookReason::Other => "purchase-look-other",
    }
}

/// How far a forget got, and no more than that.
fn forgetting_words(forgetting: Forgetting, locale: &'static Locale) -> String {
    match forgetting {
        Forgetting::Complete => locale.text("purchase-forget-complete").into_owned(),
        Forgetting::Pending(reason) => {
            format!("{} {}", locale.text("purchase-forget-accepted"), locale.text(waits_for(reason)))
        }
    }
}

pub(super) fn waits_for(reason: Reason) -> &'static str {
    match reason {
        Reason::Reader => "forget-waits-reader",
        Reason::DiskFull => "forget-waits-full",
        Reason::LeftOver => "forget-waits-left-over",
        Reason::Compaction => "forget-waits-compaction",
        Reason::NoKey => "forget-waits-no-key",
        Reason::Slot => "forget-waits-slot",
        Reason::Damage => "forget-waits-damage",
    }
}

/// Where the ticket went after its term, the till's present series stands before its number.
fn number(store: &Store, purchase: &Purchase) -> String {
    match &purchase.ticket {
        Some(ticket) => ticket.number_text(),
        None => number_text(&store.issuer().series, purchase.number),
    }
}

fn currency(store: &Store, purchase: &Purchase) -> Currency {
    purchase.ticket.as_ref().map_or(&store.issuer().currency, |ticket| &ticket.issuer.currency).clone()
}

fn total(purchase: &Purchase) -> Money {
    purchase.lines.iter().map(|line| line.amount).sum()
}
