use std::path::PathBuf;

use proptest::prelude::*;

use super::*;
use crate::seal::random_id;
use crate::seal::store_key::fixed_store_key;

/// A key file in a directory of its own.
struct Shop {
    directory: tempfile::TempDir,
    keys: KeyFile,
}

impl Shop {
    fn new() -> Shop {
        let directory = tempfile::tempdir().unwrap();
        let keys = KeyFile::create(&directory.path().join("olvido.keys"), &fixed_store_key()).unwrap();
        Shop { directory, keys }
    }

    /// A shop with `count` live slots.
    fn with(count: usize) -> (Shop, Vec<(SlotId, DataKey)>) {
        let mut shop = Shop::new();
        let given = shop.write(count);
        (shop, given)
    }

    fn path(&self) -> PathBuf {
        self.directory.path().join("olvido.keys")
    }

    fn bytes(&self) -> Vec<u8> {
        std::fs::read(self.path()).unwrap()
    }

    fn slot(&self, index: u32) -> Vec<u8> {
        self.bytes()[offset(index) as usize..][..SLOT].to_vec()
    }

    fn write(&mut self, count: usize) -> Vec<(SlotId, DataKey)> {
        let owners: Vec<[u8; 16]> = (0..count).map(|_| random_id()).collect();
        let given = self.keys.write(&owners).unwrap();
        assert!(given.iter().map(|(id, _)| id.owner).eq(owners));
        given
    }

    fn reopen(&mut self) {
        self.keys = self.opened().unwrap();
    }

    fn opened(&self) -> Result<KeyFile, KeysError> {
        KeyFile::open(&self.path(), &fixed_store_key())
    }

    /// The file as a crash leaves it.
    fn replace(&mut self, bytes: &[u8]) {
        std::fs::write(self.path(), bytes).unwrap();
        self.reopen();
    }

    fn assert_opens(&self, given: &[(SlotId, DataKey)]) {
        for (id, key) in given {
            assert_eq!(self.keys.key(*id).unwrap().unwrap().bytes(), key.bytes(), "{id:?}");
        }
    }
}

fn ids(given: &[(SlotId, DataKey)]) -> Vec<SlotId> {
    given.iter().map(|(id, _)| *id).collect()
}

fn indices(given: &[(SlotId, DataKey)]) -> Vec<u32> {
    given.iter().map(|(id, _)| id.index).collect()
}

#[test]
fn keys_are_there_after_reopening() {
    let (mut shop, mut given) = Shop::with(3);
    given.extend(shop.write(40));
    assert_eq!(indices(&given), (0..43).collect::<Vec<_>>());
    shop.assert_opens(&given);
    shop.reopen();
    shop.assert_opens(&given);
    assert_eq!(shop.bytes().len(), 44 * SLOT);
    assert_eq!(shop.keys.check().unwrap(), SlotSurvey { live: ids(&given), ..SlotSurvey::default() });
    assert!(shop.keys.write(&[]).unwrap().is_empty());
    for (_, key) in &given {
        assert!(!shop.bytes().windows(32).any(|window| window == key.bytes()), "a key lies bare");
    }
}

#[test]
fn an_existing_file_is_never_overwritten() {
    let (shop, given) = Shop::with(1);
    let again = KeyFile::create(&shop.path(), &fixed_store_key());
    assert!(matches!(again, Err(KeysError::Io(error)) if error.kind() == io::ErrorKind::AlreadyExists));
    shop.assert_opens(&given);
}

#[test]
fn other_files_and_other_stores_are_told_apart() {
    let (mut shop, _) = Shop::with(2);
    assert!(matches!(KeyFile::open(&shop.path(), &StoreKey::random()), Err(KeysError::WrongStoreKey)));
    let whole = shop.bytes();
    for content in [&whole[..0], &whole[..127], &[0; 128][..], &[b'x'; 1000][..], &whole[1..]] {
        std::fs::write(shop.path(), content).unwrap();
        assert!(matches!(shop.opened(), Err(KeysError::NotAKeyFile)));
    }
    shop.replace(&whole);
    std::fs::remove_file(shop.path()).unwrap();
    assert!(matches!(shop.opened(), Err(KeysError::Io(error)) if error.kind() == io::ErrorKind::NotFound));
}

