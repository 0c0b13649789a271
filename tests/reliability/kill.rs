//! kill -9 at random moments, also inside a forget or an expiry.
//!
//! What the kernel had is kept, so this says nothing about durability; it says that every step
//! between two system calls is one that the next start can go on from.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::thread;
use std::time::Duration;

use super::child::{self, Orders};
use super::common::{Rng, fast_directory, seeds};
use super::world::World;

const SHOPS: u64 = 20;
const KILLS_OF_A_SHOP: u64 = 26;

#[test]
fn a_killed_till_goes_on_where_it_was() {
    let (mut sales, mut forgets, mut at) = (0, 0, BTreeMap::<String, u32>::new());
    for shop in seeds(SHOPS) {
        let mut random = Rng::new(shop);
        let data = fast_directory();
        let mut world = World::default();
        for kill in 0..KILLS_OF_A_SHOP {
            run(&mut world, data.path(), shop * 1000 + kill, &mut random);
            *at.entry(world.under_way().unwrap_or("nothing").to_owned()).or_default() += 1;
            world.check(data.path(), &format!("shop {shop} (OLVIDO_SEED={shop}), kill {kill}"));
        }
        let tally = world.figures();
        (sales, forgets) = (sales + tally.acknowledged, forgets + tally.forgotten);
    }
    println!("{sales} sales, {forgets} forgets, killed during {at:?}");
    for what in ["sell", "forget", "expire", "draft"] {
        assert!(
            at.contains_key(what) || std::env::var_os("OLVIDO_SEED").is_some(),
            "no {what} was interrupted"
        );
    }
}

/// Runs a till and kills it a random while after a random number of lines.
fn run(world: &mut World, data: &Path, seed: u64, random: &mut Rng) {
    let kept = world.kept();
    let orders = Orders { data, seed, steps: 10_000, weak: false, kept: &kept };
    let mut till = child::command(&orders).spawn().unwrap();
    let mut output = BufReader::new(till.stdout.take().unwrap());
    let mut said = String::new();
    // Not before the store is there: what a till that dies earlier leaves is another test's.
    let mut lines = random.below(24);
    while !said.contains("@OPEN\n") || lines > 0 {
        assert_ne!(output.read_line(&mut said).unwrap(), 0, "seed {seed}: {said}");
        lines = lines.saturating_sub(1);
    }
    thread::sleep(Duration::from_micros(random.next() % 500));
    till.kill().unwrap();
    output.read_to_string(&mut said).unwrap();
    till.wait().unwrap();
    world.hear(&said);
}
