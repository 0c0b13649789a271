//! What happens to a shop: sales and forgets, crashes, thieves, wrong clocks and people who put back
//! what they had saved.

use std::time::Duration;

use chrono::NaiveDate;
use olvido::seal::ReceiptCode;
use olvido::store::{Found, HubState, Stage};
use olvido::sync::wire::{Hex, ProductChange};

use super::network::Weather;
use super::people::{CUSTOMERS, Kept, Said, customer};
use super::sales::full;
use super::till::Till;
use super::world::World;

/// Days by which a clock is wrong at most: ten years.
const TEN_YEARS: i64 = 3652;

impl World {
    /// One thing happens.
    pub fn act(&mut self) {
        let till = self.random.below(self.tills.len());
        let what = self.random.below(100);
        if self.tills[till].is_gone && !(60..75).contains(&what) {
            return;
        }
        match what {
            0..34 => self.sell(till),
            34 => self.sell_many(till),
            35..50 => self.forget_one(till),
            50..53 => self.forget_customer(till),
            53..55 => self.expire(till),
            55..58 => self.close_day(till),
            58..60 => self.set_clock(till),
            60..63 => self.weather(),
            63..66 => self.crash_hub(),
            66 => self.copy_hub(),
            67 => self.bad_day(till),
            68..70 => {
                if !self.host.copies.is_empty() {
                    let copy = self.random.below(self.host.copies.len());
                    self.put_hub_back(copy);
                }
            }
            70 => self.set_hub_clock(),
            71 => self.fill_hub(),
            72 => self.publish(),
            73 => self.back_up_hub(),
            74 => match self.random.below(3) {
                0 => self.tend_hub(),
                _ => self.restore_hub(),
            },
            75..79 => self.crash_till(till),
            79..82 => self.take_image(till),
            82..85 => self.put_image_back(till),
            85..87 => self.clone_disk(till),
            87..89 => self.fill_disk(till),
            89..91 => self.lose_till(till),
            91..93 => self.replace(till),
            93..96 => self.mend(till),
            96..98 => self.stop_talk(till),
            _ => self.new_till(),
        }
    }

    pub fn new_till(&mut self) {
        if self.tills.len() >= self.tills_max {
            return;
        }
        let name = self.tills.len();
        let shop = ["SOL", "LUNA"][usize::from(name % 3 == 2)];
        let mut till = Till::new(name, shop, self.breakage);
        // As whoever sets a till up: from then on a wrong clock hides nothing.
        till.store.hear_clock(self.time().fixed_offset(), None).unwrap();
        self.tills.push(till);
        self.say(&format!("t{name} is new, in {shop}"));
        if self.random.percent(80) {
            self.enrol(name, None, true);
        }
    }

    fn forget_one(&mut self, till: usize) {
        let shop = &self.tills[till].shop;
        let of_shop = |kept: &Kept| kept.shop == *shop && !kept.is_dead();
        let places: Vec<usize> =
            (0..self.people.kept.len()).filter(|place| of_shop(&self.people.kept[*place])).collect();
        if places.is_empty() {
            return;
        }
        let place = places[self.random.below(places.len())];
        let code = self.people.kept[place].code.clone();
        let held = matches!(self.tills[till].store.find(&code).unwrap(), Found::Kept(_));
        let steps = self.random.below(8);
        if held && steps < 3 {
            self.forget_and_die(till, place, &code, steps);
            return;
        }
        let store = &mut self.tills[till].store;
        let said = match held {
            true => store.forget(&code).map(drop),
            false => store.forget_elsewhere(&code.purchase_id()).map(drop),
        };
        if full(said) {
            self.say(&format!("t{till} forgets purchase {place}, held: {held}"));
            self.said(till, place);
        }
        self.wake(till);
    }

    /// The till dies after the tombstone is durable, between two of the steps that follow.
    fn forget_and_die(&mut self, till: usize, place: usize, code: &ReceiptCode, steps: usize) {
        let store = &mut self.tills[till].store;
        let slot = store.slot(code).unwrap().expect("it is kept");
        if !full(store.entomb(&[slot])) {
            return;
        }
        if steps > 0 {
            store.advance(Stage::KeyDestroyed).unwrap();
        }
        if steps > 1 {
            full(store.advance(Stage::Dropped));
        }
        self.say(&format!("t{till} forgets purchase {place} and dies after {steps} more steps"));
        self.said(till, place);
        self.tills[till].crash();
        self.tills[till].start_talk(self.now);
        self.wake(till);
    }

    fn said(&mut self, till: usize, place: usize) {
        let is_followed = self.tills[till].store.enrolment().unwrap().is_some();
        let said = Said { till, is_acknowledged: false, is_lost: false, is_followed };
        self.people.kept[place].said.push(said);
    }

