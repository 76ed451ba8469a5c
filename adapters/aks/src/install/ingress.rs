//! The ingress that a cluster should have, as its configuration and Azure say.

use std::collections::BTreeMap;

use kompox_domain::Cluster;
use kompox_kube::Traefik;
use kompox_kube::traefik::{VaultCertificate, VaultMount};

use super::facts::{Facts, IngressIdentity};
use super::vaults::Vault;
use crate::settings::cluster::InstallTargets;
use crate::settings::ingress::described;

const CLIENT_ID: &str = "azure.workload.identity/client-id";

/// What is to be in the cluster.
pub(super) fn traefik(scope: &Cluster, targets: &InstallTargets, facts: &Facts, vaults: &[Vault]) -> Traefik {
    let mut traefik = described(&scope.ingress, &scope.path());
    traefik.service_account_annotations = facts.ingress.as_ref().map_or_else(BTreeMap::new, |identity| {
        BTreeMap::from([(CLIENT_ID.to_owned(), identity.client_id.clone())])
    });
    if let Some(identity) = &facts.ingress {
        traefik.vaults = vaults
            .iter()
            .map(|vault| mount(vault, identity, targets))
            .collect();
    }
    traefik
}

/// How the CSI driver gets at a vault: as the ingress's own identity, not as the node's
/// (<https://learn.microsoft.com/azure/aks/csi-secrets-store-identity-access>).
fn mount(vault: &Vault, identity: &IngressIdentity, targets: &InstallTargets) -> VaultMount {
    let mut parameters: BTreeMap<String, String> = [
        ("usePodIdentity", "false"),
        ("clientID", identity.client_id.as_str()),
        ("keyvaultName", vault.name.as_str()),
        ("tenantId", vault.tenant.as_str()),
    ]
    .map(|(key, value)| (key.to_owned(), value.to_owned()))
    .into();
    parameters.extend(cloud(&vault.host).map(|cloud| ("cloudName".to_owned(), cloud.to_owned())));
    let certificates = targets
        .certificates
        .iter()
        .filter(|certificate| certificate.host == vault.host)
        .map(|certificate| VaultCertificate {
            name: certificate.name.clone(),
            object: certificate.object.clone(),
            version: certificate.version.clone(),
        });
    VaultMount {
        name: format!("vault-{}", vault.name.to_lowercase()),
        parameters,
        certificates: certificates.collect(),
    }
}

/// The cloud of a vault, as the CSI driver's provider calls it; none for the public one, which it takes without.
fn cloud(host: &str) -> Option<&'static str> {
    const CLOUDS: [(&str, &str); 2] = [
        (".vault.usgovcloudapi.net", "AzureUSGovernmentCloud"),
        (".vault.azure.cn", "AzureChinaCloud"),
    ];
    let (_, cloud) = CLOUDS.iter().find(|(suffix, _)| host.ends_with(suffix))?;
    Some(cloud)
}
