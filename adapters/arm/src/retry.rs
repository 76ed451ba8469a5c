//! When a request is sent again, and how long is waited before.

use std::time::Duration;

/// How often a request is sent at most.
pub const MAX_ATTEMPTS: u32 = 5;

/// How often a request is sent when only a lagging replica stands in the way: it may take a while.
pub const MAX_LAG_ATTEMPTS: u32 = 8;

const MAX_BACKOFF: Duration = Duration::from_secs(10);

/// What came of one attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// The server answered with this status and no better sense.
    Status(u16),
    /// No connection: the request was not sent.
    NotSent,
    /// The connection broke: the request may have taken effect.
    Broken,
    /// A replica does not know the resource group yet.
    GroupLag,
    /// A replica does not know the resource yet.
    ResourceLag,
}

impl Trouble {
    /// Whether the request may have done what it asks for.
    #[must_use]
    pub const fn may_have_taken_effect(self) -> bool {
        match self {
            Self::Broken => true,
            Self::Status(status) => status == 408 || status >= 500,
            Self::NotSent | Self::GroupLag | Self::ResourceLag => false,
        }
    }
}

/// Whether to send again after `attempt` attempts (1 after the first).
///
/// 408, 429 and 5xx except 501 pass by; a broken connection too, where a repetition does no harm. A refused
/// connection never reached anybody, and 429 says that nothing was done, so that even what must not happen twice may be
/// sent again.
#[must_use]
pub const fn worth_another(attempt: u32, repeatable: bool, trouble: Trouble) -> bool {
    match trouble {
        Trouble::GroupLag | Trouble::ResourceLag => attempt < MAX_LAG_ATTEMPTS,
        Trouble::NotSent => attempt < MAX_ATTEMPTS,
        Trouble::Broken => repeatable && attempt < MAX_ATTEMPTS,
        Trouble::Status(status) => {
            // Whoever is throttled was not served, so that a repetition is the first time.
            let harmless = repeatable || status == 429;
            harmless && attempt < MAX_ATTEMPTS && matches!(status, 408 | 429 | 500 | 502 | 503 | 504)
        }
    }
}

/// How long to wait after `attempt` attempts: what the server asks for to the second, else exponentially
/// longer with jitter. `random` is between 0 and 1.
#[must_use]
pub fn backoff(base: Duration, attempt: u32, retry_after: Option<Duration>, random: f64) -> Duration {
    // "At once" from a server in trouble is no wish to be kept to the letter.
    if let Some(asked) = retry_after.filter(|asked| !asked.is_zero()) {
        return asked;
    }
    let exponent = attempt.saturating_sub(1).min(10);
    let full = base.saturating_mul(1 << exponent).min(MAX_BACKOFF);
    full.mul_f64(0.5 + random.clamp(0.0, 1.0) / 2.0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_may_have_taken_effect_is_repeated_only_where_that_does_no_harm() {
        assert!(!worth_another(1, false, Trouble::Broken));
        assert!(!worth_another(1, false, Trouble::Status(503)));
        assert!(worth_another(1, false, Trouble::NotSent));
        assert!(worth_another(1, false, Trouble::Status(429)));
        assert!(worth_another(1, true, Trouble::Broken));
    }

    #[test]
    fn a_refusal_is_not_repeated() {
        for status in [400, 401, 403, 404, 409, 412, 501] {
            assert!(!worth_another(1, true, Trouble::Status(status)), "{status}");
        }
    }

    #[test]
    fn patience_ends() {
        assert!(!worth_another(MAX_ATTEMPTS, true, Trouble::Status(503)));
        assert!(!worth_another(MAX_LAG_ATTEMPTS, true, Trouble::GroupLag));
        assert!(!worth_another(MAX_LAG_ATTEMPTS, true, Trouble::ResourceLag));
    }

    #[test]
    fn the_servers_wish_is_kept_to_the_second() {
        let wait = backoff(Duration::from_millis(500), 1, Some(Duration::from_secs(17)), 0.3);
        assert_eq!(wait, Duration::from_secs(17));
    }

    proptest! {
        #[test]
        fn the_wait_grows_and_stays_within_bounds(attempt in 1_u32..100, random in 0.0_f64..1.0) {
            let wait = backoff(Duration::from_millis(500), attempt, None, random);
            prop_assert!(wait >= Duration::from_millis(250) && wait <= MAX_BACKOFF);
        }
    }
}
