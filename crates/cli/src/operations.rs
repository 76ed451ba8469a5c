//! What an operation is called on the command line, and how long it may take unless the user says otherwise.

use std::time::Duration;

use kompox_domain::{Mode, Operation};

/// One row for each operation: its words, and its limit. Planning what takes long is a row of its own.
const fn row(operation: Operation, mode: Mode) -> (&'static str, Duration) {
    match operation {
        Operation::ClusterProvision => match mode {
            Mode::Plan => ("cluster provision --dry-run", minutes(5)),
            Mode::Apply => ("cluster provision", minutes(30)),
        },
        Operation::ClusterDeprovision => match mode {
            Mode::Plan => ("cluster deprovision --dry-run", minutes(5)),
            Mode::Apply => ("cluster deprovision", minutes(30)),
        },
        Operation::ClusterWait => ("cluster wait", minutes(30)),
        Operation::ClusterCheck => ("check --online", minutes(2)),
        Operation::ClusterStatus => ("cluster status", minutes(5)),
        Operation::ClusterInstall => ("cluster install", minutes(10)),
        Operation::ClusterUninstall => ("cluster uninstall", minutes(10)),
        Operation::ClusterKubeconfig => ("cluster kubeconfig", minutes(2)),
        Operation::ClusterToken => ("cluster token", minutes(1)),
        Operation::VolumeApply => ("volume manifest --apply", minutes(2)),
        Operation::DiskList => ("disk list", minutes(1)),
        Operation::DiskCreate => ("disk create", minutes(2)),
        Operation::DiskAssign => ("disk assign", minutes(1)),
        Operation::DiskDelete => ("disk delete", minutes(2)),
        Operation::SnapshotList => ("snapshot list", minutes(1)),
        Operation::SnapshotCreate => ("snapshot create", minutes(3)),
        Operation::SnapshotDelete => ("snapshot delete", minutes(2)),
        Operation::SnapshotRestore => ("snapshot restore", minutes(3)),
        Operation::DnsDeploy => ("dns deploy", minutes(2)),
        Operation::DnsDestroy => ("dns destroy", minutes(2)),
    }
}

const fn minutes(minutes: u64) -> Duration {
    Duration::from_secs(minutes * 60)
}

/// Its words on the command line.
#[must_use]
pub const fn words(operation: Operation) -> &'static str {
    row(operation, Mode::Apply).0
}

/// How long it may take unless the user says otherwise.
#[must_use]
pub const fn default_timeout(operation: Operation) -> Duration {
    row(operation, Mode::Apply).1
}

/// Its words and its limit where it is only planned.
pub(crate) const fn planned(operation: Operation) -> (&'static str, Duration) {
    row(operation, Mode::Plan)
}

/// What `--dry-run` says.
pub(crate) const fn mode_of(dry_run: bool) -> Mode {
    if dry_run { Mode::Plan } else { Mode::Apply }
}
