//! What a shop may be held to: everything that its till acknowledged before it died.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use olvido::seal::ReceiptCode;
use olvido::store::{FindingKind, Found, Store};

use super::child::{customer_of, sell_as, today};
use super::common::{at, check_chain, open};
use super::lookups;

/// Before the choice of a sale that was durable before anybody was told.
const UNTOLD: &str = "untold-";

/// An acknowledged sale.
struct Sold {
    number: u64,
    hash: String,
    code: String,
    /// As the child named it.
    choice: String,
}

#[derive(Default)]
pub struct World {
    /// By the client's id.
    sold: BTreeMap<String, Sold>,
    forgotten: Vec<String>,
    expired: bool,
    draft: Option<String>,
    /// What the till was at when it died.
    trying: Option<Vec<String>>,
    /// Whether a till ever said that the store is open.
    pub opened: bool,
}

/// What was checked, for the figures at the end.
#[derive(Clone, Copy, Debug, Default)]
pub struct Tally {
    pub acknowledged: usize,
    pub forgotten: usize,
    pub lost: usize,
    pub cuts: usize,
}

impl World {
    /// Takes in what a till said.
    pub fn hear(&mut self, output: &str) {
        for line in output.lines().filter_map(|line| line.strip_prefix('@')) {
            let words: Vec<&str> = line.split(' ').collect();
            let trying = self.trying.take();
            match words[..] {
                ["OPEN"] => self.opened = true,
                ["TRY", ..] => self.trying = Some(words[1..].iter().map(|w| (*w).to_owned()).collect()),
                ["SOLD", id, choice, number, hash, code] => {
                    self.take(id, choice, (number.parse().unwrap(), hash.to_owned(), code.to_owned()));
                    self.draft = None;
                }
                ["FORGOT", code] => self.forgotten.push(code.to_owned()),
                ["EXPIRED"] => {
                    self.forget_past();
                    self.expired = true;
                }
                ["DRAFT", text] => self.draft = Some(text.to_owned()),
                ["DROPPED"] => self.draft = None,
                ["CLOSED"] => {}
                // The last line may be cut.
                _ => self.trying = trying,
            }
        }
    }

    /// Codes of purchases that are kept.
    pub fn kept(&self) -> Vec<String> {
        self.sold
            .values()
            .filter(|sold| matches!(&sold.choice[..], "guarantee" | "remember"))
            .filter(|sold| !self.forgotten.contains(&sold.code))
            .map(|sold| sold.code.clone())
            .collect()
    }

    /// What the till was at when it died.
    pub fn under_way(&self) -> Option<&str> {
        self.trying.as_ref().map(|words| words[0].as_str())
    }

    pub fn figures(&self) -> Tally {
        Tally { acknowledged: self.sold.len(), forgotten: self.forgotten.len(), ..Tally::default() }
    }

    /// How many acknowledged sales are not there.
    pub fn lost(&self, store: &Store) -> usize {
        let is_there = |sold: &&Sold| {
            let ticket = store.ticket(sold.number).unwrap();
            ticket.is_some_and(|ticket| ticket.hash.to_string() == sold.hash)
        };
        self.sold.len() - self.sold.values().filter(is_there).count()
    }

