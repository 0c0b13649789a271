//! What a till knows of its hub, and what it does on its word.

use super::*;
use crate::domain::series::Series;
use crate::seal::{DeviceKey, ReceiptCode};

pub(super) fn enrolment(device: u8, epoch: u32) -> Enrolment {
    Enrolment {
        url: "https://192.0.2.1:8443".into(),
        pin: Some([3; 32]),
        store: "sol".into(),
        device: [device; 16],
        epoch,
        key: DeviceKey::random(),
        incarnation: [5; 16],
        cursor: 0,
        state: HubState::Active,
        last_contact: None,
    }
}

fn forgets(directory: &Path) -> Vec<ForgetRow> {
    let outbox = Outbox::open(&Files::of(directory)).unwrap();
    outbox.forgets(0, 1000).unwrap().into_iter().flatten().collect()
}

fn is_gone(store: &Store, code: &ReceiptCode) -> bool {
    matches!(store.find(code).unwrap(), Found::Forgotten { pending: false })
}

fn holds(store: &mut Store) {
    let today = NaiveDate::from_ymd_opt(2026, 11, 24).unwrap();
    assert_eq!(store.verify(today).unwrap().findings, []);
}

#[test]
fn an_enrolment_is_kept_and_its_key_is_sealed() {
    let directory = tempfile::tempdir().unwrap();
    let mut store = create(directory.path());
    assert!(store.enrolment().unwrap().is_none());
    let first = enrolment(1, 1);
    store.set_enrolment(&first).unwrap();
    store.set_durable_through(Series::Ticket, 7).unwrap();
    store.set_cursor(9).unwrap();
    store.set_hub_state(HubState::Conflict).unwrap();
    store.set_last_contact(at("2026-11-23T18:42:07+01:00")).unwrap();
    store.close().unwrap();
    let mut store = open(directory.path());
    let kept = store.enrolment().unwrap().unwrap();
    assert_eq!(*kept.key.seed(), *first.key.seed());
    assert_eq!((kept.url, kept.pin, kept.store), (first.url, first.pin, first.store));
    assert_eq!((kept.device, kept.epoch, kept.incarnation), (first.device, 1, first.incarnation));
    assert_eq!((kept.cursor, kept.state), (9, HubState::Conflict));
    assert_eq!(kept.last_contact, Some(at("2026-11-23T18:42:07+01:00")));
    let database = fs::read(directory.path().join("olvido.db")).unwrap();
    assert!(memchr::memmem::find(&database, &*first.key.seed()).is_none());
    // The same till under a new epoch: what is durable stays so.
    store.set_enrolment(&Enrolment { epoch: 2, ..enrolment(1, 1) }).unwrap();
    assert_eq!(store.durable_through(Series::Ticket).unwrap(), 7);
    assert_eq!(store.durable_through(Series::Forget).unwrap(), 0);
    // Another identity: nobody knows.
    store.set_enrolment(&enrolment(2, 1)).unwrap();
    assert_eq!(store.durable_through(Series::Ticket).unwrap(), 0);
    // A key moved to another identity does not open.
    store.connection.execute("UPDATE hub SET epoch = 2", []).unwrap();
    assert!(matches!(store.enrolment(), Err(StoreError::Damaged(_))));
}

#[test]
fn a_restored_hub_is_read_from_the_beginning() {
    let directory = tempfile::tempdir().unwrap();
    let mut store = create(directory.path());
    store.set_enrolment(&Enrolment { cursor: 40, ..enrolment(1, 1) }).unwrap();
    store.set_incarnation([5; 16]).unwrap();
    assert_eq!(store.enrolment().unwrap().unwrap().cursor, 40);
    store.set_incarnation([6; 16]).unwrap();
    let kept = store.enrolment().unwrap().unwrap();
    assert_eq!((kept.cursor, kept.incarnation), (0, [6; 16]));
}

