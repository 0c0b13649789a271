//! What a hub says, carried out at a till: forgets first, then prices, policies and revocations.
//! Everything may be said again, and a crash between two steps only means that it is.

use std::collections::HashMap;

use serde::de::DeserializeOwned;

use super::wire::{
    Change, FeedKind, PolicyChange, ProductChange, RevocationChange, TombstoneChange, Versioned,
};
use crate::domain::barcode::Gtin;
use crate::domain::money::Money;
use crate::domain::policy::Policy;
use crate::domain::product::Product;
use crate::domain::quantity::Unit;
use crate::domain::tax::TaxRate;
use crate::store::{Forgetting, HubState, Store, StoreError};

/// What a page of changes did.
#[derive(Debug, Default)]
pub struct Applied {
    /// Whether everything was carried out, durably, once [`Applied::policy`] is in force: only then may the
    /// cursor move, which tells the hub so. If not, the same page is asked for again.
    pub complete: bool,
    /// The catalogue is another: it counts from the next basket on.
    pub catalogue: bool,
    /// To be written to the policy's file, and then given to [`Store::adopt_policy`].
    pub policy: Option<NewPolicy>,
    /// This till's own identity counts no longer.
    pub revoked: bool,
    /// A tombstone cannot be read: nothing is complete until a program is here that can.
    pub unread: bool,
    /// What somebody at the hub must look at; it holds up nothing else.
    pub troubles: Vec<Trouble>,
}

/// A policy newer than the one in force, without refusals.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewPolicy {
    /// The whole file.
    pub text: String,
    pub policy: Policy,
}

/// A change that was not carried out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    /// Its number at the hub.
    pub seq: u64,
    pub kind: TroubleKind,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TroubleKind {
    /// It is not what its kind holds: the kind.
    Unreadable(String),
    /// A field of a product is none that a till can sell by: its name.
    Product(String),
    /// A policy with refusals, or whose version was in force with other words.
    Policy(u32),
    /// A policy older than the one in force here.
    OlderPolicy { version: u32, here: u32 },
}

/// Under this kind the products of a page wait for the pages after it.
const WAITING: &str = "waiting product";

/// Carries out a page of changes. With `more` to come the products wait on disk, so that the catalogue is
/// made once for all pages: the last page, even an empty one, is what brings them in.
///
/// Errors: of the store; then the page is asked for again.
pub fn apply(store: &mut Store, changes: &[Change], more: bool) -> Result<Applied, StoreError> {
    let mut applied = Applied { complete: true, ..Applied::default() };
    if !forget(store, changes, &mut applied)? {
        // Whoever asked waits for this, and for nothing else.
        applied.complete = false;
        return Ok(applied);
    }
    let mut kept = Vec::new();
    let mut products = Vec::new();
    for change in changes {
        match FeedKind::named(&change.kind) {
            Some(FeedKind::Tombstone) if applied.troubles.iter().any(|trouble| trouble.seq == change.seq) => {
                kept.push(as_it_came(change));
            }
            Some(FeedKind::Tombstone) => {}
            Some(FeedKind::Product) => match read(change, &mut kept, &mut applied) {
                Some(_) if more => kept.push((change.seq, WAITING, change.body.get())),
                Some(product) => products.push((change.seq, product)),
                None => {}
            },
            Some(FeedKind::Policy) => {
                if let Some(policy) = read(change, &mut kept, &mut applied) {
                    judge_policy(store, change.seq, policy, &mut applied);
                }
            }
            Some(FeedKind::Revocation) => {
                if let Some(revocation) = read(change, &mut kept, &mut applied) {
                    revoke(store, &revocation, &mut applied)?;
                }
            }
            None => kept.push(as_it_came(change)),
        }
    }
    if !kept.is_empty() {
        store.keep_changes(&kept)?;
    }
    if !more {
        import(store, products, &mut applied)?;
        if applied.complete {
            store.drop_kept_changes(FeedKind::Tombstone.name(), i64::MAX.unsigned_abs())?;
        }
    }
    Ok(applied)
}

/// Whether the feed stands still before a tombstone that this program cannot read.
pub fn is_stopped(store: &Store) -> Result<bool, StoreError> {
    Ok(!store.kept_changes(FeedKind::Tombstone.name())?.is_empty())
}

/// What an earlier program kept since it did not know it, and this one does, is to come down again, with
/// all that followed it: a later change may have replaced it.
pub fn ask_again(store: &mut Store) -> Result<(), StoreError> {
    for kind in FeedKind::ALL {
        for (seq, text) in store.kept_changes(kind.name())? {
            if is_known(kind, &text) {
                store.ask_again(seq)?;
            }
        }
    }
    Ok(())
}

fn as_it_came(change: &Change) -> (u64, &str, &str) {
    (change.seq, &change.kind, change.body.get())
}

/// Forgets what the tombstones name, of whatever version: to pass one over would be a lie. Returns whether
/// it is complete.
fn forget(store: &mut Store, changes: &[Change], applied: &mut Applied) -> Result<bool, StoreError> {
    let mut ids = Vec::new();
    for change in changes.iter().filter(|change| change.kind == FeedKind::Tombstone.name()) {
        match serde_json::from_str::<TombstoneChange>(change.body.get()) {
            Ok(tombstone) => ids.push(tombstone.id.0),
            Err(_) => {
                (applied.complete, applied.unread) = (false, true);
                applied.unreadable(change);
            }
        }
    }
    Ok(ids.is_empty() || store.forget_from_hub(&ids)? == Forgetting::Complete)
}

