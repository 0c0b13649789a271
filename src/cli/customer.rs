//! `olvido customer show` and `olvido customer forget`: all that is kept of somebody.

use std::io::Write;

use crate::domain::customer::{Identifier, IdentifierError};
use crate::domain::settings::Settings;

use super::args::CustomerArgs;
use super::problem::Problem;
use super::run::{DONE, Session, written};

impl Session {
    /// Shows all of it, which is what somebody who asks has a right to (GDPR, article 15). Each
    /// purchase shown is logged.
    pub(super) fn show_customer(&self, args: &CustomerArgs, out: &mut impl Write) -> Result<u8, Problem> {
        let mut locked = self.open_store()?;
        let identifier = self.identifier(args, &locked.settings)?;
        let customer = locked.store.customer(&identifier).map_err(|error| self.store_problem(&error))?;
        let customer = customer.ok_or_else(|| self.refusal("customer-unknown", "customer-unknown-next"))?;
        let locale = self.locale();
        let words: Vec<&str> = customer.purposes.iter().map(|purpose| purpose.as_str()).collect();
        let none = locale.text("purchase-no-purposes");
        let purposes = if words.is_empty() { none.into_owned() } else { words.join(", ") };
        let mut purchases = Vec::with_capacity(customer.purchases.len());
        for id in &customer.purchases {
            purchases.extend(locked.store.remembered(id).map_err(|error| self.store_problem(&error))?);
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
            self.log_look(&mut locked.store, &purchase, &locale.text("purchase-look-customer"))?;
            self.say("", out)?;
            written(self.print_purchase(&locked.store, &purchase, out), locale)?;
        }
        Ok(DONE)
    }

    /// Forgets the profile and every purchase in it.
    pub(super) fn forget_customer(&self, args: &CustomerArgs, out: &mut impl Write) -> Result<u8, Problem> {
        let mut locked = self.open_store()?;
        let identifier = self.identifier(args, &locked.settings)?;
        let forgotten = locked.store.forget_customer(&identifier);
        match forgotten.map_err(|error| self.store_problem(&error))? {
            Some(forgetting) => self.say_forgotten(&mut locked, forgetting, None, out),
            None => Err(self.refusal("customer-unknown", "customer-unknown-next")),
        }
    }

    fn identifier(&self, args: &CustomerArgs, settings: &Settings) -> Result<Identifier, Problem> {
        let parsed = Identifier::parse(&args.identifier, &settings.store.dialling_code);
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
