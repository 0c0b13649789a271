//! `olvido customer show` and `olvido customer forget`: all that is kept of somebody.

use std::io::Write;

use serde::Serialize;

use crate::domain::customer::{Identifier, IdentifierError};
use crate::domain::look::LookReason;
use crate::domain::settings::Settings;
use crate::store::{Customer, Forgetting, Purchase, Store, StoreError, destroy_keys_of};
use crate::ui::event::Draft;

use super::args::{CustomerArgs, CustomerShowArgs};
use super::open::{Locked, files};
use super::problem::Problem;
use super::purchase::{PurchaseJson, purchase_json, ticked};
use super::run::{DONE, Session, written};

#[derive(Serialize)]
struct ProfileJson<'a> {
    /// As `kind:value`.
    customer: String,
    purposes: Vec<&'a str>,
    purchases: Vec<PurchaseJson<'a>>,
    /// How many purchases are past their term: nobody can read them, and they go by themselves.
    past_term: usize,
}

impl Session {
    /// Shows all of it, which is what somebody who asks has a right to (GDPR, article 15), also in a form that
    /// machines read (article 20). Each purchase shown is logged; staff who look for another reason say which.
    pub(super) fn show_customer(&self, args: &CustomerShowArgs, out: &mut impl Write) -> Result<u8, Problem> {
        let mut locked = self.open_store()?;
        for identifier in self.whom(&args.whom, &mut locked)? {
            self.show_one(&mut locked, &identifier, args, out)?;
        }
        Ok(DONE)
    }

    fn show_one(
        &self,
        locked: &mut Locked,
        identifier: &Identifier,
        args: &CustomerShowArgs,
        out: &mut impl Write,
    ) -> Result<(), Problem> {
        let customer = locked.store.customer(identifier).map_err(|error| self.store_problem(&error))?;
        let Some(customer) = customer else { return Err(self.unknown_customer(locked)?) };
        let locale = self.locale();
        let purposes = ticked(&customer.purposes, locked.store.policy(), locale);
        let mut purchases = Vec::with_capacity(customer.purchases.len());
        for id in &customer.purchases {
            purchases.extend(locked.store.remembered(id).map_err(|error| self.store_problem(&error))?);
        }
        purchases.sort_by_key(|purchase| purchase.number);
        for purchase in &purchases {
            let reason = args.look.purpose.unwrap_or(LookReason::CustomerAsks);
            self.log_look(&mut locked.store, purchase, reason)?;
        }
        if args.look.json {
            let json = self.customer_json(&locked.store, identifier, &customer, &purchases)?;
            return self.say(&json, out).map(drop);
        }
        let mut count = locale.format("customer-purchases", &[("count", purchases.len().into())]);
        let hidden = customer.purchases.len() - purchases.len();
        if hidden > 0 {
            count = format!("{count}\n{}", locale.format("customer-past-term", &[("count", hidden.into())]));
        }
        let head = format!(
            "{}: {}\n{}: {purposes}\n{count}",
            locale.text("purchase-customer"),
            identifier.text(),
            locale.text("purchase-purposes"),
        );
        self.say(&head, out)?;
        for purchase in purchases {
            self.say("", out)?;
            written(self.print_purchase(&locked.store, &purchase, out), locale)?;
        }
        Ok(())
    }

    fn customer_json(
        &self,
        store: &Store,
        identifier: &Identifier,
        customer: &Customer,
        purchases: &[Purchase],
    ) -> Result<String, Problem> {
        let looks = purchases.iter().map(|purchase| store.looks(&purchase.id)).collect::<Result<Vec<_>, _>>();
        let looks = looks.map_err(|error| self.store_problem(&error))?;
        let json = ProfileJson {
            customer: identifier.canonical(),
            purposes: customer.purposes.iter().map(|purpose| purpose.as_str()).collect(),
            purchases: purchases
                .iter()
                .zip(&looks)
                .map(|(p, looks)| purchase_json(store, p, looks))
                .collect(),
            past_term: customer.purchases.len() - purchases.len(),
        };
        Ok(serde_json::to_string(&json).expect("a profile is JSON"))
    }

