//! The one source of time and randomness. Tests set the clock; nothing else asks the
//! system for either.
use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};
use std::time::Duration;
use tamis_entities::value::Timestamp;

#[derive(Clone, Default)]
pub struct Clock {
    /// Microseconds that a test has moved this clock by.
    offset: Arc<AtomicI64>,
}

impl Clock {
    #[expect(clippy::disallowed_methods, reason = "this is the door")]
    pub fn now(&self) -> Timestamp {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        let micros = i64::try_from(since.as_micros()).unwrap_or(i64::MAX);
        Timestamp(micros.saturating_add(self.offset.load(Ordering::Relaxed)))
    }

    /// Moves this clock forward.
    pub fn advance(&self, span: Duration) {
        self.offset.fetch_add(i64::try_from(span.as_micros()).unwrap_or(i64::MAX), Ordering::Relaxed);
    }
}

/// Random bytes from the operating system.
pub fn random<const N: usize>() -> Result<[u8; N], crate::error::Error> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|e| crate::error::Error::internal(format!("no randomness: {e}")))?;
    Ok(bytes)
}

/// Between half and the whole of a pause: spread, so that what failed together does not come back together.
pub fn spread(longest: Duration) -> Result<Duration, crate::error::Error> {
    let half = u64::try_from(longest.as_micros() / 2).unwrap_or(u64::MAX / 4).max(1);
    Ok(Duration::from_micros(half + u64::from_be_bytes(random::<8>()?) % half))
}
