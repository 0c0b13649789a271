//! `olvido expire`: what the till does by itself at the start of each day.

use std::io::Write;

use super::problem::Problem;
use super::run::{DONE, Session, written};

impl Session {
    pub(super) fn expire(&self, out: &mut impl Write) -> Result<u8, Problem> {
        let mut locked = self.open_store()?;
        let today = chrono::Local::now().date_naive();
        let expired = locked.store.expire(today).map_err(|error| self.store_problem(&error))?;
        let locale = self.locale();
        let said = if expired.purchases + expired.tickets == 0 {
            locale.text("expire-nothing").into_owned()
        } else {
            let counts = [("purchases", expired.purchases.into()), ("tickets", expired.tickets.into())];
            locale.format("expire-done", &counts)
        };
        written(writeln!(out, "{said}").map_err(Into::into), locale)?;
        if expired.purchases > 0 {
            return self.say_forgotten(&mut locked, expired.forgetting, None, out);
        }
        self.rest(&mut locked);
        Ok(DONE)
    }
}