    fn forget_customer(&mut self, till: usize) {
        let index = self.random.below(CUSTOMERS);
        let store = &mut self.tills[till].store;
        let ids = store.customer(&customer(index)).unwrap().map_or(Vec::new(), |known| known.purchases);
        if full(store.forget_customer(&customer(index)).map(drop)) && !ids.is_empty() {
            self.say(&format!("t{till} forgets customer {index}: {} purchases", ids.len()));
            for id in ids {
                let place = self.people.place(&id).expect("it was sold");
                self.said(till, place);
            }
        }
        self.wake(till);
    }

    pub fn expire(&mut self, till: usize) {
        let day = self.today();
        if full(self.tills[till].store.expire(day).map(drop)) {
            self.say(&format!("t{till} lets go what is past its term"));
            // Of a till without a hub nobody waits for its tickets; and the hub may have lost what a till keeps no
            // longer than it must.
            if self.host.was_put_back || self.tills[till].store.enrolment().unwrap().is_none() {
                self.forget_lost_tickets(till);
            }
        }
        self.wake(till);
    }

    /// By the true time.
    pub fn today(&self) -> NaiveDate {
        self.time().date_naive()
    }

    fn close_day(&mut self, till: usize) {
        full(self.tills[till].store.close_day().map(drop));
        self.say(&format!("t{till} closes the day"));
    }

    fn any_skew(&mut self) -> chrono::Duration {
        match self.random.below(3) {
            0 => chrono::Duration::zero(),
            _ => chrono::Duration::days(self.random.below(2 * TEN_YEARS as usize) as i64 - TEN_YEARS),
        }
    }

    fn set_clock(&mut self, till: usize) {
        self.tills[till].skew = self.any_skew();
        let days = self.tills[till].skew.num_days();
        self.say(&format!("t{till}'s clock is {days} days off"));
    }

    fn set_hub_clock(&mut self) {
        self.host.skew = self.any_skew();
        let days = self.host.skew.num_days();
        self.say(&format!("the hub's clock is {days} days off"));
    }

    fn weather(&mut self) {
        self.weather = Weather::any(&mut self.random);
        self.say(&format!("{:?}", self.weather));
    }

    fn crash_hub(&mut self) {
        self.host.crash();
        self.say("the hub dies");
        let after = self.some_time();
        self.hub_starts_in(after);
    }

    fn copy_hub(&mut self) {
        self.host.copy();
        self.say("somebody copies the hub's database");
    }

    /// Something is forgotten, and then the hub is put back to just before.
    fn bad_day(&mut self, till: usize) {
        self.copy_hub();
        if !self.tills[till].is_gone {
            self.forget_one(till);
            self.run_until(self.now + Duration::from_secs(10));
        }
        self.put_hub_back(self.host.copies.len() - 1);
    }

    fn put_hub_back(&mut self, copy: usize) {
        // While two tills speak under one name the hub must not forget what either said, or it takes the one
        // for the other.
        if self.tills.iter().any(|till| till.is_double && !till.is_gone) {
            return;
        }
        self.host.crash();
        self.host.put_back(copy);
        self.say(&format!("the hub's database is put back to copy {copy}"));
        self.hub_was_put_back();
        // The fire that took the hub's disk took a till as well: nobody is left to say its forgets again.
        let said = self.people.kept.iter().flat_map(|kept| &kept.said);
        let said = said.filter(|said| said.is_acknowledged && !self.tills[said.till].is_gone);
        if let Some(till) = said.map(|said| said.till).next().filter(|_| self.random.percent(25)) {
            self.lose_till(till);
        }
        let after = self.some_time();
        self.hub_starts_in(after);
    }

    fn back_up_hub(&mut self) {
        self.host.back_up(self.time());
        self.say("the hub is backed up");
    }

    fn restore_hub(&mut self) {
        let has_doubles = self.tills.iter().any(|till| till.is_double && !till.is_gone);
        if self.host.backup_count == 0 || has_doubles {
            return;
        }
        let backup = self.random.below(self.host.backup_count);
        let all_lost = self.random.percent(50);
        self.host.crash();
        self.host.restore(backup, all_lost);
        self.say(&format!("the hub is restored from backup {backup}, keys lost: {all_lost}"));
        self.hub_was_put_back();
        if all_lost {
            self.erased_list_is_lost();
        }
        let after = self.some_time();
        self.hub_starts_in(after);
    }

    fn fill_hub(&mut self) {
        self.host.is_full = !self.host.is_full;
        self.say(&format!("the hub's disk is full: {}", self.host.is_full));
    }

