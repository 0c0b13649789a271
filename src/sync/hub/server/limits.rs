//! How much may be asked: buckets of tokens that fill as time goes by.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// So many at once, and so many a second in the long run.
#[derive(Clone, Copy, Debug)]
pub struct Rate {
    pub burst: u32,
    pub per_second: u32,
}

/// A device may ask so much: a drain of a year's sales stays below it.
pub const DEVICE: Rate = Rate { burst: 400, per_second: 200 };
/// Requests of a device that are answered at the same time, a long poll among them.
pub const DEVICE_AT_ONCE: u32 = 8;
/// Sessions and what everybody may read, from one address, where a whole shop may be.
pub const OPEN_OF_PEER: Rate = Rate { burst: 300, per_second: 30 };
/// The same from everywhere: after an outage all tills of a chain come at once.
pub const OPEN: Rate = Rate { burst: 2000, per_second: 500 };
/// Tries to enrol, from one address.
pub const ENROL_OF_PEER: Rate = Rate { burst: 30, per_second: 1 };
/// Tries to enrol from everywhere: 128 random bits are not to be guessed at 20 a second.
pub const ENROL: Rate = Rate { burst: 100, per_second: 20 };

/// A bucket is forgotten when it is full again, and looked for only when there are this many.
const BUCKETS_MAX: usize = 20_000;

/// One bucket. `tokens` in thousandths.
#[derive(Clone, Copy, Debug)]
struct Bucket {
    tokens: u64,
    since: Instant,
}

/// A bucket for each of many.
#[derive(Debug)]
pub struct Buckets<K> {
    rate: Rate,
    buckets: Mutex<HashMap<K, Bucket>>,
}

impl<K: Hash + Eq> Buckets<K> {
    pub fn new(rate: Rate) -> Buckets<K> {
        Buckets { rate, buckets: Mutex::new(HashMap::new()) }
    }

    /// Takes one token. Errors: there is none; the seconds until there is one, at least 1.
    pub fn take(&self, key: K, now: Instant) -> Result<(), u64> {
        let mut buckets = locked(&self.buckets);
        if buckets.len() >= BUCKETS_MAX && !buckets.contains_key(&key) {
            let rate = self.rate;
            buckets.retain(|_, bucket| bucket.filled(rate, now) < full(rate));
            if buckets.len() >= BUCKETS_MAX {
                return Err(1);
            }
        }
        let bucket = buckets.entry(key).or_insert(Bucket { tokens: full(self.rate), since: now });
        let tokens = bucket.filled(self.rate, now);
        match tokens.checked_sub(1000) {
            Some(left) => {
                *bucket = Bucket { tokens: left, since: now };
                Ok(())
            }
            None => Err((1000 - tokens).div_ceil(u64::from(self.rate.per_second) * 1000).max(1)),
        }
    }
}

impl Bucket {
    fn filled(&self, rate: Rate, now: Instant) -> u64 {
        let passed = now.saturating_duration_since(self.since).as_millis().min(1 << 32) as u64;
        (self.tokens + passed * u64::from(rate.per_second)).min(full(rate))
    }
}

fn full(rate: Rate) -> u64 {
    u64::from(rate.burst) * 1000
}

/// How many of one key's requests are under way.
#[derive(Debug, Default)]
pub struct AtOnce<K: Hash + Eq + Clone>(Arc<Mutex<HashMap<K, u32>>>);

/// Counts until it is dropped.
pub struct Counted<K: Hash + Eq + Clone> {
    all: Arc<Mutex<HashMap<K, u32>>>,
    key: K,
}

impl<K: Hash + Eq + Clone> AtOnce<K> {
    /// `None` where `most` are under way.
    pub fn begin(&self, key: &K, most: u32) -> Option<Counted<K>> {
        let mut all = locked(&self.0);
        let count = all.entry(key.clone()).or_insert(0);
        if *count >= most {
            return None;
        }
        *count += 1;
        Some(Counted { all: Arc::clone(&self.0), key: key.clone() })
    }
}

