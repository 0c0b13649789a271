//! What a till knows of its hub: who it is there, how far the hub has its records, how far it has
//! carried out what the hub says.

use chrono::{DateTime, FixedOffset};
use rusqlite::{Connection, OptionalExtension, Row, params};

use crate::domain::policy::Policy;
use crate::domain::series::Series;
use crate::seal::{DeviceKey, Purpose, StoreKey, aead};

use super::error::StoreError;
use super::open::Store;
use super::outbox;

/// Who a till is at its hub.
#[derive(Debug)]
pub struct Enrolment {
    pub url: String,
    /// SHA-256 of the hub's public key; none without TLS.
    pub pin: Option<[u8; 32]>,
    /// The store's id at the hub.
    pub store: String,
    pub device: [u8; 16],
    /// From 1; another after each enrolment.
    pub epoch: u32,
    pub key: DeviceKey,
    /// Changes when the hub was restored from a backup.
    pub incarnation: [u8; 16],
    /// Everything up to here of what the hub says was carried out, durably.
    pub cursor: u64,
    pub state: HubState,
    /// When the hub last answered.
    pub last_contact: Option<DateTime<FixedOffset>>,
}

/// Whether the till may speak to its hub.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HubState {
    Active,
    /// The hub has other bytes under one of this till's indices: it must enrol again.
    Conflict,
    /// The till was restored from a backup: it must enrol again.
    Restored,
    /// The hub takes it no longer.
    Revoked,
}

impl HubState {
    fn number(self) -> u8 {
        match self {
            HubState::Active => 1,
            HubState::Conflict => 2,
            HubState::Restored => 3,
            HubState::Revoked => 4,
        }
    }

    fn from_number(number: u8) -> HubState {
        match number {
            1 => HubState::Active,
            2 => HubState::Conflict,
            3 => HubState::Restored,
            _ => HubState::Revoked,
        }
    }
}

/// How many copies of something forgotten there are, and how many are known to be gone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ForgetState {
    pub confirmed: u32,
    /// 0 until the hub has said.
    pub copies: u32,
    /// At tills that were revoked: among `copies`, and never confirmed.
    pub lost: u32,
}

/// What the till's key is sealed to: a sealed key put into another identity does not open.
fn associated(device: &[u8; 16], epoch: u32) -> Vec<u8> {
    [&device[..], &epoch.to_be_bytes()].concat()
}

fn enrolment(row: &Row<'_>, store_key: &StoreKey) -> Result<Enrolment, StoreError> {
    let damaged = || StoreError::Damaged("the till's own key cannot be unsealed".into());
    let (device, epoch) = (row.get("device")?, row.get("epoch")?);
    let sealed = row.get_ref("seed")?.as_blob().map_err(|_| damaged())?;
    let seed = aead::open(&store_key.derive(Purpose::DeviceKey), &associated(&device, epoch), sealed)
        .map_err(|_| damaged())?;
    let last_contact: Option<String> = row.get("last_contact")?;
    Ok(Enrolment {
        url: row.get("url")?,
        pin: row.get("pin")?,
        store: row.get("store")?,
        device,
        epoch,
        key: DeviceKey::from_seed(seed.as_slice().try_into().map_err(|_| damaged())?),
        incarnation: row.get("incarnation")?,
        cursor: row.get("cursor")?,
        state: HubState::from_number(row.get("state")?),
        last_contact: last_contact.and_then(|at| DateTime::parse_from_rfc3339(&at).ok()),
    })
}

/// After a restore: what the till says next could contradict what it said after the backup.
pub(super) fn mark_restored(connection: &Connection) -> Result<(), StoreError> {
    connection.execute("UPDATE hub SET state = ?1", [HubState::Restored.number()])?;
    Ok(())
}

/// Notes that a forget said here waits for the hub, inside its transaction.
pub(super) fn await_copies(connection: &Connection, id: &[u8; 16]) -> Result<(), StoreError> {
    connection
        .prepare_cached(
            "INSERT INTO forget_state (id, confirmed, copies, lost)
             SELECT ?1, 0, 0, 0 WHERE EXISTS (SELECT 1 FROM hub) ON CONFLICT (id) DO NOTHING",
        )?
        .execute([id])?;
    Ok(())
}

