//! How long is waited between two looks at something that takes its time, where Azure does not say.
//!
//! Deployment Stacks, for one, announce no `Retry-After`. Most of what is waited for is over soon, or takes minutes: the
//! first looks come quickly, and later ones find the end ten seconds late at most.

use std::time::Duration;

/// The waits, in units; the last one goes on.
const WAITS: [u32; 5] = [1, 2, 3, 5, 10];

/// The waits between looks, one after the other: 1, 2, 3 and 5 seconds, then 10.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    unit: Duration,
    looks: usize,
}

impl Pace {
    /// From the beginning. The unit is a second in the world, and less in tests.
    #[must_use]
    pub const fn new(unit: Duration) -> Self {
        Self { unit, looks: 0 }
    }

    /// How long to wait before the next look.
    pub fn wait(&mut self) -> Duration {
        let last = WAITS.len() - 1;
        let units = WAITS.get(self.looks).unwrap_or(&WAITS[last]);
        self.looks = self.looks.saturating_add(1).min(last);
        self.unit.saturating_mul(*units)
    }

    /// Something has moved: more may soon.
    pub const fn restart(&mut self) {
        self.looks = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn next(pace: &mut Pace, count: usize) -> Vec<u64> {
        (0..count).map(|_| pace.wait().as_secs()).collect()
    }

    #[test]
    fn the_first_looks_come_soon_and_then_one_every_ten_seconds() {
        let mut pace = Pace::new(Duration::from_secs(1));
        assert_eq!(next(&mut pace, 8), [1, 2, 3, 5, 10, 10, 10, 10]);
        pace.restart();
        assert_eq!(next(&mut pace, 3), [1, 2, 3]);
    }
}
