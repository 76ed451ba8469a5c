//! What differs from the configuration: what the stack was made from, and what runs.

use kompox_domain::cluster::{Change, ChangeAction, Condition};
use kompox_domain::{Error, tags};

use super::conditions;
use super::kind::ConditionKind;
use crate::observe::ObservedCluster;
use crate::observe::ProvisionedCluster;
use crate::observe::managed_cluster::{ManagedCluster, NO_ZONE};
use crate::observe::stack::{Stack, StackState};
use crate::provision::egress;
use crate::settings::cluster::{ApiServer, PrivateZone, SYSTEM_POOL};
use crate::template::{network_policy, parameters};

const KIND: ConditionKind = ConditionKind::Drift;

/// What differs, in a word.
fn told_of(drift: &[Change]) -> Condition {
    let counts = drift
        .iter()
        .filter(|change| change.action != ChangeAction::Keep)
        .count();
    match counts {
        0 => conditions::condition(KIND, Some(false), "asConfigured", "everything is as configured"),
        1 => conditions::condition(
            KIND,
            Some(true),
            "differs",
            "one thing differs from the configuration",
        ),
        several => conditions::condition(
            KIND,
            Some(true),
            "differs",
            format!("{several} things differ from the configuration"),
        ),
    }
}

/// The same, where something could not be read: what differs is known then, but not that nothing does.
pub(super) fn condition(drift: &[Change], unread: Option<&Error>) -> Condition {
    let told = told_of(drift);
    match unread {
        Some(error) if told.status == Some(false) => conditions::unread(KIND, "all that could differ", error),
        _ => told,
    }
}

