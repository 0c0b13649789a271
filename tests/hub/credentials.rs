//! Who may ask what: every route with no credentials, with wrong, other and revoked ones, and with
//! another store's ids.

use olvido::seal::DeviceKey;
use olvido::sync::hub::server::routes::Call;
use olvido::sync::record::Series;
use olvido::sync::wire::{Answer as RecordAnswer, FeedPage, ForgetsAnswer, Hex};
use serde_json::{Value, json};

use crate::support::{Hub, JSON, Till, enrolment, forget, olvido, purchase};

/// A request of each route that a session is needed for.
fn asked(hub: &Hub, call: Call, authorization: Option<&str>) -> u16 {
    let mut headers = vec![JSON];
    headers.extend(authorization.map(|value| ("authorization", value)));
    let body = match call {
        Call::Records => json!({"first": 1, "records": [null], "signature": "A".repeat(86) + "=="}),
        _ => json!({"ids": []}),
    };
    let paths = match call {
        Call::Records => Series::ALL.map(|series| format!("/v1/records/{series}")).to_vec(),
        Call::Feed => vec!["/v1/feed?after=0".to_owned()],
        _ => vec![call.path().to_owned()],
    };
    let statuses: Vec<u16> = paths
        .iter()
        .map(|path| hub.ask(call.method(), path, &headers, body.to_string().as_bytes()).status)
        .collect();
    assert!(statuses.windows(2).all(|two| two[0] == two[1]), "{call:?}: {statuses:?}");
    statuses[0]
}

fn behind_a_session() -> impl Iterator<Item = Call> {
    Call::ALL.into_iter().filter(|call| call.needs_session())
}

#[test]
fn without_a_session_nothing_is_told() {
    let hub = Hub::plain();
    let till = hub.till("SOL");
    let mut altered = till.token.clone().into_bytes();
    altered[5] = if altered[5] == b'A' { b'B' } else { b'A' };
    let altered = format!("Bearer {}", String::from_utf8(altered).unwrap());
    let cut = format!("Bearer {}", &till.token[..till.token.len() - 2]);
    let basic = format!("Basic {}", till.token);
    let bare = till.token.clone();
    for call in behind_a_session() {
        assert_eq!(asked(&hub, call, None), 401, "{call:?}");
        for wrong in ["Bearer", "Bearer ", "Bearer x", "Bearer \u{e9}", &altered, &cut, &basic, &bare] {
            assert_eq!(asked(&hub, call, Some(wrong)), 401, "{call:?} {wrong}");
        }
    }
    assert_eq!(till.feed(&hub, "after=0").status, 200, "the right one opens");
}

#[test]
fn a_revoked_till_is_told_so_on_every_route() {
    let hub = Hub::plain();
    let (till, other) = (hub.till("SOL"), hub.till("SOL"));
    let revoked = olvido(&hub.directory(), &["hub", "revoke", &Hex(till.origin.device).to_string()]);
    assert!(revoked.status.success(), "{}", String::from_utf8_lossy(&revoked.stderr));
    for call in behind_a_session() {
        assert_eq!(asked(&hub, call, Some(&till.authorization())), 403, "{call:?}");
    }
    assert_eq!(hub.session(&till).status, 403);
    assert_eq!(other.feed(&hub, "after=0").status, 200);
}

#[test]
fn a_session_needs_the_tills_own_key() {
    let hub = Hub::plain();
    let mut till = hub.till("SOL");
    let own = std::mem::replace(&mut till.key, DeviceKey::random());
    assert_eq!(hub.session(&till).status, 401);
    till.key = own;
    for store in ["SUR", "sol", "", "SOL' OR '1'='1"] {
        let elsewhere = Till {
            store: store.to_owned(),
            key: DeviceKey::from_seed(&till.key.seed()),
            token: String::new(),
            ..till
        };
        assert_eq!(hub.session(&elsewhere).status, 401, "{store}");
    }
    till.origin.epoch += 1;
    assert_eq!(hub.session(&till).status, 401);
    till.origin.epoch -= 1;
    assert_eq!(hub.session(&till).status, 200);
}

#[test]
fn a_code_is_good_once_and_only_for_who_knows_it() {
    let hub = Hub::plain();
    let code = hub.code("SOL");
    let post = |request: &Value| hub.post("/v1/enrol", request).status;
    let request = enrolment(&code, &DeviceKey::random(), None);
    let value = serde_json::to_value(&request).unwrap();
    for (field, wrong) in [
        ("proof", json!("00".repeat(32))),
        ("store", json!("SUR")),
        ("name", json!("another")),
        ("code", json!("00".repeat(16))),
        ("certificate", json!("ab".repeat(32))),
    ] {
        let mut altered = value.clone();
        altered[field] = wrong;
        assert_eq!(post(&altered), 401, "{field}");
    }
    assert_eq!(post(&value), 200);
    let other = enrolment(&code, &DeviceKey::random(), None);
    assert_eq!(post(&serde_json::to_value(&other).unwrap()), 401, "it is used");
}

/// Whoever stands between till and hub has another certificate.
#[test]
fn an_enrolment_through_another_certificate_is_refused() {
    let hub = Hub::tls();
    let code = hub.code("SOL");
    for seen in [None, Some(Hex([7; 32]))] {
        let request = enrolment(&code, &DeviceKey::random(), seen);
        assert_eq!(hub.post("/v1/enrol", &serde_json::to_value(&request).unwrap()).status, 401);
    }
    let request = enrolment(&code, &DeviceKey::random(), hub.fingerprint);
    assert_eq!(hub.post("/v1/enrol", &serde_json::to_value(&request).unwrap()).status, 200);
}

#[test]
fn one_store_never_sees_another() {
    let hub = Hub::plain();
    let (sol, sur) = (hub.till("SOL"), hub.till("SUR"));
    let (id, body) = ([7; 16], purchase([7; 16], "c2VhbGVk"));
    assert_eq!(
        sol.sent(&hub, Series::Purchase, 1, &[Some(body.clone())]).answers[0].answer,
        RecordAnswer::Created
    );
    assert_eq!(
        sol.sent(&hub, Series::Forget, 1, &[Some(forget(id))]).answers[0].answer,
        RecordAnswer::Created
    );
    let asked = json!({"ids": [Hex(id)]}).to_string();
    let states = |till: &Till| {
        let headers = [JSON, ("authorization", &till.authorization())];
        hub.ask("POST", "/v1/forgets", &headers, asked.as_bytes()).expect(200).json::<ForgetsAnswer>().forgets
    };
    assert_eq!(states(&sol).len(), 1);
    assert_eq!(states(&sur), [], "another store's id");
    let tombstones = |till: &Till| till.feed(&hub, "after=0").expect(200).json::<FeedPage>().changes.len();
    assert_eq!(tombstones(&sol), 1);
    assert_eq!(tombstones(&sur), 0);

    // The same id at the other store is another purchase, and is not erased.
    assert_eq!(sur.sent(&hub, Series::Purchase, 1, &[Some(body)]).answers[0].answer, RecordAnswer::Created);

    // A run that the other store's till signed, and one under the other's session.
    let stolen = sol.upload(Series::Forget, 2, &[Some(forget([8; 16]))]);
    let headers = [JSON, ("authorization", &sur.authorization())];
    assert_eq!(hub.ask("POST", "/v1/records/forget", &headers, stolen.as_bytes()).status, 401);
}
