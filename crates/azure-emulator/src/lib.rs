//! An embedded Azure for tests, demonstrations and development.
//!
//! [`Emulator::start`] serves Entra ID, Azure Resource Manager and the Kubernetes endpoint of each managed cluster on
//! loopback over TLS, with a CA of its own. It is honest: tokens are signed and checked, operations run long, errors are
//! Azure's, and what Azure refuses is refused. A client needs to know only endpoints and CA file, which [`Connection`]
//! tells.
//!
//! A [`FaultPlan`] makes things go wrong, [`Emulator::requests`] tells what was asked, [`Emulator::watch`] shows
//! every state on the way, and direct handles ([`Emulator::put_resource`] and others) build a state without HTTP.

mod accept;
mod access;
mod arm;
mod connection;
mod context;
mod control;
mod deploy;
mod emulator;
mod entra;
mod forced;
mod handles;
mod identity;
mod operation;
mod options;
mod race;
mod server;
mod shared;
mod switches;
mod throttle;
mod types;
mod watch;
mod watch_stream;

pub use access::Grant;
pub use connection::Connection;
pub use emulator::{Emulator, Snapshot};
pub use faults::{
    FaultAction, FaultPlan, FaultRule, MonitorError, OperationFault, OperationShape, Outcome, Race,
    RacingWrite, ReplicationLag, Respond, RetryAfter, When,
};
pub use handles::Restriction;
pub use kompox_emulator_core::bucket::Limit;
pub use kompox_emulator_core::error::EmulatorError;
pub use kompox_emulator_core::faults;
pub use kompox_emulator_core::log::{LoggedRequest, RequestKind};
pub use options::{FederatedCredential, Options, SnapshotCopy, Timing};
pub use throttle::Throttling;
