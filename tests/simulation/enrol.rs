//! Somebody carries a code from the hub to a till.

use chrono::{DateTime, Utc};
use olvido::seal::DeviceKey;
use olvido::store::{Enrolment, HubState, Store};
use olvido::sync::enrolment::{EnrolmentCode, signed_for_new_epoch};
use olvido::sync::hub::{Hub, HubError};
use olvido::sync::record::Series;
use olvido::sync::wire::{Base64, EnrolAnswer, EnrolRequest, Hex, Previous};

/// What came of it.
#[derive(Debug, PartialEq, Eq)]
pub enum Enrolled {
    Done {
        epoch: u32,
        is_known: bool,
        goes_on: bool,
    },
    /// The hub did its part, and its answer was lost.
    Unanswered,
}

/// Enrols a till. `is_lost`: the answer never arrives.
pub fn enrol(
    store: &mut Store,
    hub: &Hub,
    shop: &str,
    replaces: Option<[u8; 16]>,
    name: &str,
    is_lost: bool,
    now: DateTime<Utc>,
) -> Enrolled {
    let code = hub.new_code(shop, replaces, now).unwrap();
    for (is_known, goes_on) in [(true, true), (true, false), (false, false)] {
        let before = store.enrolment().unwrap().filter(|before| is_known && before.store == shop);
        let key = DeviceKey::random();
        let request = request(store, &code, &key, before.as_ref(), goes_on, name);
        let answer = match hub.enrol(&request, None, now) {
            // The hub lost what it knew: the till begins anew, with the same code.
            Err(HubError::Invalid("previous" | "begin")) if before.is_some() => continue,
            // It gave the epoch to another since: whoever runs it says whose place the till takes.
            Err(HubError::Unauthorized) if before.is_some() && replaces.is_none() => {
                let device = before.map(|before| before.device);
                return enrol_anew(store, hub, shop, device, name, now);
            }
            answer => answer.unwrap(),
        };
        assert_eq!(answer.proof, code.proof_of_hub(&request.proof, &answer));
        if is_lost {
            return Enrolled::Unanswered;
        }
        let epoch = answer.epoch;
        keep(store, shop, key, before, answer);
        return Enrolled::Done { epoch, is_known, goes_on };
    }
    unreachable!("a till without a past is always taken in")
}

/// Enrols a till that shows no former identity, in the place of that device.
fn enrol_anew(
    store: &mut Store,
    hub: &Hub,
    shop: &str,
    device: Option<[u8; 16]>,
    name: &str,
    now: DateTime<Utc>,
) -> Enrolled {
    let code = hub.new_code(shop, device, now).unwrap();
    let key = DeviceKey::random();
    let answer = hub.enrol(&request(store, &code, &key, None, false, name), None, now).unwrap();
    let epoch = answer.epoch;
    keep(store, shop, key, None, answer);
    Enrolled::Done { epoch, is_known: false, goes_on: false }
}

fn request(
    store: &Store,
    code: &EnrolmentCode,
    key: &DeviceKey,
    before: Option<&Enrolment>,
    goes_on: bool,
    name: &str,
) -> EnrolRequest {
    let begin = |series| match series {
        Series::Forget => 1,
        _ if before.is_none() || !goes_on => 1,
        _ => store.durable_through(series).unwrap() + 1,
    };
    let mut request = EnrolRequest {
        store: code.store().to_owned(),
        code: code.name(),
        public_key: Base64(key.public().bytes().to_vec()),
        name: name.to_owned(),
        certificate: None,
        proof: Hex([0; 32]),
        previous: before.map(|before| Previous {
            device: Hex(before.device),
            epoch: before.epoch,
            signature: Base64(Vec::new()),
        }),
        begin: Series::ALL.map(|series| (series, begin(series))).into(),
        version: "0.2.0".to_owned(),
    };
    request.proof = code.proof_of_till(&request);
    if let (Some(previous), Some(before)) = (&mut request.previous, before) {
        let signature = before.key.sign(&signed_for_new_epoch(&request.proof));
        previous.signature = Base64(signature.0.to_vec());
    }
    request
}

fn keep(store: &mut Store, shop: &str, key: DeviceKey, before: Option<Enrolment>, answer: EnrolAnswer) {
    let same_hub = before.filter(|b| b.device == answer.device.0 && b.incarnation == answer.incarnation.0);
    let enrolment = Enrolment {
        url: "http://127.0.0.1:4666".to_owned(),
        pin: None,
        store: shop.to_owned(),
        device: answer.device.0,
        epoch: answer.epoch,
        key,
        incarnation: answer.incarnation.0,
        cursor: same_hub.map_or(0, |before| before.cursor),
        state: HubState::Active,
        last_contact: None,
    };
    store.set_enrolment(&enrolment).unwrap();
}
