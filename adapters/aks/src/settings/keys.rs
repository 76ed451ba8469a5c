//! The keys that exist. One that begins with `AZURE_` and is not among them is a mistake.

use kompox_domain::driver::Finding;
use kompox_domain::model::AnyId;
use kompox_domain::settings::Settings;
use kompox_domain::{Error, ErrorKind, Result, suggest};

/// The keys of a provider.
pub const PROVIDER: &[&str] = &[
    "AZURE_SUBSCRIPTION_ID",
    "AZURE_LOCATION",
    "AZURE_AUTH_METHOD",
    "AZURE_TENANT_ID",
    "AZURE_CLIENT_ID",
    "AZURE_CLIENT_SECRET",
    "AZURE_FEDERATED_TOKEN_FILE",
    "AZURE_CLIENT_CERTIFICATE_PATH",
    "AZURE_RESOURCE_PREFIX",
    "AZURE_CLOUD",
    "AZURE_RESOURCE_MANAGER_ENDPOINT",
    "AZURE_AUTHORITY_HOST",
    "AZURE_CA_FILE",
];

/// The keys of a cluster.
pub const CLUSTER: &[&str] = &[
    "AZURE_RESOURCE_GROUP_NAME",
    "AZURE_RESOURCE_GROUP_ADOPT",
    "AZURE_AKS_KUBERNETES_VERSION",
    "AZURE_AKS_SKU_TIER",
    "AZURE_AKS_PRESET",
    "AZURE_AKS_SYSTEM_VM_SIZE",
    "AZURE_AKS_SYSTEM_VM_DISK_TYPE",
    "AZURE_AKS_SYSTEM_VM_DISK_SIZE_GB",
    "AZURE_AKS_SYSTEM_VM_PRIORITY",
    "AZURE_AKS_SYSTEM_VM_ZONES",
    "AZURE_AKS_USER_VM_SIZE",
    "AZURE_AKS_USER_VM_DISK_TYPE",
    "AZURE_AKS_USER_VM_DISK_SIZE_GB",
    "AZURE_AKS_USER_VM_PRIORITY",
    "AZURE_AKS_USER_VM_ZONES",
    "AZURE_AKS_ADMIN_PRINCIPAL_IDS",
    "AZURE_AKS_DNS_ZONE_RESOURCE_IDS",
    "AZURE_AKS_CONTAINER_REGISTRY_RESOURCE_IDS",
    "AZURE_AKS_PRIVATE_CLUSTER",
    "AZURE_AKS_PRIVATE_CLUSTER_PUBLIC_FQDN",
    "AZURE_AKS_PRIVATE_DNS_ZONE",
    "AZURE_AKS_AUTHORIZED_IP_RANGES",
    "AZURE_AKS_VNET_SUBNET_ID",
    "AZURE_AKS_OUTBOUND_TYPE",
    "AZURE_AKS_HTTP_PROXY",
    "AZURE_AKS_HTTPS_PROXY",
    "AZURE_AKS_NO_PROXY",
    "AZURE_AKS_PROXY_CA_FILE",
    "AZURE_AKS_IDENTITY_RESOURCE_ID",
    "AZURE_AKS_DISABLE_LOCAL_ACCOUNTS",
    "AZURE_AKS_DISABLE_RUN_COMMAND",
    "AZURE_KEY_VAULT_PURGE_PROTECTION",
    "AZURE_AKS_RESOURCE_ID",
    "AZURE_INGRESS_CLIENT_ID",
];

/// The keys of an app.
pub const APP: &[&str] = &["AZURE_RESOURCE_GROUP_NAME"];

/// A finding for every key that looks like one of ours and is none.
pub(crate) fn unknown(subject: &AnyId, settings: &Settings, known: &[&'static str]) -> Vec<Finding> {
    settings
        .iter()
        .filter(|(key, _)| is_unknown(key, known))
        .map(|(key, _)| Finding {
            subject: subject.clone(),
            message: message(key),
            hint: Some(hint(key, known)),
        })
        .collect()
}

/// Refuses keys that look like ours and are none.
///
/// # Errors
/// `InvalidInput`, for the first of them.
pub(crate) fn require_known(settings: &Settings, known: &[&'static str]) -> Result<()> {
    match settings.iter().find(|(key, _)| is_unknown(key, known)) {
        None => Ok(()),
        Some((key, _)) => Err(Error::new(ErrorKind::InvalidInput, message(key)).with_hint(hint(key, known))),
    }
}

fn is_unknown(key: &str, known: &[&'static str]) -> bool {
    key.starts_with("AZURE_") && !known.contains(&key)
}

fn message(key: &str) -> String {
    format!("setting {key} is not known")
}

fn hint(key: &str, known: &[&'static str]) -> String {
    match suggest::nearest(key, known.iter().copied()) {
        Some(nearest) => format!("did you mean {nearest}?"),
        None => format!("known here: {}", known.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use kompox_domain::settings::SettingValue;

    use super::*;

    #[test]
    fn a_misspelt_key_is_told_with_the_one_that_was_meant() {
        let subject: AnyId = "/ws/(nil)/prv/p".parse().unwrap();
        let settings: Settings = ["AZURE_LOCATOIN", "AZURE_LOCATION", "OTHER"]
            .map(|key| (key.to_owned(), SettingValue::Plain("x".to_owned())))
            .into_iter()
            .collect();
        let findings = unknown(&subject, &settings, PROVIDER);
        assert_eq!(findings.len(), 1);
        assert_eq!(
            findings.first().unwrap().hint.as_deref(),
            Some("did you mean AZURE_LOCATION?")
        );
    }
}
