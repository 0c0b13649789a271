//! `olvido customer show` and `olvido customer forget`: all that is kept of somebody.

use std::io::Write;

use serde::Serialize;

use crate::domain::customer::{Identifier, IdentifierError};
use crate::domain::look::LookReason;
use crate::domain::settings::Settings;
use crate::store::{Customer, Forgetting, Outbox, Purchase, Store, StoreError, destroy_keys_of, has_keys_of};
use crate::sync::exchange::How;
use crate::ui::event::Draft;

use super::args::{CustomerForgetArgs, CustomerShowArgs};
use super::open::{Locked, files};
use super::problem::Problem;
use super::purchase::{PurchaseJson, purchase_json, ticked};
use super::run::{DONE, REFUSED, Session, written};

#[derive(Serialize)]
struct ProfileJson<'a> {
    /// As `kind:value`.
    customer: String,
    /// Nothing where what they ticked cannot be read.
    purposes: Option<Vec<&'a str>>,
    purchases: Vec<PurchaseJson<'a>>,
    /// How many purchases are past their term: nobody can read them, and they go by themselves.
    past_term: usize,
    /// How much else is kept that cannot be read and is theirs, or may be.
    unread: usize,
}

/// What was read of a customer.
struct Read {
    customer: Customer,
    purchases: Vec<Purchase>,
    /// How many of their purchases are past their term.
    past_term: usize,
    unread: usize,
}

impl Session {
    /// Shows all of it, which is what somebody who asks has a right to (GDPR, article 15), also in a form that
    /// machines read (article 20). Each purchase shown is logged; staff who look for another reason say which.
    pub(super) fn show_customer(&self, args: &CustomerShowArgs, out: &mut impl Write) -> Result<u8, Problem> {
        let mut locked = self.open_store()?;
        let people = self.readings(&args.whom.identifier, &locked.settings)?;
        let basket = open_basket(&locked.store);
        let mut is_whole = true;
        let mut is_known = basket.is_some_and(|basket| people.iter().flatten().any(|who| basket.names(who)));
        if is_known {
            let words = self.locale().text("customer-in-basket-open");
            // Beside a copy for machines.
            if args.look.json { eprintln!("{words}") } else { self.say(&words, out).map(drop)? }
        }
        let whom = self.whom(people, |identifier| locked.store.knows(identifier))?;
        for identifier in whom {
            let Some(exit) = self.show_one(&mut locked, &identifier, args, out)? else { continue };
            is_known = true;
            is_whole &= exit == DONE;
        }
        match is_known {
            true => Ok(if is_whole { DONE } else { REFUSED }),
            false => Err(self.unknown_customer(&mut locked)?),
        }
    }

    /// Returns 1 where something cannot be read, `None` where nothing is kept of them under this identifier.
    fn show_one(
        &self,
        locked: &mut Locked,
        identifier: &Identifier,
        args: &CustomerShowArgs,
        out: &mut impl Write,
    ) -> Result<Option<u8>, Problem> {
        let Some(read) = self.read_customer(&mut locked.store, identifier)? else { return Ok(None) };
        let exit = if read.unread > 0 || read.customer.purposes.is_none() { REFUSED } else { DONE };
        for purchase in &read.purchases {
            let reason = args.look.purpose.unwrap_or(LookReason::Unsaid);
            self.log_look(&mut locked.store, purchase, reason)?;
        }
        if args.look.json {
            let json = self.customer_json(&locked.store, identifier, &read)?;
            return self.say(&json, out).map(|_| Some(exit));
        }
        let locale = self.locale();
        let counted = |key: &str, count: usize| locale.format(key, &[("count", count.into())]);
        let purposes = match &read.customer.purposes {
            Some(purposes) => ticked(purposes, locked.store.policy(), locale),
            None => locale.text("customer-purposes-unread").into_owned(),
        };
        let mut head = vec![
            format!("{}: {}", locale.text("purchase-customer"), identifier.text()),
            format!("{}: {purposes}", locale.text("purchase-purposes")),
            counted("customer-purchases", read.purchases.len()),
        ];
        if read.past_term > 0 {
            head.push(counted("customer-past-term", read.past_term));
        }
        if read.unread > 0 {
            head.push(counted("customer-unread", read.unread));
        }
        if exit == REFUSED {
            head.push(locale.text("forget-despite-next").into_owned());
        }
        self.say(&head.join("\n"), out)?;
        for purchase in read.purchases {
            self.say("", out)?;
            written(self.print_purchase(&locked.store, &purchase, out), locale)?;
        }
        Ok(Some(exit))
    }

