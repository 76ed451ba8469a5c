//! New ULIDs: names for disks and snapshots, and the order in which disks were assigned.

use std::sync::Mutex;
use std::time::{Duration, SystemTime};

use ulid::Ulid;

/// A port: gives ULIDs that only ever grow.
pub trait UlidSource: Send + Sync {
    /// A ULID greater than every one this source gave before, and greater than `after`.
    ///
    /// # Behavior
    /// `after` may lie in the future (another machine's clock is ahead): the answer is greater all the same.
    ///
    /// # Errors
    /// None. After the greatest ULID there is (the year 10889) it gives that one again.
    fn next(&self, after: Option<Ulid>) -> Ulid;
}

/// ULIDs from the system's clock and random numbers.
#[derive(Debug, Default)]
pub struct SystemUlids {
    last: Mutex<Option<Ulid>>,
}

impl UlidSource for SystemUlids {
    fn next(&self, after: Option<Ulid>) -> Ulid {
        next_in(&self.last, Ulid::generate(), after)
    }
}

/// ULIDs that are the same in every run: a clock that moves one millisecond with each.
#[derive(Debug)]
pub struct SteppingUlids {
    start: SystemTime,
    state: Mutex<(u64, Option<Ulid>)>,
}

impl SteppingUlids {
    /// Starts at the given time.
    #[must_use]
    pub const fn starting_at(start: SystemTime) -> Self {
        Self {
            start,
            state: Mutex::new((0, None)),
        }
    }
}

impl UlidSource for SteppingUlids {
    fn next(&self, after: Option<Ulid>) -> Ulid {
        let mut state = self
            .state
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        state.0 += 1;
        let now = self.start + Duration::from_millis(state.0);
        let millis = now
            .duration_since(SystemTime::UNIX_EPOCH)
            .map_or(0, |since| since.as_millis());
        let candidate = Ulid::from_parts(u64::try_from(millis).unwrap_or(u64::MAX), u128::from(state.0));
        let next = greater(candidate, state.1.max(after));
        state.1 = Some(next);
        next
    }
}

fn next_in(last: &Mutex<Option<Ulid>>, candidate: Ulid, after: Option<Ulid>) -> Ulid {
    let mut last = last.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let next = greater(candidate, (*last).max(after));
    *last = Some(next);
    next
}

/// `candidate`, or the successor of `floor` where that is greater.
fn greater(candidate: Ulid, floor: Option<Ulid>) -> Ulid {
    match floor {
        Some(floor) if candidate <= floor => Ulid(floor.0.saturating_add(1)),
        _ => candidate,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_ulid_is_greater_than_the_one_before() {
        let source = SystemUlids::default();
        let ulids: Vec<Ulid> = (0..1000).map(|_| source.next(None)).collect();
        assert!(ulids.is_sorted_by(|a, b| a < b));
    }

    #[test]
    fn a_ulid_from_the_future_is_still_exceeded() {
        let source = SystemUlids::default();
        let future = Ulid::from_datetime(SystemTime::now() + Duration::from_secs(3600));
        let next = source.next(Some(future));
        assert!(next > future);
        assert!(source.next(None) > next);
    }
}
