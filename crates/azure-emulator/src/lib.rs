//! An embedded Azure for tests, demonstrations and development.
//!
//! [`Emulator::start`] serves Entra ID, Azure Resource Manager and the Kubernetes endpoint of each managed cluster on
//! loopback over TLS, with a CA of its own. It is honest: tokens are signed and checked, operations run long, errors are Azure's, and what Azure
//! refuses is refused. A client needs to know only endpoints and CA file, which [`Connection`] tells.
//!
//! A [`FaultPlan`] makes things go wrong, [`Emulator::requests`] tells what was asked, [`Emulator::watch`] shows
//! every state on the way, and direct handles ([`Emulator::put_resource`] and others) build a world without HTTP.

mod accept;
mod access;
mod arm;
mod body;
mod connection;
mod context;
mod control;
mod deploy;
mod emulator;
mod entra;
mod error;
pub mod faults;
mod handles;
mod identity;
mod json;
mod kubernetes;
mod log;
mod operation;
mod options;
mod platform;
mod reply;
mod seats;
mod server;
mod store;
mod throttle;
mod types;
mod watch;

pub use access::Grant;
pub use connection::Connection;
pub use emulator::{Emulator, Snapshot};
pub use error::EmulatorError;
pub use faults::{
    FaultAction, FaultPlan, FaultRule, MonitorError, OperationFault, OperationShape, Outcome, Race,
    RacingWrite, ReplicationLag, Respond, RetryAfter, When,
};
pub use handles::Restriction;
pub use log::{LoggedRequest, RequestKind};
pub use options::{FederatedCredential, Options, SnapshotCopy, Timing};
pub use throttle::{Limit, Throttling};
