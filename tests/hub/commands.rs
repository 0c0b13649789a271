//! What whoever runs the hub does beside it, while it serves.

use std::fs;
use std::path::Path;

use olvido::domain::policy::SHIPPED;
use olvido::sync::record::Series;
use olvido::sync::wire::{FeedPage, Hex, PolicyChange, ProductChange};
use serde_json::Value;

use crate::support::{Hub, forget, olvido, purchase};

/// What the command says; fails where it fails.
fn said(folder: &Path, args: &[&str]) -> String {
    let out = olvido(folder, args);
    let words = String::from_utf8(out.stdout).unwrap();
    assert!(out.status.success(), "{args:?}: {words}{}", String::from_utf8_lossy(&out.stderr));
    words
}

/// What it is refused with.
fn refused(folder: &Path, args: &[&str]) -> String {
    let out = olvido(folder, args);
    assert_eq!(out.status.code(), Some(1), "{args:?}: {}", String::from_utf8_lossy(&out.stdout));
    String::from_utf8(out.stderr).unwrap()
}

#[test]
fn products_and_a_policy_reach_the_tills() {
    let hub = Hub::plain();
    let (till, folder) = (hub.till("SOL"), hub.directory());
    let other = hub.till("SUR");
    let csv = hub.folder.path().join("products.csv");
    fs::write(
        &csv,
        "barcode,name,department,price,vat\n8410000000016,Leche,Lácteos,1.05,4\n,Pan,Pan,0.80,4\n",
    )
    .unwrap();
    let file = csv.display().to_string();
    let words = refused(&folder, &["hub", "publish", "products", &file]);
    assert!(words.contains("more than one store") && words.contains("SOL, SUR"), "{words}");
    let out = olvido(&folder, &["hub", "publish", "products", &file, "--store", "SOL"]);
    assert_eq!(out.status.code(), Some(1), "a line without a code: nothing is sent");
    let page: FeedPage = till.feed(&hub, "after=0").expect(200).json();
    assert!(page.changes.is_empty());

    fs::write(
        &csv,
        "barcode,sku,name,department,price,vat\n8410000000016,,Leche,Lácteos,1.05,4\n,P1,Pan,Pan,0.80,4\n",
    )
    .unwrap();
    let words = said(&folder, &["hub", "publish", "products", &file, "--store", "SOL"]);
    assert!(words.contains("sent 2 products"), "{words}");
    let words = said(&folder, &["hub", "publish", "products", &file, "--store", "SOL"]);
    assert!(words.contains("sent 0 products") && words.contains("2 are as they were"), "{words}");
    let page: FeedPage = till.feed(&hub, "after=0").expect(200).json();
    let products: Vec<ProductChange> =
        page.changes.iter().map(|change| serde_json::from_str(change.body.get()).unwrap()).collect();
    assert_eq!(products.len(), 2);
    assert_eq!((products[0].barcode, products[0].price, products[0].tax), (Some(8410000000016), 105, 400));
    assert_eq!((products[1].sku.as_str(), products[1].name.as_str()), ("P1", "Pan"));

    let policy = hub.folder.path().join("policy.toml");
    let file = policy.display().to_string();
    let newer = SHIPPED.replacen("version = 2", "version = 9", 1);
    fs::write(&policy, &newer).unwrap();
    let words = said(&folder, &["hub", "publish", "policy", &file, "--store", "SOL"]);
    assert!(words.contains("version 9") && !words.contains("warning"), "{words}");
    let page: FeedPage = till.feed(&hub, "after=2").expect(200).json();
    let change: PolicyChange = serde_json::from_str(page.changes[0].body.get()).unwrap();
    assert_eq!((page.changes[0].kind.as_str(), change.version, &change.text), ("policy", 9, &newer));
    let wider = newer
        .replacen("version = 9", "version = 10", 1)
        .replacen("ticket-detail = \"shop\"", "ticket-detail = \"products\"", 1)
        .replacen("backup-days = 30", "backup-days = 400", 1);
    fs::write(&policy, wider).unwrap();
    let words = said(&folder, &["hub", "publish", "policy", &file, "--store", "SOL"]);
    assert!(words.contains("Widens") && words.contains("warning"), "{words}");
    fs::write(&policy, SHIPPED).unwrap();
    let words = refused(&folder, &["hub", "publish", "policy", &file, "--store", "SOL"]);
    assert!(words.contains("or a newer one"), "{words}");
    fs::write(&policy, "nothing").unwrap();
    let words = refused(&folder, &["hub", "publish", "policy", &file, "--store", "SOL"]);
    assert!(words.contains("line 1"), "{words}");
    let page: FeedPage = other.feed(&hub, "after=0").expect(200).json();
    assert!(page.changes.is_empty(), "the other store hears nothing of it");
}

