//! Slows down whoever guesses. Counted per account and address, and per address; never per
//! account alone, or a stranger could lock somebody out. In memory: a restart or another
//! replica forgets, and argon2 still makes each guess dear.
use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Mutex, PoisonError},
    time::Duration,
};
use tamis_entities::value::{Sha256, Timestamp};

/// Tries before an account and address waits.
const FREE_ACCOUNT: u32 = 5;
/// Before an address does, whatever it tries: many people may share one.
const FREE_ADDRESS: u32 = 50;
const LONGEST_WAIT: Duration = Duration::from_secs(15 * 60);
/// A quiet hour forgives everything.
const FORGET: Duration = Duration::from_secs(3600);
const MOST_KEYS: usize = 100_000;

#[derive(Clone, PartialEq, Eq, Hash)]
enum Key {
    Account(String, IpAddr),
    Address(IpAddr),
    /// Sign-ins begun at a provider; each is a row.
    Begun(IpAddr),
}

#[derive(Clone, Copy)]
struct Count {
    tries: u32,
    last: Timestamp,
}

impl Count {
    fn wait(self, free: u32) -> Duration {
        match self.tries.checked_sub(free) {
            None => Duration::ZERO,
            Some(over) => Duration::from_secs(8 << over.min(12)).min(LONGEST_WAIT),
        }
    }
}

#[derive(Default)]
pub struct Throttle(Mutex<HashMap<Key, Count>>);

/// Somebody has to wait so long.
#[derive(Debug, PartialEq, Eq)]
pub struct Wait(pub Duration);

/// A whole IPv6 network counts as one: its owner has 2^64 addresses.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => IpAddr::V6((u128::from(v6) & !(u128::MAX >> 64)).into()),
        v4 => v4,
    }
}

impl Throttle {
    /// Counts a try before it is made, so that many at once do not all pass.
    pub fn try_password(&self, name: &str, address: IpAddr, now: Timestamp) -> Result<(), Wait> {
        let address = network(address);
        let name = Sha256::of(name.as_bytes()).hex().to_owned();
        let account = (Key::Account(name, address), FREE_ACCOUNT);
        self.count(&[account, (Key::Address(address), FREE_ADDRESS)], now)
    }

    /// It was the right one: the account starts anew, and the address gets this try back.
    pub fn succeeded(&self, name: &str, address: IpAddr) {
        let address = network(address);
        let name = Sha256::of(name.as_bytes()).hex().to_owned();
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        counts.remove(&Key::Account(name, address));
        if let Some(count) = counts.get_mut(&Key::Address(address)) {
            count.tries = count.tries.saturating_sub(1);
        }
    }

    pub fn try_begin(&self, address: IpAddr, now: Timestamp) -> Result<(), Wait> {
        self.count(&[(Key::Begun(network(address)), FREE_ADDRESS)], now)
    }

    fn count(&self, keys: &[(Key, u32)], now: Timestamp) -> Result<(), Wait> {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        make_room(&mut counts, now);
        let current = |counts: &HashMap<Key, Count>, key: &Key| {
            let known = counts.get(key).copied().filter(|c| c.last.plus(FORGET) > now);
            known.unwrap_or(Count { tries: 0, last: now })
        };
        for (key, free) in keys {
            let count = current(&counts, key);
            let until = count.last.plus(count.wait(*free));
            if count.tries >= *free && until > now {
                let micros = u64::try_from(until.0 - now.0).unwrap_or(0);
                return Err(Wait(Duration::from_micros(micros)));
            }
        }
        for (key, _) in keys {
            let tries = current(&counts, key).tries.saturating_add(1);
            counts.insert(key.clone(), Count { tries, last: now });
        }
        Ok(())
    }
}

fn make_room(counts: &mut HashMap<Key, Count>, now: Timestamp) {
    if counts.len() < MOST_KEYS {
        return;
    }
    counts.retain(|_, count| count.last.plus(FORGET) > now);
    if counts.len() >= MOST_KEYS {
        // Those that have tried least; a guesser stays known.
        counts.retain(|_, count| count.tries > FREE_ACCOUNT);
    }
    if counts.len() >= MOST_KEYS {
        counts.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1));
    const TWO: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 2));

    #[test]
    fn guesses_wait_longer_and_longer_and_nobody_else_does() {
        let (throttle, mut now) = (Throttle::default(), Timestamp(1_000_000_000));
        for _ in 0..5 {
            assert_eq!(throttle.try_password("alice", ONE, now), Ok(()));
        }
        let mut waits = vec![];
        for _ in 0..12 {
            let Err(Wait(wait)) = throttle.try_password("alice", ONE, now) else { panic!("not slowed down") };
            assert_eq!(throttle.try_password("alice", TWO, now), Ok(()));
            throttle.succeeded("alice", TWO);
            now = now.plus(wait);
            assert_eq!(throttle.try_password("alice", ONE, now), Ok(()));
            waits.push(wait);
        }
        assert!(waits.is_sorted() && waits[0] == Duration::from_secs(8), "{waits:?}");
        assert_eq!(waits[11], LONGEST_WAIT);
        now = now.plus(FORGET);
        for _ in 0..5 {
            assert_eq!(throttle.try_password("alice", ONE, now), Ok(()));
        }
    }

    #[test]
    fn an_address_that_tries_many_names_waits_too() {
        let (throttle, now) = (Throttle::default(), Timestamp(1_000_000_000));
        for n in 0..50 {
            assert_eq!(throttle.try_password(&format!("user{n}"), ONE, now), Ok(()));
        }
        assert!(throttle.try_password("another", ONE, now).is_err());
        assert_eq!(throttle.try_password("another", TWO, now), Ok(()));
    }
}
