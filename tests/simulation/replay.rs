//! What was sent once may be sent again: any part of it, in any order, and nothing changes.

use olvido::sync::hub::HubError;
use olvido::sync::record::Series;
use olvido::sync::wire::Upload;
use rusqlite::Connection;
use rusqlite::types::Value;
use sha2::{Digest, Sha256};

use super::breakage;
use super::world::World;

/// Uploads that are sent again, at the most.
const AGAIN_MAX: usize = 12;

impl World {
    pub fn check_replay(&mut self) {
        let before = digest(&self.host.connect());
        let now = self.time();
        let hub = self.host.hub().expect("it runs");
        let database = self.host.path().join("hub.db");
        // A shuffle of some of what was carried out.
        for _ in 0..AGAIN_MAX.min(2 * self.host.carried.len()) {
            let carried = &self.host.carried[self.random.below(self.host.carried.len())];
            let upload: Upload = serde_json::from_str(&carried.body).unwrap();
            let series = carried.series;
            match breakage::upload(self.breakage, hub, &database, &carried.caller, series, &upload, now) {
                Ok(_) | Err(HubError::Revoked | HubError::Unauthorized) => {}
                Err(error) => self.found.push(format!("{series} sent again: {error}")),
            }
        }
        // Prefixes and overlaps, cut as they never were before.
        for till in &self.tills {
            let Some(talk) = till.talk.as_ref().filter(|_| !till.is_gone) else { continue };
            let caller = olvido::sync::hub::Caller { store: till.shop.clone(), origin: talk.origin };
            for series in Series::ALL {
                let Some((begin, through)) = span(&self.host.connect(), &caller, series) else { continue };
                if through < begin {
                    continue;
                }
                let first = begin + self.random.below((through + 1 - begin) as usize) as u64;
                let most = 1 + self.random.below((through + 1 - first) as usize);
                let upload = talk.run(till.outbox(), series, first - 1, most, None, &till.bodies);
                match breakage::upload(self.breakage, hub, &database, &caller, series, &upload, now) {
                    Ok(answer) if answer.durable_through == through => {}
                    other => self.found.push(format!("{series} of t{} again: {other:?}", till.name)),
                }
            }
        }
        if digest(&self.host.connect()) != before {
            self.found.push("what was sent again has changed the hub".into());
        }
    }
}

/// First and last index that the hub has of a series.
fn span(connection: &Connection, caller: &olvido::sync::hub::Caller, series: Series) -> Option<(u64, u64)> {
    let sql = "SELECT begin, through FROM series_head
               WHERE store = ?1 AND device = ?2 AND epoch = ?3 AND series = ?4";
    let args = rusqlite::params![caller.store, caller.origin.device, caller.origin.epoch, series.name()];
    connection.query_row(sql, args, |row| Ok((row.get(0)?, row.get(1)?))).ok()
}

/// Everything in the hub's tables, but when a till was seen.
fn digest(connection: &Connection) -> [u8; 32] {
    let mut digest = Sha256::new();
    let names = "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name";
    let mut statement = connection.prepare(names).unwrap();
    let names: Vec<String> = statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    for name in names {
        let mut statement = connection.prepare(&format!("SELECT * FROM {name}")).unwrap();
        let columns: Vec<String> = statement.column_names().into_iter().map(str::to_owned).collect();
        let mut all: Vec<Vec<u8>> = Vec::new();
        let mut rows = statement.query([]).unwrap();
        while let Some(row) = rows.next().unwrap() {
            let mut bytes = Vec::new();
            for (place, column) in columns.iter().enumerate() {
                if column != "seen_at" && column != "at" {
                    let value: Value = row.get(place).unwrap();
                    bytes.extend_from_slice(format!("{value:?};").as_bytes());
                }
            }
            all.push(bytes);
        }
        all.sort();
        digest.update(name.as_bytes());
        all.iter().for_each(|row| digest.update(row));
    }
    digest.finalize().into()
}
