//! Whether the hub keeps every promise: what each till said is here, as it said it and signed by it; the
//! sums are those of the records; what is kept opens, and what was erased does not.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::PoisonError;

use serde::Serialize;

use super::caller::Caller;
use super::db::{Transaction, Value};
use super::erase::slot_of;
use super::erased::Listed;
use super::error::HubError;
use super::judge::{self, flag_of};
use super::keys::owner;
use super::stored::AGAIN;
use super::sums::Sums;
use super::{Hub, damaged, epoch_of, int};
use crate::seal::{DevicePublicKey, DeviceSignature, SlotId, SlotSurvey, aead};
use crate::sync::record::{BodyHash, NO_BODY, Origin, Run, Series, body_hash};
use crate::sync::wire::Hex;

/// What a check of the whole hub found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct HubVerified {
    /// How much was looked at.
    pub stores: usize,
    pub records: u64,
    pub tickets: u64,
    pub purchases: usize,
    pub erased: usize,
    /// Records that break a rule: somebody must look, but it is no fault of the hub.
    pub quarantined: u64,
    pub findings: Vec<HubFinding>,
}

/// Something that does not hold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct HubFinding {
    pub kind: HubFindingKind,
    /// Empty where it is the hub's own.
    pub store: String,
    /// A record's place, a random id, a slot, a day. Never a person.
    pub subject: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum HubFindingKind {
    /// A row cannot be read.
    Database,
    /// An index is not there.
    RecordMissing,
    /// A record is not what its till signed.
    RecordChanged,
    /// A run is not signed by its till.
    Signature,
    /// A ticket that was taken as sound is not.
    TicketUnsound,
    /// A ticket does not continue the chain, and is not flagged.
    Chain,
    /// A day's sums are not those of its records.
    Sums,
    /// The key of something erased is still there.
    KeyKept,
    /// The sealed bytes of something erased are still there.
    BytesKept,
    /// A key seals nothing.
    KeyUnused,
    /// Something is sealed and its key is gone, without having been erased.
    KeyMissing,
    /// A slot of the key file is neither zero nor whole.
    KeyDamaged,
    /// Something sealed does not open with its key, or is not what its till signed.
    Unopened,
    /// Something was erased and is not on the list that outlives the database, or the reverse.
    List,
    /// A forget is not complete.
    Pending,
    /// A backup or restore was killed and had left this; it is overwritten and gone.
    LeftOver,
    /// The same, and it cannot be erased, or not be reached.
    LeftOverStays,
}

/// Records read at once.
const READ_AT_ONCE: u64 = 1000;

/// The check of one store.
struct Check<'a> {
    store: &'a str,
    found: &'a mut HubVerified,
    sums: Sums,
    /// Hash and id of each purchase's record, where it has a body.
    purchases: HashMap<(Origin, u64), BodyHash>,
}

impl HubVerified {
    /// Whether everything holds.
    pub fn holds(&self) -> bool {
        self.findings.is_empty()
    }

    fn find(&mut self, kind: HubFindingKind, store: &str, subject: impl ToString) {
        self.findings.push(HubFinding { kind, store: store.to_owned(), subject: subject.to_string() });
    }
}

impl Hub {
    /// Checks everything. Reads the whole database and all keys once. Beside a hub that serves, keys without
    /// use are not looked for: they may be on their way. Errors: `Database`, `Keys`, `Io` where something
    /// could not be read at all.
    pub fn verify(&self) -> Result<HubVerified, HubError> {
        let mut found = HubVerified::default();
        let listed = self.keys.listed()?;
        for _ in 0..listed.damaged {
            found.find(HubFindingKind::List, "", "erased.log");
        }
        let keys = self.keys.check()?;
        for index in &keys.damaged {
            found.find(HubFindingKind::KeyDamaged, "", index);
        }
        if self.pending()?.is_some() {
            found.find(HubFindingKind::Pending, "", "");
        }
        if self.is_keeper() {
            self.erase_leftovers()?;
            let mut known = self.leftovers.lock().unwrap_or_else(PoisonError::into_inner);
            for name in std::mem::take(&mut known.erased) {
                found.find(HubFindingKind::LeftOver, "", name);
            }
            for name in &known.left {
                found.find(HubFindingKind::LeftOverStays, "", name);
            }
        }
        let mut used = HashSet::new();
        let stores = self.stores()?;
        found.stores = stores.len();
        for store in &stores {
            let so_far = found.clone();
            // The closure may run again: it starts from where it was.
            found = self.database.read(|tx| {
                let mut found = so_far.clone();
                let mut check = Check::new(store, &mut found);
                let checked = check.records(tx).and_then(|()| check.sums(tx));
                let purchases = std::mem::take(&mut check.purchases);
                match checked {
                    Err(HubError::Database(super::DbError::Damaged(what))) => {
                        found.find(HubFindingKind::Database, store, what);
                    }
                    other => other?,
                }
                used.extend(self.verify_purchases(tx, store, &purchases, &mut found)?);
                used.extend(self.verify_erased(tx, store, &listed, &keys, &mut found)?);
                Ok(found)
            })?;
        }
        let is_unused = |slot: &&SlotId| self.keys.is_alone() && !used.contains(*slot);
        for slot in keys.live.iter().filter(is_unused) {
            found.find(HubFindingKind::KeyUnused, "", slot.index);
        }
        Ok(found)
    }

