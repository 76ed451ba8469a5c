//! The driver against the embedded Azure.

mod assign;
mod chains;
mod conformance;
mod disks;
mod interruptions;
mod snapshots;
mod support;
mod zones;