    /// Forgets the profile and every purchase in it.
    pub(super) fn forget_customer(&self, args: &CustomerArgs, out: &mut impl Write) -> Result<u8, Problem> {
        let mut locked = match self.open_store_to_forget(out)? {
            Ok(locked) => locked,
            Err(unopened) => return self.destroy_keys(args, &unopened.settings, out),
        };
        let named: Vec<Identifier> = self.readings(args, &locked.settings)?.into_iter().flatten().collect();
        let in_basket = self.ask_again(&mut locked.store, &named)?;
        if in_basket {
            self.say(&self.locale().text("customer-in-basket"), out)?;
        }
        let mut said = None;
        let whom = match self.whom(args, &mut locked) {
            // Nobody is found by another store key, or by none.
            Err(_) if locked.without.iter().any(hides_customers) => {
                let error = locked.without.iter().find(|error| hides_customers(error)).expect("just seen");
                return Err(self.store_problem(error));
            }
            Err(_) if in_basket => return Ok(DONE),
            whom => whom?,
        };
        for identifier in whom {
            let forgotten = locked.store.forget_customer(&identifier);
            if forgotten.as_ref().is_err_and(StoreError::is_of_database) {
                return self.destroy_keys(args, &locked.settings, out);
            }
            if let Some(forgetting) = forgotten.map_err(|error| self.store_problem(&error))? {
                said = said.filter(|said| *said != Forgetting::Complete).or(Some(forgetting));
            }
        }
        match said {
            Some(forgetting) => {
                let stays = self.locale().text("customer-tickets-stay").into_owned();
                self.say_forgotten(&mut locked, forgetting, Some(stays), out)
            }
            None => Err(self.unknown_customer(&mut locked)?),
        }
    }

    /// Where the basket of before the till was closed holds one of them as whom to remember, its customer is
    /// asked again, and the key that sealed the answer is gone. Returns whether it did.
    fn ask_again(&self, store: &mut Store, whom: &[Identifier]) -> Result<bool, Problem> {
        // What cannot be opened comes back to no till either.
        let Ok(Some(plaintext)) = store.draft() else { return Ok(false) };
        let Ok(mut draft) = serde_json::from_slice::<Draft>(&plaintext) else { return Ok(false) };
        if !draft.forget(whom) {
            return Ok(false);
        }
        let sealed = serde_json::to_vec(&draft).expect("a draft is JSON");
        let kept = store.drop_draft().and_then(|()| store.save_draft(&sealed));
        kept.map(|()| true).map_err(|error| self.store_problem(&error))
    }

    /// Nobody is on file by this name. Whoever was forgotten is not known any more, so it says what is true of
    /// all: whether a forget is still pending. Errors: of the store, where it cannot tell.
    fn unknown_customer(&self, locked: &mut Locked) -> Result<Problem, Problem> {
        Ok(match self.still_pending(&mut locked.store)? {
            None => self.refusal("customer-unknown", "customer-unknown-next"),
            Some(next) => {
                Problem { next: Some(next), ..self.refusal("customer-pending", "customer-unknown-next") }
            }
        })
    }

    /// What is left to do where the database cannot be read.
    fn destroy_keys(
        &self,
        args: &CustomerArgs,
        settings: &Settings,
        out: &mut impl Write,
    ) -> Result<u8, Problem> {
        let mut any = Ok(false);
        for identifier in self.readings(args, settings)?.iter().flatten() {
            any = match (any, destroy_keys_of(&files(&self.data), identifier)) {
                (Ok(before), Ok(now)) => Ok(before || now),
                (Err(error), _) | (_, Err(error)) => Err(error),
            };
        }
        self.say_destroyed(any, out)
    }

    /// Who is on file of those whom the text can name: several ways in which one person is. Errors: nobody
    /// is, or two are who may be different people, and the text does not say which.
    fn whom(&self, args: &CustomerArgs, locked: &mut Locked) -> Result<Vec<Identifier>, Problem> {
        let mut found: Vec<Vec<Identifier>> = Vec::new();
        for person in self.readings(args, &locked.settings)? {
            let mut known = Vec::new();
            for identifier in person {
                if locked.store.knows(&identifier).map_err(|error| self.store_problem(&error))? {
                    known.push(identifier);
                }
            }
            if !known.is_empty() {
                found.push(known);
            }
        }
        if found.len() > 1 {
            let names: Vec<String> = found.iter().flatten().map(Identifier::canonical).collect();
            let words = |key| self.locale().format(key, &[("names", names.join(", ").into())]);
            let next = Some(words("customer-which-next"));
            return Err(Problem { what: words("customer-which"), place: None, next });
        }
        match found.pop() {
            Some(whom) => Ok(whom),
            None => Err(self.unknown_customer(locked)?),
        }
    }

    fn readings(&self, args: &CustomerArgs, settings: &Settings) -> Result<Vec<Vec<Identifier>>, Problem> {
        let parsed = Identifier::readings(&args.identifier, &settings.store.dialling_code);
        parsed.map_err(|error| {
            let what = match error {
                IdentifierError::NotAPhone => "customer-not-phone",
                IdentifierError::NotAnEmail => "customer-not-email",
                IdentifierError::Empty | IdentifierError::NotACard => "customer-not-card",
                IdentifierError::PaymentCard => "customer-payment-card",
            };
            self.refusal(what, "customer-identifier-next")
        })
    }
}

/// Whether it can keep a customer from being found: what finds them is made with the store key, and lies in the
/// newest keys file.
fn hides_customers(error: &StoreError) -> bool {
    matches!(error, StoreError::StoreKey(_) | StoreError::Keys(_) | StoreError::DatabaseOlder)
}
