//! What is told about an operation on one cluster beside its result.

use kompox_domain::Operation as Port;

use crate::args::ClusterTargetArgs;
use crate::operations;
use crate::session::Operation;

/// An operation on one cluster. What it leaves under way in the cloud is waited for with `cluster wait`; what goes on
/// in the cluster itself, by running it again.
pub(super) fn operation(port: Port, target: &ClusterTargetArgs) -> Operation {
    let verb = match port {
        Port::ClusterProvision | Port::ClusterDeprovision | Port::ClusterWait => "wait",
        _ => "status",
    };
    Operation {
        label: operations::words(port),
        timeout: operations::default_timeout(port),
        next: format!("kompoxops cluster {verb}{}", target.flags()),
    }
}

/// The same where only what would be done is looked for.
pub(super) fn planning(port: Port, target: &ClusterTargetArgs) -> Operation {
    let (label, timeout) = operations::planned(port);
    Operation {
        label,
        timeout,
        next: format!("kompoxops cluster status{}", target.flags()),
    }
}