#[test]
fn the_tills_are_listed_reported_and_verified() {
    let hub = Hub::plain();
    let folder = hub.directory();
    let words = said(&folder, &["hub", "devices"]);
    assert!(words.contains("olvido hub enrol --store"), "{words}");
    let till = hub.till("SOL");
    till.sent(&hub, Series::Purchase, 1, &[Some(purchase([1; 16], "x")), Some(purchase([2; 16], "y"))]);
    till.sent(&hub, Series::Forget, 1, &[Some(forget([1; 16]))]);
    till.sent(
        &hub,
        Series::Count,
        1,
        &[Some("{\"v\":1,\"day\":\"2026-11-24\",\"choices\":{\"forget\":30}}".to_owned())],
    );
    let device = Hex(till.origin.device).to_string();
    let words = said(&folder, &["hub", "devices"]);
    for part in ["Store SOL", &device[..8], "caja 1, epoch 1, active", "2 purchases, 1 forget\n"] {
        assert!(words.contains(part), "{part} in {words}");
    }
    let json: Value = serde_json::from_str(&said(&folder, &["hub", "devices", "--json"])).unwrap();
    assert_eq!(json[0]["devices"][0]["device"], device);
    assert_eq!(json[0]["devices"][0]["through"]["purchase"], 2);

    let report: Value = serde_json::from_str(&said(&folder, &["hub", "report", "--json"])).unwrap();
    assert_eq!(report[0]["store"], "SOL");
    assert_eq!(report[0]["choice"]["forget"], 30);
    let words = said(&folder, &["hub", "report"]);
    assert!(words.contains("Store SOL") && words.contains("30"), "{words}");

    let verified: Value = serde_json::from_str(&said(&folder, &["hub", "verify", "--json"])).unwrap();
    assert_eq!(verified["holds"], true, "{verified}");
    let words = said(&folder, &["hub", "verify"]);
    assert!(
        words.contains("1 stores") && words.contains("All promises") || words.contains("holds"),
        "{words}"
    );

    for wrong in ["ffffffff", "caja 2", "abc"] {
        assert!(refused(&folder, &["hub", "revoke", wrong]).contains("no such till"), "{wrong}");
    }
    assert!(said(&folder, &["hub", "revoke", &device[..6]]).contains("caja 1 is shut out"));
    assert!(said(&folder, &["hub", "revoke", "caja 1"]).contains("before"));
    assert!(said(&folder, &["hub", "devices"]).contains("revoked"));
}

#[test]
fn a_backup_is_restored_beside_its_key() {
    let hub = Hub::plain();
    let folder = hub.directory();
    let till = hub.till("SOL");
    till.sent(&hub, Series::Purchase, 1, &[Some(purchase([1; 16], "x")), Some(purchase([2; 16], "y"))]);
    let backup = hub.folder.path().join("hub.backup");
    let file = backup.display().to_string();
    let words = said(&folder, &["hub", "backup", &file]);
    assert!(
        words.contains("2 purchases") && words.contains("hub.key") && words.contains("erased.log"),
        "{words}"
    );
    assert!(refused(&folder, &["hub", "backup", &file]).contains("there is a file"));
    till.sent(&hub, Series::Forget, 1, &[Some(forget([1; 16]))]);
    assert!(
        refused(&folder, &["hub", "restore", &file]).contains("another process"),
        "not under a hub that serves"
    );

    let mut hub = hub;
    hub.signal("TERM");
    hub.child.wait().unwrap();
    assert!(refused(&folder, &["hub", "restore", &file]).contains("not empty"));
    for name in ["hub.db", "hub.db-wal", "hub.db-shm"] {
        let _ = fs::remove_file(folder.join(name));
    }
    fs::write(hub.folder.path().join("none"), "not a backup").unwrap();
    let none = hub.folder.path().join("none").display().to_string();
    assert!(refused(&folder, &["hub", "restore", &none]).contains("not a backup"));
    let words = said(&folder, &["hub", "restore", &file]);
    assert!(words.contains("2 purchases, of which forgotten since: 1"), "{words}");

    let kept = tempfile::tempdir().unwrap();
    fs::rename(&folder, kept.path().join("hub")).unwrap();
    let again = Hub::start(kept, &["--plain"]);
    let health: Value = again.get("/health").expect(200).json();
    assert_eq!(
        (health["status"].as_str(), health["recovering"].as_bool()),
        (Some("degraded"), Some(true)),
        "{health}"
    );
    let session: olvido::sync::wire::SessionAnswer = again.session(&till).expect(200).json();
    assert!(session.replay_forgets);
}
