//! `olvido.keys`: a random key for every kept purchase, profile and draft, in slots of fixed size that are
//! overwritten in place with zeros when it is forgotten. What finds a customer lies in the same slots, and
//! nowhere else: one write destroys both.
//!
//! One process writes at a time: the caller holds the lock of the data directory.

mod customers;
mod slot;
#[cfg(test)]
mod tests;
mod wrapper;

use std::collections::HashSet;
use std::fmt;
use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

use serde::{Deserialize, Serialize};

pub use self::customers::CustomerSlot;
pub use self::slot::{Holds, Tie};
pub use self::wrapper::KeyWrapper;

use self::customers::Customers;
use self::slot::{Content, Header, SLOT, ZEROS};
use super::aead::DataKey;
use super::lookup::Lookup;
use super::store_key::{Purpose, StoreKey};
use super::{private_file, random_id};

/// Where a key lies and whose it is: what the database keeps instead of the key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct SlotId {
    /// Counted from 0, in the order of the file.
    pub index: u32,
    /// A random id, never zero. A slot that was zeroed and reused has another.
    pub owner: [u8; 16],
}

impl SlotId {
    /// A place alone: of a slot that is damaged, so that nothing certain tells whose it is.
    pub fn place(index: u32) -> SlotId {
        SlotId { index, owner: [0; 16] }
    }

    /// Whether it is a place alone.
    pub fn is_place(&self) -> bool {
        self.owner == [0; 16]
    }
}

/// The open file. Dropping it closes the file; nothing is held back to be written then.
#[derive(Debug)]
pub struct KeyFile {
    file: File,
    wrap: DataKey,
    /// Whole slots in the file. What lies behind them is the tail of an append that was never
    /// acknowledged: it does not count, and the next append writes over it.
    slots: u32,
    /// Zero slots that were found, to be written to before the file grows; the last is taken first.
    free: Vec<u32>,
    /// Whether its header is one, and this store key's.
    header: Header,
    /// Whose slots there are, once the file was searched.
    customers: Option<Customers>,
    zeroing: bool,
    /// How often it was synced in place.
    #[cfg(test)]
    pub(crate) syncs: std::sync::atomic::AtomicU32,
}

/// What the whole file holds, each list in the order of the file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SlotSurvey {
    pub live: Vec<SlotId>,
    /// Those of them that are a customer's.
    pub tied: Vec<(SlotId, Tie)>,
    /// Slots that are neither zero nor whole.
    pub damaged: Vec<u32>,
    /// Slots that are all zeros: never used, or forgotten.
    pub free: Vec<u32>,
}

#[derive(Debug)]
pub enum KeysError {
    /// No key file, one of an unknown version, or with a damaged header.
    NotAKeyFile,
    /// The file belongs to another `store.key`.
    WrongStoreKey,
    /// The slot at this index is neither zero nor whole, or lies behind the end of a file cut short.
    DamagedSlot(u32),
    /// The system refused; [`KeysError::is_disk_full`] tells the one cause that a till can mend.
    Io(io::Error),
}

/// Slots of a file at most, 512 MiB: what a till keeps in a century. Where there is more behind them, it is not one.
const SLOTS_MAX: u32 = 1 << 22;

/// Slots read at a time when the whole file is read: 64 KiB.
const SLOTS_PER_READ: u32 = 512;

/// Slots at the end of the file among which a process chooses that has not searched it: 8 KiB.
const ROOM: u32 = 64;

impl KeyFile {
    /// A new file without slots, of mode 0600, durable on return. Errors: `Io`, of kind
    /// `AlreadyExists` where there is a file; it is never overwritten.
    pub fn create(path: &Path, store_key: &StoreKey) -> Result<KeyFile, KeysError> {
        let wrap = store_key.derive(Purpose::WrapSlots);
        let file = private_file::create(path, &slot::new_header(&wrap))?;
        Ok(KeyFile::over(file, wrap, 0, Header::Ours))
    }

