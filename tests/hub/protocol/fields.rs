//! The fields of what travels: which must be there, and which may be missing.

use std::collections::BTreeMap;

use olvido::sync::wire::{
    Challenge, Change, CountBody1, EnrolAnswer, EnrolRequest, ErrorAnswer, FeedPage, ForgetBody1,
    ForgetState, ForgetsAnswer, ForgetsRequest, Issuer1, PolicyChange, Previous, ProductChange,
    PurchaseBody1, RevocationChange, RunAnswer, SessionAnswer, SessionRequest, TicketBody1, TombstoneChange,
    Upload, UploadAnswer,
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

#[derive(Deserialize)]
struct Frozen {
    whole: Map<String, Value>,
    optional: Vec<String>,
}

/// Reads it, and writes it again.
fn again<'a, T: Deserialize<'a> + Serialize>(text: &'a str) -> Option<Value> {
    serde_json::from_str::<T>(text).ok().map(|read| super::value(&read))
}

type Again = fn(&str) -> Option<Value>;

const ALL: [(&str, Again); 24] = [
    ("EnrolRequest", |text| again::<EnrolRequest>(text)),
    ("Previous", |text| again::<Previous>(text)),
    ("EnrolAnswer", |text| again::<EnrolAnswer>(text)),
    ("Challenge", |text| again::<Challenge>(text)),
    ("SessionRequest", |text| again::<SessionRequest>(text)),
    ("SessionAnswer", |text| again::<SessionAnswer>(text)),
    ("Upload", |text| again::<Upload>(text)),
    ("UploadAnswer", |text| again::<UploadAnswer>(text)),
    ("RunAnswer", |text| again::<RunAnswer>(text)),
    ("FeedPage", |text| again::<FeedPage>(text)),
    ("Change", |text| again::<Change>(text)),
    ("ProductChange", |text| again::<ProductChange>(text)),
    ("PolicyChange", |text| again::<PolicyChange>(text)),
    ("TombstoneChange", |text| again::<TombstoneChange>(text)),
    ("RevocationChange", |text| again::<RevocationChange>(text)),
    ("ForgetsRequest", |text| again::<ForgetsRequest>(text)),
    ("ForgetsAnswer", |text| again::<ForgetsAnswer>(text)),
    ("ForgetState", |text| again::<ForgetState>(text)),
    ("ErrorAnswer", |text| again::<ErrorAnswer>(text)),
    ("TicketBody1", |text| again::<TicketBody1<'_>>(text)),
    ("Issuer1", |text| again::<Issuer1<'_>>(text)),
    ("CountBody1", |text| again::<CountBody1>(text)),
    ("PurchaseBody1", |text| again::<PurchaseBody1>(text)),
    ("ForgetBody1", |text| again::<ForgetBody1>(text)),
];

/// A field that may be missing may always be, and none is added that must be there: somebody out there
/// does not send it. A new field goes into `fields.json` among the optional ones.
#[test]
fn what_may_be_missing_may_always_be() {
    let frozen: BTreeMap<String, Frozen> = serde_json::from_str(&super::text("v1/fields")).unwrap();
    assert_eq!(frozen.len(), ALL.len());
    for (name, again) in ALL {
        let Frozen { whole, optional } = &frozen[name];
        let read = again(&Value::from(whole.clone()).to_string());
        assert_eq!(read, Some(whole.clone().into()), "{name}: all of it is read");
        for field in whole.keys() {
            let mut without = whole.clone();
            without.remove(field);
            let is_optional = again(&Value::from(without).to_string()).is_some();
            assert_eq!(is_optional, optional.contains(field), "{name}: {field} may be missing");
            let mut later = whole.clone();
            later.insert("later".to_owned(), serde_json::json!({ "x": [1, null] }));
            assert!(again(&Value::from(later).to_string()).is_some(), "{name}: more is passed over");
        }
    }
}