    /// Opens what is left and holds it to everything that was said. What was under way is decided
    /// here: a sale is asked for again, a forget is finished or never began.
    pub fn check(&mut self, data: &Path, context: &str) {
        let mut store = open(data);
        assert_eq!(self.lost(&store), 0, "{context}: acknowledged sales are lost");
        self.check_draft(&store, context);
        let trying = self.trying.take();
        let words: Vec<&str> = trying.iter().flatten().map(String::as_str).collect();
        match words[..] {
            ["sell", id, choice] => match sell_as(&mut store, id, choice) {
                // It had not happened, and has now.
                Some(sold) => self.take(id, choice, sold),
                None => self.recover(&store, id, choice),
            },
            ["expire"] => {
                store.expire(today()).unwrap();
                self.forget_past();
            }
            _ => {}
        }
        assert!(!store.tend().unwrap(), "{context}: nothing is pending any more");
        if let ["forget", code] = words[..]
            && matches!(self.find(&store, code), Found::Forgotten { pending: false })
        {
            self.forgotten.push(code.to_owned());
        }
        assert_eq!(check_chain(&store), self.sold.len() as u64, "{context}: each sale once");
        // Asked for again, it sells nothing.
        if let Some((id, sold)) = self.sold.last_key_value() {
            let choice = sold.choice.trim_start_matches(UNTOLD);
            assert!(sell_as(&mut store, id, choice).is_none(), "{context}: {id} sold twice");
        }
        self.check_purchases(&store, context);
        // A till that died between a customer's slots and the sale left them: they go in a quiet moment.
        store.rest(at("2026-11-23T23:59:00+01:00")).unwrap();
        self.check_lookups(data, context);
        let mut verified = store.verify(today()).unwrap();
        // These tills keep no calendar: what is past its term waits for an expiry.
        verified.findings.retain(|finding| finding.kind != FindingKind::PastTerm);
        assert!(verified.holds(), "{context}: {:?}", verified.findings);
        self.draft = store.draft().unwrap().map(|draft| String::from_utf8(draft).unwrap());
    }

    fn find(&self, store: &Store, code: &str) -> Found {
        store.find(&ReceiptCode::parse(code).unwrap()).unwrap()
    }

    fn take(&mut self, id: &str, choice: &str, (number, hash, code): (u64, String, String)) {
        let sold = Sold { number, hash, code, choice: choice.to_owned() };
        assert!(self.sold.insert(id.to_owned(), sold).is_none(), "{id} sold twice");
    }

    /// A sale that was durable, and that nobody was told of: its code is on no paper.
    fn recover(&mut self, store: &Store, id: &str, choice: &str) {
        let number = self.sold.len() as u64 + 1;
        let ticket = store.ticket(number).unwrap().expect("the ticket of the repeated request");
        let choice = format!("{UNTOLD}{choice}");
        self.take(id, &choice, (number, ticket.hash.to_string(), String::new()));
    }

    fn forget_past(&mut self) {
        let past = self.sold.values().filter(|sold| sold.choice == "past").map(|sold| sold.code.clone());
        let past: Vec<String> = past.filter(|code| !self.forgotten.contains(code)).collect();
        self.forgotten.extend(past);
    }

    fn check_draft(&self, store: &Store, context: &str) {
        let draft = store.draft().unwrap().map(|draft| String::from_utf8(draft).unwrap());
        let possible = match self.trying.iter().flatten().map(String::as_str).collect::<Vec<_>>()[..] {
            ["draft", text] => vec![self.draft.clone(), Some(text.to_owned())],
            ["drop"] | ["sell", ..] => vec![self.draft.clone(), None],
            _ => vec![self.draft.clone()],
        };
        assert!(possible.contains(&draft), "{context}: draft {draft:?}, of {possible:?}");
    }

    /// Nobody of whom nothing is kept can be found, by trying each number.
    fn check_lookups(&self, data: &Path, context: &str) {
        let is_remembered = |(_, sold): &(&String, &Sold)| {
            sold.choice.ends_with("remember") && !self.forgotten.contains(&sold.code)
        };
        let remembered: BTreeSet<usize> =
            self.sold.iter().filter(is_remembered).map(|(id, _)| customer_of(id)).collect();
        let customers: Vec<_> = (0..10).map(lookups::phone).collect();
        assert_eq!(lookups::tried(data, &customers), remembered, "{context}");
    }

    fn check_purchases(&self, store: &Store, context: &str) {
        for code in &self.forgotten {
            let found = self.find(store, code);
            assert!(matches!(found, Found::Forgotten { pending: false }), "{context}: {found:?}");
        }
        for (id, sold) in &self.sold {
            if matches!(&sold.choice[..], "guarantee" | "remember") && !self.forgotten.contains(&sold.code) {
                let found = self.find(store, &sold.code);
                let Found::Kept(purchase) = found else { panic!("{context}: {id} {found:?}") };
                assert_eq!(purchase.lines[0].name, format!("CANARY {id}"));
            }
        }
    }
}