    /// Opens a file by its header and length alone, so that 100,000 slots cost a start nothing. It changes
    /// nothing. Free slots are found later, by [`KeyFile::search`].
    /// Errors: `NotAKeyFile`, `WrongStoreKey`, `Io`.
    pub fn open(path: &Path, store_key: &StoreKey) -> Result<KeyFile, KeysError> {
        KeyFile::opened(private_file::open(path, OpenOptions::new().read(true).write(true))?, store_key)
    }

    /// Opens a file for a reader beside its writer: it knows the slots that are there now, and whatever would
    /// write gives `Io`. Errors: as of [`KeyFile::open`].
    pub fn open_to_read(path: &Path, store_key: &StoreKey) -> Result<KeyFile, KeysError> {
        KeyFile::opened(private_file::open_to_read(path)?, store_key)
    }

    /// Opens a file to destroy keys in it: to zero a slot takes neither a header that is whole nor the right
    /// store key. What either is missing is told by [`KeyFile::require_ours`], and keeps [`KeyFile::write`] and
    /// [`KeyFile::tie`] from anything. Errors: `Io`.
    pub fn open_to_zero(path: &Path, store_key: &StoreKey) -> Result<KeyFile, KeysError> {
        KeyFile::judged(private_file::open(path, OpenOptions::new().read(true).write(true))?, store_key)
    }

    fn opened(file: File, store_key: &StoreKey) -> Result<KeyFile, KeysError> {
        let opened = KeyFile::judged(file, store_key)?;
        opened.require_ours()?;
        Ok(opened)
    }

    fn judged(file: File, store_key: &StoreKey) -> Result<KeyFile, KeysError> {
        let length = file.metadata()?.len();
        let wrap = store_key.derive(Purpose::WrapSlots);
        let Some(slots) = (length / SLOT as u64).checked_sub(1) else {
            return Ok(KeyFile::over(file, wrap, 0, Header::NotAKeyFile));
        };
        let mut header = ZEROS;
        file.read_exact_at(&mut header, 0)?;
        let (slots, header) = match u32::try_from(slots) {
            Ok(slots) if slots <= SLOTS_MAX => (slots, slot::judge_header(&wrap, &header)),
            _ => (SLOTS_MAX, Header::NotAKeyFile),
        };
        Ok(KeyFile::over(file, wrap, slots, header))
    }

    /// Whether the file is one, and this store key's. Errors: `NotAKeyFile`, `WrongStoreKey`.
    pub fn require_ours(&self) -> Result<(), KeysError> {
        match self.header {
            Header::Ours => Ok(()),
            Header::OtherStoreKey => Err(KeysError::WrongStoreKey),
            Header::NotAKeyFile => Err(KeysError::NotAKeyFile),
        }
    }

    fn over(file: File, wrap: DataKey, slots: u32, header: Header) -> KeyFile {
        KeyFile {
            file,
            wrap,
            slots,
            header,
            free: Vec::new(),
            customers: None,
            zeroing: true,
            #[cfg(test)]
            syncs: std::sync::atomic::AtomicU32::default(),
        }
    }

    /// Gives each owner a slot with a fresh key, in the same order, all durable on return by one
    /// sync. It is called ahead of need, for many owners at once, so that no sale waits for it. Until the
    /// database refers to such a slot, `is_needed` of [`KeyFile::reclaim`] has to name it.
    ///
    /// Errors: `Io`; then no slot was given, and the file is as before as far as the disk allows. As of
    /// [`KeyFile::require_ours`].
    pub fn write(&mut self, owners: &[[u8; 16]]) -> Result<Vec<(SlotId, DataKey)>, KeysError> {
        assert!(owners.iter().all(|owner| *owner != [0; 16]), "an owner is a random id");
        if owners.is_empty() {
            return Ok(Vec::new());
        }
        self.require_ours()?;
        let reused = owners.len().min(self.free.len());
        let appended = u32::try_from(owners.len() - reused).ok();
        let end = appended.and_then(|count| self.slots.checked_add(count)).filter(|end| *end <= SLOTS_MAX);
        let end = end.ok_or_else(|| KeysError::Io(io::Error::from(io::ErrorKind::FileTooLarge)))?;
        let places: Vec<u32> = self.free.iter().rev().take(reused).copied().chain(self.slots..end).collect();

        let (mut given, mut bytes) =
            (Vec::with_capacity(owners.len()), Vec::with_capacity(owners.len() * SLOT));
        for (index, owner) in places.iter().zip(owners) {
            let (id, key) = (SlotId { index: *index, owner: *owner }, DataKey::random());
            bytes.extend_from_slice(&slot::new_slot(&self.wrap, id, None, &key));
            given.push((id, key));
        }
        if let Err(error) = self.write_slots(&places[..reused], &bytes) {
            self.take_back(&places[..reused]);
            return Err(error.into());
        }
        self.free.truncate(self.free.len() - reused);
        self.slots = end;
        Ok(given)
    }