    fn read_customer(&self, store: &mut Store, identifier: &Identifier) -> Result<Option<Read>, Problem> {
        let customer = store.customer(identifier).map_err(|error| self.store_problem(&error))?;
        let Some(customer) = customer else { return Ok(None) };
        let (mut past_term, mut unread) = (0, customer.unread);
        let mut purchases = Vec::with_capacity(customer.purchases.len());
        for id in &customer.purchases {
            match store.remembered(id) {
                // One that cannot be read hides no other.
                Err(error) if error.is_of_database() || matches!(error, StoreError::Keys(_)) => {
                    log::error!("a kept purchase cannot be read: {error}");
                    unread += 1;
                }
                purchase => match purchase.map_err(|error| self.store_problem(&error))? {
                    Some(purchase) => purchases.push(purchase),
                    None => past_term += 1,
                },
            }
        }
        purchases.sort_by_key(|purchase| purchase.number);
        Ok(Some(Read { customer, purchases, past_term, unread }))
    }

    fn customer_json(&self, store: &Store, identifier: &Identifier, read: &Read) -> Result<String, Problem> {
        let Read { customer, purchases, past_term, unread } = read;
        let looks = purchases.iter().map(|purchase| store.looks(&purchase.id)).collect::<Result<Vec<_>, _>>();
        let looks = looks.map_err(|error| self.store_problem(&error))?;
        let json = ProfileJson {
            customer: identifier.canonical(),
            purposes: customer
                .purposes
                .as_ref()
                .map(|purposes| purposes.iter().map(|purpose| purpose.as_str()).collect()),
            purchases: purchases
                .iter()
                .zip(&looks)
                .map(|(p, looks)| purchase_json(store, p, looks))
                .collect(),
            past_term: *past_term,
            unread: *unread,
        };
        Ok(serde_json::to_string(&json).expect("a profile is JSON"))
    }

    /// Forgets the profile and every purchase in it.
    pub(super) fn forget_customer(
        &self,
        args: &CustomerForgetArgs,
        out: &mut impl Write,
    ) -> Result<u8, Problem> {
        let mut locked = match self.open_store_to_forget(out)? {
            Ok(locked) => locked,
            Err(unopened) => {
                let Some(identifier) = &args.identifier else {
                    return Err(self.refusal("cli-damaged", "cli-damaged-next"));
                };
                let people = self.readings(identifier, &unopened.settings)?;
                let whom = self.whom(people, |identifier| has_keys_of(&files(&self.data), identifier))?;
                return self.destroy_keys(&whom, out);
            }
        };
        let people = match &args.identifier {
            Some(identifier) => self.readings(identifier, &locked.settings)?,
            None => Vec::new(),
        };
        let basket = open_basket(&locked.store);
        let in_basket =
            |identifier: &Identifier| basket.as_ref().is_some_and(|basket| basket.names(identifier));
        let store = &mut locked.store;
        let whom = self.whom(people, |identifier| Ok(store.knows(identifier)? || in_basket(identifier)));
        // Nobody is found by another store key, or by none.
        let hidden = locked.without.iter().find(|error| hides_customers(error));
        let hidden = hidden.map(|error| self.store_problem(error));
        let whom = whom.map_err(|problem| hidden.clone().unwrap_or(problem))?;
        let asked = basket.map_or(Ok(None), |basket| self.ask_again(&mut locked, basket, &whom, out))?;
        let mut said = if args.damaged_too { self.forget_damaged(&mut locked, out)? } else { None };
        for identifier in &whom {
            let forgotten = locked.store.forget_customer(identifier);
            if forgotten.as_ref().is_err_and(StoreError::is_of_database) {
                return self.destroy_keys(&whom, out);
            }
            if let Some(forgetting) = forgotten.map_err(|error| self.store_problem(&error))? {
                // What somebody has to mend is said before what passes by itself.
                said = match said {
                    Some(Forgetting::Pending(reason)) if reason.needs_somebody() => said,
                    Some(Forgetting::Pending(_)) if forgetting == Forgetting::Complete => said,
                    _ => Some(forgetting),
                };
            }
        }
        let exit = match (said, hidden, asked) {
            (Some(forgetting), ..) => {
                let stays = self.locale().text("customer-tickets-stay").into_owned();
                let exit = self.say_forgotten(&mut locked, forgetting, Some(stays), out)?;
                self.tell_hub(&mut locked, out)?;
                exit
            }
            (None, Some(hidden), _) => return Err(hidden),
            (None, None, Some(_)) => {
                self.rest(&mut locked);
                DONE
            }
            (None, None, None) if args.identifier.is_none() => {
                self.rest(&mut locked);
                self.say(&self.locale().text("customer-damaged-none"), out)?
            }
            (None, None, None) => {
                let unknown = self.unknown_customer(&mut locked)?;
                self.tell_copies_of_earlier(&mut locked, out)?;
                return Err(unknown);
            }
        };
        Ok(exit.max(asked.unwrap_or(DONE)))
    }

