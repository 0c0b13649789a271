//! For whoever runs the hub: publishing, reports, checks, backups.

use std::fs;

use super::*;
use crate::store::Days;
use crate::sync::hub::{HubFindingKind, Published, PublishedPolicy};

on_both! {
    only_what_changed_is_told
    a_policy_is_published_whole_and_only_forwards
    the_report_adds_up
    a_check_finds_keys_that_should_not_be_or_should
}

fn product(barcode: Option<u64>, sku: &str, plu: Option<u32>, price: i64) -> ProductChange {
    ProductChange {
        v: 1,
        barcode,
        plu,
        sku: sku.to_owned(),
        name: "Leche".to_owned(),
        department: "Lácteos".to_owned(),
        price,
        tax: 400,
        weighed: false,
        durable_years: 0,
    }
}

fn only_what_changed_is_told(place: &Place) {
    let hub = place.open();
    let till = Till::enrol(&hub, "S");
    let catalogue =
        [product(Some(1), "a", None, 100), product(None, "a", None, 200), product(None, "", Some(3), 300)];
    let published = |products: &[ProductChange]| hub.publish_products("S", products).unwrap();
    assert_eq!(published(&catalogue), Published { added: 3, changed: 0, unchanged: 0 });
    let (changes, at) = till.follow(&hub, 0);
    assert_eq!(changes.len(), 3);
    let prices = |changes: &[(String, String)]| -> Vec<i64> {
        let price = |(_, body): &(String, String)| serde_json::from_str::<ProductChange>(body).unwrap().price;
        changes.iter().map(price).collect()
    };
    assert_eq!(prices(&changes), [100, 200, 300]);
    assert_eq!(published(&catalogue), Published { added: 0, changed: 0, unchanged: 3 });
    assert_eq!(till.follow(&hub, at), (Vec::new(), at));
    let dearer = [product(Some(1), "b", None, 110), product(None, "", Some(3), 300)];
    assert_eq!(published(&dearer), Published { added: 0, changed: 1, unchanged: 1 });
    let (changes, next) = till.follow(&hub, at);
    assert_eq!((prices(&changes), next), (vec![110], at + 1));
    // A till that comes new hears of each product once.
    assert_eq!(prices(&till.follow(&hub, 0).0), [200, 300, 110]);
    let nameless = hub.publish_products("S", &[product(None, "", None, 1)]);
    assert!(matches!(nameless, Err(HubError::Invalid("product"))));
    assert!(matches!(hub.publish_products("T", &catalogue), Err(HubError::Invalid("store"))));
    // No store is called as a payment card is.
    assert!(matches!(hub.new_code("4111111111111111", None, now()), Err(HubError::Invalid("store"))));
}

fn a_policy_is_published_whole_and_only_forwards(place: &Place) {
    let hub = place.open();
    let till = Till::enrol(&hub, "S");
    let text = include_str!("../../../../assets/policy.toml");
    let version = crate::domain::policy::Policy::parse(text).unwrap().version;
    let numbered = |version: u32| {
        let line = text.lines().find(|line| line.starts_with("version")).unwrap();
        text.replacen(line, &format!("version = {version}"), 1)
    };
    assert_eq!(hub.publish_policy("S", text).unwrap(), PublishedPolicy { version, before: None });
    assert!(matches!(hub.publish_policy("S", text), Err(HubError::Invalid("version"))));
    let next = PublishedPolicy { version: version + 1, before: Some(text.to_owned()) };
    assert_eq!(hub.publish_policy("S", &numbered(version + 1)).unwrap(), next);
    assert!(matches!(hub.publish_policy("S", text), Err(HubError::Invalid("version"))));
    assert!(matches!(hub.publish_policy("S", "version = 9"), Err(HubError::Invalid("policy"))));
    let (changes, _) = till.follow(&hub, 0);
    assert_eq!(changes.len(), 1);
    let change: PolicyChange = serde_json::from_str(&changes[0].1).unwrap();
    assert_eq!((change.version, change.text), (version + 1, numbered(version + 1)));
}