    /// Each kept purchase opens, and is what its till signed. Returns the slots in use.
    fn verify_purchases(
        &self,
        tx: &mut Transaction<'_>,
        store: &str,
        signed: &HashMap<(Origin, u64), BodyHash>,
        found: &mut HubVerified,
    ) -> Result<Vec<SlotId>, HubError> {
        let ids = tx.query("SELECT id FROM purchase WHERE store = $1 ORDER BY id", &[Value::Text(store)])?;
        let mut used = Vec::with_capacity(ids.len());
        for row in &ids {
            let id: [u8; 16] = row.array(0)?;
            let of_id = [Value::Text(store), Value::Bytes(&id)];
            let row = tx.query_one(
                "SELECT slot, sealed, device, epoch, idx, (SELECT count(*) FROM tombstone t
                     WHERE t.store = $1 AND t.id = $2) FROM purchase WHERE store = $1 AND id = $2",
                &of_id,
            )?;
            let Some(row) = row else { continue };
            if row.int(5)? > 0 {
                // Either on its way out, which is pending, or a fault.
                found.find(HubFindingKind::BytesKept, store, Hex(id));
                continue;
            }
            found.purchases += 1;
            let slot = slot_of(store, &id, row.int(0)?)?;
            used.push(slot);
            let origin = Origin { device: row.array(2)?, epoch: epoch_of(&row, 3)? };
            let hash = signed.get(&(origin, row.uint(4)?));
            match self.keys.key(store, slot) {
                Ok(Some(key)) => {
                    let opened = aead::open(&key, &slot.owner, row.opt_bytes(1)?.unwrap_or_default());
                    let text = opened.as_ref().ok().and_then(|body| std::str::from_utf8(body).ok());
                    if text.map(|text| body_hash(Some(text))).as_ref() != hash {
                        found.find(HubFindingKind::Unopened, store, Hex(id));
                    }
                }
                Ok(None) | Err(HubError::Keys(crate::seal::KeysError::DamagedSlot(_))) => {
                    // Erased this very moment, by the hub that serves?
                    if !self.database.read(|tx| super::purchase::is_buried(tx, store, &id))? {
                        found.find(HubFindingKind::KeyMissing, store, Hex(id));
                    }
                }
                Err(error) => return Err(error),
            }
        }
        Ok(used)
    }

    /// What was erased has no key, and is on the list; what is on the list was erased. Returns the slots
    /// of keys that should not be.
    fn verify_erased(
        &self,
        tx: &mut Transaction<'_>,
        store: &str,
        listed: &Listed,
        keys: &SlotSurvey,
        found: &mut HubVerified,
    ) -> Result<Vec<SlotId>, HubError> {
        let of_store = [Value::Text(store)];
        let ids = |rows: Vec<super::db::Row>| -> Result<HashSet<[u8; 16]>, HubError> {
            rows.iter().map(|row| Ok(row.array(0)?)).collect()
        };
        let buried = ids(tx.query("SELECT id FROM tombstone WHERE store = $1", &of_store)?)?;
        let doomed = ids(tx.query("SELECT id FROM doomed WHERE store = $1", &of_store)?)?;
        found.erased += buried.len();
        let live: HashMap<[u8; 16], SlotId> = keys.live.iter().map(|slot| (slot.owner, *slot)).collect();
        let (mut newly_listed, mut kept) = (None, Vec::new());
        for id in buried.difference(&doomed) {
            if let Some(slot) = live.get(&owner(store, id)) {
                found.find(HubFindingKind::KeyKept, store, Hex(*id));
                kept.push(*slot);
            }
            let entry = (store.to_owned(), *id);
            if !listed.erased.contains(&entry) {
                let now = match &mut newly_listed {
                    Some(now) => now,
                    none => none.insert(self.keys.listed()?.erased),
                };
                if !now.contains(&entry) {
                    found.find(HubFindingKind::List, store, Hex(*id));
                }
            }
        }
        for (_, id) in listed.erased.iter().filter(|(of, id)| of == store && !buried.contains(id)) {
            found.find(HubFindingKind::List, store, Hex(*id));
        }
        // Those that are doomed have theirs a little longer.
        kept.extend(doomed.iter().filter_map(|id| live.get(&owner(store, id))));
        Ok(kept)
    }
}

