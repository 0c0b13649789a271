//! Afterwards: the network is well, the disks have room, and everybody has time until nothing waits.

use std::time::Duration;

use olvido::store::Found;
use olvido::sync::hub::DeviceState;

use super::network::Weather;
use super::world::World;

/// Rounds of ten simulated minutes until nothing may wait any more.
const ROUNDS: usize = 12;
const ROUND: Duration = Duration::from_secs(600);

impl World {
    /// Returns whether everybody came to rest.
    pub fn quieten(&mut self) {
        self.say("all is well from here on");
        self.weather = Weather::default();
        self.host.is_full = false;
        self.host.skew = chrono::Duration::zero();
        self.start_hub();
        for till in 0..self.tills.len() {
            self.tills[till].has_full_disk = false;
            self.tills[till].store.fill_disk_for_test(false).unwrap();
            if !self.tills[till].is_gone {
                self.expire(till);
            }
        }
        self.revoke_nobodys();
        self.host.tend(self.time());
        for round in 0..ROUNDS {
            for till in 0..self.tills.len() {
                self.mend(till);
                self.wake(till);
            }
            self.run_until(self.now + ROUND);
            self.say(&format!("round {round} is over"));
            if self.is_quiet() {
                return;
            }
        }
        for till in self.tills.iter().filter(|till| !till.is_gone && !till.is_done()) {
            self.found.push(format!("t{} does not come to rest: {}", till.name, till.standing()));
        }
    }

    /// Somebody looks through the list of devices and revokes those that are no till.
    fn revoke_nobodys(&mut self) {
        let hub = self.host.hub().expect("it runs");
        let tills: Vec<_> = self.tills.iter().filter(|till| !till.is_gone).collect();
        for shop in hub.stores().unwrap() {
            for device in hub.devices(&shop).unwrap() {
                let is_till = tills.iter().any(|till| till.device == Some(device.device.0));
                if !is_till && device.state == DeviceState::Active {
                    hub.revoke(&shop, device.device).unwrap();
                }
            }
        }
        self.release();
    }

    fn is_quiet(&self) -> bool {
        self.tills.iter().all(|till| till.is_gone || till.is_done())
    }

    /// What a till was told, and what it printed, and its disk no longer knows.
    pub fn till_was_put_back(&mut self, till: usize) {
        self.forget_lost_tickets(till);
        for kept in &mut self.people.kept {
            let found = self.tills[till].store.find(&kept.code).unwrap();
            let knows = matches!(found, Found::Forgotten { .. });
            for said in kept.said.iter_mut().filter(|said| said.till == till && !said.is_acknowledged) {
                said.is_lost |= !knows;
            }
            for said in kept.said.iter_mut().filter(|said| said.till == till && !knows) {
                said.is_followed = false;
            }
        }
    }

    /// Tickets that a till no longer has, and the hub never had, are lost.
    pub fn forget_lost_tickets(&mut self, till: usize) {
        let store = &self.tills[till].store;
        let is_gone = self.tills[till].is_gone;
        let printed = self.people.printed.iter_mut();
        for (hash, printed) in printed.filter(|(_, p)| p.till == till && !p.is_acknowledged) {
            let ticket = store.ticket(printed.number).unwrap();
            printed.is_lost |= is_gone || ticket.is_none_or(|ticket| ticket.hash.0 != *hash);
        }
    }

    /// With a till goes what only it knew.
    pub fn till_is_gone(&mut self, till: usize) {
        self.forget_lost_tickets(till);
        let said = self.people.kept.iter_mut().flat_map(|kept| &mut kept.said);
        for said in said.filter(|said| said.till == till && !said.is_acknowledged) {
            said.is_lost = true;
        }
    }

    /// What the hub had said that it has, it may no longer have. What it has erased stays erased.
    pub fn hub_was_put_back(&mut self) {
        for printed in self.people.printed.values_mut() {
            printed.is_acknowledged = false;
        }
        for till in 0..self.tills.len() {
            self.forget_lost_tickets(till);
        }
    }

    /// Now only the tills where a forget was said can say it again.
    pub fn erased_list_is_lost(&mut self) {
        for kept in &mut self.people.kept {
            let id = kept.code.purchase_id();
            for said in &mut kept.said {
                let till = &self.tills[said.till];
                let forgets = till.outbox().forgets(0, usize::MAX >> 1).unwrap();
                let is_there = forgets.into_iter().flatten().any(|forget| forget.id == id);
                said.is_acknowledged = false;
                said.is_lost |= till.is_gone || !is_there;
            }
        }
    }

    /// Whether the hub's database has that device: it may be older than its enrolment.
    pub fn hub_knows(&self, shop: &str, device: &[u8; 16]) -> bool {
        let sql = "SELECT EXISTS (SELECT 1 FROM device WHERE store = ?1 AND device = ?2)";
        let args = rusqlite::params![shop, device];
        self.host.connect().query_row(sql, args, |row| row.get(0)).unwrap()
    }
}