impl ProvisionedCluster<'_> {
    /// What differs from the configuration, as far as it is known.
    pub(super) fn drift(&self, observed: &ObservedCluster) -> Vec<Change> {
        let mut drift = Vec::new();
        if let Some(stack) = &observed.stack {
            drift.extend(self.of_stack(stack));
        }
        let resource = match (&observed.cluster, &observed.stack) {
            (Some(cluster), _) => cluster.id.clone(),
            _ => self.stack.path(),
        };
        for fixed in self.fixed(observed) {
            drift.push(Change {
                action: ChangeAction::Block,
                resource: resource.clone(),
                reason: format!(
                    "{} is {}, configured is {}; {}",
                    fixed.what,
                    fixed.is,
                    fixed.configured,
                    fixed
                        .why
                        .as_deref()
                        .unwrap_or("it cannot be changed after the creation")
                ),
            });
        }
        if let Some(cluster) = &observed.cluster {
            self.of_cluster(cluster, &mut drift);
        }
        drift
    }

    fn of_stack(&self, stack: &Stack) -> Option<Change> {
        let hash = parameters::hash(self.scope, self.session.provider, self.settings);
        let reason = match (stack.state(), stack.tag(tags::HASH)) {
            (StackState::Busy, _) => return None,
            // Tag and parameters say nothing then: both are written before anything is done, and stay.
            (StackState::Failed | StackState::Canceled, _) => format!(
                "the last operation on it ended as {}: how much of it was done is not known",
                stack.state_word()
            ),
            (StackState::Succeeded, Some(there)) if there == hash => return None,
            (StackState::Succeeded, Some(_)) => {
                "template or settings differ from what it was made from".to_owned()
            }
            (StackState::Succeeded, None) => {
                "its tag kompox-hash is gone: what it was made from is not known".to_owned()
            }
        };
        Some(Change {
            action: ChangeAction::Update,
            resource: self.stack.path(),
            reason,
        })
    }

    fn of_cluster(&self, cluster: &ManagedCluster, drift: &mut Vec<Change>) {
        let own = self.settings;
        let properties = &cluster.properties;
        let mut differ = |resource: &str, what: &str, is: Option<String>, configured: String| {
            // What is not told cannot differ.
            if let Some(is) = is.filter(|is| !is.eq_ignore_ascii_case(&configured)) {
                drift.push(Change {
                    action: ChangeAction::Update,
                    resource: resource.to_owned(),
                    reason: format!("{what} is {is}, configured is {configured}"),
                });
            }
        };
        let id = cluster.id.as_str();
        if let (Some(wanted), Some(runs)) = (own.kubernetes_version.as_deref(), cluster.version())
            && runs != wanted
            && !runs.starts_with(&format!("{wanted}."))
        {
            differ(
                id,
                "the Kubernetes version",
                Some(runs.to_owned()),
                wanted.to_owned(),
            );
        }
        let tier = cluster.sku.as_ref().and_then(|sku| sku.tier.clone());
        differ(id, "the SKU tier", tier, own.sku_tier.to_owned());
        let upgrades = &own.upgrades;
        if let Some(channel) = upgrades.channel {
            let is = cluster.upgrade_channel().unwrap_or("none").to_owned();
            differ(id, "the upgrade channel", Some(is), channel.to_owned());
        }
        if let Some(channel) = upgrades.node_os_channel {
            let is = cluster.node_os_upgrade_channel().map(str::to_owned);
            differ(id, "the upgrade channel of the nodes", is, channel.to_owned());
        }
        if let (Some(wanted), Some(is)) = (own.network_policy, cluster.network_policy())
            && network_policy::may_become(is, wanted)
        {
            differ(id, "the network policy", Some(is.to_owned()), wanted.to_owned());
        }
        let outbound = cluster.outbound_type().filter(|is| {
            // What cannot be changed is told already.
            egress::refused(cluster.has_own_network(), is, own.outbound_type).is_none()
        });
        differ(
            id,
            "the outbound type",
            outbound.map(str::to_owned),
            own.outbound_type.to_owned(),
        );
        let onoff = |on: bool| if on { "on" } else { "off" }.to_owned();
        let local = properties.disable_local_accounts.map(|off| onoff(!off));
        differ(
            id,
            "signing in with local accounts",
            local,
            onoff(!own.disable_local_accounts),
        );
        let access = properties.api_server.clone().unwrap_or_default();
        let command = access.disable_run_command.map(|off| onoff(!off));
        differ(id, "ARM's run command", command, onoff(!own.disable_run_command));
        match &own.api_server {
            ApiServer::Public { ranges } if !cluster.is_private() => {
                let is = ranges_of(access.authorized_ip_ranges.unwrap_or_default());
                differ(
                    id,
                    "who may reach the API server",
                    Some(is),
                    ranges_of(ranges.clone()),
                );
            }
            ApiServer::Private { zone, public_fqdn } if cluster.is_private() => {
                if matches!(zone, PrivateZone::None) {
                    let is = cluster.private_zone().map(str::to_owned);
                    differ(id, "the private DNS zone", is, NO_ZONE.to_owned());
                }
                let is = access.enable_public_fqdn.map(onoff);
                differ(id, "the public name of the API server", is, onoff(*public_fqdn));
            }
            _ => {}
        }
        let configured = std::iter::once((SYSTEM_POOL.to_owned(), &own.system))
            .chain(own.user_pools().into_iter().map(|(name, _)| (name, &own.user)));
        let mut known = Vec::new();
        let mut missing = Vec::new();
        for (name, wanted) in configured {
            match properties.pools.iter().find(|pool| pool.name == name) {
                Some(pool) => {
                    let at = format!("{id}/agentPools/{name}");
                    let bounds = pool
                        .min_count
                        .zip(pool.max_count)
                        .map(|(min, max)| format!("{min} to {max}"));
                    let scaled = pool.enable_auto_scaling.map(onoff);
                    differ(
                        &at,
                        "the number of nodes",
                        bounds,
                        format!("{} to {}", wanted.min, wanted.max),
                    );
                    differ(&at, "autoscaling", scaled, onoff(true));
                }
                // A cluster tells no pools at all only while it is being made.
                None if !properties.pools.is_empty() => missing.push(name.clone()),
                None => {}
            }
            known.push(name);
        }
        for name in missing {
            drift.push(Change {
                action: ChangeAction::Create,
                resource: format!("{id}/agentPools/{name}"),
                reason: "it is configured and not there".to_owned(),
            });
        }
        for pool in properties.pools.iter().filter(|pool| !known.contains(&pool.name)) {
            drift.push(Change {
                action: ChangeAction::Keep,
                resource: format!("{id}/agentPools/{}", pool.name),
                reason: "it is there and not configured".to_owned(),
            });
        }
    }
}

/// Ranges in order; an address alone is a range of one.
fn ranges_of(ranges: Vec<String>) -> String {
    let mut ranges: Vec<String> = ranges
        .into_iter()
        .map(|range| {
            if range.contains('/') {
                range
            } else {
                format!("{range}/32")
            }
        })
        .collect();
    ranges.sort_unstable();
    if ranges.is_empty() {
        "everybody".to_owned()
    } else {
        ranges.join(", ")
    }
}
