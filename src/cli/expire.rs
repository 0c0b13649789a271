//! `olvido expire`: what the till does by itself when a day has come, and the day that it goes by.

use std::io::Write;

use crate::store::{ClockDays, Expired, Forgetting, Store, Waiting};

use super::args::ExpireArgs;
use super::open::Locked;
use super::problem::Problem;
use super::purchase::waits_for;
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
        let exit = if purchases > 0 {
            self.say_forgotten(&mut locked, forgetting, None, out)?
        } else {
            self.rest(&mut locked);
            self.say_older_forget(&mut locked, out)?
        };
        Ok(if waiting == Waiting::Nothing { exit } else { REFUSED })
    }

    /// What a forget of before still waits for. Returns 1 where somebody has to do something first.
    fn say_older_forget(&self, locked: &mut Locked, out: &mut impl Write) -> Result<u8, Problem> {
        let finished = locked.store.finish_forgetting().map_err(|error| self.store_problem(&error))?;
        let Forgetting::Pending(reason) = finished else { return Ok(DONE) };
        let words = [self.locale().text("verify-pending"), self.locale().text(waits_for(reason))];
        self.say(&words.join(" "), out)?;
        Ok(if reason.needs_somebody() { REFUSED } else { DONE })
    }

    /// The clock's day, the day that the store is sure of, and what to do where they differ.
    pub(super) fn clock_words(&self, store: &Store) -> Option<String> {
        let ClockDays { clock, trusted } = store.clock_difference()?;
        let locale = self.locale();
        let days = [("clock", locale.date(clock).into()), ("trusted", locale.date(trusted).into())];
        Some(locale.format("expire-days", &days))
    }
}
