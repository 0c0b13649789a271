//! What the chain's office tells its tills: products and policies.

use std::collections::HashMap;

use super::db::Value;
use super::error::HubError;
use super::{Hub, feed, int, lock_store};
use crate::domain::policy::Policy;
use crate::sync::wire::{FeedKind, PolicyChange, ProductChange};

/// What a publication came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Published {
    pub added: usize,
    pub changed: usize,
    /// As they were published before: the tills hear nothing of them.
    pub unchanged: usize,
}

/// A policy that the tills will hear of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublishedPolicy {
    pub version: u32,
    /// The text of the one published before, if there was one.
    pub before: Option<String>,
}

/// There is one policy in force: its place in the feed.
const POLICY_KEY: &str = "policy";

impl Hub {
    /// Publishes products to the tills of a store, all or none: only those that are not as they were
    /// published before. A product is the same as an earlier one when its barcode is, or else its sku, or
    /// else its PLU. Errors: `Invalid("store")`; `Invalid("product")` for one without any of these;
    /// `Database`.
    pub fn publish_products(&self, store: &str, products: &[ProductChange]) -> Result<Published, HubError> {
        // The last of several that are the same counts.
        let mut bodies: HashMap<String, (usize, String)> = HashMap::new();
        for (place, product) in products.iter().enumerate() {
            bodies.insert(key(product)?, (place, feed::json(product)));
        }
        let mut bodies: Vec<(String, usize, String)> =
            bodies.into_iter().map(|(key, (place, body))| (key, place, body)).collect();
        bodies.sort_by_key(|(_, place, _)| *place);
        self.database.write(|tx| {
            let mut seq = lock_store(tx, store)?.ok_or(HubError::Invalid("store"))?;
            let args = [Value::Text(store), Value::Text(FeedKind::Product.name())];
            let rows = tx.query("SELECT key, body FROM feed WHERE store = $1 AND kind = $2", &args)?;
            let mut before = HashMap::with_capacity(rows.len());
            for row in &rows {
                before.insert(row.text(0)?, row.text(1)?);
            }
            let mut published = Published::default();
            for (key, _, body) in &bodies {
                match before.get(key.as_str()) {
                    Some(old) if *old == body => {
                        published.unchanged += 1;
                        continue;
                    }
                    Some(_) => published.changed += 1,
                    None => published.added += 1,
                }
                seq += 1;
                feed::put_at(tx, store, seq, FeedKind::Product, key, body)?;
            }
            if published.added + published.changed > 0 {
                let sql = "UPDATE store SET feed_head = $2 WHERE store = $1";
                tx.execute(sql, &[Value::Text(store), int(seq)])?;
                tx.notify_feed(store)?;
            }
            Ok(published)
        })
    }

    /// Publishes a policy to the tills of a store. Errors: `Invalid("policy")` for a
    /// text that [`Policy::parse`] refuses, `Invalid("version")` for one that is not newer than the last,
    /// `Invalid("store")`, `Database`.
    pub fn publish_policy(&self, store: &str, text: &str) -> Result<PublishedPolicy, HubError> {
        let policy = Policy::parse(text).map_err(|_| HubError::Invalid("policy"))?;
        let change = PolicyChange { v: 1, version: policy.version, text: text.to_owned() };
        let body = feed::json(&change);
        self.database.write(|tx| {
            lock_store(tx, store)?.ok_or(HubError::Invalid("store"))?;
            let args = [Value::Text(store), Value::Text(FeedKind::Policy.name()), Value::Text(POLICY_KEY)];
            let last =
                tx.query_one("SELECT body FROM feed WHERE store = $1 AND kind = $2 AND key = $3", &args)?;
            let mut before = None;
            if let Some(row) = last {
                let last: PolicyChange =
                    serde_json::from_str(row.text(0)?).map_err(|_| super::damaged("feed.body"))?;
                if last.version >= policy.version {
                    return Err(HubError::Invalid("version"));
                }
                before = Some(last.text);
            }
            feed::put(tx, store, FeedKind::Policy, POLICY_KEY, &body)?;
            tx.notify_feed(store)?;
            Ok(PublishedPolicy { version: policy.version, before })
        })
    }
}

fn key(product: &ProductChange) -> Result<String, HubError> {
    match product {
        ProductChange { barcode: Some(barcode), .. } => Ok(format!("barcode {barcode}")),
        ProductChange { sku, .. } if !sku.is_empty() => Ok(format!("sku {sku}")),
        ProductChange { plu: Some(plu), .. } => Ok(format!("plu {plu}")),
        _ => Err(HubError::Invalid("product")),
    }
}
