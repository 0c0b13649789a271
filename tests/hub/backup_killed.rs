//! kill -9 inside `olvido hub backup`, then a till says forget: nothing of the killed backup is left, and everything
//! holds.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use olvido::seal::{KeyFile, StoreKey};
use olvido::sync::record::Series;

use crate::common::Rng;
use crate::support::{BINARY, Hub, forget, purchase};

const KILLS: u8 = 12;
/// A backup of so many takes some milliseconds.
const PURCHASES: u16 = 2000;

fn id(number: u16) -> [u8; 16] {
    let mut id = [1; 16];
    id[..2].copy_from_slice(&number.to_be_bytes());
    id
}

fn names(folder: &Path) -> Vec<String> {
    let names = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.collect()
}

#[test]
fn nothing_that_a_killed_backup_leaves_outlives_a_forget() {
    let hub = Hub::plain();
    let till = hub.till("SOL");
    let ids: Vec<u16> = (1..=PURCHASES).collect();
    for some in ids.chunks(250) {
        let bodies: Vec<_> = some.iter().map(|number| Some(purchase(id(*number), "CANARY"))).collect();
        till.sent(&hub, Series::Purchase, u64::from(some[0]), &bodies);
    }
    let outside = tempfile::tempdir().unwrap();
    let file = outside.path().join("hub.backup");
    let partial = outside.path().join("hub.backup.partial");
    let (mut random, mut left) = (Rng::new(1), 0);
    for kill in 1..=u16::from(KILLS) {
        let mut command = Command::new(BINARY);
        command.arg("--data").arg(hub.directory()).args(["hub", "backup"]).arg(&file);
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let begun = Instant::now();
        while !partial.exists() && child.try_wait().unwrap().is_none() {
            assert!(begun.elapsed() < Duration::from_secs(60), "it never began");
        }
        thread::sleep(Duration::from_micros(random.next() % 8000));
        child.kill().unwrap();
        child.wait().unwrap();
        left += u32::from(partial.exists());
        // One that was made in time is as any other.
        let _ = fs::remove_file(&file);
        till.sent(&hub, Series::Forget, u64::from(kill), &[Some(forget(id(kill)))]);
        assert_eq!(names(outside.path()), Vec::<String>::new(), "kill {kill}");
        let inside = names(&hub.directory());
        let is_leftover = |name: &String| name.ends_with(".partial") || name == "hub.backup.to";
        assert!(!inside.iter().any(is_leftover), "kill {kill}: {inside:?}");
        hub.runs(&["verify"]);
    }
    assert!(left > 0, "no kill left anything");
    let key = StoreKey::load(&hub.directory().join("hub.key")).unwrap();
    let keys = KeyFile::open_to_read(&hub.directory().join("hub.keys"), &key).unwrap();
    assert_eq!(keys.live().unwrap().live.len(), usize::from(PURCHASES) - usize::from(KILLS));
    hub.runs(&["backup", &file.display().to_string()]);
}
