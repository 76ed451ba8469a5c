//! How long is waited for a cluster, how often it is looked at meanwhile, and how many requests are sent at once.

use std::time::{Duration, Instant};

use kompox_domain::Context;

use crate::client::KubeClient;

/// How many requests are under way at the same time.
pub(crate) const AT_ONCE: usize = 8;
/// How long is waited for anything, where no deadline says so.
const PATIENCE: Duration = Duration::from_secs(600);
/// Between two looks is at least this long, however quick somebody is.
const SHORTEST_PAUSE: Duration = Duration::from_millis(1);
/// For how many first pauses an API server may be away.
const SILENCE: u32 = 100;
const LONGEST_PAUSE: Duration = Duration::from_secs(3);

/// Looking again and again, at first often, until the deadline.
///
/// Waits look again and do not watch. Why an ingress is not ready is told by pods and events, which change while its
/// Deployment does not; a watch needs the rights to list and watch where one to get is enough; and a list that is
/// believed to be empty would tell that something is gone. kube-runtime, which has such waits, brings ten more packages.
/// What a watch would save is at most one pause.
pub(crate) struct Patience {
    end: Instant,
    pause: Duration,
    /// How long an API server may be away, as it is while it is brought up to date, and since when it is.
    silence: Duration,
    heard: Instant,
}

impl Patience {
    pub(crate) fn of(client: &KubeClient, cx: &Context) -> Self {
        let pace = client.pace().max(SHORTEST_PAUSE);
        Self {
            silence: pace * SILENCE,
            heard: Instant::now(),
            end: cx.deadline().unwrap_or_else(|| Instant::now() + PATIENCE),
            pause: pace,
        }
    }

    /// Somebody has answered.
    pub(crate) fn heard(&mut self) {
        self.heard = Instant::now();
    }

    /// Whether nobody has answered for too long: then nothing tells that waiting leads anywhere.
    pub(crate) fn is_lost(&self) -> bool {
        self.heard.elapsed() > self.silence
    }

    /// Whether the deadline has passed.
    pub(crate) fn is_over(&self) -> bool {
        Instant::now() >= self.end
    }

    /// Waits until it is worth looking again, and says whether there is time to.
    pub(crate) async fn pause(&mut self) -> bool {
        if Instant::now() + self.pause >= self.end {
            return false;
        }
        tokio::time::sleep(self.pause).await;
        self.pause = (self.pause * 3 / 2).min(LONGEST_PAUSE);
        true
    }
}