    fn tend_hub(&mut self) {
        // Ten years off, it lets nothing go early.
        let now = self.host.clock(self.time());
        self.host.tend(now);
    }

    fn publish(&mut self) {
        let Some(hub) = self.host.hub() else { return };
        let number = self.random.below(5);
        let product = ProductChange {
            v: 1,
            barcode: None,
            plu: Some(number as u32 + 1),
            sku: String::new(),
            name: format!("product {number}"),
            department: "Bazar".into(),
            price: 100 + self.random.below(100) as i64,
            tax: 2100,
            weighed: false,
            durable_years: 0,
        };
        // A shop that no till was ever enrolled in is none that the hub knows.
        let published = hub.publish_products("SOL", &[product]).is_ok();
        self.say(&format!("product {number} is published: {published}"));
        self.release();
    }

    fn some_time(&mut self) -> Duration {
        Duration::from_millis(match self.random.below(4) {
            0 => self.random.below(200_000),
            _ => self.random.below(5000),
        } as u64)
    }

    fn crash_till(&mut self, till: usize) {
        self.tills[till].crash();
        self.tills[till].start_talk(self.now);
        self.say(&format!("t{till} dies and starts again"));
        self.wake(till);
    }

    fn stop_talk(&mut self, till: usize) {
        self.tills[till].talk = None;
        self.tills[till].life += 1;
        self.say(&format!("t{till} is cut off"));
    }

    fn take_image(&mut self, till: usize) {
        self.tills[till].take_image();
        self.say(&format!("somebody copies t{till}'s disk"));
    }

    fn put_image_back(&mut self, till: usize) {
        if self.tills[till].image.is_none() {
            return;
        }
        self.tills[till].put_image_back();
        self.say(&format!("t{till} is put back to its image"));
        self.till_was_put_back(till);
        // With the program's own restore, or behind its back.
        if self.random.percent(40) && self.tills[till].store.enrolment().unwrap().is_some() {
            self.tills[till].store.set_hub_state(HubState::Restored).unwrap();
            self.say(&format!("t{till} knows it"));
        }
        self.tills[till].start_talk(self.now);
        self.wake(till);
    }

    fn clone_disk(&mut self, till: usize) {
        // Not of a till that the hub never knew, or knows no longer: each of the two would be taken in as a
        // device of its own, and what was sold before would count for both.
        if self.tills.len() >= self.tills_max || !self.host.knows(&self.tills[till]) {
            return;
        }
        let name = self.tills.len();
        let mut clone = self.tills[till].clone_disk(name);
        clone.start_talk(self.now);
        self.tills[till].is_double = true;
        self.tills.push(clone);
        self.say(&format!("t{name} is a clone of t{till}"));
        self.wake(name);
    }

    fn fill_disk(&mut self, till: usize) {
        let is_full = !self.tills[till].has_full_disk;
        self.tills[till].has_full_disk = is_full;
        self.tills[till].store.fill_disk_for_test(is_full).unwrap();
        self.say(&format!("t{till}'s disk is full: {is_full}"));
    }

    /// It burns. Sooner or later somebody revokes it.
    fn lose_till(&mut self, till: usize) {
        if self.tills.iter().filter(|till| !till.is_gone).count() < 2 {
            return;
        }
        self.tills[till].is_gone = true;
        self.say(&format!("t{till} burns"));
        self.till_is_gone(till);
        if self.random.percent(50) {
            self.revoke(till);
        }
    }

    pub fn revoke(&mut self, till: usize) {
        let Some(enrolment) = self.tills[till].store.enrolment().unwrap() else { return };
        let Some(hub) = self.host.hub() else { return };
        let revoked = hub.revoke(&self.tills[till].shop, Hex(enrolment.device)).unwrap();
        self.say(&format!("t{till} is revoked: {revoked}"));
        self.release();
    }

    /// A new till in the place of one that is gone, or the same till with a code that replaces it.
    fn replace(&mut self, till: usize) {
        let gone = (0..self.tills.len())
            .find(|other| self.tills[*other].is_gone && self.tills[*other].shop == self.tills[till].shop);
        // A till that is another device already stays what it is.
        let is_fresh = self.tills[till].store.enrolment().unwrap().is_none();
        let old = gone.filter(|_| is_fresh).unwrap_or(till);
        let Some(enrolment) = self.tills[old].store.enrolment().unwrap() else { return };
        if self.host.hub().is_none() || !self.hub_knows(&enrolment.store, &enrolment.device) {
            return;
        }
        self.say(&format!("t{till} takes the place of t{old}"));
        self.enrol(till, Some(enrolment.device), true);
    }
}
