//! Sales: what is printed and kept is noted, and held against the tills and the hub in the end.

use chrono::{DateTime, Days, FixedOffset};
use olvido::domain::basket::{Basket, Line};
use olvido::domain::policy::TicketDetail;
use olvido::domain::sale::{Answer, Promise, Sale};
use olvido::domain::tender::{Payment, Tender, TenderKind};
use olvido::store::{Order, Outcome, StoreError};

use super::common::{answer, policy};
use super::people::{CUSTOMERS, Kept, Printed, customer};
use super::world::World;

impl World {
    pub fn sell(&mut self, till: usize) {
        for _ in 0..1 + self.random.below(3) {
            let lines: Vec<_> = (0..1 + self.random.below(3)).map(|_| self.people.line()).collect();
            let index = self.random.below(CUSTOMERS);
            let (choice, who) = match self.random.below(8) {
                0 => (None, None),
                1 => (Some("forget"), None),
                2..6 => (Some("guarantee"), None),
                _ => (Some("remember"), Some(index)),
            };
            // Taken in from before: its guarantee is over.
            let is_past = choice == Some("guarantee") && self.random.percent(8);
            let mut at = self.tills[till].clock(self.time());
            if is_past {
                at -= chrono::Duration::days(4 * 365);
            }
            let identifier = who.map(customer);
            let answered =
                answer(choice, identifier.as_ref(), if who.is_some() { &["history"] } else { &[] });
            let sale = sale(at, answered, lines);
            if !self.sell_one(till, &sale) {
                return;
            }
        }
        self.after(till);
    }

    fn sell_one(&mut self, till: usize, sale: &Sale) -> bool {
        let choice = sale.promise.choice.as_str();
        let is_kept = matches!(choice, "guarantee" | "remember");
        let sold = match self.tills[till].store.sell(sale) {
            Ok(sold) => sold,
            Err(error) if error.is_disk_full() => {
                self.say(&format!("t{till} cannot sell: its disk is full"));
                return false;
            }
            Err(error) => panic!("t{till}: {error}"),
        };
        self.say(&format!("t{till} sells {}, {choice}", sold.ticket.number));
        self.print(till, &sold.ticket);
        if is_kept {
            let shop = self.tills[till].shop.clone();
            let until = sale.promise.until.date();
            // What is remembered stays longer where the customer comes back, so nobody is held to its own last day.
            let is_past =
                choice == "guarantee" && until.is_some_and(|until| until < self.today() - Days::new(1));
            self.people.keep(Kept { shop, code: sold.code, until, is_past, said: Vec::new() });
            self.tills[till].collect_sealed();
        }
        true
    }

    fn print(&mut self, till: usize, ticket: &olvido::domain::ticket::Ticket) {
        let printed = Printed {
            till,
            shop: self.tills[till].shop.clone(),
            number: ticket.number,
            day: ticket.at.date_naive(),
            total: ticket.total.0,
            is_acknowledged: false,
            is_lost: false,
        };
        self.people.printed.insert(ticket.hash.0, printed);
    }

    /// Enough at once for the counters of choices to be spilled.
    pub fn sell_many(&mut self, till: usize) {
        let at = self.tills[till].clock(self.time());
        let sale = sale(at, answer(None, None, &[]), vec![self.people.line()]);
        let orders = [Order { sale: &sale, request: None }; 33];
        match self.tills[till].store.commit(&orders) {
            Ok(outcomes) => {
                for outcome in outcomes {
                    let Outcome::Sold(sold) = outcome else { unreachable!("nothing was asked for twice") };
                    self.print(till, &sold.ticket);
                }
                self.say(&format!("t{till} sells many"));
            }
            Err(error) if error.is_disk_full() => {}
            Err(error) => panic!("t{till}: {error}"),
        }
        self.after(till);
    }

    /// What a till does between two sales; and it looks at what there is to send.
    fn after(&mut self, till: usize) {
        if self.random.percent(70) {
            full(self.tills[till].store.tend().map(drop));
        }
        self.wake(till);
    }
}

fn sale(at: DateTime<FixedOffset>, answer: Answer, lines: Vec<Line>) -> Sale {
    let mut basket = Basket::default();
    for line in lines {
        basket.add(line).unwrap();
    }
    let total = basket.priced().unwrap().total;
    let mut payment = Payment::new(total, 1);
    payment.add(Tender { kind: TenderKind::Cash, amount: total }).unwrap();
    let promise = Promise::of(answer, &policy(), at.date_naive()).unwrap();
    Sale::freeze(at, &basket, &payment, promise, TicketDetail::Shop, "alimentación y hogar").unwrap()
}

/// Whether it was done; not when the disk was full.
pub fn full(result: Result<(), StoreError>) -> bool {
    match result {
        Ok(()) => true,
        Err(error) if error.is_disk_full() => false,
        Err(error) => panic!("a till broke: {error}"),
    }
}
