//! What must hold once everybody has come to rest.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use olvido::store::{Days, Found};
use olvido::sync::record::Series;
use rusqlite::Connection;
use serde_json::Value;

use super::residue::{self, live_keys, opens_at_hub, opens_at_till};
use super::world::World;

/// A ticket at the hub.
struct AtHub {
    shop: String,
    is_flagged: bool,
}

/// Sales and their total, by shop and day.
type Sums = BTreeMap<(String, NaiveDate), (i64, i64)>;

impl World {
    /// Everything; what is wrong goes into `found`.
    pub fn check(&mut self) {
        let before = self.found.len();
        for till in self.tills.iter_mut().filter(|till| !till.is_gone) {
            // At the end of the day a till also lets go of keys that a crash or an old image left.
            till.store.close_day().unwrap();
            if till.store.tend().unwrap() {
                self.found.push(format!("t{}: something is still pending", till.name));
            }
        }
        // What came when its term was over already goes a day later, and a day after that the file is compacted.
        self.host.tend(self.time() + chrono::Duration::days(1));
        self.host.tend(self.time() + chrono::Duration::days(1));
        if let Some(pending) = self.host.tend(self.time() + chrono::Duration::days(2)) {
            self.found.push(format!("the hub: {pending:?} is pending"));
        }
        self.check_tickets();
        self.check_kept();
        self.check_forgets();
        self.check_residue();
        let verified = self.host.hub().expect("it runs").verify().unwrap();
        if !verified.holds() {
            self.found.push(format!("the hub's own check: {:?}", verified.findings));
        }
        for what in &self.found[before..] {
            self.trace.push_str(what);
            self.trace.push('\n');
        }
    }

    /// Each receipt once; and cents by store and day the same on paper, in the hub's records, in its sums and
    /// in its report.
    fn check_tickets(&mut self) {
        let connection = self.host.connect();
        let at_hub = tickets(&connection, &mut self.found);
        let (mut on_paper, mut flagged) = (Sums::new(), Sums::new());
        for (hash, printed) in &self.people.printed {
            let copies = at_hub.get(hash).map_or(&[][..], |copies| &copies[..]);
            let (shop, number) = (&printed.shop, printed.number);
            match copies {
                [] if printed.is_lost => {}
                [] => self
                    .found
                    .push(format!("receipt {number} of {shop}, t{}, is not at the hub", printed.till)),
                [one] => {
                    if one.shop != *shop {
                        self.found.push(format!("receipt {number} of {shop} is in {}", one.shop));
                    }
                    let sums = if one.is_flagged { &mut flagged } else { &mut on_paper };
                    let sum = sums.entry((shop.clone(), printed.day)).or_default();
                    *sum = (sum.0 + 1, sum.1 + printed.total);
                }
                more => {
                    self.found.push(format!("receipt {number} of {shop} is {} times at the hub", more.len()));
                }
            }
        }
        if at_hub.len() > self.people.printed.len() {
            self.found.push("the hub has tickets that nobody printed".into());
        }
        if sums(&connection) != on_paper {
            self.found.push(format!("sums: {:?}\nreceipts: {on_paper:?}", sums(&connection)));
        }
        self.check_report(&on_paper);
    }

    fn check_report(&mut self, on_paper: &Sums) {
        let hub = self.host.hub().expect("it runs");
        let mut reported = Sums::new();
        for shop in hub.stores().unwrap() {
            let report = hub.report(&shop, Days::default()).unwrap();
            for (day, of_day) in report.by_day {
                for sum in of_day.currency.values().filter(|sum| sum.sales > 0) {
                    reported.insert((shop.clone(), day), (sum.sales as i64, sum.total.0));
                }
            }
        }
        if reported != *on_paper {
            self.found.push(format!("report: {reported:?}\nreceipts: {on_paper:?}"));
        }
    }

    /// What nobody forgot is there, at its till and, openable, at the hub.
    fn check_kept(&mut self) {
        let files = self.host.files();
        let keys = live_keys(&files.key, &files.keys);
        let connection = self.host.connect();
        for (place, kept) in self.people.kept.iter().enumerate() {
            if kept.is_dead()
                || !kept.said.is_empty()
                || kept.until.is_some_and(|until| until <= self.today())
            {
                continue;
            }
            let tills = self.tills.iter().filter(|till| !till.is_gone && till.shop == kept.shop);
            let is_kept =
                tills.clone().any(|till| matches!(till.store.find(&kept.code).unwrap(), Found::Kept(_)));
            let id = kept.code.purchase_id();
            let sql = "SELECT sealed FROM purchase WHERE store = ?1 AND id = ?2";
            let sealed: Option<Vec<u8>> =
                connection.query_row(sql, rusqlite::params![kept.shop, id], |row| row.get(0)).ok();
            let opens = sealed.as_ref().is_some_and(|sealed| opens_at_hub(sealed, &keys));
            if is_kept && !opens {
                let what = if sealed.is_some() { "cannot be opened" } else { "is not there" };
                self.found.push(format!("purchase {place}, kept at a till, {what} at the hub"));
            }
            let is_known =
                tills.clone().any(|till| !matches!(till.store.find(&kept.code).unwrap(), Found::Unknown));
            if is_known && !is_kept {
                self.found.push(format!("purchase {place} is gone, and nobody forgot it"));
            }
        }
    }

