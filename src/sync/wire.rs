//! What travels between a till and a hub: JSON, `/v1`. These are not the types of the domain, so that
//! either end can change without the other: a field that is not known is passed over, one that may be
//! missing has a default, and a record or change of an unknown version or kind is kept as it came.
//!
//! Ids and hashes are hexadecimal, keys, signatures and sealed bytes base64 (RFC 4648, with padding),
//! amounts integers in minor units, days `YYYY-MM-DD`.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::NaiveDate;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;
use std::collections::BTreeMap;

use super::record::Series;

/// Records in one upload at the most.
pub const RUN_RECORDS_MAX: usize = 1000;
/// A body's bytes at the most; a till's largest (a purchase of hundreds of lines) is far below.
pub const BODY_BYTES_MAX: usize = 256 << 10;
/// Bytes of a request or an answer, unpacked.
pub const MESSAGE_BYTES_MAX: usize = 8 << 20;
/// The same, packed.
pub const PACKED_BYTES_MAX: usize = 2 << 20;
/// Changes in one page of the feed at the most.
pub const FEED_CHANGES_MAX: usize = 1000;
/// A long poll waits no longer, in seconds.
pub const WAIT_SECONDS_MAX: u64 = 50;
/// Ids asked about in one request at the most.
pub const FORGETS_MAX: usize = 500;

/// Bytes written as base64.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Base64(pub Vec<u8>);

/// 16 or 32 bytes written as hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hex<const N: usize>(pub [u8; N]);

/// A random id.
pub type Id = Hex<16>;

/// `POST /v1/enrol`: a till asks for an identity. The code itself does not travel: `proof` shows that
/// the till has it, and binds the till's key and the certificate that it saw.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct EnrolRequest {
    pub store: String,
    /// First 16 bytes of the SHA-256 of the code: names it without giving it away.
    pub code: Id,
    pub public_key: Base64,
    /// What the shop calls the till.
    pub name: String,
    /// SHA-256 of the public key of the certificate that the till saw; none without TLS.
    #[serde(default)]
    pub certificate: Option<Hex<32>>,
    /// HMAC-SHA256 under the code: see [`super::enrolment`].
    pub proof: Hex<32>,
    /// The identity that the till has had, signed for by its key: see [`super::enrolment`].
    #[serde(default)]
    pub previous: Option<Previous>,
    /// First index of each series that the till will send.
    #[serde(deserialize_with = "known_series")]
    pub begin: BTreeMap<Series, u64>,
    /// The program's version.
    pub version: String,
}

/// The identity that a till has had, and its key's signature of the proof.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Previous {
    pub device: Id,
    pub epoch: u32,
    pub signature: Base64,
}

/// The identity.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct EnrolAnswer {
    pub device: Id,
    pub epoch: u32,
    /// Changes when the hub was restored from a backup.
    pub incarnation: Id,
    /// HMAC-SHA256 under the code over what the hub answers: only who knows the code can have answered.
    pub proof: Hex<32>,
}

/// `POST /v1/challenge`: what to sign to open a session.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Challenge {
    pub challenge: String,
}

/// `POST /v1/session`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SessionRequest {
    pub store: String,
    pub device: Id,
    pub epoch: u32,
    pub challenge: String,
    /// Over the challenge: see [`super::enrolment`].
    pub signature: Base64,
    pub version: String,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SessionAnswer {
    /// Goes into `Authorization: Bearer`.
    pub token: String,
    /// By the hub's clock from now on; the till asks for another before.
    pub expires_in_seconds: u64,
    pub incarnation: Id,
    /// Last index of each series that the hub has durably, without a gap before it, under this epoch.
    #[serde(deserialize_with = "known_series")]
    pub durable_through: BTreeMap<Series, u64>,
    /// Whether the hub was restored from a backup and needs the till's tombstones first.
    #[serde(default)]
    pub replay_forgets: bool,
}

