//! Token buckets: a bucket of a size that refills at a rate.

use std::collections::HashMap;
use std::time::Instant;

/// How many requests pass at once, and how many more with each second.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Limit {
    /// The size of the bucket.
    pub size: u32,
    /// What it refills by.
    pub per_second: f64,
}

impl Limit {
    /// A bucket of this size that refills at this rate.
    #[must_use]
    pub const fn new(size: u32, per_second: f64) -> Self {
        Self { size, per_second }
    }

    /// So many times this limit.
    #[must_use]
    pub fn times(self, count: u32) -> Self {
        Self {
            size: self.size.saturating_mul(count),
            per_second: self.per_second * f64::from(count),
        }
    }
}

#[derive(Debug, Clone, Copy)]
struct Bucket {
    limit: Limit,
    tokens: f64,
    at: Instant,
}

impl Bucket {
    fn new(limit: Limit, now: Instant) -> Self {
        Self {
            limit,
            tokens: f64::from(limit.size),
            at: now,
        }
    }

    fn refill(&mut self, now: Instant) {
        let passed = now.saturating_duration_since(self.at).as_secs_f64();
        self.tokens = (self.tokens + passed * self.limit.per_second).min(f64::from(self.limit.size));
        self.at = now;
    }

    /// Takes a token; if there is none, the whole seconds until there is one.
    fn take(&mut self, now: Instant) -> Result<(), u64> {
        self.refill(now);
        if self.tokens >= 1.0 {
            self.tokens -= 1.0;
            return Ok(());
        }
        let missing = (1.0 - self.tokens) / self.limit.per_second;
        // A size or rate of nothing lets nothing pass, ever.
        Err(if missing.is_finite() {
            missing.ceil().clamp(1.0, 3600.0) as u64
        } else {
            3600
        })
    }

    /// The whole tokens that are left.
    fn left(&self) -> u64 {
        self.tokens.max(0.0).floor() as u64
    }

    fn is_full(&self) -> bool {
        self.tokens >= f64::from(self.limit.size)
    }
}

/// Beyond so many buckets, those that are full are forgotten: they say nothing.
const MANY: usize = 1_000;

/// Buckets by name. Each is full when it is first asked for.
#[derive(Debug, Default)]
pub struct Buckets {
    buckets: HashMap<String, Bucket>,
}

/// What a bucket says about one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Taken {
    /// The whole seconds to wait, where there was no token.
    pub wait: Option<u64>,
    /// The tokens that are left.
    pub left: u64,
}

impl Buckets {
    /// Takes a token from a bucket. `peek` takes none, and tells what is left.
    pub fn take(&mut self, name: String, limit: Limit, peek: bool, now: Instant) -> Taken {
        if self.buckets.len() > MANY {
            self.buckets.retain(|_, bucket| {
                bucket.refill(now);
                !bucket.is_full()
            });
        }
        let bucket = self
            .buckets
            .entry(name)
            .or_insert_with(|| Bucket::new(limit, now));
        let wait = if peek { None } else { bucket.take(now).err() };
        Taken {
            wait,
            left: bucket.left(),
        }
    }

    /// Forgets all buckets: each is full again.
    pub fn clear(&mut self) {
        self.buckets.clear();
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_bucket_lets_its_size_pass_and_then_what_it_refills_by() {
        let mut buckets = Buckets::default();
        let now = Instant::now();
        let limit = Limit::new(2, 0.5);
        let mut take = |after: u64, peek| {
            let now = now + Duration::from_secs(after);
            let taken = buckets.take("a".to_owned(), limit, peek, now);
            (taken.wait, taken.left)
        };
        assert_eq!([take(0, false), take(0, false)], [(None, 1), (None, 0)]);
        assert_eq!([take(0, true), take(0, false)], [(None, 0), (Some(2), 0)]);
        assert_eq!([take(2, false), take(2, false)], [(None, 0), (Some(2), 0)]);
    }

    #[test]
    fn a_bucket_that_never_refills_says_an_hour() {
        let mut buckets = Buckets::default();
        let taken = buckets.take("a".to_owned(), Limit::new(0, 0.0), false, Instant::now());
        assert_eq!(taken.wait, Some(3600));
    }
}
