//! What a till says, as it travels: rows of the [`Outbox`] made into the bodies of [`super::wire`].
//!
//! The same row gives the same bytes with every version of the program: a hub takes other bytes at
//! the same place for a conflict. A field that is added to a body needs a new body.

use std::borrow::Cow;

use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};

use super::record::Series;
use super::wire::{Base64, CountBody1, ForgetBody1, Hex, Issuer1, PurchaseBody1, TicketBody1};
use crate::store::{CountRow, ForgetRow, Outbox, PurchaseRow, StoreError, TicketRow};

/// Rows read at a time: a page of small bodies takes several reads, one of large ones little memory.
const ROWS_PER_READ: usize = 128;

/// The bodies behind index `after`, in order, `None` where the till no longer has it: at most
/// `most_records`, and, but for the first, no more than `most_bytes` together. Empty at the end of the
/// series. Errors: of the store; `Damaged` where a stored ticket is no JSON.
pub fn page(
    outbox: &Outbox,
    series: Series,
    after: u64,
    most_records: usize,
    most_bytes: usize,
) -> Result<Vec<Option<Box<RawValue>>>, StoreError> {
    let mut page = Bodies { bodies: Vec::new(), bytes_left: most_bytes };
    while page.bodies.len() < most_records {
        let from = after.saturating_add(page.bodies.len() as u64);
        let most = ROWS_PER_READ.min(most_records - page.bodies.len());
        let went_on = match series {
            Series::Ticket => page.take(outbox.tickets(from, most)?, ticket)?,
            Series::Count => page.take(outbox.counts(from, most)?, |row| Ok(body(&count(row))))?,
            Series::Purchase => page.take(outbox.purchases(from, most)?, |row| Ok(body(&purchase(row))))?,
            Series::Forget => page.take(outbox.forgets(from, most)?, |row| Ok(body(&forget(row))))?,
        };
        if went_on < most {
            break;
        }
    }
    Ok(page.bodies)
}

struct Bodies {
    bodies: Vec<Option<Box<RawValue>>>,
    bytes_left: usize,
}

impl Bodies {
    /// Takes rows while there is room. Returns how many it took.
    fn take<T>(
        &mut self,
        rows: Vec<Option<T>>,
        body: impl Fn(T) -> Result<Box<RawValue>, StoreError>,
    ) -> Result<usize, StoreError> {
        let mut taken = 0;
        for row in rows {
            let body = row.map(&body).transpose()?;
            let bytes = body.as_ref().map_or("null".len(), |body| body.get().len());
            if bytes > self.bytes_left && !self.bodies.is_empty() {
                break;
            }
            self.bytes_left = self.bytes_left.saturating_sub(bytes);
            self.bodies.push(body);
            taken += 1;
        }
        Ok(taken)
    }
}

fn body<T: Serialize>(body: &T) -> Box<RawValue> {
    to_raw_value(body).expect("a body is JSON")
}

fn ticket(row: TicketRow) -> Result<Box<RawValue>, StoreError> {
    // Looked over, not read: it travels as it was written when the ticket was issued.
    let kept: &RawValue = serde_json::from_str(&row.body)
        .map_err(|_| StoreError::Damaged(format!("ticket {}: its amounts", row.number)))?;
    Ok(body(&TicketBody1 {
        v: 1,
        number: row.number,
        issuer: Issuer1 {
            name: Cow::Borrowed(&row.issuer.name),
            tax_id: Cow::Borrowed(&row.issuer.tax_id),
            series: Cow::Borrowed(&row.issuer.series),
            currency: Cow::Borrowed(&row.issuer.currency.code),
        },
        at: Cow::Borrowed(&row.at),
        total: row.total,
        tax_total: row.tax_total,
        body: kept,
        previous: row.previous.map(Hex),
        hash: Hex(row.hash),
    }))
}

fn count(row: CountRow) -> CountBody1 {
    let (first, last) = row.tickets.unzip();
    CountBody1 { v: 1, day: row.day, choices: row.choices, first, last }
}

