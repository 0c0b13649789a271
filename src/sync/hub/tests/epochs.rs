//! Identities: enrolment, sessions, epochs, revocation.

use super::*;
use crate::sync::hub::{CHALLENGE_SECONDS, CODE_SECONDS, DeviceState, SESSION_SECONDS};

on_both! {
    a_code_is_good_once_and_for_ten_minutes
    who_has_not_the_code_gets_nothing
    a_session_needs_the_key_and_ends
    a_session_says_how_far_the_hub_is
    what_came_under_an_earlier_epoch_is_counted_once
    a_till_goes_on_where_the_hub_is
    a_replaced_or_revoked_till_is_not_heard
    another_stores_ids_are_nothing
}

fn a_code_is_good_once_and_for_ten_minutes(place: &Place) {
    let hub = place.open();
    let code = hub.new_code("S", None, now()).unwrap();
    let key = DeviceKey::random();
    let asked = request(&code, &key);
    let late = now() + Duration::seconds(CODE_SECONDS + 1);
    assert!(matches!(hub.enrol(&asked, None, late), Err(HubError::Unauthorized)));
    let answer = hub.enrol(&asked, None, now()).unwrap();
    // The answer was lost on the way: the same till hears it again, and there is still one device.
    let again = hub.enrol(&asked, None, now()).unwrap();
    assert_eq!((again.device, again.epoch), (answer.device, answer.epoch));
    let other = request(&code, &DeviceKey::random());
    assert!(matches!(hub.enrol(&other, None, now()), Err(HubError::Unauthorized)));
    assert_eq!(hub.devices("S").unwrap().len(), 1);
    hub.tend(late).unwrap();
    assert_eq!(count(&hub, "SELECT count(*) FROM enrolment"), 0);
}

fn who_has_not_the_code_gets_nothing(place: &Place) {
    let hub = place.open();
    let code = hub.new_code("S", None, now()).unwrap();
    let key = DeviceKey::random();
    let good = request(&code, &key);
    type Change = fn(&mut EnrolRequest);
    let changes: [Change; 7] = [
        |request| request.store = "T".to_owned(),
        |request| request.store = "no such'; --".to_owned(),
        |request| request.code = Hex([1; 16]),
        |request| request.name = "Caja 2".to_owned(),
        |request| request.public_key = Base64(DeviceKey::random().public().bytes().to_vec()),
        |request| request.proof = Hex([0; 32]),
        |request| request.certificate = Some(Hex([1; 32])),
    ];
    for change in changes {
        let mut wrong = good.clone();
        change(&mut wrong);
        let answer = hub.enrol(&wrong, None, now());
        assert!(matches!(answer, Err(HubError::Unauthorized)), "{answer:?}");
    }
    // A till that saw another certificate than the hub's spoke to somebody in between.
    assert!(matches!(hub.enrol(&good, Some(Hex([1; 32])), now()), Err(HubError::Unauthorized)));
    hub.enrol(&good, None, now()).unwrap();
}

#[test]
fn wrong_tries_are_limited() {
    let place = Place::new();
    let hub = place.open();
    let code = hub.new_code("S", None, now()).unwrap();
    let good = request(&code, &DeviceKey::random());
    let mut wrong = good.clone();
    wrong.proof = Hex([1; 32]);
    for _ in 0..10 {
        assert!(matches!(hub.enrol(&wrong, None, now()), Err(HubError::Unauthorized)));
    }
    assert!(matches!(hub.enrol(&good, None, now()), Err(HubError::TooMany { .. })));
    // Another code of the store is held up for a minute, this one for good.
    let other = request(&hub.new_code("S", None, now()).unwrap(), &DeviceKey::random());
    assert!(matches!(hub.enrol(&other, None, now()), Err(HubError::TooMany { seconds: 60 })));
    let later = now() + Duration::seconds(61);
    hub.enrol(&other, None, later).unwrap();
    assert!(matches!(hub.enrol(&good, None, later), Err(HubError::TooMany { .. })));
    let elsewhere = request(&hub.new_code("T", None, now()).unwrap(), &DeviceKey::random());
    hub.enrol(&elsewhere, None, now()).unwrap();
}

