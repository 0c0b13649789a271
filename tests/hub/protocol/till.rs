//! Today's till hears hubs of other versions.

use olvido::domain::policy::Policy;
use olvido::store::{ForgetState, HubState, Store};
use olvido::sync::exchange::Status;
use olvido::sync::record::Series;
use olvido::sync::wire::{Answer, Flag, Hex, UploadAnswer};
use serde_json::Value;

use super::peer::{Peer, about, at, sell, store};
use super::{Exchange, id};

/// A till that has sold and forgotten, at a frozen hub.
struct Heard {
    peer: Peer,
    till: Store,
    /// What it forgot.
    forgotten: Hex<16>,
    _directory: tempfile::TempDir,
}

/// What a whole exchange asks.
const WHOLE: [&str; 9] =
    ["challenge", "session", "forget", "purchase", "ticket", "count", "feed", "feed-end", "forgets"];

/// The frozen id of what was forgotten.
fn forgotten() -> Hex<16> {
    let (upload, _) = Exchange::read("v1/forget").upload();
    id(upload.records[0].as_ref().unwrap().get())
}

impl Heard {
    /// `names`: what the hub answers, and of which version each is.
    fn from(names: &[&str]) -> Heard {
        let directory = tempfile::tempdir().unwrap();
        let mut till = store(directory.path());
        let code = sell(&mut till);
        let own = Hex(code.purchase_id());
        let peer = Peer::start(names.iter().map(|name| about(Exchange::read(name), forgotten(), own)));
        peer.enrol(&mut till);
        till.forget(&code).unwrap();
        Heard { peer, till, forgotten: own, _directory: directory }
    }

    fn version(version: &str) -> Heard {
        let names = WHOLE.map(|name| format!("{version}/{name}"));
        Heard::from(&names.each_ref().map(String::as_str))
    }

    fn speaks(&mut self) -> Status {
        self.peer.speaks_with(&mut self.till)
    }

    fn prices(&self) -> Vec<(String, i64)> {
        let catalogue = self.till.catalogue().unwrap();
        let mut prices: Vec<_> = catalogue.products().map(|p| (p.name().to_owned(), p.price().0)).collect();
        prices.sort();
        prices
    }

    fn durable(&self) -> [u64; 4] {
        Series::ALL.map(|series| self.till.durable_through(series).unwrap())
    }

    fn kept(&self, kind: &str) -> Vec<(u64, String)> {
        self.till.kept_changes(kind).unwrap()
    }

    fn holds(&mut self) {
        let verified = self.till.verify(at().date_naive()).unwrap();
        assert!(verified.findings.is_empty(), "{:?}", verified.findings);
    }
}

/// Who was revoked in a feed.
fn revoked(feed: &str) -> Hex<16> {
    let feed = Exchange::read(feed);
    let changes = feed.answer["changes"].as_array().unwrap();
    let change = changes.iter().find(|change| !change["body"]["device"].is_null()).unwrap();
    serde_json::from_value(change["body"]["device"].clone()).unwrap()
}

#[test]
fn a_hub_of_version_1_is_understood() {
    let mut heard = Heard::version("v1");
    let status = heard.speaks();
    assert!(status.done && status.waiting == 0, "{status:?}");
    assert_eq!(heard.durable(), [4, 1, 2, 1]);
    assert_eq!(heard.prices(), [("Leche".to_owned(), 105), ("Pan".to_owned(), 80)]);
    assert_eq!(heard.till.policy().version, 1000);
    let device = revoked("v1/feed");
    assert_eq!(heard.till.revoked_epoch(&device.0).unwrap(), Some(1));
    let state = heard.till.forget_state(&heard.forgotten.0).unwrap().unwrap();
    assert!(state.copies >= 2 && state.confirmed < state.copies, "{state:?}");
    heard.peer.now_answers(about(Exchange::read("v1/forgets-confirmed"), forgotten(), heard.forgotten));
    heard.till.set_cursor(0).unwrap();
    assert!(heard.speaks().done, "said again, it changes nothing");
    let state = heard.till.forget_state(&heard.forgotten.0).unwrap();
    assert!(state.is_some_and(|ForgetState { confirmed, copies, .. }| confirmed == copies), "{state:?}");
    heard.holds();
}

/// A hub from before some fields were there.
#[test]
fn a_hub_of_an_earlier_version_is_understood() {
    let mut heard = Heard::version("earlier/hub");
    assert!(heard.speaks().done);
    assert_eq!(heard.durable(), [4, 1, 2, 1]);
    assert_eq!(heard.prices(), [("Leche".to_owned(), 105)]);
    let state = heard.till.forget_state(&heard.forgotten.0).unwrap();
    assert_eq!(state, Some(ForgetState { confirmed: 1, copies: 2, lost: 0 }));
    heard.holds();
}

