//! Two tills and a hub.

use std::time::{Duration, Instant};

use crate::hub::Hub;
use crate::shop::Shop;
use crate::till::Till;
use crate::{BREAD, READY, WASHER};

/// A till of the shop, enrolled.
fn enrolled(hub: &Hub, till: &'static str, series: &str) -> Shop {
    let shop = Shop::demo_till("es", till, series);
    let said = shop.runs(&["sync", "enrol", &hub.address, &hub.code()]);
    assert!(said.contains(&hub.address) && said.contains(till), "{said}");
    shop
}

/// Sells a washing machine with its guarantee; returns the receipt's code.
fn sold_with_guarantee(shop: &Shop) -> String {
    let sale = format!(r#"{{"lines":[{{"code":"{WASHER}"}}],"choice":"guarantee"}}"#);
    let file = shop.data().join("sale.jsonl");
    std::fs::write(&file, sale).unwrap();
    let said = shop.runs(&["ring", file.to_str().unwrap()]);
    std::fs::remove_file(&file).unwrap();
    let answer: serde_json::Value = serde_json::from_str(said.lines().next().unwrap()).unwrap();
    answer["code"].as_str().unwrap_or_else(|| panic!("no code in {said}")).to_owned()
}

/// Waits until the hub knows that the till has carried out what was published.
#[track_caller]
fn carried_out(hub: &Hub) {
    let begun = Instant::now();
    while !hub.runs(&["devices", "--json"]).replace(' ', "").contains(r#""waiting":0"#) {
        assert!(begun.elapsed() < Duration::from_secs(10));
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[track_caller]
fn leaves(mut till: Till) {
    till.key("Alt+Q");
    till.ends_and_restores();
}

#[test]
fn forgotten_at_one_till_it_is_gone_at_the_other() {
    let hub = Hub::start();
    let (one, two) = (enrolled(&hub, "uno", "A"), enrolled(&hub, "dos", "B"));
    let code = sold_with_guarantee(&one);
    // From here on the hub knows who holds it.
    one.runs(&["sync", "now"]);
    let mut till = one.till();
    till.sees(READY).sees("al día");

    let begun = Instant::now();
    let said = two.runs(&["purchase", "forget", &code]);
    assert!(said.contains("Esta caja no tiene ninguna compra con este código"), "{said}");
    assert!(!said.contains("Completo") || said.contains("las 2 copias"), "{said}");
    // The till that holds it sells on, and confirms within a second; the commands take some, too.
    let mut said = String::new();
    while !said.contains("confirmado en las 2 copias") {
        assert!(begun.elapsed() < Duration::from_secs(10), "{said}");
        two.runs(&["sync", "now"]);
        let (exit, text) = two.says(&["purchase", "show", &code]);
        assert_eq!(exit, 1, "{text}");
        said = text;
    }
    leaves(till);
    let (exit, said) = one.says(&["purchase", "show", &code]);
    assert!(exit == 1 && said.contains("está olvidada") && !said.contains("Lavadora"), "{said}");
    for shop in [&one, &two] {
        shop.runs(&["verify"]);
        let status: serde_json::Value =
            serde_json::from_str(&shop.runs(&["sync", "status", "--json"])).unwrap();
        assert_eq!(status["state"], "active");
        assert!(status["waiting"].as_object().unwrap().values().all(|count| count == 0), "{status}");
        assert_eq!(status["forgets_unconfirmed"], 0);
    }
}

#[test]
fn a_forget_that_no_copy_has_confirmed_says_so() {
    let mut hub = Hub::start();
    let (one, two) = (enrolled(&hub, "uno", "A"), enrolled(&hub, "dos", "B"));
    let code = sold_with_guarantee(&one);
    one.runs(&["sync", "now"]);
    hub.dies();
    let said = two.runs(&["purchase", "forget", &code]);
    assert!(said.contains("aún no todas han confirmado") && !said.contains("Completo"), "{said}");
    let (exit, said) = two.says(&["sync", "now"]);
    assert!(
        exit == 1 && said.contains("la central no responde") && said.contains("Queda un registro"),
        "{said}"
    );
    let review = two.runs(&["review"]);
    assert!(review.contains("Olvidos de camino a otras copias"), "{review}");
    hub.comes_back();
    two.runs(&["sync", "now"]);
    let (_, said) = two.says(&["purchase", "show", &code]);
    assert!(said.contains("Confirmado en 1 de 2 copias"), "{said}");
    one.runs(&["sync", "now"]);
    two.runs(&["sync", "now"]);
    let (_, said) = two.says(&["purchase", "show", &code]);
    assert!(said.contains("confirmado en las 2 copias"), "{said}");
    assert!(!two.runs(&["review"]).contains("Olvidos de camino"), "nothing is on its way any more");
}

#[test]
fn without_its_hub_the_till_sells_and_later_sends_by_itself() {
    let mut hub = Hub::start();
    let shop = enrolled(&hub, "uno", "A");
    let mut till = shop.till();
    till.sees(READY).sees("al día");
    hub.dies();
    till.sees("la central no responde");
    till.scans(BREAD).sees("Barra de pan").key("F10").sees("Falta").key("a").sees("vendido A-000001");
    till.sees("sin central · ").sees_no("al día");
    // It reads beside the till that runs.
    let status = shop.runs(&["sync", "status"]);
    assert!(status.contains("hay algo por enviar") && status.contains("tiques: 1"), "{status}");
    hub.comes_back();
    till.sees("al día");
    leaves(till);
    let status = shop.runs(&["sync", "status"]);
    assert!(status.contains("todo está en la central"), "{status}");
}

#[test]
fn a_new_price_counts_from_the_next_basket_on() {
    let hub = Hub::start();
    let shop = enrolled(&hub, "uno", "A");
    let mut till = shop.till();
    till.sees(READY).sees("al día");
    till.scans(BREAD).sees("Barra de pan").sees("0,85");
    let products = format!("code,name,price,tax,department\n{BREAD},Barra de pan,0.95,4,Panadería\n");
    let products = hub.file("products.csv", &products);
    hub.runs(&["publish", "products", products.to_str().unwrap()]);
    carried_out(&hub);
    till.scans(BREAD).sees("2 × 0,85");
    till.key("F10").sees("Falta").key("a").sees("vendido A-000001");
    till.scans(BREAD).sees("0,95").key("F10").sees("Falta").key("a").sees("vendido A-000002");
    leaves(till);
}

#[test]
fn a_new_policy_counts_from_the_next_basket_on() {
    let hub = Hub::start();
    let shop = enrolled(&hub, "uno", "A");
    let mut till = shop.till();
    till.sees(READY).sees("al día");
    till.scans(WASHER).sees("389,00");
    let file = shop.data().join("policy.toml");
    let policy = std::fs::read_to_string(&file).unwrap();
    let newer = policy.replacen("version = 2", "version = 3", 1);
    let newer = newer.replace("Solo para garantía", "Garantía y nada más");
    let published = hub.file("policy.toml", &newer);
    hub.runs(&["publish", "policy", published.to_str().unwrap()]);
    carried_out(&hub);
    assert_eq!(std::fs::read_to_string(&file).unwrap(), newer, "it outlives the till");
    // Whoever is being served has read the other one.
    till.key("F8").sees("Solo para garantía").sees_no("Garantía y nada más");
    till.key("2").sees("Anotado: Solo para garantía").key("Enter").sees(READY);
    till.key("F10").sees("Cliente: Solo para garantía").key("a").sees("vendido A-000001");
    till.scans(WASHER).sees("389,00").key("F8").sees("Garantía y nada más");
    till.key("2").sees("Anotado: Garantía y nada más").key("Enter").sees(READY);
    till.key("F10").sees("Falta").key("a").sees("vendido A-000002");
    leaves(till);
    let store = rusqlite::Connection::open(shop.data().join("olvido.db")).unwrap();
    let mut kept = store.prepare("SELECT policy FROM purchase ORDER BY policy").unwrap();
    let kept: Vec<u32> = kept.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    assert_eq!(kept, [2, 3], "each under what was shown");
    shop.runs(&["verify"]);
}

#[test]
fn a_revoked_till_sells_on_and_is_enrolled_again() {
    let hub = Hub::start();
    let shop = enrolled(&hub, "uno", "A");
    sold_with_guarantee(&shop);
    let mut till = shop.till();
    till.sees(READY).sees("al día");
    hub.runs(&["revoke", "uno"]);
    till.sees("! anulada");
    till.scans(BREAD).sees("Barra de pan").key("F10").sees("Falta").key("a").sees("vendido A-000002");
    till.sees("! anulada").sees_no("al día");
    let status = shop.runs(&["sync", "status"]);
    assert!(status.contains("anulada: hay que darla de alta") && status.contains("tiques: 1"), "{status}");
    leaves(till);
    // The next start knows it, too.
    let mut till = shop.till();
    till.sees(READY).sees("! anulada");
    leaves(till);
    let (exit, said) = shop.says(&["sync", "now"]);
    assert!(exit == 1 && said.contains("ya no admite esta caja") && said.contains("sync enrol"), "{said}");

    shop.runs(&["sync", "enrol", &hub.address, &hub.code()]);
    let mut till = shop.till();
    till.sees(READY).sees("al día");
    till.scans(BREAD).sees("Barra de pan").key("F10").sees("Falta").key("a").sees("vendido A-000003");
    till.sees("al día");
    leaves(till);
    assert!(shop.runs(&["sync", "now"]).contains("Todo está en la central"));
    let report: serde_json::Value = serde_json::from_str(&hub.runs(&["report", "--json"])).unwrap();
    assert_eq!((&report[0]["sales"], &report[0]["conflicts"]), (&3.into(), &0.into()), "{report}");
    assert_eq!(report[0]["quarantined"], serde_json::json!({}), "{report}");
    hub.runs(&["verify"]);
    shop.runs(&["verify"]);
}

#[test]
fn a_forget_that_the_till_cannot_read_is_said_until_it_is_updated() {
    let hub = Hub::start();
    let shop = enrolled(&hub, "uno", "A");
    let mut till = shop.till();
    till.sees(READY).sees("al día");
    // As a later hub would say it.
    hub.sql(
        r#"BEGIN; UPDATE store SET feed_head = feed_head + 1;
        INSERT INTO feed (store, seq, kind, key, body)
        SELECT store, feed_head, 'tombstone', 'x', '{"v":9,"ids":[]}' FROM store; COMMIT"#,
    );
    till.sees("! actualice Olvido");
    till.scans(BREAD).sees("Barra de pan").key("F10").sees("Falta").key("a").sees("vendido A-000001");
    let status = shop.runs(&["sync", "status"]);
    assert!(status.contains("está parado: actualice Olvido"), "{status}");
    leaves(till);
    let (exit, said) = shop.says(&["sync", "now"]);
    assert!(exit == 1 && said.contains("no sabe leer") && said.contains("Actualice Olvido"), "{said}");
    assert!(shop.runs(&["sync", "status", "--json"]).contains(r#""unread":true"#));
    let id = "0123456789abcdef".repeat(2);
    hub.sql(&format!(r#"UPDATE feed SET body = '{{"v":1,"id":"{id}"}}' WHERE key = 'x'"#));
    shop.runs(&["sync", "now"]);
    let status = shop.runs(&["sync", "status"]);
    assert!(status.contains("todo está en la central") && !status.contains("parado"), "{status}");
}

#[test]
fn a_till_that_was_set_back_says_that_it_must_enrol_again() {
    let hub = Hub::start();
    let shop = enrolled(&hub, "uno", "A");
    sold_with_guarantee(&shop);
    shop.runs(&["sync", "now"]);
    let backup = shop.data().with_file_name("copia");
    shop.runs(&["backup", backup.to_str().unwrap()]);
    sold_with_guarantee(&shop);
    shop.runs(&["sync", "now"]);
    std::fs::remove_file(shop.data().join("olvido.db")).unwrap();
    shop.runs(&["restore", backup.to_str().unwrap(), "--series", "C"]);
    let (exit, said) = shop.says(&["sync", "now"]);
    assert!(exit == 1 && said.contains("olvido sync enrol"), "{said}");
    assert!(shop.runs(&["sync", "status"]).contains("restaurada"));
    let mut till = shop.till();
    till.sees(READY).sees("! restaurada");
    leaves(till);
    shop.runs(&["sync", "enrol", &hub.address, &hub.code()]);
    shop.runs(&["sync", "now"]);
    let status = shop.runs(&["sync", "status", "--json"]);
    assert!(status.contains(r#""epoch":2"#) && status.contains(r#""state":"active""#), "{status}");
}

#[test]
fn wrong_codes_and_addresses_are_refused_in_words() {
    let hub = Hub::start();
    let shop = Shop::demo("es");
    let other = "Sol-00000-00000-00000-00000-000000";
    for (address, code, said) in [
        ("http://192.0.2.1:7878", other, "sin cifrar"),
        ("hub", other, "no es la dirección"),
        ("https://127.0.0.1:1", other, "no responde"),
        (&hub.address, "Sol-123", "26 letras y cifras"),
        (&hub.address, other, "no acepta este código"),
    ] {
        let (exit, text) = shop.says(&["sync", "enrol", address, code]);
        assert!(exit == 1 && text.contains(said), "{address} {code}: {text}");
    }
    let code = hub.code();
    shop.runs(&["sync", "enrol", &hub.address, &code]);
    let (exit, text) = Shop::demo("es").says(&["sync", "enrol", &hub.address, &code]);
    assert!(exit == 1 && text.contains("una sola vez"), "{text}");
}