/// The body of a change of version 1. One of a later version is kept as it came, like an unknown kind; one
/// that cannot be read is noted, too.
fn read<'c, T: DeserializeOwned>(
    change: &'c Change,
    kept: &mut Vec<(u64, &'c str, &'c str)>,
    applied: &mut Applied,
) -> Option<T> {
    let read = body(change.body.get());
    if read.is_none() {
        kept.push(as_it_came(change));
        if version(change.body.get()).is_none_or(|version| version <= 1) {
            applied.unreadable(change);
        }
    }
    read
}

fn version(body: &str) -> Option<u32> {
    serde_json::from_str::<Versioned>(body).ok().map(|versioned| versioned.v)
}

/// Whether a kept change can be carried out. The feed stands still before a tombstone that cannot be read, so that
/// it comes again by itself.
fn is_known(kind: FeedKind, text: &str) -> bool {
    match kind {
        FeedKind::Product => body::<ProductChange>(text).is_some(),
        FeedKind::Policy => body::<PolicyChange>(text).is_some(),
        FeedKind::Revocation => body::<RevocationChange>(text).is_some(),
        FeedKind::Tombstone => false,
    }
}

fn body<T: DeserializeOwned>(text: &str) -> Option<T> {
    version(text).filter(|version| *version == 1).and_then(|_| serde_json::from_str(text).ok())
}

fn judge_policy(store: &Store, seq: u64, change: PolicyChange, applied: &mut Applied) {
    let in_force = store.policy();
    let trouble = match Policy::parse(&change.text) {
        Ok(policy) if policy == *in_force => return,
        Ok(policy) if policy.version < in_force.version => {
            TroubleKind::OlderPolicy { version: policy.version, here: in_force.version }
        }
        Ok(policy) if policy.version > in_force.version => {
            // A later change of the page replaces an earlier one, whichever is higher counts.
            if applied.policy.as_ref().is_none_or(|other| other.policy.version < policy.version) {
                applied.policy = Some(NewPolicy { text: change.text, policy });
            }
            return;
        }
        Ok(_) | Err(_) => TroubleKind::Policy(change.version),
    };
    applied.troubles.push(Trouble { seq, kind: trouble });
}

fn revoke(store: &mut Store, change: &RevocationChange, applied: &mut Applied) -> Result<(), StoreError> {
    store.note_revocation(&change.device.0, change.epoch)?;
    let own = store.enrolment()?;
    if own.is_some_and(|own| own.device == change.device.0 && own.epoch <= change.epoch) {
        store.set_hub_state(HubState::Revoked)?;
        applied.revoked = true;
    }
    Ok(())
}

/// What says which product it is, as [`Store::import_products`] looks for it.
#[derive(PartialEq, Eq, Hash)]
enum Code {
    Barcode(u64),
    Sku(String),
    Plu(Option<u32>),
}

/// Brings in the products of this page and those that waited for it: of each product the last word.
fn import(
    store: &mut Store,
    products: Vec<(u64, ProductChange)>,
    applied: &mut Applied,
) -> Result<(), StoreError> {
    let waiting = store.kept_changes(WAITING)?;
    let last_waiting = waiting.last().map(|(seq, _)| *seq);
    let damaged = |_| StoreError::Damaged("a product that waits to be brought in".into());
    let mut all: Vec<(u64, ProductChange)> = waiting
        .iter()
        .map(|(seq, body)| Ok((*seq, serde_json::from_str(body).map_err(damaged)?)))
        .collect::<Result<_, StoreError>>()?;
    all.extend(products);
    all.sort_by_key(|(seq, _)| *seq);
    let mut places: HashMap<Code, usize> = HashMap::new();
    let mut last: Vec<Product> = Vec::with_capacity(all.len());
    for (seq, change) in all {
        let name = change.name.clone();
        let Some(product) = product(change) else {
            applied.troubles.push(Trouble { seq, kind: TroubleKind::Product(name) });
            continue;
        };
        let code = match (product.barcode, product.sku.as_str()) {
            (Some(barcode), _) => Code::Barcode(barcode.number()),
            (None, "") => Code::Plu(product.plu),
            (None, sku) => Code::Sku(sku.to_owned()),
        };
        match places.get(&code) {
            Some(place) => last[*place] = product,
            None => {
                places.insert(code, last.len());
                last.push(product);
            }
        }
    }
    if !last.is_empty() {
        store.import_products(&last, |_, _| {})?;
        applied.catalogue = true;
    }
    last_waiting.map_or(Ok(()), |last| store.drop_kept_changes(WAITING, last))
}

fn product(change: ProductChange) -> Option<Product> {
    let barcode = change.barcode.map(Gtin::from_number).transpose().ok()?;
    Product {
        barcode,
        plu: change.plu,
        sku: change.sku,
        name: change.name,
        department: change.department,
        price: Money(change.price),
        tax: TaxRate(change.tax),
        unit: if change.weighed { Unit::Kilogram } else { Unit::Piece },
        durable_years: change.durable_years,
    }
    .sound()
}

impl Applied {
    fn unreadable(&mut self, change: &Change) {
        let kind = TroubleKind::Unreadable(change.kind.clone());
        self.troubles.push(Trouble { seq: change.seq, kind });
    }
}

#[cfg(test)]
mod tests;