    /// The key in a slot; `None` when it is forgotten: the slot is zero, or another owner's by now.
    /// Errors: `DamagedSlot`, `Io`.
    pub fn key(&self, id: SlotId) -> Result<Option<DataKey>, KeysError> {
        let bytes = self.read_slot(id.index)?.ok_or(KeysError::DamagedSlot(id.index))?;
        match slot::judge_slot(id.index, &bytes) {
            Content::Live(found, wrapped) if found == id => {
                wrapped.unwrap_for(&self.wrap, id).map(Some).ok_or(KeysError::DamagedSlot(id.index))
            }
            Content::Free | Content::Live(..) => Ok(None),
            Content::Damaged => Err(KeysError::DamagedSlot(id.index)),
        }
    }

    /// Overwrites the slots with zeros, in place, durable on return by one sync. It needs no room on
    /// the disk, and may be repeated after an error or a crash. A slot that is another owner's by now is left
    /// alone; a damaged one is zeroed, since what is left in it could be this owner's key.
    /// Errors: `Io`; some of the slots may then be zero.
    pub fn zero(&mut self, ids: &[SlotId]) -> Result<(), KeysError> {
        let mut doomed = Vec::with_capacity(ids.len());
        for id in ids {
            // Nothing behind the end, nothing to zero.
            let Some(bytes) = self.read_slot(id.index)? else { continue };
            match slot::judge_slot(id.index, &bytes) {
                Content::Live(found, _) if found != *id => {}
                Content::Live(_, wrapped) => doomed.push((id.index, wrapped.tie())),
                // A slot already zero may still wait for the sync of a forget that was cut short.
                Content::Damaged | Content::Free => doomed.push((id.index, None)),
            }
        }
        let indices: Vec<u32> = doomed.iter().map(|(index, _)| *index).collect();
        self.overwrite(&indices)?;
        if let Some(customers) = &mut self.customers {
            for (index, tie) in doomed {
                customers.remove(index, tie);
            }
        }
        Ok(())
    }

    /// Like [`KeyFile::zero`], for what must be gone whatever number its row says: where a slot is not the one
    /// that its id says, the whole file is searched for the owner. Returns those of whom there was nothing to zero:
    /// it was done before ([`KeyFile::key`] says `None`), or their keys are in another file. Errors: `Io`.
    pub fn zero_wherever(&mut self, ids: &[SlotId]) -> Result<Vec<SlotId>, KeysError> {
        let (mut astray, mut damaged) = (HashSet::new(), HashSet::new());
        for id in ids {
            let bytes = self.read_slot(id.index)?.unwrap_or(ZEROS);
            match slot::judge_slot(id.index, &bytes) {
                Content::Live(found, _) if found == *id => {}
                content => {
                    astray.insert(id.owner);
                    // What is left in a damaged slot could be its key.
                    damaged.extend(matches!(content, Content::Damaged).then_some(id.owner));
                }
            }
        }
        if astray.is_empty() {
            self.zero(ids)?;
            return Ok(Vec::new());
        }
        let mut all = ids.to_vec();
        self.each_slot(|index, content, bytes| {
            let owner = match content {
                Content::Free => return,
                Content::Live(found, _) => found.owner,
                Content::Damaged => slot::owner_place(bytes),
            };
            if astray.contains(&owner) {
                all.push(SlotId { index, owner });
            }
        })?;
        self.zero(&all)?;
        let found: HashSet<[u8; 16]> = all.split_off(ids.len()).iter().map(|slot| slot.owner).collect();
        let is_nowhere = |id: &SlotId| {
            astray.contains(&id.owner) && !found.contains(&id.owner) && !damaged.contains(&id.owner)
        };
        Ok(ids.iter().copied().filter(is_nowhere).collect())
    }