impl Store {
    /// Who this till is at its hub; `None` before the first enrolment. Errors: `Damaged` where its key
    /// does not open.
    pub fn enrolment(&self) -> Result<Option<Enrolment>, StoreError> {
        let mut statement = self.connection.prepare_cached("SELECT * FROM hub")?;
        let mut rows = statement.query([])?;
        rows.next()?.map(|row| enrolment(row, &self.store_key)).transpose()
    }

    /// Keeps an enrolment in the place of the one before, its key sealed. The first gives what was kept and forgotten
    /// so far its places in the outbox. Where it is another device's, nothing counts as durable at the hub, and no
    /// forget as confirmed.
    pub fn set_enrolment(&mut self, enrolment: &Enrolment) -> Result<(), StoreError> {
        let sealing = self.store_key.derive(Purpose::DeviceKey);
        let associated = associated(&enrolment.device, enrolment.epoch);
        let sealed = aead::seal(&sealing, &associated, &*enrolment.key.seed());
        let transaction = self.connection.transaction()?;
        let before: Option<[u8; 16]> =
            transaction.query_row("SELECT device FROM hub", [], |row| row.get(0)).optional()?;
        if before.is_none() {
            outbox::queue_earlier(&transaction)?;
        }
        if before != Some(enrolment.device) {
            transaction.execute_batch(
                "DELETE FROM durable; UPDATE forget_state SET confirmed = 0, copies = 0, lost = 0",
            )?;
        }
        transaction.execute(
            "INSERT OR REPLACE INTO hub
             (id, url, pin, store, device, epoch, seed, incarnation, cursor, state, last_contact)
             VALUES (1, ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
            params![
                enrolment.url,
                enrolment.pin,
                enrolment.store,
                enrolment.device,
                enrolment.epoch,
                sealed,
                enrolment.incarnation,
                enrolment.cursor,
                enrolment.state.number(),
                enrolment.last_contact.map(|at| at.to_rfc3339()),
            ],
        )?;
        Ok(transaction.commit()?)
    }

    /// Up to which index of a series the hub is known to have everything durably; 0 before the first.
    pub fn durable_through(&self, series: Series) -> Result<u64, StoreError> {
        let mut statement =
            self.connection.prepare_cached("SELECT through FROM durable WHERE series = ?1")?;
        Ok(statement.query_row([series.number()], |row| row.get(0)).optional()?.unwrap_or(0))
    }

    /// Keeps what the hub said of that; less than before where the hub was restored.
    pub fn set_durable_through(&mut self, series: Series, through: u64) -> Result<(), StoreError> {
        self.connection
            .prepare_cached("INSERT OR REPLACE INTO durable (series, through) VALUES (?1, ?2)")?
            .execute(params![series.number(), through])?;
        Ok(())
    }

    /// Keeps whether the till may speak to its hub.
    pub fn set_hub_state(&mut self, state: HubState) -> Result<(), StoreError> {
        self.connection.execute("UPDATE hub SET state = ?1", [state.number()])?;
        Ok(())
    }

    /// Keeps how far the hub's changes were carried out: only after everything up to `cursor` is complete.
    pub fn set_cursor(&mut self, cursor: u64) -> Result<(), StoreError> {
        self.connection.execute("UPDATE hub SET cursor = ?1", [cursor])?;
        Ok(())
    }

    /// Keeps which incarnation the hub has. Another than before was restored from a backup: its changes
    /// are read from the beginning again, since it may give a number twice.
    pub fn set_incarnation(&mut self, incarnation: [u8; 16]) -> Result<(), StoreError> {
        self.connection
            .execute("UPDATE hub SET incarnation = ?1, cursor = 0 WHERE incarnation <> ?1", [incarnation])?;
        Ok(())
    }

    /// Keeps when the hub last answered.
    pub fn set_last_contact(&mut self, at: DateTime<FixedOffset>) -> Result<(), StoreError> {
        self.connection.execute("UPDATE hub SET last_contact = ?1", [at.to_rfc3339()])?;
        Ok(())
    }

    /// Forgets that were said here and that not every copy has confirmed: in no order.
    pub fn unconfirmed(&self) -> Result<Vec<[u8; 16]>, StoreError> {
        let mut statement = self
            .connection
            .prepare_cached("SELECT id FROM forget_state WHERE copies = 0 OR confirmed + lost < copies")?;
        Ok(statement.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?)
    }

    /// Keeps what the hub said of a forget.
    pub fn set_forget_state(&mut self, id: &[u8; 16], state: ForgetState) -> Result<(), StoreError> {
        self.connection
            .prepare_cached(
                "INSERT OR REPLACE INTO forget_state (id, confirmed, copies, lost) VALUES (?1, ?2, ?3, ?4)",
            )?
            .execute(params![id, state.confirmed, state.copies, state.lost])?;
        Ok(())
    }

    /// How far a forget that was said here is; `None` where it was not, or before the till was enrolled.
    pub fn forget_state(&self, id: &[u8; 16]) -> Result<Option<ForgetState>, StoreError> {
        let mut statement = self
            .connection
            .prepare_cached("SELECT confirmed, copies, lost FROM forget_state WHERE id = ?1")?;
        let state = statement.query_row([id], |row| {
            Ok(ForgetState { confirmed: row.get(0)?, copies: row.get(1)?, lost: row.get(2)? })
        });
        Ok(state.optional()?)
    }

    /// Takes a policy into force while the till runs; its file is written before, or the next start would
    /// find an older one. It counts from the next basket on. Errors: `PolicyNeedsNewVersion`,
    /// `PolicyVersionTooLow`.
    pub fn adopt_policy(&mut self, text: &str, policy: Policy) -> Result<(), StoreError> {
        super::policy::adopt(&mut self.connection, text, &policy)?;
        self.policy = policy;
        Ok(())
    }

    /// Keeps changes of the hub as they came, each with its number, kind and body: of a kind that this program
    /// does not know, or that wait for the rest. All or none.
    pub fn keep_changes(&mut self, changes: &[(u64, &str, &str)]) -> Result<(), StoreError> {
        let transaction = self.connection.transaction()?;
        for (seq, kind, body) in changes {
            transaction
                .prepare_cached("INSERT OR REPLACE INTO kept_change (seq, kind, body) VALUES (?1, ?2, ?3)")?
                .execute(params![seq, kind, body])?;
        }
        Ok(transaction.commit()?)
    }

    /// The kept changes of a kind, number and body, in order.
    pub fn kept_changes(&self, kind: &str) -> Result<Vec<(u64, String)>, StoreError> {
        let mut statement = self
            .connection
            .prepare_cached("SELECT seq, body FROM kept_change WHERE kind = ?1 ORDER BY seq")?;
        let rows = statement.query_map([kind], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Drops the kept changes of a kind, up to that number: they were carried out.
    pub fn drop_kept_changes(&mut self, kind: &str, through: u64) -> Result<(), StoreError> {
        self.connection
            .prepare_cached("DELETE FROM kept_change WHERE kind = ?1 AND seq <= ?2")?
            .execute(params![kind, through])?;
        Ok(())
    }

    /// Drops a kept change, and goes back to before it: the hub is asked for it again, and for what followed.
    pub fn ask_again(&mut self, seq: u64) -> Result<(), StoreError> {
        let transaction = self.connection.transaction()?;
        transaction.execute("UPDATE hub SET cursor = min(cursor, ?1 - 1)", [seq])?;
        transaction.execute("DELETE FROM kept_change WHERE seq = ?1", [seq])?;
        Ok(transaction.commit()?)
    }

    /// Notes that what a device says counts no longer, up to that epoch.
    pub fn note_revocation(&mut self, device: &[u8; 16], epoch: u32) -> Result<(), StoreError> {
        self.connection
            .prepare_cached(
                "INSERT INTO revoked (device, epoch) VALUES (?1, ?2)
                 ON CONFLICT DO UPDATE SET epoch = max(epoch, excluded.epoch)",
            )?
            .execute(params![device, epoch])?;
        Ok(())
    }

    /// Up to which epoch what a device says counts no longer, if any.
    pub fn revoked_epoch(&self, device: &[u8; 16]) -> Result<Option<u32>, StoreError> {
        let mut statement = self.connection.prepare_cached("SELECT epoch FROM revoked WHERE device = ?1")?;
        Ok(statement.query_row([device], |row| row.get(0)).optional()?)
    }
}