#[test]
fn what_the_hub_says_is_forgotten_is_gone_and_never_comes_back() {
    let directory = tempfile::tempdir().unwrap();
    let mut store = create(directory.path());
    store.set_enrolment(&enrolment(1, 1)).unwrap();
    let mut sell = |choice, phone| store.sell(&sale(Some(choice), phone, &["CANARY"])).unwrap().code;
    let guarantee = sell("guarantee", None);
    let remembered = sell("remember", Some("600123456"));
    let stays = sell("remember", Some("600123456"));
    let strange = ReceiptCode::random();
    let ids = [&guarantee, &remembered, &strange, &guarantee].map(ReceiptCode::purchase_id);
    for _ in 0..2 {
        assert_eq!(store.forget_from_hub(&ids).unwrap(), Forgetting::Complete);
    }
    assert!([&guarantee, &remembered, &strange].iter().all(|code| is_gone(&store, code)));
    assert!(matches!(store.find(&stays).unwrap(), Found::Kept(_)));
    let customer = Identifier::phone("600123456", "34").unwrap();
    assert_eq!(store.customer(&customer).unwrap().unwrap().purchases, [stays.purchase_id()]);
    // The hub said so: it is not told again, and nobody is asked about it.
    assert_eq!(forgets(directory.path()), []);
    assert_eq!(store.unconfirmed().unwrap(), Vec::<[u8; 16]>::new());
    holds(&mut store);
}

#[test]
fn a_word_of_the_hub_that_stops_between_two_steps_is_finished_when_it_is_said_again() {
    for steps in 0..=3 {
        let directory = tempfile::tempdir().unwrap();
        let mut store = create(directory.path());
        let code = store.sell(&sale(Some("guarantee"), None, &["a"])).unwrap().code;
        let slot = store.slot(&code).unwrap().unwrap();
        store.entomb_as(&[slot], &[[9; 16]], forget::Said::AtHub).unwrap();
        if steps > 0 {
            store.advance(Stage::KeyDestroyed).unwrap();
        }
        if steps > 1 {
            store.advance(Stage::Dropped).unwrap();
        }
        if steps > 2 {
            store.advance(Stage::LogTruncated).unwrap();
        }
        std::mem::forget(store);
        let mut store = open(directory.path());
        let ids = [code.purchase_id(), [9; 16]];
        assert_eq!(store.forget_from_hub(&ids).unwrap(), Forgetting::Complete, "after {steps} steps");
        assert!(is_gone(&store, &code) && store.keys.key(slot).unwrap().is_none());
        assert_eq!(forgets(directory.path()), []);
        holds(&mut store);
    }
}

#[test]
fn a_reader_keeps_the_hub_waiting() {
    let directory = tempfile::tempdir().unwrap();
    let mut store = create(directory.path());
    let code = store.sell(&sale(Some("guarantee"), None, &["a"])).unwrap().code;
    let reader = rusqlite::Connection::open(directory.path().join("olvido.db")).unwrap();
    reader.execute_batch("BEGIN; SELECT * FROM ticket;").unwrap();
    let ids = [code.purchase_id()];
    assert_eq!(store.forget_from_hub(&ids).unwrap(), Forgetting::Pending(Reason::Reader));
    drop(reader);
    assert_eq!(store.forget_from_hub(&ids).unwrap(), Forgetting::Complete);
}

