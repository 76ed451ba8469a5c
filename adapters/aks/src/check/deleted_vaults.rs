//! Names that deleted vaults still hold.
//!
//! A vault's name is made by ARM's `uniqueString` over subscription, group and cluster: a deleted vault that was this
//! cluster's, in this group, has the name that the next one will have. So it is known by its tags and by where it was,
//! and no name has to be guessed. What belongs to other subscriptions is not listed to us, but cannot have this name
//! except by an accident in 64 bits.

use kompox_domain::Hint;
use std::collections::BTreeMap;

use kompox_arm::ResourceId;
use serde::Deserialize;

use super::findings::Findings;
use super::kind::CheckKind;
use super::read::{Element, Read};
use crate::lenient::text_map;
use crate::tags::{belongs_to_cluster, tag};

const KIND: CheckKind = CheckKind::VaultNames;

/// A vault in soft delete.
#[derive(Debug, Clone, Deserialize, Default)]
pub(super) struct DeletedVault {
    #[serde(default)]
    name: String,
    #[serde(default)]
    properties: DeletedProperties,
}

#[derive(Debug, Clone, Deserialize, Default)]
#[serde(rename_all = "camelCase")]
struct DeletedProperties {
    #[serde(default)]
    vault_id: String,
    #[serde(default)]
    location: String,
    #[serde(default, deserialize_with = "text_map")]
    tags: BTreeMap<String, String>,
    #[serde(default)]
    scheduled_purge_date: Option<String>,
    #[serde(default)]
    purge_protection_enabled: Option<bool>,
}

/// Which vault it was.
#[derive(Deserialize)]
pub(super) struct VaultIdentity {
    #[serde(rename = "name")]
    _name: String,
    properties: VaultOrigin,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct VaultOrigin {
    vault_id: String,
}

impl VaultIdentity {
    /// Whether it lay in that group.
    pub(super) fn was_in(&self, group: &str) -> bool {
        is_in(&self.properties.vault_id, group)
    }
}

impl Element for DeletedVault {
    type Identity = VaultIdentity;
}

fn is_in(id: &str, group: &str) -> bool {
    let id = id.parse::<ResourceId>();
    id.is_ok_and(|id| id.group.eq_ignore_ascii_case(group))
}

/// Of a cluster that is called `path` and lies in `group`.
pub(super) fn vaults(findings: &mut Findings, path: &str, group: &str, read: &Read<Vec<DeletedVault>>) {
    let vaults = match read {
        Ok(vaults) => vaults.as_deref().unwrap_or_default(),
        Err(error) => {
            findings.unknown(KIND, "which deleted vaults still hold their names", error);
            return;
        }
    };
    for vault in vaults
        .iter()
        .filter(|vault| is_in(&vault.properties.vault_id, group))
    {
        let (name, properties) = (&vault.name, &vault.properties);
        if belongs_to_cluster(&properties.tags, path) {
            blocked(findings, name, properties);
        } else if name.starts_with("kv-") && tag(&properties.tags, kompox_domain::tags::CLUSTER).is_none() {
            findings.warn(
                KIND,
                format!(
                    "the deleted vault {name} was in resource group {group}, and no tag says whose it was"
                ),
                "if provisioning fails for its name: look into it, then recover or purge it with az keyvault",
            );
        }
    }
    findings.otherwise_pass(
        KIND,
        "no deleted vault holds the name that the cluster's vault will have",
    );
}

fn blocked(findings: &mut Findings, name: &str, properties: &DeletedProperties) {
    let recover = format!(
        "az keyvault recover --name {name} --location {}",
        properties.location
    );
    let until = properties
        .scheduled_purge_date
        .as_deref()
        .map(|date| format!(" until {date}"))
        .unwrap_or_default();
    let message = format!("the deleted vault of this cluster, {name}, holds its name{until}");
    let hints = if properties.purge_protection_enabled == Some(true) {
        vec![Hint::foreign(
            "it is protected from purging; make its resource group and recover it",
            recover,
        )]
    } else {
        let purge = format!(
            "az keyvault purge --name {name} --location {}",
            properties.location
        );
        vec![
            Hint::foreign("purge it if its secrets are not needed", purge),
            Hint::foreign("or make its resource group and recover it", recover),
        ]
    };
    findings.fail_with_hints(KIND, message, hints);
}

#[cfg(test)]
mod tests {
    use kompox_domain::cluster::Verdict;
    use serde_json::{Value, json};

    use super::*;

    fn found(vault: Value) -> (Verdict, String) {
        let mut findings = Findings::default();
        let vault = serde_json::from_value(vault).unwrap();
        vaults(&mut findings, "ws1/prv1/c1", "rg", &Ok(Some(vec![vault])));
        let [check] = findings.checks() else {
            panic!("{findings:?}")
        };
        (check.verdict, format!("{:?}", check.hints))
    }

    fn vault(group: &str, tags: &Value, protected: bool) -> Value {
        json!({"name": "kv-abcdefghijklm", "properties": {
            "vaultId": format!("/subscriptions/s/resourceGroups/{group}/providers/Microsoft.KeyVault/vaults/kv-abcdefghijklm"),
            "location": "japaneast", "tags": tags, "purgeProtectionEnabled": protected,
            "scheduledPurgeDate": "2027-02-19T00:00:00Z"}})
    }

    #[test]
    fn only_a_vault_that_was_this_clusters_in_this_group_holds_its_name() {
        let ours = json!({"managed-by": "kompox", "kompox-cluster": "ws1/prv1/c1"});
        let other = json!({"managed-by": "kompox", "kompox-cluster": "ws1/prv1/c2"});
        let (verdict, hint) = found(vault("RG", &ours, false));
        assert_eq!(verdict, Verdict::Fail);
        assert!(
            hint.contains("az keyvault purge --name kv-abcdefghijklm"),
            "{hint}"
        );
        let (verdict, hint) = found(vault("rg", &ours, true));
        assert_eq!(verdict, Verdict::Fail);
        assert!(
            !hint.contains("keyvault purge") && hint.contains("keyvault recover"),
            "{hint}"
        );
        assert_eq!(found(vault("elsewhere", &ours, false)).0, Verdict::Pass);
        assert_eq!(found(vault("rg", &other, false)).0, Verdict::Pass);
        let (verdict, hint) = found(vault("rg", &json!({}), false));
        assert_eq!(verdict, Verdict::Warn);
        assert!(
            !hint.contains("--name"),
            "nobody is told to purge what is not proved ours"
        );
    }
}