impl<'a> Check<'a> {
    fn new(store: &'a str, found: &'a mut HubVerified) -> Check<'a> {
        Check { store, found, sums: Sums::default(), purchases: HashMap::new() }
    }

    /// Every series of every device under every epoch.
    fn records(&mut self, tx: &mut Transaction<'_>) -> Result<(), HubError> {
        let rows = tx.query(
            "SELECT h.device, h.epoch, h.series, h.begin, h.through, d.public_key FROM series_head h
             JOIN device d ON d.store = h.store AND d.device = h.device AND d.epoch = h.epoch
             WHERE h.store = $1 AND d.store = $1 ORDER BY h.device, h.epoch, h.series",
            &[Value::Text(self.store)],
        )?;
        for row in &rows {
            let origin = Origin { device: row.array(0)?, epoch: epoch_of(row, 1)? };
            let series = Series::from_name(row.text(2)?).ok_or_else(|| damaged("series_head.series"))?;
            let key =
                DevicePublicKey::from_bytes(row.array(5)?).ok_or_else(|| damaged("device.public_key"))?;
            let caller = Caller { store: self.store.to_owned(), origin };
            let (begin, through) = (row.uint(3)?, row.uint(4)?);
            let hashes = self.runs(tx, &caller, series, &key, begin, through)?;
            self.series(tx, &caller, series, begin, &hashes)?;
        }
        Ok(())
    }

    /// Checks the signatures of a series, and returns the hash of each record from `begin` on.
    fn runs(
        &mut self,
        tx: &mut Transaction<'_>,
        caller: &Caller,
        series: Series,
        key: &DevicePublicKey,
        begin: u64,
        through: u64,
    ) -> Result<Vec<BodyHash>, HubError> {
        let [store, device, epoch] = caller.args();
        let (mut hashes, mut after): (Vec<BodyHash>, u64) = (Vec::new(), 0);
        loop {
            let run = tx.query_one(
                "SELECT first, last, hashes, signature FROM run WHERE store = $1 AND device = $2
                 AND epoch = $3 AND series = $4 AND last > $5 ORDER BY last LIMIT 1",
                &[store, device, epoch, Value::Text(series.name()), int(after)],
            )?;
            let Some(run) = run else { break };
            let (first, last) = (run.uint(0)?, run.uint(1)?);
            after = last;
            let of_run = run.bytes(2)?.as_chunks::<32>().0;
            let place = Run { origin: caller.origin, series, first };
            let is_signed =
                run.array(3).is_ok_and(|signature| place.is_signed(key, of_run, &DeviceSignature(signature)));
            if !is_signed {
                self.found.find(HubFindingKind::Signature, self.store, subject(caller, series, first));
            }
            let next = begin + hashes.len() as u64;
            let known = next.checked_sub(first).and_then(|known| usize::try_from(known).ok());
            match known.and_then(|known| of_run.get(known..)) {
                Some(new) => hashes.extend_from_slice(new),
                None => return Err(damaged("run.hashes")),
            }
        }
        if begin + hashes.len() as u64 != through + 1 {
            self.found.find(HubFindingKind::RecordMissing, self.store, subject(caller, series, through));
        }
        Ok(hashes)
    }

    /// Compares each record with its hash, and adds up what it says.
    fn series(
        &mut self,
        tx: &mut Transaction<'_>,
        caller: &Caller,
        series: Series,
        begin: u64,
        hashes: &[BodyHash],
    ) -> Result<(), HubError> {
        let [store, device, epoch] = caller.args();
        // What the next ticket's `previous` must be, where that is known.
        let mut chain: Option<Option<[u8; 32]>> = (begin == 1).then_some(None);
        let (mut next, end) = (begin, begin + hashes.len() as u64);
        while next < end {
            let rows = tx.query(
                "SELECT idx, body, flag FROM record WHERE store = $1 AND device = $2 AND epoch = $3
                 AND series = $4 AND idx BETWEEN $5 AND $6 ORDER BY idx",
                &[store, device, epoch, Value::Text(series.name()), int(next), int(next + READ_AT_ONCE - 1)],
            )?;
            let mut there = rows.iter();
            let page = next..end.min(next + READ_AT_ONCE);
            next = page.end;
            let mut row = there.next();
            for index in page {
                let hash = hashes.get((index - begin) as usize).copied().unwrap_or(NO_BODY);
                let Some(found) = row.filter(|row| row.uint(0).is_ok_and(|found| found == index)) else {
                    self.found.find(
                        HubFindingKind::RecordMissing,
                        self.store,
                        subject(caller, series, index),
                    );
                    chain = None;
                    continue;
                };
                row = there.next();
                self.record(
                    caller,
                    series,
                    index,
                    (found.opt_text(1)?, found.opt_text(2)?),
                    &hash,
                    &mut chain,
                );
            }
        }
        Ok(())
    }

    fn record(
        &mut self,
        caller: &Caller,
        series: Series,
        index: u64,
        (body, flag): (Option<&str>, Option<&str>),
        hash: &BodyHash,
        chain: &mut Option<Option<[u8; 32]>>,
    ) {
        self.found.records += 1;
        self.found.quarantined += u64::from(flag.and_then(flag_of).is_some());
        if series == Series::Purchase && *hash != NO_BODY {
            self.purchases.insert((caller.origin, index), *hash);
        }
        // A purchase's body is sealed elsewhere; one that came again stands under the earlier epoch.
        let has_none = series == Series::Purchase || flag == Some(AGAIN);
        let is_as_signed = if has_none { body.is_none() } else { body_hash(body) == *hash };
        if !is_as_signed {
            self.found.find(HubFindingKind::RecordChanged, self.store, subject(caller, series, index));
        }
        let before = std::mem::take(chain);
        let Some(body) = body else { return };
        match series {
            Series::Ticket => {
                self.found.tickets += 1;
                let ticket = judge::ticket(body, index);
                *chain = ticket.hash.map(Some);
                if flag.is_some() {
                    return;
                }
                if ticket.flag.is_some() {
                    self.found.find(
                        HubFindingKind::TicketUnsound,
                        self.store,
                        subject(caller, series, index),
                    );
                    return;
                }
                if before.is_some_and(|before| before != ticket.previous) {
                    self.found.find(HubFindingKind::Chain, self.store, subject(caller, series, index));
                }
                self.sums.add_ticket(&ticket);
            }
            Series::Count if flag.is_none() => {
                if let Ok(count) = judge::count(body) {
                    self.sums.add_count(&count);
                }
            }
            Series::Count | Series::Purchase | Series::Forget => {}
        }
    }

    /// The sums of the records against those in the tables.
    fn sums(&mut self, tx: &mut Transaction<'_>) -> Result<(), HubError> {
        let stored = Sums::read(tx, self.store)?;
        let mut days: BTreeMap<i64, ()> = BTreeMap::new();
        differing(&self.sums.sales, &stored.sales, |key| days.insert(key.0, ()));
        differing(&self.sums.taxes, &stored.taxes, |key| days.insert(key.0, ()));
        differing(&self.sums.choices, &stored.choices, |key| days.insert(key.0, ()));
        for day in days.into_keys() {
            let date = i32::try_from(day).ok().and_then(chrono::NaiveDate::from_epoch_days);
            let subject = date.map_or_else(|| day.to_string(), |date| date.to_string());
            self.found.find(HubFindingKind::Sums, self.store, subject);
        }
        Ok(())
    }
}

fn differing<K: Ord, V: PartialEq>(
    one: &BTreeMap<K, V>,
    other: &BTreeMap<K, V>,
    mut differs: impl FnMut(&K) -> Option<()>,
) {
    for (key, value) in one {
        if other.get(key) != Some(value) {
            differs(key);
        }
    }
    for key in other.keys().filter(|key| !one.contains_key(key)) {
        differs(key);
    }
}

fn subject(caller: &Caller, series: Series, index: u64) -> String {
    format!("{}/{}/{series}/{index}", Hex(caller.origin.device), caller.origin.epoch)
}