fn purchase(row: PurchaseRow) -> PurchaseBody1 {
    PurchaseBody1 {
        v: 1,
        id: Hex(row.id),
        choice: row.choice,
        policy: row.policy_version,
        day: row.day,
        until: row.until,
        memory: row.memory.id().to_owned(),
        key: Base64(row.key.expose().to_vec()),
        sealed: Base64(row.sealed),
    }
}

fn forget(row: ForgetRow) -> ForgetBody1 {
    ForgetBody1 { v: 1, id: Hex(row.id), held: row.held }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::sync::Arc;

    use chrono::NaiveDate;

    use super::*;
    use crate::domain::money::Currency;
    use crate::domain::policy::Memory;
    use crate::domain::ticket::Issuer;
    use crate::store::Forgetting;
    use crate::sync::testing::{enrolment, guarantee, sell, store};

    /// Only to be added to: a hub has these bytes.
    #[test]
    fn bodies_are_frozen() {
        let currency = Currency::from_code("EUR").unwrap();
        let issuer =
            Issuer { name: "Sol \"S.L.\"".into(), tax_id: "89890001K".into(), series: "A".into(), currency };
        let row = TicketRow {
            number: 7,
            issuer: Arc::new(issuer),
            at: "2026-11-23T18:42:07+01:00".into(),
            total: 1234,
            tax_total: 214,
            body: r#"{"departments":[{"department":"Bazar","amount":1234}]}"#.into(),
            previous: Some([0xaf; 32]),
            hash: [0x0b; 32],
        };
        let first = TicketRow { number: 1, previous: None, ..row.clone() };
        let (before, hash) = ("af".repeat(32), "0b".repeat(32));
        let expected = |number, previous: &str| {
            format!(
                r#"{{"v":1,"number":{number},"issuer":{{"name":"Sol \"S.L.\"","tax_id":"89890001K","series":"A","currency":"EUR"}},"at":"2026-11-23T18:42:07+01:00","total":1234,"tax_total":214,"body":{{"departments":[{{"department":"Bazar","amount":1234}}]}},"previous":{previous},"hash":"{hash}"}}"#
            )
        };
        assert_eq!(ticket(row.clone()).unwrap().get(), expected(7, &format!("\"{before}\"")));
        assert_eq!(ticket(first).unwrap().get(), expected(1, "null"));
        let torn = TicketRow { body: r#"{"departments":["#.into(), ..row };
        assert!(matches!(ticket(torn), Err(StoreError::Damaged(_))));

        let day = NaiveDate::from_ymd_opt(2026, 11, 23).unwrap();
        let choices = BTreeMap::from([("remember".to_owned(), 2), ("_unanswered".to_owned(), 40)]);
        assert_eq!(
            body(&count(CountRow { day, choices: choices.clone(), tickets: None })).get(),
            r#"{"v":1,"day":"2026-11-23","choices":{"_unanswered":40,"remember":2}}"#
        );
        assert_eq!(
            body(&count(CountRow { day, choices, tickets: Some((7, 48)) })).get(),
            r#"{"v":1,"day":"2026-11-23","choices":{"_unanswered":40,"remember":2},"first":7,"last":48}"#
        );
        let forgotten = ForgetRow { id: [0x1f; 16], held: true };
        assert_eq!(
            body(&forget(forgotten)).get(),
            r#"{"v":1,"id":"1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f","held":true}"#
        );
        let kept = PurchaseRow {
            id: [0x2e; 16],
            choice: "guarantee".into(),
            policy_version: 3,
            day,
            until: NaiveDate::from_ymd_opt(2029, 11, 23),
            memory: Memory::Receipt,
            key: crate::seal::StoreKey::random().derive(crate::seal::Purpose::DeviceKey),
            sealed: vec![1, 2, 3, 4],
        };
        let key = serde_json::to_string(&Base64(kept.key.expose().to_vec())).unwrap();
        assert_eq!(
            body(&purchase(kept)).get(),
            format!(
                r#"{{"v":1,"id":"2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e","choice":"guarantee","policy":3,"day":"2026-11-23","until":"2029-11-23","memory":"receipt","key":{key},"sealed":"AQIDBA=="}}"#
            )
        );
    }

    #[test]
    fn a_page_ends_with_its_room() {
        let row = |n: usize| (n > 0).then(|| format!("{{\"{}\":0}}", "a".repeat(n)));
        let taken = |bytes_left: usize, lengths: &[usize]| {
            let mut page = Bodies { bodies: Vec::new(), bytes_left };
            let rows = lengths.iter().map(|n| row(*n)).collect();
            page.take(rows, |text: String| Ok(RawValue::from_string(text).unwrap())).unwrap()
        };
        assert_eq!(taken(1000, &[10, 0, 10]), 3);
        assert_eq!(taken(10, &[100, 10]), 1, "the first in any case");
        assert_eq!(taken(36, &[10, 0, 10]), 3);
        assert_eq!(taken(35, &[10, 0, 10]), 2);
        assert_eq!(taken(19, &[10, 0, 10]), 1);
        assert_eq!(taken(0, &[0, 0]), 1);
    }

    fn texts(
        outbox: &Outbox,
        series: Series,
        after: u64,
        most_records: usize,
        most_bytes: usize,
    ) -> Vec<String> {
        let bodies = page(outbox, series, after, most_records, most_bytes).unwrap();
        bodies.into_iter().map(|body| body.map_or("null".to_owned(), |body| body.get().to_owned())).collect()
    }

    #[test]
    fn pages_of_any_size_say_the_same() {
        let directory = tempfile::tempdir().unwrap();
        let mut till = store(directory.path());
        till.set_enrolment(&enrolment(0)).unwrap();
        for number in 0..300 {
            let answer = if number % 2 == 0 { guarantee() } else { Default::default() };
            sell(&mut till, &answer);
        }
        let outbox = Outbox::open(till.files()).unwrap();
        for (series, records) in [(Series::Ticket, 300), (Series::Purchase, 150)] {
            let whole = texts(&outbox, series, 0, 1000, usize::MAX);
            assert_eq!(whole.len(), records);
            for (most_records, most_bytes) in [(1, usize::MAX), (7, 2000), (128, usize::MAX), (200, 20_000)] {
                let mut all = Vec::new();
                loop {
                    let some = texts(&outbox, series, all.len() as u64, most_records, most_bytes);
                    if some.is_empty() {
                        break;
                    }
                    let bytes: usize = some.iter().map(String::len).sum();
                    assert!(some.len() <= most_records && (some.len() == 1 || bytes <= most_bytes));
                    all.extend(some);
                }
                assert_eq!(all, whole);
            }
        }
        // Each is read by the other end as the ticket it is.
        for (number, text) in (1..).zip(texts(&outbox, Series::Ticket, 0, 1000, usize::MAX)) {
            let read: TicketBody1<'_> = serde_json::from_str(&text).unwrap();
            let ticket = till.ticket(number).unwrap().unwrap();
            assert_eq!((read.number, read.hash.0), (number, ticket.hash.0));
            let body: crate::domain::ticket::TicketBody = serde_json::from_str(read.body.get()).unwrap();
            assert_eq!(body, ticket.body);
        }
    }

    #[test]
    fn nothing_of_a_purchase_forgotten_before_it_was_sent_is_in_a_page() {
        let directory = tempfile::tempdir().unwrap();
        let mut till = store(directory.path());
        till.set_enrolment(&enrolment(0)).unwrap();
        let code = sell(&mut till, &guarantee());
        let outbox = Outbox::open(till.files()).unwrap();
        let said = texts(&outbox, Series::Purchase, 0, 10, usize::MAX).remove(0);
        let said: PurchaseBody1 = serde_json::from_str(&said).unwrap();
        assert_eq!(till.forget(&code).unwrap(), Some(Forgetting::Complete));
        let after: Vec<String> =
            Series::ALL.into_iter().flat_map(|series| texts(&outbox, series, 0, 10, usize::MAX)).collect();
        let id = said.id.to_string();
        assert_eq!(after[1..], ["null".to_owned(), format!(r#"{{"v":1,"id":"{id}","held":true}}"#)]);
        let key = serde_json::to_string(&said.key).unwrap();
        let sealed = serde_json::to_string(&said.sealed).unwrap();
        assert!(!after.iter().any(|text| text.contains(&key) || text.contains(&sealed)));
    }
}
