//! What goes wrong at one request of an operation.

use std::fmt;
use std::future::Future;
use std::time::Duration;

use futures::future::{Either, select};
use kompox_azure_emulator::{FaultAction, FaultPlan, FaultRule, LoggedRequest};

use super::cloud::Cloud;

/// Every method of a request that may change something: POST also asks for credentials and reviews.
const WRITES: &str = "PUT|PATCH|DELETE|POST";

/// Which requests of an operation are counted, from 0, and struck.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Counted {
    /// All.
    Requests,
    /// Those that are no reads.
    Writes,
}

impl Counted {
    const fn methods(self) -> &'static str {
        match self {
            Self::Requests => "*",
            Self::Writes => WRITES,
        }
    }

    /// Those of these requests that are counted.
    pub(super) fn of(self, requests: &[LoggedRequest]) -> Vec<&LoggedRequest> {
        let counts = |request: &&LoggedRequest| {
            self == Self::Requests || WRITES.split('|').any(|method| method == request.method)
        };
        requests.iter().filter(counts).collect()
    }
}

impl fmt::Display for Counted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Requests => "request",
            Self::Writes => "write",
        })
    }
}

/// What goes wrong, and from then on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// From this request on nothing gets through.
    Lost,
    /// The request takes effect, its answer is lost, and nothing gets through any more.
    AnswerLost,
    /// The request is answered 500, the next one is not.
    RefusedOnce,
    /// The request is answered 429 and may come again at once.
    ThrottledOnce,
    /// From this request on everything is answered 500.
    Refused,
    /// The request takes effect, its answer is lost, and from then on every write is answered with this status.
    AnswerLostThen(u16),
    /// The request is lost, and from then on every write is answered with this status.
    LostThen(u16),
    /// The request takes effect, and its answer is changed on its way into something that ARM and Kubernetes never
    /// answer; the seed and the request tell how.
    Corrupted(u64),
    /// The request takes effect or, where it does not arrive, does not; nobody answers, and the deadline passes.
    Overdue {
        /// Whether it takes effect.
        arrives: bool,
    },
    /// The process is killed while it waits for the answer, and the request never arrives.
    Killed,
    /// The process is killed after the request took effect.
    KilledAfter,
}

impl Trouble {
    /// All of them.
    pub const ALL: &'static [Self] = &[
        Self::Lost,
        Self::AnswerLost,
        Self::RefusedOnce,
        Self::ThrottledOnce,
        Self::Refused,
        Self::AnswerLostThen(429),
        Self::Killed,
        Self::KilledAfter,
    ];

    /// How long whoever runs into it has time, where undisturbed it takes so long: enough to come to the request.
    pub(super) fn deadline(self, undisturbed: Duration) -> Option<Duration> {
        matches!(self, Self::Overdue { .. }).then_some(Duration::from_millis(200) + undisturbed)
    }

    /// Whether whoever runs into it must get over it.
    #[must_use]
    pub fn is_overcome(self) -> bool {
        matches!(self, Self::RefusedOnce | Self::ThrottledOnce)
    }

    /// The rules that bring it about.
    fn plan(self, counted: Counted, request: usize) -> FaultPlan {
        let request = u32::try_from(request).unwrap_or(u32::MAX);
        let rule = |action| {
            FaultRule::new(counted.methods(), "**", action)
                .after(request)
                .clients_only()
        };
        let refusal = || FaultAction::respond(500, "InternalServerError", "Something broke.");
        // A rule that fires ends the search, so the second one does not count the request that the first took.
        FaultPlan::new(match self {
            Self::Lost => vec![rule(FaultAction::ResetBefore)],
            Self::AnswerLost => vec![
                rule(FaultAction::ResetAfter).times(1),
                rule(FaultAction::ResetBefore),
            ],
            Self::RefusedOnce => vec![rule(refusal()).times(1)],
            Self::ThrottledOnce => {
                let busy = FaultAction::respond_retry_after(429, "TooManyRequests", 0);
                vec![rule(busy).times(1)]
            }
            Self::Refused => vec![rule(refusal())],
            Self::AnswerLostThen(status) => then_refused(rule(FaultAction::ResetAfter), status),
            Self::Corrupted(seed) => {
                // Few seeds change many answers in many ways.
                let seed = seed.wrapping_add(u64::from(request) << 32);
                vec![rule(FaultAction::Corrupt { seed }).times(1)]
            }
            Self::LostThen(status) => then_refused(rule(FaultAction::ResetBefore), status),
            Self::Killed | Self::Overdue { arrives: false } => vec![rule(FaultAction::Hang)],
            Self::KilledAfter | Self::Overdue { arrives: true } => {
                vec![rule(FaultAction::ResetAfter).times(1), rule(FaultAction::Hang)]
            }
        })
    }

    /// Runs an operation into it. `None` is for one that was killed.
    pub async fn strike<T>(
        self,
        cloud: &Cloud,
        counted: Counted,
        request: usize,
        operation: impl Future<Output = T>,
    ) -> Option<T> {
        cloud.emulator.clear_requests();
        cloud.set_faults(self.plan(counted, request));
        let fatal = match self {
            Self::Lost
            | Self::AnswerLost
            | Self::RefusedOnce
            | Self::ThrottledOnce
            | Self::Refused
            | Self::AnswerLostThen(_)
            | Self::LostThen(_)
            | Self::Corrupted(_)
            | Self::Overdue { .. } => return Some(operation.await),
            // One more than those before has come in.
            Self::Killed => request + 1,
            // The repetition of the one whose answer was lost hangs.
            Self::KilledAfter => request + 2,
        };
        let killer = async {
            while counted.of(&cloud.emulator.requests()).len() < fatal {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        let (operation, killer) = (std::pin::pin!(operation), std::pin::pin!(killer));
        match select(operation, killer).await {
            Either::Left((result, _)) => Some(result),
            Either::Right(_) => None,
        }
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::AnswerLostThen(status) => {
                return write!(f, "the answer lost, then every write answered {status}");
            }
            Self::Overdue { arrives: true } => "done without an answer until the deadline",
            Self::Overdue { arrives: false } => "lost without an answer until the deadline",
            Self::Corrupted(seed) => return write!(f, "the answer corrupted ({seed})"),
            Self::LostThen(status) => {
                return write!(f, "the request lost, then every write answered {status}");
            }
            Self::Lost => "everything lost",
            Self::AnswerLost => "the answer lost and everything after",
            Self::RefusedOnce => "one answer 500",
            Self::ThrottledOnce => "one answer 429",
            Self::Refused => "every answer 500",
            Self::Killed => "killed",
            Self::KilledAfter => "killed after it took effect",
        })
    }
}

/// Once the first rule has struck, every write of a client is answered with this status.
fn then_refused(first: FaultRule, status: u16) -> Vec<FaultRule> {
    let refusal = FaultAction::respond(status, "InjectedRefusal", "It is refused from now on.");
    let refused = FaultRule::new("PUT|PATCH|DELETE|POST", "**", refusal);
    vec![first.times(1), refused.once_fired(0).clients_only()]
}