#[test]
fn a_forget_said_here_is_told_once_and_followed() {
    let directory = tempfile::tempdir().unwrap();
    let mut store = create(directory.path());
    let before = store.sell(&sale(Some("guarantee"), None, &["a"])).unwrap().code;
    store.forget(&before).unwrap();
    assert_eq!(store.forget_state(&before.purchase_id()).unwrap(), None, "there was no hub to ask");
    store.set_enrolment(&enrolment(1, 1)).unwrap();
    let held = store.sell(&sale(Some("guarantee"), None, &["b"])).unwrap().code;
    let strange = ReceiptCode::random();
    for _ in 0..2 {
        assert_eq!(store.forget_elsewhere(&held.purchase_id()).unwrap(), Forgetting::Complete);
        assert_eq!(store.forget_elsewhere(&strange.purchase_id()).unwrap(), Forgetting::Complete);
    }
    let said = [(&before, true), (&held, true), (&strange, false)]
        .map(|(code, held)| ForgetRow { id: code.purchase_id(), held });
    assert_eq!(forgets(directory.path()), said);
    let mut waiting = store.unconfirmed().unwrap();
    waiting.sort();
    let mut expected = [held.purchase_id(), strange.purchase_id()];
    expected.sort();
    assert_eq!(waiting, expected);
    let state = |confirmed, copies, lost| ForgetState { confirmed, copies, lost };
    assert_eq!(store.forget_state(&held.purchase_id()).unwrap(), Some(state(0, 0, 0)));
    store.set_forget_state(&held.purchase_id(), state(1, 3, 1)).unwrap();
    assert_eq!(store.unconfirmed().unwrap().len(), 2);
    store.set_forget_state(&held.purchase_id(), state(2, 3, 1)).unwrap();
    store.set_forget_state(&strange.purchase_id(), state(2, 2, 0)).unwrap();
    assert_eq!(store.unconfirmed().unwrap(), Vec::<[u8; 16]>::new(), "a lost copy never confirms");
    assert_eq!(store.forget_state(&held.purchase_id()).unwrap(), Some(state(2, 3, 1)));
    // The hub sends every tombstone to every till, its own among them.
    store.forget_from_hub(&[held.purchase_id(), strange.purchase_id()]).unwrap();
    assert_eq!(forgets(directory.path()), said);
    // At another hub it begins anew.
    store.set_enrolment(&enrolment(2, 1)).unwrap();
    assert_eq!(store.unconfirmed().unwrap().len(), 2);
    holds(&mut store);
}

#[test]
fn a_policy_that_comes_while_a_basket_is_open_only_shortens() {
    let directory = tempfile::tempdir().unwrap();
    let mut store = create(directory.path());
    let open_basket = sale(Some("guarantee"), None, &["a"]);
    let shorter = SHIPPED.replacen("version = 2", "version = 3", 1).replace("years = 3", "years = 1");
    let policy = Policy::parse(&shorter).unwrap();
    assert!(matches!(
        store.adopt_policy(&shorter.replace("version = 3", "version = 2"), Policy::shipped()),
        Err(StoreError::PolicyNeedsNewVersion(2))
    ));
    store.adopt_policy(&shorter, policy).unwrap();
    assert_eq!(store.policy().version, 3);
    assert!(matches!(
        store.adopt_policy(SHIPPED, Policy::shipped()),
        Err(StoreError::PolicyVersionTooLow { file: 2, newest: 3 })
    ));
    assert_eq!(store.policy().version, 3);
    let sold = store.sell(&open_basket).unwrap();
    let Found::Kept(purchase) = store.find(&sold.code).unwrap() else { panic!("kept") };
    assert_eq!(purchase.policy_version, 2, "what was shown");
    assert_eq!(purchase.until.date(), NaiveDate::from_ymd_opt(2027, 11, 23));
}

#[test]
fn unknown_changes_and_revocations_are_kept() {
    let directory = tempfile::tempdir().unwrap();
    let mut store = create(directory.path());
    store.keep_changes(&[(7, "promotion", "1"), (3, "staff", "2"), (5, "promotion", "3")]).unwrap();
    store.keep_changes(&[(7, "promotion", "4")]).unwrap();
    assert_eq!(store.kept_changes("promotion").unwrap(), [(5, "3".to_owned()), (7, "4".to_owned())]);
    store.drop_kept_changes("promotion", 6).unwrap();
    assert_eq!(store.kept_changes("promotion").unwrap(), [(7, "4".to_owned())]);
    assert_eq!(store.kept_changes("staff").unwrap(), [(3, "2".to_owned())]);
    assert_eq!(store.revoked_epoch(&[1; 16]).unwrap(), None);
    for (epoch, expected) in [(2, 2), (1, 2), (3, 3)] {
        store.note_revocation(&[1; 16], epoch).unwrap();
        assert_eq!(store.revoked_epoch(&[1; 16]).unwrap(), Some(expected));
    }
}
