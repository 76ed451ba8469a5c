//! The right of an app's cluster to attach its disks: given with the disks, so that a pod does not wait for it in vain.

use kompox_domain::Error;
use kompox_domain::progress::WarningKind;

use super::AppVolumes;
use crate::observe::managed_cluster::ManagedCluster;
use crate::roles::{self, Assigner, attach};

impl AppVolumes<'_> {
    /// Tells that the cluster could not be looked at, so that nobody knows whether it may attach the disks of the app.
    pub(super) fn attaching_unchecked(&self, why: &Error) {
        self.session.cx.warn(
            WarningKind::Unchecked,
            format!(
                "it was not checked whether cluster {} may attach the disks of this app: {why}",
                self.app.cluster.id.cluster
            ),
        );
    }

    /// Lets the cluster attach the disks of the app, unless it may. Never fails: a disk is worth having without.
    pub(super) async fn let_attach(&self, cluster: Option<&ManagedCluster>) {
        let Some(principal) = cluster.and_then(ManagedCluster::principal) else {
            // Without a cluster nobody attaches anything yet; installing gives the right.
            return;
        };
        let description = roles::description(&self.app.cluster.path());
        let beside = self.session.cx.beside();
        let assigner = Assigner {
            session: self.session.with_context(&beside),
            description: &description,
        };
        if let Err(failure) = assigner.give(&attach(principal, &self.group)).await {
            self.session.cx.warn_with_hints(
                WarningKind::AttachRoleMissing,
                format!(
                    "cluster {} may not be able to attach the disks of this app: {}",
                    self.app.cluster.id.cluster, failure.message
                ),
                failure.hints,
            );
        }
    }
}
