//! `olvido expire`: what the till does by itself when a day has come, and the day that it goes by.

use std::io::Write;

use crate::store::{ClockDays, Expired, Forgetting, Store, Waiting};

use super::args::ExpireArgs;
use super::problem::Problem;
use super::run::{DONE, REFUSED, Session, written};

impl Session {
    pub(super) fn expire(&self, args: &ExpireArgs, out: &mut impl Write) -> Result<u8, Problem> {
        let mut locked = self.open_store_to_expire(out)?;
        let now = crate::app::now();
        let store = &mut locked.store;
        let mut said = Vec::new();
        if args.clock_is_right {
            store.trust_clock(now).map_err(|error| self.store_problem(&error))?;
            let day = self.locale().date(now.date_naive());
            said.push(self.locale().format("expire-trusted", &[("day", day.into())]));
        }
        let expired = store.keep_terms(now, None).map_err(|error| self.store_problem(&error))?;
        let nothing =
            Expired { purchases: 0, tickets: 0, forgetting: Forgetting::Complete, waiting: Waiting::Nothing };
        let Expired { purchases, tickets, forgetting, waiting } = expired.unwrap_or(nothing);
        let hidden = store.hidden_purchases().map_err(|error| self.store_problem(&error))?;
        if purchases + tickets > 0 {
            let counts = [("purchases", purchases.into()), ("tickets", tickets.into())];
            said.push(self.locale().format("expire-done", &counts));
        } else if hidden == 0 && waiting == Waiting::Nothing {
            said.push(self.locale().text("expire-nothing").into_owned());
        }
        if hidden > 0 {
            said.push(self.locale().format("expire-hidden", &[("count", hidden.into())]));
        }
        if hidden > 0 || store.clock_doubt().is_some() {
            said.extend(self.clock_words(store));
        }
        match waiting {
            Waiting::Nothing => {}
            Waiting::Counts => said.push(self.locale().text("expire-counts-wait").into_owned()),
            Waiting::TicketsAndCounts => said.push(self.locale().text("expire-tickets-wait").into_owned()),
        }
        written(writeln!(out, "{}", said.join("\n")).map_err(Into::into), self.locale())?;
        let mut exit = DONE;
        if purchases > 0 {
            exit = self.say_forgotten(&mut locked, forgetting, None, out)?;
        } else {
            self.rest(&mut locked);
        }
        Ok(if waiting == Waiting::Nothing { exit } else { REFUSED })
    }

    /// The clock's day, the day that the store is sure of, and what to do where they differ.
    pub(super) fn clock_words(&self, store: &Store) -> Option<String> {
        let ClockDays { clock, trusted } = store.clock_difference()?;
        let locale = self.locale();
        let days = [("clock", locale.date(clock).into()), ("trusted", locale.date(trusted).into())];
        Some(locale.format("expire-days", &days))
    }
}