    /// Ties slots to customers: each is written over in place, its key the same, durable on return by one
    /// sync. It may be repeated. Errors: `DamagedSlot`, also where it is not this owner's, `Io`; some of the
    /// slots may then be tied.
    pub fn tie(&mut self, ties: &[(SlotId, Tie)]) -> Result<(), KeysError> {
        self.require_ours()?;
        for &(id, tie) in ties {
            let damaged = KeysError::DamagedSlot(id.index);
            let bytes = self.read_slot(id.index)?.unwrap_or(ZEROS);
            let Content::Live(found, wrapped) = slot::judge_slot(id.index, &bytes) else {
                return Err(damaged);
            };
            if found != id {
                return Err(damaged);
            }
            let key = wrapped.unwrap_for(&self.wrap, id).ok_or(damaged)?;
            let tied = slot::new_slot(&self.wrap, id, Some(tie), &key);
            self.file.write_all_at(&tied, offset(id.index))?;
            if let Some(customers) = &mut self.customers {
                customers.remove(id.index, wrapped.tie());
                customers.add(id, tie);
            }
        }
        if ties.is_empty() { Ok(()) } else { Ok(self.sync()?) }
    }

    /// Whose slot it is; `None` where it is nobody's, forgotten or damaged. Errors: `Io`.
    pub fn tie_of(&self, id: SlotId) -> Result<Option<Tie>, KeysError> {
        let bytes = self.read_slot(id.index)?.unwrap_or(ZEROS);
        match slot::judge_slot(id.index, &bytes) {
            Content::Live(found, wrapped) if found == id => Ok(wrapped.tie()),
            _ => Ok(None),
        }
    }

    /// Every whole slot of a customer, in no order. The first time it searches the file. Errors: `Io`.
    pub fn slots_of(&mut self, customer: &Lookup) -> Result<Vec<CustomerSlot>, KeysError> {
        Ok(self.customers()?.of(customer).to_vec())
    }

    /// The same for one who only reads: where the file was not searched yet it is read as a whole.
    /// Errors: `Io`.
    pub fn read_slots_of(&self, customer: &Lookup) -> Result<Vec<CustomerSlot>, KeysError> {
        if let Some(customers) = &self.customers {
            return Ok(customers.of(customer).to_vec());
        }
        let tied = self.live()?.tied.into_iter().filter(|(_, tie)| tie.customer == *customer);
        Ok(tied.map(|(slot, tie)| CustomerSlot { slot, holds: tie.holds }).collect())
    }

    /// Places of damaged slots that are still this customer's: most of their lookup is left, or the key opens with
    /// it. Errors: `Io`.
    pub fn damaged_slots_of(&mut self, customer: &Lookup) -> Result<Vec<u32>, KeysError> {
        self.customers()?;
        Ok(self.customers.get_or_insert_default().damaged_of(customer, &self.wrap))
    }

    /// Places of damaged slots of which nothing tells whose they are. Errors: `Io`.
    pub fn damaged_slots_of_nobody(&mut self) -> Result<Vec<u32>, KeysError> {
        Ok(self.customers()?.damaged_of_nobody())
    }

    fn customers(&mut self) -> Result<&Customers, KeysError> {
        if self.customers.is_none() {
            self.search()?;
        }
        Ok(self.customers.get_or_insert_default())
    }

    /// Everything in the file, read once, no key unwrapped. Errors: `Io`.
    pub fn live(&self) -> Result<SlotSurvey, KeysError> {
        self.survey(|_, _| true)
    }

    /// Like [`KeyFile::live`], and unwraps every key: one that does not is in `damaged`. Errors: `Io`.
    pub fn check(&self) -> Result<SlotSurvey, KeysError> {
        self.survey(|id, wrapped| wrapped.unwrap_for(&self.wrap, id).is_some())
    }