/// `POST /v1/records/{series}`: a run of neighbouring records.
#[derive(Debug, Serialize, Deserialize)]
pub struct Upload<B = Box<RawValue>> {
    pub first: u64,
    /// `null` where the till no longer has it: forgotten before it was sent, or past its term.
    pub records: Vec<Option<B>>,
    /// Of the run: see [`super::record::Run::sign`].
    pub signature: Base64,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UploadAnswer {
    /// In order of index, each for neighbours that are answered alike. A record that is not named was not
    /// looked at: it lies behind a conflict.
    pub answers: Vec<RunAnswer>,
    /// Last index up to which the hub has everything durably. The till need not send these again.
    pub durable_through: u64,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunAnswer {
    pub first: u64,
    pub last: u64,
    pub answer: Answer,
    /// Why, where it is `quarantined`.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "known_flag")]
    pub reason: Option<Flag>,
}

/// What became of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Answer {
    /// New, and durable.
    Created,
    /// The same bytes were there.
    Exists,
    /// Other bytes were there. Both are kept; the till needs a new epoch.
    Conflict,
    /// Taken and durable, but it breaks a rule: somebody must look.
    Quarantined,
    /// It was forgotten, here or elsewhere: the bytes were not kept.
    Erased,
    /// A word of a later version, which nobody says here: `durable_through` alone says what became of it.
    #[serde(other, skip_serializing)]
    Later,
}

/// Which rule a quarantined record breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Flag {
    /// Its version is newer than this hub: kept as it came, to be read later.
    UnknownVersion,
    /// It cannot be read as what its series holds.
    Unreadable,
    /// The ticket's number is not its index.
    WrongNumber,
    /// Another ticket has this number in this series.
    NumberTwice,
    /// Its hash is not that of its fields.
    WrongHash,
    /// It does not continue the chain.
    BrokenChain,
    /// Its parts do not add up to its total.
    DoesNotAddUp,
}

/// `GET /v1/feed?after=N&limit=…&wait=…`. By asking for what comes after N the till says that it has
/// carried out, durably, everything up to N.
#[derive(Debug, Serialize, Deserialize)]
pub struct FeedPage {
    pub changes: Vec<Change>,
    /// To be asked for next.
    pub next: u64,
    /// More is there already.
    pub more: bool,
}

/// One change of what the tills of a store need to know. A later one about the same thing replaces it.
#[derive(Debug, Serialize, Deserialize)]
pub struct Change {
    pub seq: u64,
    /// A [`FeedKind`]'s name; a till keeps one of another kind as it came.
    pub kind: String,
    pub body: Box<RawValue>,
}

/// What a change of the feed is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FeedKind {
    Product,
    Policy,
    Tombstone,
    Revocation,
}

impl FeedKind {
    pub const ALL: [FeedKind; 4] =
        [FeedKind::Product, FeedKind::Policy, FeedKind::Tombstone, FeedKind::Revocation];

    /// As it travels, and as both sides store it.
    pub fn name(self) -> &'static str {
        match self {
            FeedKind::Product => "product",
            FeedKind::Policy => "policy",
            FeedKind::Tombstone => "tombstone",
            FeedKind::Revocation => "revocation",
        }
    }

    /// `None` for a kind that this program does not know.
    pub fn named(name: &str) -> Option<FeedKind> {
        FeedKind::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// A `product`'s body; the same product by [`crate::store::Store::import_products`]'s rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProductChange {
    pub v: u32,
    #[serde(default)]
    pub barcode: Option<u64>,
    #[serde(default)]
    pub plu: Option<u32>,
    pub sku: String,
    pub name: String,
    pub department: String,
    /// Minor units, tax included.
    pub price: i64,
    /// Hundredths of a per cent.
    pub tax: u16,
    /// Sold by weight, in kilograms.
    #[serde(default)]
    pub weighed: bool,
    #[serde(default)]
    pub durable_years: u8,
}

/// A `policy`'s body.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PolicyChange {
    pub v: u32,
    pub version: u32,
    /// The whole file.
    pub text: String,
}

/// A `tombstone`'s body: an id and nothing else.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TombstoneChange {
    pub v: u32,
    pub id: Id,
}