#[test]
fn zeroing_leaves_no_byte_and_no_other_slot_changes() {
    let (mut shop, given) = Shop::with(9);
    let before = shop.bytes();
    shop.keys.zero(&[given[4].0, given[7].0]).unwrap();
    for index in 0..9 {
        let expected =
            if index == 4 || index == 7 { &ZEROS[..] } else { &before[offset(index) as usize..][..SLOT] };
        assert_eq!(shop.slot(index), expected, "{index}");
    }
    assert_eq!(shop.bytes().len(), before.len());
    for reopened in [false, true] {
        if reopened {
            shop.reopen();
        }
        assert!(shop.keys.key(given[4].0).unwrap().is_none());
        assert!(shop.keys.key(given[7].0).unwrap().is_none());
        shop.assert_opens(&given[..4]);
        assert_eq!(shop.keys.live().unwrap().free, [4, 7]);
    }
    // Again, and with a slot that never was: nothing changes.
    let after = shop.bytes();
    shop.keys.zero(&[given[4].0, SlotId { index: 900, owner: [1; 16] }]).unwrap();
    assert_eq!(shop.bytes(), after);
}

#[test]
fn a_reused_slot_is_its_new_owner_s() {
    let (mut shop, given) = Shop::with(4);
    let forgotten = given[1].0;
    shop.keys.zero(&[forgotten]).unwrap();
    assert_eq!(indices(&shop.write(1)), [4], "a zero slot is free only after a reclaim");
    assert_eq!(shop.keys.reclaim(|_| true).unwrap(), 0);
    let next = shop.write(2);
    assert_eq!(indices(&next), [1, 5]);
    assert!(shop.keys.key(forgotten).unwrap().is_none());
    shop.keys.zero(&[forgotten]).unwrap();
    shop.assert_opens(&next);
}

#[test]
fn reclaim_zeroes_what_nobody_needs() {
    let (mut shop, given) = Shop::with(10);
    shop.keys.zero(&[given[3].0]).unwrap();
    shop.reopen();
    let needed = [given[0].0, given[9].0];
    assert_eq!(shop.keys.reclaim(|id| needed.contains(id)).unwrap(), 7);
    assert_eq!(
        shop.keys.live().unwrap(),
        SlotSurvey { live: needed.to_vec(), free: (1..9).collect(), ..SlotSurvey::default() }
    );
    for index in 1..9 {
        assert_eq!(shop.slot(index), ZEROS, "{index}");
    }
    assert_eq!(indices(&shop.write(10)), [1, 2, 3, 4, 5, 6, 7, 8, 10, 11]);
    shop.reopen();
    assert_eq!(shop.keys.check().unwrap().live.len(), 12);
}

#[test]
fn a_damaged_slot_is_noticed_and_the_others_open() {
    let (mut shop, given) = Shop::with(600);
    let mut bytes = shop.bytes();
    bytes[offset(520) as usize + 60] ^= 0x10;
    shop.replace(&bytes);
    assert!(matches!(shop.keys.key(given[520].0), Err(KeysError::DamagedSlot(520))));
    shop.assert_opens(&given[..520]);
    let survey = shop.keys.live().unwrap();
    assert_eq!((survey.damaged, survey.live.len()), (vec![520], 599));
    assert_eq!(shop.keys.reclaim(|_| true).unwrap(), 0);
    assert_eq!(shop.bytes(), bytes, "a damaged slot is left for whoever looks into it");
    shop.keys.zero(&[given[520].0]).unwrap();
    assert_eq!(shop.slot(520), ZEROS);
    // Where nobody needs its place it goes like any other.
    shop.replace(&bytes);
    assert_eq!(shop.keys.reclaim(|slot| *slot != SlotId::place(520)).unwrap(), 1);
    assert_eq!(shop.slot(520), ZEROS);
}