    /// Zeroes the slots that `is_needed` does not claim (a crash left them between here and the database), and
    /// makes every zero slot available to [`KeyFile::write`]. A damaged slot is asked about as a place alone
    /// ([`SlotId::place`]). Returns how many were zeroed. Reads the whole file. Errors: `Io`; then nothing became
    /// available.
    pub fn reclaim(&mut self, mut is_needed: impl FnMut(&SlotId) -> bool) -> Result<usize, KeysError> {
        let (mut free, mut unneeded, mut customers) = (Vec::new(), Vec::new(), Customers::default());
        self.each_slot(|index, content, bytes| match content {
            Content::Free => free.push(index),
            Content::Damaged if !is_needed(&SlotId::place(index)) => unneeded.push(index),
            Content::Damaged => customers.add_damaged(index, bytes),
            Content::Live(id, _) if !is_needed(&id) => unneeded.push(index),
            Content::Live(id, wrapped) => wrapped.tie().into_iter().for_each(|tie| customers.add(id, tie)),
        })?;
        self.overwrite(&unneeded)?;
        if self.zeroing {
            free.extend_from_slice(&unneeded);
        }
        // Taken from the back: the lowest first, so that the file stays dense.
        free.sort_unstable_by(|one, other| other.cmp(one));
        self.free = free;
        self.customers = Some(customers);
        Ok(unneeded.len())
    }

    /// Makes every zero slot available to [`KeyFile::write`], and learns whose the others are. Reads the whole
    /// file and changes nothing. Errors: `Io`.
    pub fn search(&mut self) -> Result<(), KeysError> {
        self.reclaim(|_| true).map(drop)
    }

    /// Makes the zero slots among the last of the file available to [`KeyFile::write`], in no order: where each
    /// process takes one, those of later sales do not lie behind those of earlier ones. The file grows by
    /// zero slots where few are left. It reads 8 KiB, whatever the file has. Errors: `Io`; as of
    /// [`KeyFile::require_ours`].
    pub fn make_room(&mut self) -> Result<(), KeysError> {
        self.require_ours()?;
        let first = self.slots.saturating_sub(ROOM);
        let mut bytes = vec![0; (self.slots - first) as usize * SLOT];
        self.file.read_exact_at(&mut bytes, offset(first))?;
        let last = (first..).zip(bytes.as_chunks::<SLOT>().0);
        let mut free: Vec<u32> = last.filter(|(_, slot)| **slot == ZEROS).map(|(index, _)| index).collect();
        let end = self.slots.saturating_add(ROOM);
        if free.len() < ROOM as usize / 2 && end <= SLOTS_MAX {
            self.file.write_all_at(&[0; ROOM as usize * SLOT], offset(self.slots))?;
            free.extend(self.slots..end);
            self.slots = end;
        }
        free.sort_by_cached_key(|_| random_id());
        self.free = free;
        Ok(())
    }

    /// The bytes of a file with the same header and only the slots that `is_needed` claims, each at its
    /// place and still wrapped: for a backup. Reads the whole file. Errors: `Io`.
    pub fn copy(&self, is_needed: impl Fn(&SlotId) -> bool) -> Result<Vec<u8>, KeysError> {
        let mut bytes = vec![0; SLOT * (1 + self.slots as usize)];
        self.file.read_exact_at(&mut bytes, 0)?;
        for (index, slot) in (0..).zip(bytes[SLOT..].as_chunks_mut::<SLOT>().0) {
            if !matches!(slot::judge_slot(index, slot), Content::Live(id, _) if is_needed(&id)) {
                *slot = ZEROS;
            }
        }
        Ok(bytes)
    }

    /// The random id that the file was made with: a copy has the same. Errors: `Io`.
    pub fn id(&self) -> Result<[u8; 16], KeysError> {
        let mut header = ZEROS;
        self.file.read_exact_at(&mut header, 0)?;
        Ok(slot::file_id(&header))
    }

    /// How many slots the file has, zero ones included.
    pub fn slot_count(&self) -> u32 {
        self.slots
    }

    /// Makes every forget a lie: `zero` and `reclaim` return without overwriting. Only for the residue test,
    /// which has to fail without zeroing.
    #[doc(hidden)]
    pub fn disable_zeroing_for_mutation_test(&mut self) {
        self.zeroing = false;
    }

