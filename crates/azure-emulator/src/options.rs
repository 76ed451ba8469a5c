//! How an emulator is set up: where it keeps its state, how long things take, who may sign in.

use std::path::PathBuf;
use std::time::Duration;

use kompox_emulator_core::faults::FaultPlan;

use crate::throttle::Throttling;

/// Settings of one emulator.
///
/// The default is what tests want: memory only, any free port, and operations that are finished the
/// first time anybody looks.
#[derive(Debug, Clone)]
pub struct Options {
    /// Directory for identity and state; `None` keeps everything in memory.
    pub state_dir: Option<PathBuf>,
    /// Port on loopback. 0 takes the port persisted in `state_dir`, or any free one.
    pub port: u16,
    /// Extra time each request takes before it is handled; concurrent requests overlap.
    pub latency: Duration,
    /// How long operations take and tokens live.
    pub timing: Timing,
    /// What goes wrong, and when.
    pub faults: FaultPlan,
    /// Entries on one page of a list.
    pub page_size: usize,
    /// The region that `Connection` names and that seeded resources live in.
    pub region: String,
    /// External identities that may sign in as the emulator's client with an assertion.
    pub federated_credentials: Vec<FederatedCredential>,
    /// Object ids the directory knows besides the caller's own; any other principal needs an explicit
    /// `principalType` in a role assignment, as with Entra's replication lag.
    pub principals: Vec<String>,
    /// How many connections there may be at once. For one more, the one that has waited longest for its client goes.
    pub connections: usize,
    /// How long a client may take over a TLS handshake, over the head of its next request, and over a body.
    pub patience: Duration,
    /// Refuse more than seven snapshots of one disk in five minutes, as Azure does.
    pub snapshot_rate_limit: bool,
    /// Answer 429 to whoever asks more than this; `None` lets everything pass.
    pub throttling: Option<Throttling>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            state_dir: None,
            port: 0,
            latency: Duration::ZERO,
            timing: Timing::zero(),
            faults: FaultPlan::default(),
            page_size: 200,
            region: "japaneast".to_owned(),
            federated_credentials: Vec::new(),
            principals: Vec::new(),
            connections: 512,
            patience: Duration::from_secs(60),
            snapshot_rate_limit: false,
            throttling: None,
        }
    }
}

/// How long things take.
#[derive(Debug, Clone)]
pub struct Timing {
    /// Creating, updating or deleting a disk.
    pub disk: Duration,
    /// Creating, updating or deleting a snapshot.
    pub snapshot: Duration,
    /// Creating, updating or deleting a managed cluster.
    pub cluster: Duration,
    /// Creating, updating or deleting a vault, workspace, registry or anything else that has no time of its own.
    pub resource: Duration,
    /// Deleting a resource group with its contents.
    pub group_delete: Duration,
    /// What a deployment or a Deployment Stack takes for itself, before it starts its first resource.
    pub deployment: Duration,
    /// Writing tags through the tags API; `None` answers at once with 200, as Azure mostly does.
    pub tags: Option<Duration>,
    /// Until a pod in a cluster is ready.
    pub pod: Duration,
    /// Until a service of type `LoadBalancer` has its address, and until it has let go of it.
    pub load_balancer: Duration,
    /// Until the content of a Kubernetes namespace that is deleted has gone.
    pub namespace: Duration,
    /// How often at least an operation must be looked at before it ends, so that a test sees the
    /// intermediate state without waiting. What is under way in a cluster counts every read of an object there.
    pub polls: u32,
    /// Seconds announced in `Retry-After`.
    pub retry_after: u32,
    /// The same for Deployment Stacks; Azure announces nothing there, so that a client goes by a pace of its own.
    pub stack_retry_after: Option<u32>,
    /// Lifetime of an access token.
    pub token_lifetime: Duration,
    /// How the background copy of a snapshot proceeds where there is one.
    pub snapshot_copy: SnapshotCopy,
    /// Makes every snapshot copy in the background; Azure does it for Premium SSD v2, Ultra disks and
    /// `CopyStart` only.
    pub snapshot_copy_every_sku: bool,
}

impl Timing {
    /// Everything is finished at the first look; `Retry-After: 0`, and none of stacks.
    #[must_use]
    pub fn zero() -> Self {
        Self {
            disk: Duration::ZERO,
            snapshot: Duration::ZERO,
            cluster: Duration::ZERO,
            resource: Duration::ZERO,
            group_delete: Duration::ZERO,
            deployment: Duration::ZERO,
            pod: Duration::ZERO,
            load_balancer: Duration::ZERO,
            namespace: Duration::ZERO,
            tags: None,
            polls: 0,
            retry_after: 0,
            stack_retry_after: None,
            token_lifetime: Duration::from_secs(3599),
            snapshot_copy: SnapshotCopy::Immediate,
            snapshot_copy_every_sku: false,
        }
    }

    /// Everything takes no time, but is under way until it was looked at this many times.
    #[must_use]
    pub fn looks(polls: u32) -> Self {
        Self {
            polls,
            ..Self::zero()
        }
    }

    /// As [`zero`](Self::zero), and stacks too ask to be looked at again at once: for clients whose own pace would take
    /// seconds.
    #[must_use]
    pub fn hurried() -> Self {
        Self {
            stack_retry_after: Some(0),
            ..Self::zero()
        }
    }

    /// Short, but long enough to be seen: one or two seconds per operation, `Retry-After: 1`.
    #[must_use]
    pub fn realistic() -> Self {
        Self {
            disk: Duration::from_millis(900),
            snapshot: Duration::from_millis(900),
            cluster: Duration::from_secs(2),
            resource: Duration::from_millis(500),
            group_delete: Duration::from_secs(2),
            deployment: Duration::from_millis(300),
            pod: Duration::from_millis(900),
            load_balancer: Duration::from_millis(900),
            namespace: Duration::from_millis(500),
            retry_after: 1,
            snapshot_copy: SnapshotCopy::Over(Duration::from_secs(2)),
            ..Self::zero()
        }
    }
}

/// How `completionPercent` of a snapshot grows.
#[derive(Debug, Clone)]
pub enum SnapshotCopy {
    /// 100 from the beginning.
    Immediate,
    /// The value that the first, second, … `GET` of the snapshot sees; 100 after the last.
    Reads(Vec<f64>),
    /// Linear in time.
    Over(Duration),
}

/// An external identity that may exchange its token for one of the emulator's client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FederatedCredential {
    /// `iss` of the assertion, compared exactly.
    pub issuer: String,
    /// `sub` of the assertion, compared exactly.
    pub subject: String,
    /// `aud` of the assertion.
    pub audience: String,
}

impl FederatedCredential {
    /// A credential with the audience that Azure recommends, `api://AzureADTokenExchange`.
    #[must_use]
    pub fn new(issuer: impl Into<String>, subject: impl Into<String>) -> Self {
        Self {
            issuer: issuer.into(),
            subject: subject.into(),
            audience: "api://AzureADTokenExchange".to_owned(),
        }
    }
}