/// A `revocation`'s body: what this device says counts no longer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RevocationChange {
    pub v: u32,
    pub device: Id,
    /// All epochs up to this one.
    pub epoch: u32,
}

/// `POST /v1/forgets`: how far forgets are.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ForgetsRequest {
    pub ids: Vec<Id>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ForgetsAnswer {
    /// Only those that the hub knows of.
    pub forgets: Vec<ForgetState>,
}

/// How many copies have confirmed. Copies are the hub's own and those of the tills that held, or may
/// hold, the purchase.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ForgetState {
    pub id: Id,
    pub confirmed: u32,
    pub copies: u32,
    /// Copies at tills that were revoked and will never confirm; among `copies`.
    #[serde(default)]
    pub lost: u32,
}

/// What is wrong with a request. The status says the kind; `error` is a fixed word, never a value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorAnswer {
    pub error: String,
    /// For whoever runs the till, in English, without anything personal.
    pub hint: String,
    /// With `gap` (409): last index up to which the hub has everything durably; the till sends what
    /// follows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub durable_through: Option<u64>,
}

/// A `ticket`'s body, version 1.
#[derive(Debug, Serialize, Deserialize)]
pub struct TicketBody1<'a> {
    pub v: u32,
    pub number: u64,
    #[serde(borrow)]
    pub issuer: Issuer1<'a>,
    /// RFC 3339, to the second, with the offset from UTC.
    #[serde(borrow)]
    pub at: std::borrow::Cow<'a, str>,
    pub total: i64,
    pub tax_total: i64,
    /// A [`crate::domain::ticket::TicketBody`].
    #[serde(borrow)]
    pub body: &'a RawValue,
    #[serde(default)]
    pub previous: Option<Hex<32>>,
    pub hash: Hex<32>,
}

#[derive(Debug, Serialize, Deserialize)]
pub struct Issuer1<'a> {
    #[serde(borrow)]
    pub name: std::borrow::Cow<'a, str>,
    #[serde(borrow)]
    pub tax_id: std::borrow::Cow<'a, str>,
    #[serde(borrow)]
    pub series: std::borrow::Cow<'a, str>,
    /// ISO 4217.
    #[serde(borrow)]
    pub currency: std::borrow::Cow<'a, str>,
}

/// A `count`'s body, version 1: sales of a day by choice; `_unanswered` for no answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CountBody1 {
    pub v: u32,
    pub day: NaiveDate,
    pub choices: BTreeMap<String, u64>,
    /// Numbers of the first and last ticket between which these were counted; tills of 0.2.0 do not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last: Option<u64>,
}

/// A `purchase`'s body, version 1. The hub seals it whole under a key of its own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PurchaseBody1 {
    pub v: u32,
    pub id: Id,
    pub choice: String,
    /// Version of the policy that was shown.
    pub policy: u32,
    pub day: NaiveDate,
    /// Last day by that policy; none until the customer says forget.
    pub until: Option<NaiveDate>,
    /// `receipt`: opens with the code on the receipt and `key`; `profile`: with `key` alone.
    pub memory: String,
    pub key: Base64,
    pub sealed: Base64,
}

/// A `forget`'s body, version 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ForgetBody1 {
    pub v: u32,
    pub id: Id,
    /// Whether this till held it, and destroyed its key: then no other till but those that sent it did.
    pub held: bool,
}

/// Of every body: what version it is.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Versioned {
    pub v: u32,
}

/// Passes over series of a later version.
fn known_series<'de, D: Deserializer<'de>>(deserializer: D) -> Result<BTreeMap<Series, u64>, D::Error> {
    let all = BTreeMap::<String, u64>::deserialize(deserializer)?;
    Ok(all.into_iter().filter_map(|(name, index)| Some((Series::from_name(&name)?, index))).collect())
}