    /// Writes slots, first to the places that are reused, then behind the end, and syncs.
    fn write_slots(&self, reused: &[u32], bytes: &[u8]) -> io::Result<()> {
        let (in_place, appended) = bytes.split_at(reused.len() * SLOT);
        // What can fail for lack of room comes first.
        self.file.write_all_at(appended, offset(self.slots))?;
        for (index, slot) in reused.iter().zip(in_place.chunks_exact(SLOT)) {
            self.file.write_all_at(slot, offset(*index))?;
        }
        if appended.is_empty() { self.sync() } else { self.file.sync_all() }
    }

    /// After a failed write: cuts off what was appended and zeroes what was reused. Where this fails as
    /// well the slots hold keys that seal nothing, and the next reclaim finds them; until then the
    /// places are written over.
    fn take_back(&self, reused: &[u32]) {
        let _ = self.file.set_len(offset(self.slots));
        for index in reused {
            let _ = self.file.write_all_at(&ZEROS, offset(*index));
        }
    }

    fn overwrite(&self, indices: &[u32]) -> Result<(), KeysError> {
        if indices.is_empty() || !self.zeroing {
            return Ok(());
        }
        for index in indices {
            self.file.write_all_at(&ZEROS, offset(*index))?;
        }
        Ok(self.sync()?)
    }

    fn sync(&self) -> io::Result<()> {
        #[cfg(test)]
        self.syncs.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        self.file.sync_data()
    }

    /// The bytes of a slot; `None` behind the end.
    fn read_slot(&self, index: u32) -> Result<Option<[u8; SLOT]>, KeysError> {
        if index >= self.slots {
            return Ok(None);
        }
        let mut bytes = ZEROS;
        self.file.read_exact_at(&mut bytes, offset(index))?;
        Ok(Some(bytes))
    }

    fn survey(&self, is_whole: impl Fn(SlotId, slot::Wrapped<'_>) -> bool) -> Result<SlotSurvey, KeysError> {
        let mut survey = SlotSurvey::default();
        self.each_slot(|index, content, _| match content {
            Content::Free => survey.free.push(index),
            Content::Live(id, wrapped) if is_whole(id, wrapped) => {
                survey.live.push(id);
                survey.tied.extend(wrapped.tie().map(|tie| (id, tie)));
            }
            Content::Live(..) | Content::Damaged => survey.damaged.push(index),
        })?;
        Ok(survey)
    }

    /// Reads the whole file, in order.
    fn each_slot(&self, mut see: impl FnMut(u32, Content<'_>, &[u8; SLOT])) -> Result<(), KeysError> {
        let mut buffer = vec![0; SLOTS_PER_READ as usize * SLOT];
        let mut index = 0;
        while index < self.slots {
            let count = SLOTS_PER_READ.min(self.slots - index);
            let bytes = &mut buffer[..count as usize * SLOT];
            self.file.read_exact_at(bytes, offset(index))?;
            for slot in bytes.as_chunks::<SLOT>().0 {
                see(index, slot::judge_slot(index, slot), slot);
                index += 1;
            }
        }
        Ok(())
    }
}

impl KeysError {
    /// Whether the disk, or the user's share of it, is full: the same call succeeds once there is room.
    pub fn is_disk_full(&self) -> bool {
        use io::ErrorKind::{QuotaExceeded, StorageFull};
        matches!(self, KeysError::Io(error) if matches!(error.kind(), StorageFull | QuotaExceeded))
    }
}

impl From<io::Error> for KeysError {
    fn from(error: io::Error) -> KeysError {
        KeysError::Io(error)
    }
}

/// For the log; people read the words of the locale.
impl fmt::Display for KeysError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            KeysError::NotAKeyFile => formatter.write_str("key file: not one, or its header is damaged"),
            KeysError::WrongStoreKey => formatter.write_str("key file: belongs to another store key"),
            KeysError::DamagedSlot(index) => write!(formatter, "key file: slot {index} is damaged"),
            KeysError::Io(error) => write!(formatter, "key file: {error}"),
        }
    }
}

impl std::error::Error for KeysError {}

fn offset(index: u32) -> u64 {
    SLOT as u64 * (1 + u64::from(index))
}