impl<K: Hash + Eq + Clone> Drop for Counted<K> {
    fn drop(&mut self) {
        let mut all = locked(&self.all);
        if let Some(count) = all.get_mut(&self.key) {
            *count -= 1;
            if *count == 0 {
                all.remove(&self.key);
            }
        }
    }
}

/// What counts as one peer: an address; of IPv6 the network of 64 bits, which one subscriber has whole.
pub fn peer(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => {
            let network = u128::from(v6) >> 64 << 64;
            IpAddr::V6(network.into())
        }
        v4 => v4,
    }
}

/// A panic while a map of counters is held leaves nothing half done.
pub fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A whole request's body is here within this time.
pub const BODY_TIME: Duration = Duration::from_secs(30);
/// The head of a request, from the connection's begin or the last answer.
pub const HEAD_TIME: Duration = Duration::from_secs(10);
/// The TLS handshake.
pub const HANDSHAKE_TIME: Duration = Duration::from_secs(10);
/// An answer that the other side takes nothing of for so long is given up.
pub const STALL_TIME: Duration = Duration::from_secs(20);
/// A request waits so long for its turn at the database.
pub const TURN_TIME: Duration = Duration::from_secs(10);
/// What is under way when the hub is told to stop is given so long.
pub const STOP_TIME: Duration = Duration::from_secs(5);
/// Bytes of the head of a request.
pub const HEAD_BYTES_MAX: usize = 16 << 10;
/// Bytes of a body from somebody who has not shown who they are.
pub const OPEN_BODY_BYTES_MAX: usize = 64 << 10;
/// Calls of the hub at the same time, each in a thread of its own.
pub const CALLS_AT_ONCE: usize = 32;
/// Connections at the same time, where the system gives as many files.
pub const CONNECTIONS_MAX: usize = 20_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_then_the_rate() {
        let rate = Rate { burst: 3, per_second: 2 };
        let buckets = Buckets::new(rate);
        let start = Instant::now();
        for _ in 0..3 {
            assert_eq!(buckets.take("a", start), Ok(()));
        }
        assert_eq!(buckets.take("a", start), Err(1));
        assert_eq!(buckets.take("b", start), Ok(()), "each has its own");
        let later = start + Duration::from_millis(500);
        assert_eq!(buckets.take("a", later), Ok(()));
        assert_eq!(buckets.take("a", later), Err(1));
        let much_later = start + Duration::from_secs(1 << 40);
        for _ in 0..3 {
            assert_eq!(buckets.take("a", much_later), Ok(()));
        }
        assert_eq!(buckets.take("a", much_later), Err(1), "no more than the burst");
    }

    #[test]
    fn buckets_of_strangers_do_not_grow_without_end() {
        let buckets = Buckets::new(Rate { burst: 2, per_second: 1 });
        let start = Instant::now();
        for n in 0..BUCKETS_MAX {
            assert_eq!(buckets.take(n, start), Ok(()));
        }
        assert_eq!(buckets.take(usize::MAX, start), Err(1));
        assert_eq!(buckets.take(0, start), Ok(()), "who is known goes on");
        assert_eq!(buckets.take(usize::MAX, start + Duration::from_secs(3)), Ok(()));
        assert!(locked(&buckets.buckets).len() < 10, "full ones are gone");
    }

    #[test]
    fn at_once_counts_what_is_under_way() {
        let all = AtOnce::default();
        let one = all.begin(&1, 2).unwrap();
        let _two = all.begin(&1, 2).unwrap();
        assert!(all.begin(&1, 2).is_none());
        assert!(all.begin(&2, 2).is_some());
        drop(one);
        assert!(all.begin(&1, 2).is_some());
    }

    #[test]
    fn a_subscriber_is_one_peer() {
        let parsed = |text: &str| text.parse::<IpAddr>().unwrap();
        assert_eq!(peer(parsed("2001:db8::1")), peer(parsed("2001:db8::ffff:1")));
        assert_ne!(peer(parsed("2001:db8::1")), peer(parsed("2001:db8:0:1::1")));
        assert_eq!(peer(parsed("::ffff:10.0.0.1")), parsed("10.0.0.1"));
    }
}
