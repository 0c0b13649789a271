//! A deterministic simulation: tills with their real stores, the hub's real code over a real SQLite
//! file, and between them a network that drops, repeats, delays, reorders and cuts. A seed decides
//! everything that happens; no clock, thread or socket does.
//!
//! `OLVIDO_SEED=123 cargo test --test simulation -- --nocapture` runs one seed and prints what happened.

#[allow(dead_code)] // shared with the tests of reliability
#[path = "../reliability/common.rs"]
mod common;

mod breakage;
mod check;
mod enrol;
mod history;
mod hub;
mod network;
mod people;
mod quiet;
mod replay;
mod residue;
mod sales;
mod till;
mod world;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use breakage::Breakage;
use world::World;

const SEEDS: u64 = 2000;
/// Seeds in which every breakage shows.
const SEEDS_BROKEN: u64 = 200;

/// A run from its seed to its end.
fn run(seed: u64, breakage: Option<Breakage>) -> World {
    let mut world = World::new(seed, breakage);
    let tills = match seed % 50 {
        49 => 20,
        48 => 10,
        _ => 2 + world.random.below(3),
    };
    world.tills_max = (tills + 2).min(20);
    for _ in 0..tills {
        world.new_till();
    }
    let steps = 10 + world.random.below(30);
    for _ in 0..steps {
        world.act();
        let most = if world.random.percent(8) { 400_000 } else { 6000 };
        let pause = Duration::from_millis(world.random.below(most) as u64);
        world.run_until(world.now + pause);
    }
    world.quieten();
    world.check();
    world.check_replay();
    world
}

/// Runs these seeds in two threads, until one thread has had enough.
fn each(seeds: std::ops::Range<u64>, work: impl Fn(u64) -> bool + Sync) {
    let next = AtomicU64::new(seeds.start);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= seeds.end || !work(seed) {
                        next.store(seeds.end, Ordering::Relaxed);
                        return;
                    }
                }
            });
        }
    });
}

#[test]
fn whatever_happens_all_is_well_in_the_end() {
    if let Ok(seed) = std::env::var("OLVIDO_SEED") {
        let world = run(seed.parse().expect("OLVIDO_SEED is a number"), None);
        println!("{}", world.trace);
        assert!(world.found.is_empty(), "seed {seed}: {:#?}", world.found);
        return;
    }
    let number = |name: &str| std::env::var(name).ok().map(|value| value.parse::<u64>().unwrap());
    let seeds = number("OLVIDO_SEEDS").unwrap_or(SEEDS);
    let failed_max = number("OLVIDO_FAILURES").unwrap_or(5) as usize;
    let failed = std::sync::Mutex::new(BTreeMap::new());
    each(0..seeds, |seed| {
        let run = std::panic::catch_unwind(|| run(seed, None).found);
        let found = run.unwrap_or_else(|_| vec!["it panicked".to_owned()]);
        let mut failed = failed.lock().unwrap();
        if !found.is_empty() {
            failed.insert(seed, found);
        }
        failed.len() < failed_max
    });
    let failed = failed.into_inner().unwrap();
    for (seed, found) in &failed {
        println!("seed {seed}: {found:#?}");
        println!("again: OLVIDO_SEED={seed} cargo test --test simulation -- --nocapture");
    }
    assert!(failed.is_empty(), "seeds {:?}", failed.keys());
}

#[test]
fn a_seed_replays_to_the_letter() {
    for seed in [3, 48, 77] {
        let (first, second) = (run(seed, None).trace, run(seed, None).trace);
        let differs = first.lines().zip(second.lines()).find(|(one, other)| one != other);
        assert_eq!(differs, None, "seed {seed}");
        assert_eq!(first.len(), second.len(), "seed {seed}");
    }
}

#[test]
fn each_breakage_is_found() {
    if std::env::var("OLVIDO_SEED").is_ok() {
        return;
    }
    let mut missed = Vec::new();
    for breakage in Breakage::ALL {
        let found = std::sync::Mutex::new(None);
        each(0..SEEDS_BROKEN, |seed| {
            let what = std::panic::catch_unwind(|| run(seed, Some(breakage)).found.into_iter().next());
            let what = what.unwrap_or_else(|_| Some("it panicked".to_owned()));
            let mut found = found.lock().unwrap();
            if found.is_none() {
                *found = what.map(|what| (seed, what));
            }
            found.is_none()
        });
        match found.into_inner().unwrap() {
            Some((seed, what)) => println!("{breakage:?}: seed {seed}: {}", what.lines().next().unwrap()),
            None => missed.push(breakage),
        }
    }
    assert!(missed.is_empty(), "no seed of {SEEDS_BROKEN} finds {missed:?}");
}
