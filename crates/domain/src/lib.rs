//! The heart of kompoxops: what a workspace, a cluster, a volume and a disk are,
//! what they are called, which one is assigned, and what a provider driver must do.
//!
//! Nothing in here performs I/O, knows a cloud, a wire format or a terminal. The ports
//! ([`ProviderDriver`] with its abilities, [`DriverFactory`], [`ProgressSink`], [`SecretReader`]) are contracts:
//! every method says what it requires, how it behaves and which errors it gives.

pub mod catalog;
pub mod cluster;
pub mod context;
pub mod dns;
pub mod driver;
pub mod error;
pub mod hint;
pub mod ids;
pub mod model;
pub mod mount;
pub mod name;
pub mod naming;
pub mod options;
pub mod outcome;
pub mod progress;
pub mod quantity;
pub mod registry;
pub mod scope;
pub mod secret;
pub mod settings;
pub mod source;
pub mod suggest;
pub mod tags;
pub mod text;
pub mod volume;
pub mod zone;

pub use catalog::Catalog;
pub use context::Context;
pub use driver::{
    Ability, ClusterDriver, DnsDriver, DriverFactory, IngressDriver, Mode, MountDriver, Operation,
    ProviderDriver, VolumeDriver,
};
pub use error::{Error, ErrorKind, FailedOperation, Result};
pub use hint::{Argument, Hint};
pub use model::{App, Cluster, Provider, Volume, Workspace};
pub use mount::{DiskMount, VolumeMount};
pub use name::{DiskName, Label, SnapshotName, VolumeName};
pub use options::VolumeOptions;
pub use outcome::{PendingWrite, WriteOutcome};
pub use progress::{Event, ProgressSink};
pub use quantity::ByteSize;
pub use registry::DriverRegistry;
pub use scope::{AppScope, ProviderScope};
pub use secret::{Secret, SecretReader, SecretRef};
pub use settings::{SettingValue, Settings};
pub use source::Source;
pub use volume::{VolumeClass, VolumeDisk, VolumeSnapshot};
pub use zone::Zone;

#[cfg(feature = "mock")]
pub use driver::{
    MockClusterDriver, MockDnsDriver, MockDriverFactory, MockIngressDriver, MockMountDriver,
    MockProviderDriver, MockVolumeDriver,
};