/// A rule of a later version is none that is known.
fn known_flag<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Flag>, D::Error> {
    use serde::de::IntoDeserializer;
    let word = Option::<String>::deserialize(deserializer)?;
    let known = |word: String| {
        let word: serde::de::value::StringDeserializer<serde::de::value::Error> = word.into_deserializer();
        Flag::deserialize(word).ok()
    };
    Ok(word.and_then(known))
}

impl Serialize for Base64 {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&STANDARD.encode(&self.0))
    }
}

impl<'de> Deserialize<'de> for Base64 {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Base64, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        STANDARD.decode(text.as_bytes()).map(Base64).map_err(|_| serde::de::Error::custom("not base64"))
    }
}

impl<const N: usize> std::fmt::Display for Hex<N> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let digit = |value: u8| b"0123456789abcdef"[usize::from(value)];
        let digits = self.0.map(|byte| [digit(byte >> 4), digit(byte & 15)]);
        f.write_str(std::str::from_utf8(digits.as_flattened()).expect("digits are ASCII"))
    }
}

impl<const N: usize> std::str::FromStr for Hex<N> {
    type Err = NotHex;

    /// Reads exactly `N` bytes, in either case. Errors: [`NotHex`].
    fn from_str(text: &str) -> Result<Hex<N>, NotHex> {
        let digits = text.as_bytes();
        if digits.len() != 2 * N {
            return Err(NotHex);
        }
        let mut bytes = [0; N];
        for (byte, pair) in bytes.iter_mut().zip(digits.as_chunks::<2>().0) {
            let digit = |c: u8| char::from(c).to_digit(16).ok_or(NotHex);
            *byte = (digit(pair[0])? << 4 | digit(pair[1])?) as u8;
        }
        Ok(Hex(bytes))
    }
}

/// A text is not the hexadecimal digits that it should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotHex;

impl<const N: usize> Serialize for Hex<N> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de, const N: usize> Deserialize<'de> for Hex<N> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Hex<N>, D::Error> {
        /// Reads the digits where they stand: a hub does so twice for each ticket.
        struct Digits<const N: usize>;

        impl<const N: usize> serde::de::Visitor<'_> for Digits<N> {
            type Value = Hex<N>;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, "{} hexadecimal digits", 2 * N)
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Hex<N>, E> {
                text.parse().map_err(|NotHex| E::custom("not hexadecimal digits"))
            }
        }

        deserializer.deserialize_str(Digits)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two versions later there are fields, series and rules that this one does not know.
    #[test]
    fn what_a_later_version_adds_is_passed_over() {
        let session = r#"{"token":"t","expires_in_seconds":600,"incarnation":"00000000000000000000000000000007",
            "durable_through":{"ticket":9,"shift":4},"later":{"x":[1]}}"#;
        let session: SessionAnswer = serde_json::from_str(session).unwrap();
        assert_eq!(session.durable_through, BTreeMap::from([(Series::Ticket, 9)]));
        assert!(!session.replay_forgets, "may be missing");
        let answer = r#"{"answers":[
            {"first":1,"last":2,"answer":"quarantined","reason":"later-rule","more":true},
            {"first":3,"last":3,"answer":"quarantined","reason":"broken-chain"},
            {"first":4,"last":4,"answer":"created"},
            {"first":5,"last":5,"answer":"postponed","until":9}],"durable_through":4}"#;
        let answer: UploadAnswer = serde_json::from_str(answer).unwrap();
        let reasons: Vec<Option<Flag>> = answer.answers.iter().map(|run| run.reason).collect();
        assert_eq!(reasons, [None, Some(Flag::BrokenChain), None, None]);
        assert_eq!(answer.answers[3].answer, Answer::Later);
        assert!(serde_json::to_string(&answer).is_err(), "nobody says a word that he does not know");
        let page = r#"{"changes":[{"seq":3,"kind":"shift","body":{"v":7},"by":"x"}],"next":3,"more":false}"#;
        let page: FeedPage = serde_json::from_str(page).unwrap();
        assert_eq!((page.changes[0].kind.as_str(), page.changes[0].body.get()), ("shift", r#"{"v":7}"#));
    }
}