#[test]
fn check_finds_what_only_unwrapping_shows() {
    let (mut shop, given) = Shop::with(3);
    let mut bytes = shop.bytes();
    let alien = slot::new_slot(&DataKey::random(), given[1].0, None, &DataKey::random());
    bytes[offset(1) as usize..][..SLOT].copy_from_slice(&alien);
    shop.replace(&bytes);
    assert!(shop.keys.live().unwrap().damaged.is_empty());
    assert_eq!(shop.keys.check().unwrap().damaged, [1]);
    assert!(matches!(shop.keys.key(given[1].0), Err(KeysError::DamagedSlot(1))));
}

#[test]
fn a_key_behind_the_end_is_damage_not_forgetting() {
    let (mut shop, given) = Shop::with(3);
    let bytes = shop.bytes();
    shop.replace(&bytes[..offset(1) as usize]);
    shop.assert_opens(&given[..1]);
    assert!(matches!(shop.keys.key(given[2].0), Err(KeysError::DamagedSlot(2))));
}

/// A process killed while it appended: any number of the bytes may be there.
#[test]
fn a_torn_append_costs_no_earlier_key() {
    let (mut shop, given) = Shop::with(2);
    let before = shop.bytes().len();
    shop.write(3);
    let whole = shop.bytes();
    for length in before..=whole.len() {
        shop.replace(&whole[..length]);
        assert_eq!(shop.keys.slot_count() as usize, length / SLOT - 1);
        shop.assert_opens(&given);
        assert!(shop.keys.check().unwrap().damaged.is_empty(), "{length}");
        if length % 32 == 8 {
            assert_eq!(
                shop.keys.reclaim(|id| given.iter().any(|(known, _)| known == id)).unwrap(),
                length / SLOT - 3
            );
            let next = shop.write(5);
            assert_eq!(indices(&next), [2, 3, 4, 5, 6]);
            assert_eq!(shop.bytes().len(), offset(7) as usize);
            shop.assert_opens(&next);
        }
    }
}

/// A process killed between the slots of one forget: the same call again finishes it.
#[test]
fn a_forget_cut_short_is_finished_by_repeating_it() {
    let (mut shop, given) = Shop::with(6);
    let whole = shop.bytes();
    let doomed = &ids(&given)[1..5];
    for done in 0..=doomed.len() {
        let mut bytes = whole.clone();
        bytes[offset(1) as usize..offset(1 + done as u32) as usize].fill(0);
        shop.replace(&bytes);
        shop.keys.zero(doomed).unwrap();
        assert_eq!(
            shop.keys.live().unwrap(),
            SlotSurvey {
                live: vec![given[0].0, given[5].0],
                free: vec![1, 2, 3, 4],
                ..SlotSurvey::default()
            }
        );
    }
}

#[test]
fn a_refused_write_gives_nothing_and_spoils_nothing() {
    let (mut shop, given) = Shop::with(4);
    shop.keys.zero(&[given[2].0]).unwrap();
    shop.keys.reclaim(|_| true).unwrap();
    let before = shop.bytes();
    let read_only = File::open(shop.path()).unwrap();
    let writable = std::mem::replace(&mut shop.keys.file, read_only);
    let refused = shop.keys.write(&[[1; 16], [2; 16]]);
    assert!(matches!(&refused, Err(error @ KeysError::Io(_)) if !error.is_disk_full()));
    assert!(matches!(shop.keys.zero(&[given[0].0]), Err(KeysError::Io(_))));
    shop.keys.file = writable;
    assert_eq!(shop.bytes(), before);
    let next = shop.write(2);
    assert_eq!(indices(&next), [2, 4]);
    shop.assert_opens(&next);
    assert!(KeysError::Io(io::Error::from(io::ErrorKind::StorageFull)).is_disk_full());
}