    /// Every forget is complete, and the till where it was said knows it.
    fn check_forgets(&mut self) {
        for (place, kept) in self.people.kept.iter().enumerate().filter(|(_, kept)| kept.is_dead()) {
            for till in self.tills.iter().filter(|till| !till.is_gone && till.shop == kept.shop) {
                let found = till.store.find(&kept.code).unwrap();
                if !matches!(found, Found::Unknown | Found::Forgotten { pending: false }) {
                    self.found.push(format!("purchase {place} at t{}: {}", till.name, name(&found)));
                }
            }
            for said in kept.said.iter().filter(|said| !said.is_lost && said.is_followed) {
                let till = &self.tills[said.till];
                if till.is_gone {
                    continue;
                }
                let state = till.store.forget_state(&kept.code.purchase_id()).unwrap();
                let is_complete = state.is_some_and(|s| s.copies > 0 && s.confirmed + s.lost == s.copies);
                if !is_complete {
                    self.found.push(format!("t{} forgot purchase {place}: {state:?}", till.name));
                }
            }
        }
    }

    fn check_residue(&mut self) {
        let files = self.host.files();
        let keys = live_keys(&files.key, &files.keys);
        let mut of_hub = BTreeSet::new();
        for shop in ["SOL", "LUNA"] {
            of_hub.extend(self.people.dead(shop));
        }
        for (id, _) in self.host.sealed.of(&of_hub).filter(|(_, sealed)| opens_at_hub(sealed, &keys)) {
            let place = self.people.place(id).expect("it was sold");
            self.found.push(format!("a key at the hub opens purchase {place}"));
        }
        let mut left =
            residue::scan(self.host.path(), self.host.sealed.of(&of_hub).map(|(_, sealed)| sealed));
        for till in self.tills.iter().filter(|till| !till.is_gone) {
            let dead = self.people.dead(&till.shop);
            let keys = live_keys(&till.path().join("store.key"), &till.path().join("olvido.keys"));
            for (id, sealed) in till.sealed.of(&dead) {
                let place = self.people.place(id).expect("it was sold");
                if opens_at_till(sealed, id, &self.people.kept[place].code, &keys) {
                    self.found.push(format!("a key at t{} opens purchase {place}", till.name));
                }
            }
            left.extend(residue::scan(till.path(), till.sealed.of(&dead).map(|(_, sealed)| sealed)));
        }
        self.found.extend(left);
    }
}

fn name(found: &Found) -> &'static str {
    match found {
        Found::Kept(_) => "kept",
        Found::Forgotten { .. } => "pending",
        Found::PastTerm => "past its term",
        Found::Unknown => "unknown",
    }
}

/// Every ticket that the hub has, by hash.
fn tickets(connection: &Connection, found: &mut Vec<String>) -> BTreeMap<[u8; 32], Vec<AtHub>> {
    let mut tickets: BTreeMap<[u8; 32], Vec<AtHub>> = BTreeMap::new();
    let sql = "SELECT store, body, flag FROM record WHERE series = ?1 AND body IS NOT NULL";
    let mut statement = connection.prepare(sql).unwrap();
    let mut rows = statement.query([Series::Ticket.name()]).unwrap();
    while let Some(row) = rows.next().unwrap() {
        let body: String = row.get(1).unwrap();
        let body: Value = serde_json::from_str(&body).unwrap();
        let hash: olvido::sync::wire::Hex<32> = body["hash"].as_str().unwrap().parse().unwrap();
        let flag: Option<String> = row.get(2).unwrap();
        if flag.as_deref().is_some_and(|flag| flag != "number-twice") {
            found.push(format!("ticket {} is flagged {flag:?}", body["number"]));
        }
        let at_hub = AtHub { shop: row.get(0).unwrap(), is_flagged: flag.is_some() };
        tickets.entry(hash.0).or_default().push(at_hub);
    }
    tickets
}

/// The hub's own sums.
fn sums(connection: &Connection) -> Sums {
    let mut statement = connection.prepare("SELECT store, day, sales, total FROM day_sum").unwrap();
    let rows = statement.query_map([], |row| {
        let day = NaiveDate::from_epoch_days(row.get(1)?).unwrap();
        Ok(((row.get(0)?, day), (row.get(2)?, row.get(3)?)))
    });
    rows.unwrap().collect::<Result<_, _>>().unwrap()
}