    /// Forgets all that is kept and does not open here. `None` where there is nothing of that kind.
    fn forget_damaged(
        &self,
        locked: &mut Locked,
        out: &mut impl Write,
    ) -> Result<Option<Forgetting>, Problem> {
        let forgotten = match locked.store.forget_unopened() {
            // The forget itself does what it can without the database.
            Err(error) if error.is_of_database() => return Ok(None),
            forgotten => forgotten.map_err(|error| self.store_problem(&error))?,
        };
        let Some((count, forgetting)) = forgotten else { return Ok(None) };
        let words = self.locale().format("customer-damaged-too", &[("count", count.into())]);
        self.say(&words, out)?;
        Ok(Some(forgetting))
    }

    /// Where the basket of before the till was closed holds one of them as whom to remember, its customer is
    /// asked again, and the key that sealed the answer is gone. Whatever keeps it from that is said, and keeps
    /// nobody from being forgotten elsewhere. `None` where it holds none of them, else how the command ends.
    fn ask_again(
        &self,
        locked: &mut Locked,
        mut basket: Draft,
        whom: &[Identifier],
        out: &mut impl Write,
    ) -> Result<Option<u8>, Problem> {
        if !basket.forget(whom) {
            return Ok(None);
        }
        let sealed = serde_json::to_vec(&basket).expect("a draft is JSON");
        let (words, exit) = match locked.store.reseal_draft(&sealed) {
            Ok(()) => ("customer-in-basket", DONE),
            Err(error) => {
                log::error!("an open basket keeps its customer: {error}");
                ("customer-in-basket-stays", REFUSED)
            }
        };
        self.say(&self.locale().text(words), out)?;
        Ok(Some(exit))
    }

    /// Where the till has a hub, says how far the copies there and elsewhere are. What other tills have remembered of
    /// the customer themselves no forget here reaches.
    fn tell_hub(&self, locked: &mut Locked, out: &mut impl Write) -> Result<(), Problem> {
        // A damaged till tells its hub later, or a restore does.
        if !locked.store.enrolment().is_ok_and(|enrolment| enrolment.is_some()) {
            return Ok(());
        }
        self.tell_copies_of_all(locked, out)?;
        self.say(&self.locale().text("customer-other-tills"), out).map(drop)
    }

    /// Where a forget was cut short before its copies had confirmed, tells the hub again, and says how far they are.
    fn tell_copies_of_earlier(&self, locked: &mut Locked, out: &mut impl Write) -> Result<(), Problem> {
        let has_hub = locked.store.enrolment().is_ok_and(|enrolment| enrolment.is_some());
        if !has_hub || self.are_copies_confirmed(locked)? {
            return Ok(());
        }
        self.tell_copies_of_all(locked, out)
    }

    fn tell_copies_of_all(&self, locked: &mut Locked, out: &mut impl Write) -> Result<(), Problem> {
        if locked.without.is_empty() {
            self.exchange(locked, How::Forgets)?;
        }
        let is_confirmed = self.are_copies_confirmed(locked)?;
        let copies = if is_confirmed { "customer-copies-complete" } else { "sync-forget-accepted" };
        self.say(&self.locale().text(copies), out).map(drop)
    }