#[test]
fn a_page_of_the_feed_is_no_longer_than_it_may_be() {
    let place = Place::new();
    let hub = place.open();
    let till = Till::enrol(&hub, "S");
    let many: Vec<ProductChange> = (0..2500)
        .map(|n| ProductChange { name: "x".repeat(1000), ..product(Some(n), "", None, 1) })
        .collect();
    hub.publish_products("S", &many).unwrap();
    let page = hub.feed(&till.caller, 0, 9999, now()).unwrap();
    assert!(page.more && (800..1000).contains(&page.changes.len()), "{}", page.changes.len());
    assert_eq!(page.next, page.changes.len() as u64);
    assert_eq!(till.follow(&hub, 0).0.len(), 2500);
}

fn the_report_adds_up(place: &Place) {
    let hub = place.open();
    let mut till = Till::enrol(&hub, "S");
    till.sell_many(3);
    till.tickets[1] = "{}".to_owned();
    till.send_tickets(&hub, 1, 3).unwrap();
    let counted = r#"{"v":1,"day":"2026-03-02","choices":{"forget":1}}"#;
    till.send(&hub, Series::Count, 1, &[Some(counted)]).unwrap();
    let report = hub.report("S", Days::default()).unwrap();
    insta::allow_duplicates! { insta::assert_snapshot!(serde_json::to_string_pretty(&report).unwrap(), @r#"
    {
      "store": "S",
      "sales": 2,
      "currency": {
        "EUR": {
          "sales": 2,
          "total": "2.02",
          "tax": {
            "10": {
              "base": "1.84",
              "tax": "0.18"
            }
          }
        }
      },
      "choice": {
        "forget": 1
      },
      "not_counted": 1,
      "by_day": {
        "2026-03-02": {
          "sales": 2,
          "currency": {
            "EUR": {
              "sales": 2,
              "total": "2.02",
              "tax": {
                "10": {
                  "base": "1.84",
                  "tax": "0.18"
                }
              }
            }
          },
          "choice": {
            "forget": 1
          },
          "not_counted": 1
        }
      },
      "quarantined": {
        "unreadable": 1
      },
      "conflicts": 0
    }
    "#) };
    let other = Days::of("2026-03-03".parse().unwrap());
    assert_eq!(hub.report("S", other).unwrap().all.sales, 0);
    assert_eq!(hub.report("T", Days::default()).unwrap().all.sales, 0);
}

/// Each kind of damage is found, and told apart.
#[test]
fn a_check_finds_what_was_altered() {
    use HubFindingKind::*;
    let cases: [(&'static str, &[HubFindingKind]); 12] = [
        (
            "UPDATE record SET body = replace(body, 'Frutas', 'Fruta') WHERE idx = 2 AND series = 'ticket'",
            &[RecordChanged],
        ),
        ("UPDATE record SET body = NULL WHERE idx = 2 AND series = 'ticket'", &[RecordChanged, Sums]),
        ("DELETE FROM record WHERE idx = 2 AND series = 'ticket'", &[RecordMissing, Sums]),
        ("UPDATE run SET signature = zeroblob(64) WHERE series = 'count'", &[Signature]),
        ("UPDATE run SET hashes = zeroblob(32) WHERE series = 'count'", &[Signature, RecordChanged]),
        ("DELETE FROM run WHERE series = 'count'", &[RecordMissing, Sums]),
        ("UPDATE series_head SET through = 9 WHERE series = 'count'", &[RecordMissing]),
        ("UPDATE record SET flag = NULL WHERE flag IS NOT NULL", &[TicketUnsound]),
        ("UPDATE day_sum SET total = total + 1", &[Sums]),
        ("UPDATE day_choice SET sales = 0", &[Sums]),
        ("UPDATE purchase SET sealed = zeroblob(900)", &[Unopened]),
        ("DELETE FROM purchase", &[KeyUnused]),
    ];
    for (damage, expected) in cases {
        let place = Place::new();
        let hub = hub_with_everything(&place);
        assert_eq!(hub.verify().unwrap().findings, [], "{damage}");
        hub.database().write(|tx| Ok(tx.execute(damage, &[])?)).unwrap();
        let found: Vec<HubFindingKind> = hub.verify().unwrap().findings.iter().map(|f| f.kind).collect();
        assert_eq!(found, expected, "{damage}");
    }
}

fn a_check_finds_keys_that_should_not_be_or_should(place: &Place) {
    let hub = hub_with_everything(place);
    let verified = hub.verify().unwrap();
    let looked_at = (verified.stores, verified.tickets, verified.purchases, verified.erased);
    assert_eq!((looked_at, verified.records, verified.quarantined), ((1, 4, 1, 1), 8, 1));
    let kinds = |hub: &Hub| -> Vec<HubFindingKind> {
        hub.verify().unwrap().findings.iter().map(|finding| finding.kind).collect()
    };
    let owner = crate::sync::hub::keys::owner("S", &id(2));
    hub.keys.give("S", &[owner], now()).unwrap();
    assert_eq!(kinds(&hub), [HubFindingKind::KeyKept]);
    hub.keys.list(&[("S".to_owned(), id(200))]).unwrap();
    assert_eq!(
        kinds(&hub),
        [HubFindingKind::List, HubFindingKind::KeyKept]
            .map(|kind| kind)
            .iter()
            .rev()
            .copied()
            .collect::<Vec<_>>()
    );
    drop(hub);
    // The next start ends both.
    let hub = place.open();
    assert_eq!(kinds(&hub), Vec::new());
    fs::write(place.path().join("erased.log"), b"").unwrap();
    assert_eq!(kinds(&hub), [HubFindingKind::List; 2]);
    // A damaged slot that nothing is kept under goes at the next start.
    let mut keys = fs::read(place.path().join("hub.keys")).unwrap();
    let free = keys.chunks(128).position(|slot| slot.iter().all(|byte| *byte == 0)).unwrap();
    keys[128 * free..][..128].fill(0x5a);
    fs::write(place.path().join("hub.keys"), &keys).unwrap();
    assert!(kinds(&hub).contains(&HubFindingKind::KeyDamaged));
    drop(hub);
    let hub = place.open();
    assert_eq!(kinds(&hub), Vec::new());
    let mut keys = fs::read(place.path().join("hub.keys")).unwrap();
    keys[128..].fill(0);
    fs::write(place.path().join("hub.keys"), &keys).unwrap();
    assert_eq!(kinds(&hub)[0], HubFindingKind::KeyMissing);
}

/// Four tickets, one of them quarantined, a count, two purchases, one of them forgotten.
fn hub_with_everything(place: &Place) -> Hub {
    let hub = place.open();
    let mut till = Till::enrol(&hub, "S");
    till.sell_many(4);
    till.tickets[3] = till.tickets[3].replace("\"number\":4", "\"number\":5");
    till.send_tickets(&hub, 1, 4).unwrap();
    till.send(&hub, Series::Count, 1, &[Some(r#"{"v":1,"day":"2026-03-02","choices":{"forget":3}}"#)])
        .unwrap();
    let (one, two) = (purchase(id(1), "leche", None), purchase(id(2), "pan", None));
    till.send(&hub, Series::Purchase, 1, &[Some(&one), Some(&two)]).unwrap();
    till.send(&hub, Series::Forget, 1, &[Some(&forget(id(2), true))]).unwrap();
    hub
}

#[test]
fn a_backup_restores_all_but_what_was_erased_since() {
    for keys_stay in [false, true] {
        let place = Place::new();
        let hub = place.open();
        let mut till = Till::enrol(&hub, "S");
        let other = Till::enrol(&hub, "S");
        till.sell_many(5);
        till.send_tickets(&hub, 1, 3).unwrap();
        let bodies: Vec<String> = (1..=3).map(|n| purchase(id(n), "canario-de-la-compra", None)).collect();
        let bodies: Vec<Option<&str>> = bodies.iter().map(|body| Some(body.as_str())).collect();
        till.send(&hub, Series::Purchase, 1, &bodies).unwrap();
        till.send(&hub, Series::Forget, 1, &[Some(&forget(id(1), true))]).unwrap();
        other.follow(&hub, 0);
        let file = place.path().join("backup");
        let made = hub.backup(&file, now()).unwrap();
        assert_eq!((made.records, made.purchases), (7, 2));
        assert!(hub.backup(&file, now()).is_err());
        let packed = fs::read(&file).unwrap();
        assert_eq!(made.bytes, packed.len() as u64);
        let unpacked = zstd::decode_all(&packed[..]).unwrap();
        assert!(memchr::memmem::find(&unpacked, b"canario").is_none());
        // After the backup: more is sold, and a purchase forgotten.
        till.send_tickets(&hub, 4, 2).unwrap();
        till.send(&hub, Series::Forget, 2, &[Some(&forget(id(2), true))]).unwrap();
        let before = hub.incarnation();
        drop(hub);

        let elsewhere = place.another();
        for name in ["hub.key", "hub.keys"].into_iter().take(if keys_stay { 2 } else { 1 }) {
            fs::copy(place.path().join(name), elsewhere.path().join(name)).unwrap();
        }
        let database = elsewhere.database();
        let files = HubFiles::of(elsewhere.path());
        let restored = Hub::restore(&file, &files, &database).unwrap();
        assert_eq!((restored.stores, restored.records, restored.purchases), (1, 7, 2));
        assert_eq!(restored.erased_since, u64::from(keys_stay));
        assert!(matches!(Hub::restore(&file, &files, &database), Err(HubError::Invalid("not-empty"))));
        let hub = Hub::open(&files, database, now()).unwrap();
        assert_ne!(hub.incarnation(), before);
        assert_eq!(live_keys(&hub), if keys_stay { 1 } else { 2 });
        assert_eq!(hub.verify().unwrap().findings, []);
        assert!(hub.recovering("S").unwrap());

        // Each till hears that it must send its tombstones, and from where on the rest.
        let answer = session(&hub, "S", till.origin, &till.key).unwrap();
        assert!(answer.replay_forgets);
        assert_eq!(
            (answer.durable_through[&Series::Ticket], answer.durable_through[&Series::Forget]),
            (3, 1)
        );
        till.send_tickets(&hub, 4, 2).unwrap();
        let both = [forget(id(1), true), forget(id(2), true)];
        let both: Vec<Option<&str>> = both.iter().map(|body| Some(body.as_str())).collect();
        assert_eq!(said(&till.send(&hub, Series::Forget, 1, &both)), "1 exists, 2 created; 2");
        assert!(hub.recovering("S").unwrap());
        assert_eq!(said(&till.send(&hub, Series::Forget, 3, &[])), "; 2");
        assert!(hub.recovering("S").unwrap());
        other.send(&hub, Series::Forget, 1, &[]).unwrap();
        assert!(!hub.recovering("S").unwrap());
        assert!(!session(&hub, "S", till.origin, &till.key).unwrap().replay_forgets);
        assert_eq!((live_keys(&hub), count(&hub, "SELECT count(*) FROM purchase")), (1, 1));
        assert_eq!(said(&till.send(&hub, Series::Purchase, 1, &bodies)), "1-2 erased, 3 exists; 3");
        assert_eq!(hub.verify().unwrap().findings, []);
        // The tombstone that the backup did not know reaches the other till whatever its cursor was.
        let (changes, _) = other.follow(&hub, 1);
        assert!(changes.iter().any(|(_, body)| body.contains(&Hex(id(2)).to_string())));
    }
}

#[test]
fn an_interrupted_restore_is_done_again() {
    let place = Place::new();
    let hub = hub_with_everything(&place);
    let file = place.path().join("backup");
    hub.backup(&file, now()).unwrap();
    let elsewhere = Place::new();
    let files = HubFiles::of(elsewhere.path());
    fs::copy(place.path().join("hub.key"), &files.key).unwrap();
    let database = elsewhere.database();
    Hub::restore(&file, &files, &database).unwrap();
    // As a crash in the middle leaves it.
    database
        .write(|tx| {
            tx.execute("DELETE FROM record WHERE idx > 1", &[])?;
            tx.execute("DELETE FROM run", &[])?;
            super::super::set_meta(tx, "restoring", b"1")
        })
        .unwrap();
    let open = || Hub::open(&files, elsewhere.database(), now());
    assert!(matches!(open().map(drop), Err(HubError::Invalid("restore"))));
    assert_eq!(Hub::restore(&file, &files, &database).unwrap().records, 8);
    assert_eq!(open().unwrap().verify().unwrap().findings, []);
}

/// Whoever began a new hub there first has keys that open nothing of the backup.
#[test]
fn a_backup_is_not_restored_under_the_keys_of_another_hub() {
    let place = Place::new();
    let hub = hub_with_everything(&place);
    let file = place.path().join("backup");
    hub.backup(&file, now()).unwrap();
    let (begun, empty) = (Place::new(), Place::new());
    let files = HubFiles::of(begun.path());
    fs::copy(place.path().join("hub.key"), &files.key).unwrap();
    drop(begun.open());
    let database = empty.database();
    let refused = Hub::restore(&file, &files, &database);
    assert!(matches!(refused, Err(HubError::Invalid("other-keys"))), "{refused:?}");
    fs::remove_file(&files.keys).unwrap();
    let restored = Hub::restore(&file, &files, &database).unwrap();
    assert_eq!((restored.purchases, restored.erased_since), (1, 0));
}

#[test]
fn a_backup_that_is_cut_or_altered_restores_nothing() {
    let place = Place::new();
    let hub = hub_with_everything(&place);
    let file = place.path().join("backup");
    hub.backup(&file, now()).unwrap();
    let whole = fs::read(&file).unwrap();
    let text = zstd::decode_all(&whole[..]).unwrap();
    let lines = text.split_inclusive(|byte| *byte == b'\n');
    let without_one: Vec<u8> =
        lines.clone().enumerate().filter(|(n, _)| *n != 3).flat_map(|(_, l)| l).copied().collect();
    let altered = String::from_utf8(text.clone()).unwrap().replacen("Frutas", "Fruta5", 1).into_bytes();
    let newer =
        String::from_utf8(text.clone()).unwrap().replacen("\"format\":2", "\"format\":3", 1).into_bytes();
    let moved = marked_again(&text, "2026-", "2027-");
    let pack = |text: &[u8]| zstd::encode_all(text, 1).unwrap();
    let twice = [&text[..], &text[..]].concat();
    for (bytes, expected) in [
        (whole[..whole.len() / 2].to_vec(), "backup"),
        (Vec::new(), "backup"),
        (b"something else".to_vec(), "backup"),
        (pack(&without_one), "backup"),
        (pack(&altered), "backup"),
        (pack(&twice), "backup"),
        (pack(b"{}\n"), "backup"),
        (pack(&newer), "backup-format"),
        (pack(&moved), "backup-mark"),
    ] {
        let elsewhere = place.another();
        fs::copy(place.path().join("hub.key"), elsewhere.path().join("hub.key")).unwrap();
        let file = elsewhere.path().join("backup");
        fs::write(&file, bytes).unwrap();
        let database = elsewhere.database();
        let answer = Hub::restore(&file, &HubFiles::of(elsewhere.path()), &database);
        assert!(matches!(&answer, Err(HubError::Invalid(word)) if *word == expected), "{answer:?}");
        assert!(!elsewhere.path().join("hub.keys").exists());
        assert!(elsewhere.open().stores().unwrap().is_empty());
    }
}

#[test]
fn files_of_another_hub_are_refused() {
    let place = Place::new();
    drop(hub_with_everything(&place));
    let files = HubFiles::of(place.path());
    let open = || Hub::open(&files, place.database(), now()).map(drop);
    let key = fs::read(&files.key).unwrap();
    fs::write(&files.key, [1; 32]).unwrap();
    assert!(matches!(open(), Err(HubError::Keys(crate::seal::KeysError::WrongStoreKey))));
    fs::remove_file(&files.key).unwrap();
    assert!(matches!(open(), Err(HubError::StoreKey(_))));
    fs::write(&files.key, key).unwrap();
    assert!(matches!(open(), Err(HubError::Io(_))), "open to others");
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(&files.key, fs::Permissions::from_mode(0o600)).unwrap();
    open().unwrap();
    // A key file that is gone while something is sealed is not made anew.
    fs::remove_file(&files.keys).unwrap();
    assert!(matches!(open(), Err(HubError::Keys(_))));
}

/// The lines with a text replaced, and counted and hashed again, as whoever has no `hub.key` can.
fn marked_again(text: &[u8], from: &str, to: &str) -> Vec<u8> {
    use sha2::Digest;
    let text = String::from_utf8(text.to_vec()).unwrap();
    assert!(text.contains(from), "{from}");
    let (lines, end) = text.trim_end().rsplit_once('\n').unwrap();
    let lines = format!("{}\n", lines.replacen(from, to, 1));
    let mut end: serde_json::Value = serde_json::from_str(end).unwrap();
    let digest: String = sha2::Sha256::digest(&lines).iter().map(|byte| format!("{byte:02x}")).collect();
    end["end"]["sha256"] = digest.into();
    format!("{lines}{end}\n").into_bytes()
}

/// A backup of 0.2 had no mark: it is read, and said to prove nothing.
#[test]
fn a_backup_of_before_the_mark_is_read_and_proves_nothing() {
    let place = Place::new();
    let hub = hub_with_everything(&place);
    let file = place.path().join("backup");
    hub.backup(&file, now()).unwrap();
    let text = zstd::decode_all(&fs::read(&file).unwrap()[..]).unwrap();
    let old = String::from_utf8(marked_again(&text, "\"format\":2", "\"format\":1")).unwrap();
    let (lines, end) = old.trim_end().rsplit_once('\n').unwrap();
    let mut end: serde_json::Value = serde_json::from_str(end).unwrap();
    assert!(end["end"].as_object_mut().unwrap().remove("mark").is_some());
    let old = format!("{lines}\n{end}\n");
    fs::write(&file, zstd::encode_all(old.as_bytes(), 1).unwrap()).unwrap();
    let elsewhere = place.another();
    fs::copy(place.path().join("hub.key"), elsewhere.path().join("hub.key")).unwrap();
    let database = elsewhere.database();
    let restored = Hub::restore(&file, &HubFiles::of(elsewhere.path()), &database).unwrap();
    assert!(restored.is_unproven);
}

/// What a restore that was killed left beside `hub.key` is erased and named once, and a backup that was killed is
/// found where it was written.
#[test]
fn what_killed_work_left_is_erased_and_named() {
    let place = Place::new();
    drop(hub_with_everything(&place));
    fs::write(place.path().join("hub.keys.partial"), "wrapped keys").unwrap();
    let hub = place.open();
    assert!(!place.path().join("hub.keys.partial").exists());
    let found = hub.verify().unwrap().findings;
    assert_eq!(
        found.iter().map(|f| (f.kind, f.subject.as_str())).collect::<Vec<_>>(),
        [(HubFindingKind::LeftOver, "hub.keys.partial")]
    );
    assert!(hub.verify().unwrap().holds());
}