/// A disk that fills up in the middle of a write.
#[test]
fn what_a_failed_write_left_is_taken_back() {
    let (mut shop, given) = Shop::with(4);
    shop.keys.zero(&[given[2].0]).unwrap();
    let before = shop.bytes();
    shop.keys.write_slots(&[2], &[7; 3 * SLOT]).unwrap();
    assert_eq!(shop.bytes().len(), before.len() + 2 * SLOT);
    shop.keys.take_back(&[2]);
    assert_eq!(shop.bytes(), before);
}

#[test]
fn without_zeroing_the_keys_stay() {
    let (mut shop, given) = Shop::with(3);
    shop.keys.disable_zeroing_for_mutation_test();
    shop.keys.zero(&[given[0].0]).unwrap();
    shop.keys.reclaim(|_| false).unwrap();
    shop.assert_opens(&given);
    assert_eq!(indices(&shop.write(1)), [3]);
}

const ANA: Lookup = Lookup([7; 16]);
const LUIS: Lookup = Lookup([8; 16]);

fn tie(customer: Lookup, holds: Holds) -> Tie {
    Tie { customer, holds }
}

#[test]
fn a_customer_s_slots_are_found_until_they_are_zero() {
    let (mut shop, given) = Shop::with(8);
    let ties = [
        (given[1].0, tie(ANA, Holds::Profile)),
        (given[2].0, tie(ANA, Holds::Purchase)),
        (given[5].0, tie(LUIS, Holds::Purchase)),
    ];
    shop.keys.tie(&ties).unwrap();
    shop.keys.tie(&ties[..1]).unwrap();
    shop.assert_opens(&given);
    for reopened in [false, true] {
        if reopened {
            shop.reopen();
        }
        let expected = [
            CustomerSlot { slot: given[1].0, holds: Holds::Profile },
            CustomerSlot { slot: given[2].0, holds: Holds::Purchase },
        ];
        assert_eq!(shop.keys.slots_of(&ANA).unwrap(), expected);
        assert_eq!(shop.keys.tie_of(given[5].0).unwrap(), Some(ties[2].1));
        assert_eq!(shop.keys.tie_of(given[0].0).unwrap(), None);
        assert_eq!(shop.keys.live().unwrap().tied, ties);
    }
    shop.assert_opens(&given);
    shop.keys.zero(&[given[1].0]).unwrap();
    assert_eq!(shop.keys.slots_of(&ANA).unwrap().len(), 1);
    assert_eq!(shop.keys.reclaim(|id| *id != given[2].0).unwrap(), 1);
    assert!(shop.keys.slots_of(&ANA).unwrap().is_empty());
    assert!(memchr::memmem::find(&shop.bytes(), &ANA.0).is_none());
    assert!(matches!(
        shop.keys.tie(&[(given[1].0, tie(ANA, Holds::Profile))]),
        Err(KeysError::DamagedSlot(1))
    ));
}