    /// Whether every copy elsewhere of what was forgotten here has confirmed.
    fn are_copies_confirmed(&self, locked: &Locked) -> Result<bool, Problem> {
        let open = Outbox::open(locked.store.files()).and_then(|outbox| outbox.unconfirmed(&[0; 16], 1));
        Ok(open.map_err(|error| self.store_problem(&error))?.is_empty())
    }

    /// Nobody is on file by this name. Whoever was forgotten is not known any more, so it says what is true of
    /// all: whether a forget is still pending, or was finished just now. Errors: of the store, where it cannot tell.
    fn unknown_customer(&self, locked: &mut Locked) -> Result<Problem, Problem> {
        let is_unread = locked.store.has_unread_of_nobody().map_err(|error| self.store_problem(&error))?;
        let has_hub = locked.store.enrolment().is_ok_and(|enrolment| enrolment.is_some());
        let was_under_way = locked.store.is_forgetting();
        // Their keys are here again where somebody put an earlier keys file back.
        locked.store.reclaim_slots().map_err(|error| self.store_problem(&error))?;
        Ok(match self.still_pending(&mut locked.store)? {
            None if is_unread => self.refusal("customer-perhaps", "customer-perhaps-next"),
            None if was_under_way && has_hub => {
                self.refusal("customer-unknown-finished", "customer-other-tills")
            }
            None if was_under_way => self.refusal("customer-unknown-finished", "customer-unknown-next"),
            None if has_hub => self.refusal("customer-unknown-here", "customer-other-tills"),
            None => self.refusal("customer-unknown", "customer-unknown-next"),
            Some(next) => {
                Problem { next: Some(next), ..self.refusal("customer-pending", "customer-unknown-next") }
            }
        })
    }

    /// What is left to do where the database cannot be read.
    fn destroy_keys(&self, whom: &[Identifier], out: &mut impl Write) -> Result<u8, Problem> {
        let mut any = Ok(false);
        for identifier in whom {
            any = match (any, destroy_keys_of(&files(&self.data), identifier)) {
                (Ok(before), Ok(now)) => Ok(before || now),
                (Err(error), _) | (_, Err(error)) => Err(error),
            };
        }
        self.say_destroyed(any, out)
    }

    /// Who is meant of those whom the text can name: the one of whom anything is known, with every way in which
    /// they may be on file. Nobody where nothing is known of any. Errors: it is known of several who may be
    /// different people, and the text does not say which; of the store.
    fn whom(
        &self,
        people: Vec<Vec<Identifier>>,
        mut is_known: impl FnMut(&Identifier) -> Result<bool, StoreError>,
    ) -> Result<Vec<Identifier>, Problem> {
        let (mut found, mut names) = (Vec::new(), Vec::new());
        for person in people {
            let known = names.len();
            for identifier in &person {
                if is_known(identifier).map_err(|error| self.store_problem(&error))? {
                    names.push(identifier.canonical());
                }
            }
            if names.len() > known {
                found.push(person);
            }
        }
        if found.len() > 1 {
            let words = |key| self.locale().format(key, &[("names", names.join(", ").into())]);
            let next = Some(words("customer-which-next"));
            return Err(Problem { what: words("customer-which"), place: None, next });
        }
        Ok(found.pop().unwrap_or_default())
    }

    fn readings(&self, identifier: &str, settings: &Settings) -> Result<Vec<Vec<Identifier>>, Problem> {
        let parsed = Identifier::readings(identifier, &settings.store.dialling_code);
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

/// The basket of before the till was closed. What cannot be opened comes back to no till either.
fn open_basket(store: &Store) -> Option<Draft> {
    serde_json::from_slice(&store.draft().ok()??).ok()
}

/// Whether it can keep a customer from being found: what finds them is made with the store key, and lies in the
/// newest keys file.
fn hides_customers(error: &StoreError) -> bool {
    matches!(error, StoreError::StoreKey(_) | StoreError::Keys(_) | StoreError::DatabaseOlder)
}

#[cfg(test)]
#[path = "customer_tests.rs"]
mod tests;
#[cfg(test)]
#[path = "unopened_tests.rs"]
mod unopened_tests;