fn a_session_needs_the_key_and_ends(place: &Place) {
    let hub = place.open();
    let till = Till::enrol(&hub, "S");
    let other = DeviceKey::random();
    assert!(matches!(session(&hub, "S", till.origin, &other), Err(HubError::Unauthorized)));
    assert!(matches!(session(&hub, "T", till.origin, &till.key), Err(HubError::Unauthorized)));
    let later = Origin { epoch: 2, ..till.origin };
    assert!(matches!(session(&hub, "S", later, &till.key), Err(HubError::Unauthorized)));

    let challenge = hub.challenge(now() - Duration::seconds(CHALLENGE_SECONDS + 1)).challenge;
    let signature = till.key.sign(&signed_for_session("S", till.origin, &challenge));
    let stale = SessionRequest {
        store: "S".to_owned(),
        device: Hex(till.origin.device),
        epoch: 1,
        challenge,
        signature: Base64(signature.0.to_vec()),
        version: String::new(),
    };
    assert!(matches!(hub.open_session(&stale, now()), Err(HubError::Unauthorized)));

    let token = session(&hub, "S", till.origin, &till.key).unwrap().token;
    for seconds in [0, SESSION_SECONDS] {
        assert_eq!(hub.caller(&token, now() + Duration::seconds(seconds)).unwrap(), till.caller);
    }
    for seconds in [-1, SESSION_SECONDS + 1] {
        let answer = hub.caller(&token, now() + Duration::seconds(seconds));
        assert!(matches!(answer, Err(HubError::Unauthorized)), "{seconds}");
    }
    for place in 0..token.len() {
        let mut altered = token.clone().into_bytes();
        altered[place] = if altered[place] == b'A' { b'B' } else { b'A' };
        let altered = String::from_utf8(altered).unwrap();
        assert!(matches!(hub.caller(&altered, now()), Err(HubError::Unauthorized)), "{place}");
    }
    // A challenge is no token, and another hub's token is none of ours.
    let challenge = hub.challenge(now()).challenge;
    assert!(matches!(hub.caller(&challenge, now()), Err(HubError::Unauthorized)));
    let elsewhere = place.another();
    assert!(matches!(elsewhere.open().caller(&token, now()), Err(HubError::Unauthorized)));
}

fn a_session_says_how_far_the_hub_is(place: &Place) {
    let hub = place.open();
    let mut till = Till::enrol(&hub, "S");
    till.sell_many(3);
    till.send_tickets(&hub, 1, 3).unwrap();
    let answer = session(&hub, "S", till.origin, &till.key).unwrap();
    let expected = [(Series::Ticket, 3), (Series::Count, 0), (Series::Purchase, 0), (Series::Forget, 0)];
    assert_eq!(answer.durable_through, BTreeMap::from(expected));
    assert!(!answer.replay_forgets);
    assert_eq!(answer.incarnation, hub.incarnation());
}

