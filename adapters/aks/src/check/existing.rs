//! What is needed to use a cluster that somebody else made.

use kompox_domain::cluster::Check;
use kompox_domain::{Hint, Operation, Result};
use serde::Deserialize;

use super::findings::Findings;
use super::kind::CheckKind;
use super::read::{Permission, Read, Reader, is_silence, signed_in};
use super::{identity, ingress, linked, permissions, places, target_reads};
use crate::advice::to_domain;
use crate::api::MANAGED_CLUSTERS;
use crate::session::Session;
use crate::settings::cluster::ExistingSettings;
use crate::settings::ingress::described;
use kompox_domain::Cluster;

const KIND: CheckKind = CheckKind::ManagedCluster;

#[derive(Debug, Clone, Deserialize, Default)]
struct ReadCluster {
    #[serde(default)]
    properties: Properties,
}

#[derive(Debug, Clone, Deserialize, Default)]
#[serde(rename_all = "camelCase")]
struct Properties {
    #[serde(default)]
    provisioning_state: Option<String>,
    #[serde(default)]
    power_state: Power,
    #[serde(default)]
    oidc_issuer_profile: Switch,
    #[serde(default)]
    security_profile: Security,
}

#[derive(Debug, Clone, Deserialize, Default)]
struct Power {
    #[serde(default)]
    code: Option<String>,
}

#[derive(Debug, Clone, Deserialize, Default)]
struct Switch {
    #[serde(default)]
    enabled: Option<bool>,
}

#[derive(Debug, Clone, Deserialize, Default)]
#[serde(rename_all = "camelCase")]
struct Security {
    #[serde(default)]
    workload_identity: Switch,
}

/// What is needed to use it.
pub(crate) async fn check_existing(
    session: Session<'_>,
    scope: &Cluster,
    existing: &ExistingSettings,
) -> Result<Vec<Check>> {
    let reader = Reader { session };
    let who = signed_in(session.arm.identity(session.cx).await.map_err(to_domain))?;
    let id = existing.id.to_string();
    let (subscription, cluster, rights, of_subscription, targets, links) = futures::join!(
        reader.subscription(&existing.id.subscription),
        reader.one::<ReadCluster>(&id, MANAGED_CLUSTERS),
        reader.permissions(&id),
        async {
            let path = format!("/subscriptions/{}", session.provider.subscription);
            reader.permissions(&path).await
        },
        target_reads(reader, &existing.installed),
        linked::read(reader, linked::of_targets(&existing.installed)),
    );
    let (subscription, cluster) = (signed_in(subscription)?, signed_in(cluster)?);
    match (subscription, cluster) {
        (Err(error), Err(other)) if is_silence(&error) && is_silence(&other) => Err(error),
        (subscription, cluster) => {
            let mut findings = Findings::default();
            let who = who.unwrap_or_default();
            identity::identity(&mut findings, &who, &existing.id.subscription, &subscription);
            stands(&mut findings, &id, &cluster);
            allowed(&mut findings, &rights, &of_subscription);
            linked::linked(&mut findings, &links);
            findings.otherwise_pass(
                permissions::KIND,
                "what kompoxops does with this cluster and volumes is allowed",
            );
            let (zones, registries) = targets;
            places::targets(&mut findings, &existing.installed, &zones, &registries);
            ingress::image(&mut findings, &described(&scope.ingress, &scope.path()));
            Ok(findings.into_checks())
        }
    }
}

fn stands(findings: &mut Findings, id: &str, read: &Read<ReadCluster>) {
    let properties = match read {
        Ok(Some(cluster)) => &cluster.properties,
        Ok(None) => {
            findings.fail(
                KIND,
                format!("there is no managed cluster {id}"),
                Hint::setting(
                    "compare it with what az aks show prints, in",
                    "AZURE_AKS_RESOURCE_ID",
                ),
            );
            return;
        }
        Err(error) => {
            findings.unknown(KIND, "the managed cluster", error);
            return;
        }
    };
    if let Some(state) = properties
        .provisioning_state
        .as_deref()
        .filter(|state| !state.eq_ignore_ascii_case("Succeeded"))
    {
        findings.warn(
            KIND,
            format!("the managed cluster is {state}"),
            Hint::command(
                "whoever made it can tell; wait for what is under way",
                Operation::ClusterWait,
            ),
        );
    }
    if properties
        .power_state
        .code
        .as_deref()
        .is_some_and(|code| code.eq_ignore_ascii_case("Stopped"))
    {
        findings.warn(
            KIND,
            "the managed cluster is stopped",
            Hint::foreign("start it", "az aks start --ids <its id>"),
        );
    }
    for (profile, what, flag) in [
        (
            &properties.oidc_issuer_profile,
            "an OIDC issuer",
            "--enable-oidc-issuer",
        ),
        (
            &properties.security_profile.workload_identity,
            "workload identity",
            "--enable-workload-identity",
        ),
    ] {
        if profile.enabled != Some(true) {
            findings.warn(
                KIND,
                format!(
                    "the managed cluster has no {what}, without which its ingress cannot sign in to Azure"
                )
                .replace("no an ", "no "),
                Hint::foreign("turn it on", format!("az aks update {flag}")),
            );
        }
    }
    findings.otherwise_pass(KIND, format!("the managed cluster {id} is there and well"));
}

fn allowed(findings: &mut Findings, rights: &Read<Vec<Permission>>, subscription: &Read<Vec<Permission>>) {
    let kind = permissions::KIND;
    match rights {
        Ok(Some(rights)) => {
            // The cluster has no stack and no deployments, and its group need not be read.
            let needed = permissions::needed(permissions::USE)
                .into_iter()
                .filter(|action| action.starts_with("Microsoft.ContainerService/managedClusters/"))
                .collect();
            permissions::lacking_in(findings, "using the cluster", &needed, rights, true);
        }
        // That it is not there is another finding.
        Ok(None) => {}
        Err(error) => findings.unknown(kind, "what may be done with the managed cluster", error),
    }
    if let Err(error) = subscription {
        findings.unknown(kind, "what may be done in the subscription", error);
    }
    permissions::of_volumes(findings, subscription);
}