/// A hub from after this till: fields, series, kinds, words and reasons that it does not know.
#[test]
fn a_hub_of_a_later_version_takes_nothing_from_the_till() {
    let mut names = WHOLE.map(|name| format!("later/hub/{name}")).to_vec();
    names.push("later/hub/ticket-again".to_owned());
    let mut heard = Heard::from(&names.iter().map(String::as_str).collect::<Vec<_>>());
    let status = heard.speaks();
    // An answer that it cannot read: all behind what is durable waits on.
    assert!(!status.done && status.state == HubState::Active && status.trouble.is_none(), "{status:?}");
    assert_eq!((status.waiting, heard.durable()), (2, [2, 1, 2, 1]));

    assert_eq!(heard.prices(), [("Leche".to_owned(), 105)]);
    assert_eq!(heard.till.policy(), &Policy::shipped());
    let device = revoked("later/hub/feed");
    assert_eq!(heard.till.revoked_epoch(&device.0).unwrap(), Some(3));
    assert_eq!(heard.till.verify(at().date_naive()).unwrap().forgotten, 2);
    for (kind, seqs) in
        [("shift", vec![1]), ("product", vec![4]), ("policy", vec![6]), ("revocation", vec![7])]
    {
        let page = Exchange::read("later/hub/feed").answer;
        let came = |seq: &u64| {
            let changes = page["changes"].as_array().unwrap();
            changes.iter().find(|change| change["seq"] == *seq).unwrap()["body"].to_string()
        };
        let came: Vec<(u64, String)> = seqs.iter().map(|seq| (*seq, came(seq))).collect();
        assert_eq!(heard.kept(kind), came, "{kind}: as it came");
    }
    for name in ["session-again", "ticket-durable"] {
        heard.peer.now_answers(Exchange::read(&format!("later/hub/{name}")));
    }
    let status = heard.speaks();
    assert!(status.done, "{status:?}");
    assert_eq!(heard.durable(), [4, 1, 2, 1]);
    heard.holds();
}

/// What an earlier program kept is asked for again by one that knows it.
#[test]
fn what_was_not_known_is_read_after_an_update() {
    let mut heard = Heard::version("v1");
    assert!(heard.speaks().done);
    let page = Exchange::read("v1/feed").answer;
    let changes = page["changes"].as_array().unwrap();
    let product = changes.iter().find(|change| change["body"]["sku"] == "P1").unwrap();
    let seq = product["seq"].as_u64().unwrap();
    heard.till.keep_changes(&[(seq, "product", &product["body"].to_string())]).unwrap();
    // From there on; what the hub says to that is the rest of the page.
    let mut rest = Exchange::read("v1/feed");
    rest.ask = rest.ask.replace("after=0", &format!("after={}", seq - 1));
    rest.answer["changes"].as_array_mut().unwrap().retain(|change| change["seq"].as_u64().unwrap() >= seq);
    for change in rest.answer["changes"].as_array_mut().unwrap() {
        if change["body"]["sku"] == "P1" {
            change["body"]["price"] = 85.into();
        }
    }
    heard.peer.now_answers(rest);
    assert!(heard.speaks().done);
    assert_eq!(heard.prices(), [("Leche".to_owned(), 105), ("Pan".to_owned(), 85)]);
    assert_eq!(heard.kept("product"), []);
}

/// A tombstone that cannot be read is not confirmed, and somebody is told.
#[test]
fn a_tombstone_that_cannot_be_read_is_said() {
    let mut heard = Heard::version("v1");
    heard.peer.now_answers(Exchange::read("later/hub/feed-unreadable"));
    let status = heard.speaks();
    assert!(status.unread && !status.done && status.waiting == 0, "{status:?}");
    assert_eq!(heard.till.enrolment().unwrap().unwrap().cursor, 0);
    assert_eq!(heard.prices(), [("Leche".to_owned(), 105)], "it holds up nothing else");
    heard.peer.now_answers(Exchange::read("v1/feed"));
    let status = heard.speaks();
    assert!(!status.unread && status.done, "{status:?}");
}

#[test]
fn a_revoked_till_is_told_and_loses_nothing() {
    let mut heard = Heard::from(&["v1/challenge", "v1/session"]);
    let refusal = Exchange::read("v1/revoked");
    for name in ["forget", "feed"] {
        let ask = Exchange::read(&format!("v1/{name}")).ask;
        heard.peer.now_answers(Exchange { ask, ..refusal.clone() });
    }
    let status = heard.speaks();
    assert_eq!((status.state, status.waiting), (HubState::Revoked, 8));
    assert_eq!(heard.till.enrolment().unwrap().unwrap().state, HubState::Revoked);
    heard.holds();
}

/// Every word with which a hub of version 1 answers for a record, and every reason.
#[test]
fn every_word_of_version_1_is_known() {
    let words: Value = serde_json::from_str(&super::text("v1/words")).unwrap();
    let answer: UploadAnswer = serde_json::from_value(words).unwrap();
    let known: Vec<(Answer, Option<Flag>)> =
        answer.answers.iter().map(|run| (run.answer, run.reason)).collect();
    let quarantined = |flag| (Answer::Quarantined, Some(flag));
    let all = [
        (Answer::Created, None),
        (Answer::Exists, None),
        (Answer::Erased, None),
        quarantined(Flag::UnknownVersion),
        quarantined(Flag::Unreadable),
        quarantined(Flag::WrongNumber),
        quarantined(Flag::NumberTwice),
        quarantined(Flag::WrongHash),
        quarantined(Flag::BrokenChain),
        quarantined(Flag::DoesNotAddUp),
        (Answer::Conflict, None),
    ];
    assert_eq!(known, all);
}