/// A till whose disk was cloned, or put back, goes on under another epoch; nothing is counted twice.
fn what_came_under_an_earlier_epoch_is_counted_once(place: &Place) {
    let hub = place.open();
    let mut till = Till::enrol(&hub, "S");
    till.sell_many(5);
    till.send_tickets(&hub, 1, 5).unwrap();
    // Put back to what it was after three, it sells others.
    let mut back = till.enrol_again(&hub, false, &[]).unwrap();
    assert_eq!((back.origin.device, back.origin.epoch), (till.origin.device, 2));
    back.tickets.truncate(3);
    back.chain = Some(TicketHash(serde_json::from_str::<TicketBody1<'_>>(&back.tickets[2]).unwrap().hash.0));
    back.sell(7000);
    back.issuer.series = "B".to_owned();
    back.sell(8000);
    back.sell(9000);
    let expected = "1-3 exists, 4 quarantined NumberTwice, 5-6 created; 6";
    assert_eq!(said(&back.send_tickets(&hub, 1, 6)), expected);
    assert_eq!(said(&back.send_tickets(&hub, 1, 6)), expected.replace("created", "exists"));
    assert_eq!(count(&hub, "SELECT CAST(sum(sales) AS BIGINT) FROM day_sum"), 7);
    assert_eq!(count(&hub, "SELECT CAST(sum(total) AS BIGINT) FROM day_sum"), 510 + 17000);
    assert_eq!(hub.verify().unwrap().findings, []);
}

fn a_till_goes_on_where_the_hub_is(place: &Place) {
    let hub = place.open();
    let mut till = Till::enrol(&hub, "S");
    till.sell_many(5);
    till.send_tickets(&hub, 1, 4).unwrap();
    // What lies before would be missing for ever.
    let refused = till.enrol_again(&hub, false, &[(Series::Ticket, 6)]);
    assert!(matches!(refused, Err(HubError::Invalid("begin"))));
    let again = till.enrol_again(&hub, false, &[(Series::Ticket, 5)]).unwrap();
    assert!(matches!(again.send_tickets(&hub, 4, 1), Err(HubError::Invalid("first"))));
    assert_eq!(said(&again.send_tickets(&hub, 5, 1)), "5 created; 5");
    // Another hub knows nothing of the till, and the same code is still good without its past.
    let elsewhere = place.another();
    let other = elsewhere.open();
    assert!(matches!(till.enrol_again(&other, false, &[]), Err(HubError::Invalid("previous"))));
    // Nor can anybody go on as a till whose key he has not.
    let thief = Till { key: DeviceKey::random(), ..Till::enrol(&hub, "S") };
    let thief = Till { origin: till.origin, ..thief };
    assert!(matches!(thief.enrol_again(&hub, false, &[]), Err(HubError::Unauthorized)));
}

fn a_replaced_or_revoked_till_is_not_heard(place: &Place) {
    let hub = place.open();
    let mut till = Till::enrol(&hub, "S");
    let watching = Till::enrol(&hub, "S");
    till.sell_many(1);
    let again = till.enrol_again(&hub, true, &[]).unwrap();
    assert!(matches!(till.send_tickets(&hub, 1, 1), Err(HubError::Revoked)));
    assert!(matches!(session(&hub, "S", till.origin, &till.key), Err(HubError::Revoked)));
    again.send_tickets(&hub, 1, 1).unwrap();
    let token = session(&hub, "S", again.origin, &again.key).unwrap().token;

    assert!(!hub.revoke("T", Hex(again.origin.device)).unwrap());
    assert!(hub.revoke("S", Hex(again.origin.device)).unwrap());
    assert!(!hub.revoke("S", Hex(again.origin.device)).unwrap());
    assert!(matches!(hub.caller(&token, now()), Err(HubError::Revoked)));
    assert!(matches!(again.send_tickets(&hub, 1, 1), Err(HubError::Revoked)));
    let (changes, _) = watching.follow(&hub, 0);
    let body = serde_json::json!({"v": 1, "device": Hex(again.origin.device), "epoch": 2}).to_string();
    let body: RevocationChange = serde_json::from_str(&body).unwrap();
    assert_eq!(changes, [("revocation".to_owned(), serde_json::to_string(&body).unwrap())]);
    let states = |state| hub.devices("S").unwrap().iter().filter(|device| device.state == state).count();
    assert_eq!((states(DeviceState::Active), states(DeviceState::Revoked)), (1, 2));
}

/// Every call names the caller's store: what another store has is not there.
fn another_stores_ids_are_nothing(place: &Place) {
    let hub = place.open();
    let (one, other) = (Till::enrol(&hub, "S"), Till::enrol(&hub, "T"));
    let body = purchase(id(1), "leche", None);
    one.send(&hub, Series::Purchase, 1, &[Some(&body)]).unwrap();
    // Another store forgets the same id: the first store's purchase stays.
    other.send(&hub, Series::Forget, 1, &[Some(&forget(id(1), false))]).unwrap();
    assert_eq!(count(&hub, "SELECT count(*) FROM purchase"), 1);
    assert_eq!(one.forget_state(&hub, id(1)), None);
    assert_eq!(one.follow(&hub, 0).0.len(), 0);
    assert_eq!(other.follow(&hub, 0).0.len(), 1);
    let theirs = Caller { store: "T".to_owned(), origin: one.origin };
    let upload = one.signed(Series::Forget, 1, &[Some(&forget(id(1), true))]);
    assert!(matches!(hub.upload(&theirs, Series::Forget, &upload, now()), Err(HubError::Unauthorized)));
    assert!(matches!(hub.feed(&theirs, 0, 10, now()), Err(HubError::Unauthorized)));
}
