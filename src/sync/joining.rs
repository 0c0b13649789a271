//! A till gets its identity: it shows that it knows the code, and believes only who knows it too.

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt;

use super::client::{Client, ClientError, HubAddress};
use super::enrolment::{EnrolmentCode, signed_for_new_epoch};
use super::record::Series;
use super::wire::{Base64, EnrolRequest, Hex, Previous};
use crate::seal::DeviceKey;
use crate::store::{Enrolment, HubState, Store, StoreError};

/// Why a till got no identity. Nothing was changed then.
#[derive(Debug)]
pub enum JoinError {
    Client(ClientError),
    /// Who answered does not know the code: not the hub, or somebody between it and the till.
    FalseHub,
    Store(StoreError),
}

impl From<ClientError> for JoinError {
    fn from(error: ClientError) -> JoinError {
        JoinError::Client(error)
    }
}

impl From<StoreError> for JoinError {
    fn from(error: StoreError) -> JoinError {
        JoinError::Store(error)
    }
}

impl fmt::Display for JoinError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            JoinError::Client(error) => error.fmt(f),
            JoinError::FalseHub => f.write_str("who answered does not know the code"),
            JoinError::Store(error) => error.fmt(f),
        }
    }
}

impl Error for JoinError {}

/// Enrols the till of this store at a hub, under a name for people. A till that was enrolled for the
/// same store before keeps its device and gets a new epoch, in which its series go on.
///
/// Returns the enrolment, which is in the store then. Errors: [`JoinError`].
pub fn join(
    store: &mut Store,
    address: &HubAddress,
    code: &EnrolmentCode,
    name: &str,
) -> Result<Enrolment, JoinError> {
    let before = store.enrolment()?.filter(|before| before.store == code.store());
    let pin = Client::new(address, None).see_certificate()?;
    let client = Client::new(address, pin);
    let asked = Asked { address, code, name, pin, client: &client };
    let refused = |joined: &Result<Enrolment, JoinError>, word: &str| match joined {
        Err(JoinError::Client(ClientError::Refused { status: 400, error, .. })) => error == word,
        _ => false,
    };
    let mut joined = asked.join(store, before.as_ref(), before.is_some());
    // The hub has lost what this till sent: the same device, or what it has would count twice, from the first
    // record on.
    if before.is_some() && refused(&joined, "begin") {
        joined = asked.join(store, before.as_ref(), false);
    }
    // It does not even know the device.
    if before.is_some() && refused(&joined, "previous") {
        joined = asked.join(store, None, false);
    }
    joined
}

struct Asked<'a> {
    address: &'a HubAddress,
    code: &'a EnrolmentCode,
    name: &'a str,
    pin: Option<Hex<32>>,
    client: &'a Client,
}

impl Asked<'_> {
    fn join(
        &self,
        store: &mut Store,
        before: Option<&Enrolment>,
        goes_on: bool,
    ) -> Result<Enrolment, JoinError> {
        let Asked { address, code, pin, client, .. } = *self;
        let key = DeviceKey::random();
        let request = self.request(&key, before, begin(store, goes_on)?);
        let answer = match client.enrol(&request) {
            // The answer may have been lost: asked again with the same key, it is the same.
            Err(ClientError::Unreachable(_)) => client.enrol(&request)?,
            answer => answer?,
        };
        if answer.proof != code.proof_of_hub(&request.proof, &answer) {
            return Err(JoinError::FalseHub);
        }
        let same_hub =
            before.filter(|b| b.device == answer.device.0 && b.incarnation == answer.incarnation.0);
        let enrolment = Enrolment {
            url: address.text().to_owned(),
            pin: pin.map(|pin| pin.0),
            store: code.store().to_owned(),
            device: answer.device.0,
            epoch: answer.epoch,
            key,
            incarnation: answer.incarnation.0,
            cursor: same_hub.map_or(0, |before| before.cursor),
            state: HubState::Active,
            last_contact: None,
        };
        store.set_enrolment(&enrolment)?;
        Ok(enrolment)
    }

    fn request(
        &self,
        key: &DeviceKey,
        before: Option<&Enrolment>,
        begin: BTreeMap<Series, u64>,
    ) -> EnrolRequest {
        let mut request = EnrolRequest {
            store: self.code.store().to_owned(),
            code: self.code.name(),
            public_key: Base64(key.public().bytes().to_vec()),
            name: self.name.to_owned(),
            certificate: self.pin,
            proof: Hex([0; 32]),
            previous: before.map(|before| Previous {
                device: Hex(before.device),
                epoch: before.epoch,
                signature: Base64(Vec::new()),
            }),
            begin,
            version: env!("CARGO_PKG_VERSION").to_owned(),
        };
        request.proof = self.code.proof_of_till(&request);
        if let (Some(previous), Some(before)) = (&mut request.previous, before) {
            let signature = before.key.sign(&signed_for_new_epoch(&request.proof));
            previous.signature = Base64(signature.0.to_vec());
        }
        request
    }
}

/// The first index of each series that will be sent. Forgets all over again: a hub that was restored
/// may have lost some of an earlier epoch, and saying one twice changes nothing.
fn begin(store: &Store, goes_on: bool) -> Result<BTreeMap<Series, u64>, StoreError> {
    let first = |series| match series {
        Series::Forget => Ok(1),
        _ if !goes_on => Ok(1),
        _ => store.durable_through(series).map(|through| through + 1),
    };
    Series::ALL.into_iter().map(|series| Ok((series, first(series)?))).collect()
}
