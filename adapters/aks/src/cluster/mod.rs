//! Clusters: one Deployment Stack each, made from the embedded template.

mod changes;
mod channels;
mod check;
mod dataplane;
mod deprovision;
mod egress;
mod failure;
mod follow;
mod foreign_tags;
mod hints;
pub(crate) mod kubeconfig;
pub(crate) mod locate;
pub(crate) mod managed;
pub(crate) mod names;
mod node_images;
pub(crate) mod nouns;
mod operations;
pub(crate) mod outputs;
mod plan;
mod provision;
mod refusals;
pub(crate) mod see;
pub(crate) mod stack;
mod status;
pub(crate) mod template;
mod wait;
mod windows;

use kompox_arm::{ArmClient, ArmError, ArmOptions, ErrorDetail};
use kompox_domain::{ClusterScope, Context, Error};

use crate::settings::ProviderSettings;
use crate::settings::cluster::OwnCluster;
use stack::StackPlace;

pub(crate) use check::{check_encryption_sets, check_existing};
pub(crate) use status::{Apps, status_of_existing};
pub(crate) use wait::wait_for_existing;

/// One cluster that is provisioned: what every operation on it starts from.
pub(crate) struct ClusterWork<'a> {
    pub(crate) arm: &'a ArmClient,
    pub(crate) cx: &'a Context,
    pub(crate) provider: &'a ProviderSettings,
    pub(crate) options: ArmOptions,
    pub(crate) scope: &'a ClusterScope,
    pub(crate) own: &'a OwnCluster,
    pub(crate) place: StackPlace,
}

impl<'a> ClusterWork<'a> {
    pub(crate) fn new(
        arm: &'a ArmClient,
        cx: &'a Context,
        provider: &'a ProviderSettings,
        options: ArmOptions,
        scope: &'a ClusterScope,
        own: &'a OwnCluster,
    ) -> Self {
        Self {
            arm,
            cx,
            provider,
            options,
            scope,
            own,
            place: StackPlace::of(&provider.subscription, scope),
        }
    }

    /// The group's id.
    pub(crate) fn group_path(&self) -> String {
        format!(
            "/subscriptions/{}/resourceGroups/{}",
            self.provider.subscription, self.own.group
        )
    }
}

/// The error of a request about a cluster. Where the general mapping knows no advice, the table of clusters may.
pub(crate) fn domain(error: ArmError) -> Error {
    let detail = match error.last() {
        ArmError::Service(service) | ArmError::Operation { error: service, .. } => Some(ErrorDetail {
            code: service.code.clone(),
            message: service.message.clone(),
            ..ErrorDetail::default()
        }),
        _ => None,
    };
    let error = Error::from(error);
    match (error.hints(), detail) {
        ([], Some(detail)) => error.with_hints(hints::advice(&detail).1),
        _ => error,
    }
}
