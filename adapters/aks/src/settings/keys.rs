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
    "AZURE_AKS_UPGRADE_CHANNEL",
    "AZURE_AKS_NODE_OS_UPGRADE_CHANNEL",
    "AZURE_AKS_MAINTENANCE_WINDOW",
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
    "AZURE_AKS_USER_VM_ULTRA_SSD",
    "AZURE_AKS_ENCRYPTION_AT_HOST",
    "AZURE_AKS_DISK_ENCRYPTION_SET_ID",
    "AZURE_AKS_ADMIN_PRINCIPAL_IDS",
    "AZURE_AKS_DNS_ZONE_RESOURCE_IDS",
    "AZURE_AKS_CONTAINER_REGISTRY_RESOURCE_IDS",
    "AZURE_AKS_PRIVATE_CLUSTER",
    "AZURE_AKS_PRIVATE_CLUSTER_PUBLIC_FQDN",
    "AZURE_AKS_PRIVATE_DNS_ZONE",
    "AZURE_AKS_AUTHORIZED_IP_RANGES",
    "AZURE_AKS_VNET_SUBNET_ID",
    "AZURE_AKS_OUTBOUND_TYPE",
    "AZURE_AKS_NETWORK_POLICY",
    "AZURE_AKS_HTTP_PROXY",
    "AZURE_AKS_HTTPS_PROXY",
    "AZURE_AKS_NO_PROXY",
    "AZURE_AKS_PROXY_CA_FILE",
    "AZURE_AKS_IDENTITY_RESOURCE_ID",
    "AZURE_AKS_DISABLE_LOCAL_ACCOUNTS",
    "AZURE_AKS_DISABLE_RUN_COMMAND",
    "AZURE_KEY_VAULT_PURGE_PROTECTION",
    "AZURE_APPLICATION_INSIGHTS",
    "AZURE_AKS_COLLECT_SYSTEM_LOGS",
    "AZURE_AKS_RESOURCE_ID",
    "AZURE_INGRESS_CLIENT_ID",
];

/// The keys of an app.
pub const APP: &[&str] = &["AZURE_RESOURCE_GROUP_NAME"];

/// How many keys of one configuration are compared with those that exist: each comparison takes its time.
const GUESSES: usize = 1_000;

/// What to do about a key where no other can be named.
const CORRECT: &str = "correct it, or remove it";

/// What is left of the comparisons for one configuration.
pub(crate) struct Guesses(usize);

impl Default for Guesses {
    fn default() -> Self {
        Self(GUESSES)
    }
}

impl Guesses {
    fn take(&mut self) -> bool {
        let left = self.0 > 0;
        self.0 = self.0.saturating_sub(1);
        left
    }
}

/// A finding for every key that looks like one of ours and is none. Only the first `guessed` are compared with
/// those that exist, and these are listed once.
pub(crate) fn unknown(
    subject: &AnyId,
    settings: &Settings,
    known: &[&'static str],
    guessed: usize,
    guesses: &mut Guesses,
) -> impl Iterator<Item = Finding> {
    let mut listed = false;
    settings
        .iter()
        .filter(|(key, _)| is_unknown(key, known))
        .enumerate()
        .map(move |(number, (key, _))| {
            let nearest = (number < guessed && guesses.take())
                .then(|| nearest(key, known))
                .flatten();
            let list = nearest.is_none() && !listed;
            listed |= nearest.is_none();
            Finding {
                subject: subject.clone(),
                message: message(key),
                hints: vec![
                    nearest
                        .unwrap_or_else(|| if list { all(known) } else { CORRECT.to_owned() })
                        .into(),
                ],
            }
        })
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
    nearest(key, known).unwrap_or_else(|| all(known))
}

fn nearest(key: &str, known: &[&'static str]) -> Option<String> {
    let nearest = suggest::nearest(key, known.iter().copied())?;
    Some(format!("did you mean {nearest}?"))
}

fn all(known: &[&'static str]) -> String {
    format!("known here: {}", known.join(", "))
}

#[cfg(test)]
mod tests {
    use kompox_domain::Hint;
    use kompox_domain::settings::SettingValue;

    use super::*;

    #[test]
    fn a_misspelt_key_is_told_with_the_one_that_was_meant() {
        let subject: AnyId = "/ws/(nil)/prv/p".parse().unwrap();
        let settings: Settings = ["AZURE_LOCATOIN", "AZURE_LOCATION", "OTHER"]
            .map(|key| (key.to_owned(), SettingValue::Plain("x".to_owned())))
            .into_iter()
            .collect();
        let findings: Vec<Finding> =
            unknown(&subject, &settings, PROVIDER, 1, &mut Guesses::default()).collect();
        assert_eq!(findings.len(), 1);
        assert_eq!(
            findings.first().unwrap().hints,
            ["did you mean AZURE_LOCATION?".into()]
        );
    }

    #[test]
    fn the_keys_there_are_are_listed_once_and_guesses_end() {
        let subject: AnyId = "/ws/(nil)/prv/p".parse().unwrap();
        let settings: Settings = ["AZURE_A", "AZURE_B", "AZURE_LOCATOIN", "AZURE_LOCATOINS"]
            .map(|key| (key.to_owned(), SettingValue::Plain("x".to_owned())))
            .into_iter()
            .collect();
        let mut guesses = Guesses(4);
        let hints: Vec<Vec<Hint>> = unknown(&subject, &settings, PROVIDER, 3, &mut guesses)
            .map(|finding| finding.hints)
            .collect();
        let kind = |hints: &Vec<Hint>| hints.first().and_then(|hint| hint.text.chars().next());
        assert_eq!(
            hints.iter().map(kind).collect::<Vec<_>>(),
            [Some('k'), Some('c'), Some('d'), Some('c')]
        );
        assert_eq!(guesses.0, 1);
    }
}