#[test]
fn a_damaged_slot_is_still_its_customer_s() {
    let (mut shop, given) = Shop::with(3);
    shop.keys.tie(&[(given[1].0, tie(ANA, Holds::Purchase))]).unwrap();
    let whole = shop.bytes();
    for place in 0..SLOT {
        let mut bytes = whole.clone();
        bytes[offset(1) as usize + place] ^= 1;
        shop.replace(&bytes);
        assert!(shop.keys.slots_of(&ANA).unwrap().is_empty(), "{place}");
        assert_eq!(shop.keys.damaged_slots_of(&ANA).unwrap(), [1], "{place}");
        assert!(shop.keys.damaged_slots_of(&LUIS).unwrap().is_empty());
        shop.keys.zero(&[given[1].0]).unwrap();
        assert!(shop.keys.damaged_slots_of(&ANA).unwrap().is_empty());
        assert_eq!(shop.slot(1), ZEROS);
    }
    // Nothing of the lookup is left: the key still opens for who has the number.
    let mut bytes = whole.clone();
    let lookup = offset(1) as usize + 100;
    bytes[lookup..lookup + 16].fill(0);
    shop.replace(&bytes);
    assert_eq!(shop.keys.damaged_slots_of(&ANA).unwrap(), [1]);
    assert!(shop.keys.damaged_slots_of(&LUIS).unwrap().is_empty());
    // Nor of the key: nobody knows whose it was.
    bytes[lookup - 40..lookup].fill(7);
    shop.replace(&bytes);
    assert!(shop.keys.damaged_slots_of(&ANA).unwrap().is_empty());
    assert_eq!(shop.keys.damaged_slots_of_nobody().unwrap(), [1]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    /// Whatever is written, forgotten, reclaimed and reopened, exactly the keys not forgotten open.
    #[test]
    fn the_file_agrees_with_a_list(steps in prop::collection::vec((0u8..5, 1usize..6), 1..25)) {
        let mut shop = Shop::new();
        let (mut kept, mut gone) = (Vec::new(), Vec::new());
        for (step, count) in steps {
            match step {
                0 => kept.extend(shop.write(count)),
                1 => {
                    let doomed = ids(&kept.drain(..count.min(kept.len())).collect::<Vec<_>>());
                    shop.keys.zero(&doomed).unwrap();
                    gone.extend(doomed);
                }
                2 => {
                    let lost = kept.pop().map(|(id, _)| id);
                    let zeroed = shop.keys.reclaim(|id| Some(*id) != lost).unwrap();
                    prop_assert_eq!(zeroed, usize::from(lost.is_some()));
                    gone.extend(lost);
                }
                3 => shop.keys.search().unwrap(),
                _ => shop.reopen(),
            }
            shop.assert_opens(&kept);
            for id in &gone {
                prop_assert!(shop.keys.key(*id).unwrap().is_none());
            }
            let survey = shop.keys.check().unwrap();
            let mut expected = ids(&kept);
            expected.sort();
            prop_assert_eq!(survey.live, expected);
            prop_assert_eq!(survey.damaged, Vec::<u32>::new());
        }
    }
}

#[test]
fn keys_of_a_table_hold_as_those_of_a_file() {
    let (ours, other) = (KeyWrapper::new(&fixed_store_key()), KeyWrapper::new(&StoreKey::random()));
    let id = SlotId { index: 7, owner: [3; 16] };
    let (wrapped, key) = ours.give(id);
    assert_eq!(ours.open(id, &wrapped).unwrap().bytes(), key.bytes());
    let damaged = |opened: Result<DataKey, KeysError>| matches!(opened, Err(KeysError::DamagedSlot(_)));
    assert!(damaged(other.open(id, &wrapped)));
    assert!(damaged(ours.open(SlotId { index: 8, ..id }, &wrapped)));
    assert!(damaged(ours.open(SlotId { owner: [4; 16], ..id }, &wrapped)));
    assert!(damaged(ours.open(id, &wrapped[1..])));
    assert!(damaged(ours.open(id, &[0; slot::SLOT])));
    for place in 0..wrapped.len() {
        let mut altered = wrapped.clone();
        altered[place] ^= 1;
        assert!(damaged(ours.open(id, &altered)), "{place}");
    }
    let header = ours.new_header();
    assert_eq!(ours.id_of(&header).unwrap(), ours.id_of(&header).unwrap());
    assert_ne!(ours.id_of(&header).unwrap(), ours.id_of(&ours.new_header()).unwrap());
    assert!(matches!(other.id_of(&header), Err(KeysError::WrongStoreKey)));
    assert!(matches!(ours.id_of(&wrapped), Err(KeysError::NotAKeyFile)));
}
