//! The template that a cluster's stack is made from, its parameters, and the hash of both.

use std::collections::BTreeMap;

use aws_lc_rs::digest::{SHA256, digest};
use kompox_arm::ResourceId;
use kompox_domain::{Cluster, Secret, Zone};
use serde_json::{Map, Value, json};
use ulid::Ulid;
use url::Url;

use super::document::{Typed, secure, template};
use super::names::Names;
use super::{foreign_tags, network_policy, upgrade_channels};
use crate::settings::ProviderSettings;
use crate::settings::cluster::{ApiServer, Pool, PrivateZone, ProvisionedSettings, SYSTEM_POOL};
use crate::tags::Tags;

pub(crate) const IDENTITIES: &str = "Microsoft.ManagedIdentity/userAssignedIdentities";

/// The parameter that [`window`] is the value of.
pub(crate) const WINDOW: &str = "maintenanceWindow";

/// What the settings leave open: what runs, and must not be reset by putting the stack again; or what a new cluster gets.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Kept {
    /// `currentKubernetesVersion` of the control plane; it counts where the settings name none.
    pub(crate) kubernetes_version: Option<String>,
    pub(crate) upgrade_channel: Option<String>,
    pub(crate) node_os_upgrade_channel: Option<String>,
    pub(crate) network_policy: Option<String>,
    pub(crate) network_dataplane: Option<String>,
    /// The identity that was given to the control plane. It stays with it: what the cluster may do elsewhere was given
    /// to that identity, and would be lost with it.
    pub(crate) identity: Option<String>,
    /// By the name of the pool.
    pub(crate) pools: BTreeMap<String, KeptPool>,
}

impl Kept {
    /// What a new cluster gets. It is no part of the hash: a cluster that is there has what it has, whatever a later
    /// release of ours would give a new one.
    pub(crate) fn of_new(own: &ProvisionedSettings) -> Self {
        Self {
            upgrade_channel: Some(upgrade_channels::of_new(own).to_owned()),
            node_os_upgrade_channel: Some(own.preset.node_os_upgrade_channel.to_owned()),
            network_policy: Some(network_policy::OF_NEW.to_owned()),
            network_dataplane: Some(network_policy::dataplane_of(network_policy::OF_NEW).to_owned()),
            ..Self::default()
        }
    }
}

/// What runs in a pool.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct KeptPool {
    /// `count`: the autoscaler's, not ours.
    pub(crate) count: Option<u32>,
    /// `currentOrchestratorVersion`: nodes may be behind the control plane.
    pub(crate) version: Option<String>,
    /// Tags that others have set.
    pub(crate) tags: Tags,
}

/// The template's parameters: `{"name": {"value": …}}`, as a stack takes them.
///
/// `httpProxy` and `httpsProxy` may hold passwords; the template declares them as secure, so Azure does not show them.
pub(crate) fn parameters(
    cluster: &Cluster,
    provider: &ProviderSettings,
    own: &ProvisionedSettings,
    created: Ulid,
    kept: &Kept,
) -> Map<String, Value> {
    let version = own
        .kubernetes_version
        .as_deref()
        .or(kept.kubernetes_version.as_deref())
        .unwrap_or_default();
    let (http, https) = own
        .proxy
        .as_ref()
        .map_or((None, None), |proxy| (proxy.http.as_ref(), proxy.https.as_ref()));
    let text = |secret: Option<&Secret>| secret.map_or_else(String::new, |secret| secret.expose().to_owned());
    let id = |id: Option<&ResourceId>| id.map(ToString::to_string).unwrap_or_default();
    let admin = |(id, kind): &(String, &str)| json!({"id": id, "type": kind});
    let (ranges, zone, public_fqdn) = api_server(&own.api_server);
    let ingress = &cluster.ingress;
    let channel = own.upgrades.channel.or(kept.upgrade_channel.as_deref());
    let node_os_channel = own
        .upgrades
        .node_os_channel
        .or_else(|| upgrade_channels::brought_along(channel?))
        .or(kept.node_os_upgrade_channel.as_deref());
    let (policy, dataplane) = match own.network_policy {
        Some(policy) => (Some(policy), Some(network_policy::dataplane_of(policy))),
        None => (kept.network_policy.as_deref(), kept.network_dataplane.as_deref()),
    };
    let identity = own.identity.as_ref().map(ToString::to_string);
    let identity = identity.or_else(|| {
        let ours = own_identity(&provider.subscription, &own.group, &cluster.path());
        let kept = kept.identity.clone();
        // That of the template is told by its name.
        kept.filter(|kept| !ours.is_some_and(|ours| ours.eq_ignore_ascii_case(kept)))
    });
    let values = [
        ("location", json!(provider.location)),
        ("resourceGroupName", json!(own.group)),
        ("adoptResourceGroup", json!(own.adopt)),
        ("cluster", json!(cluster.path())),
        ("created", json!(created.to_string())),
        (foreign_tags::PARAMETER, foreign_tags::none()),
        ("kubernetesVersion", json!(version)),
        ("upgradeChannel", json!(channel.unwrap_or_default())),
        ("nodeOsUpgradeChannel", json!(node_os_channel.unwrap_or_default())),
        (WINDOW, window(own)),
        ("skuTier", json!(own.sku_tier)),
        ("systemPool", system_pool(own, kept)),
        ("userPools", user_pools(own, kept)),
        ("admins", own.admins.iter().map(admin).collect()),
        (
            "privateCluster",
            json!(matches!(own.api_server, ApiServer::Private { .. })),
        ),
        ("privateClusterPublicFqdn", json!(public_fqdn)),
        ("privateDnsZone", json!(zone)),
        ("authorizedIpRanges", json!(ranges)),
        ("subnetId", json!(id(own.subnet.as_ref()))),
        ("outboundType", json!(own.outbound_type)),
        ("networkPolicy", json!(policy.unwrap_or_default())),
        ("networkDataplane", json!(dataplane.unwrap_or_default())),
        ("diskEncryptionSetId", json!(id(own.disk_encryption_set.as_ref()))),
        ("httpProxy", json!(text(http))),
        ("httpsProxy", json!(text(https))),
        (
            "noProxy",
            json!(own.proxy.as_ref().map_or(&[][..], |proxy| &proxy.no_proxy)),
        ),
        (
            "proxyCa",
            json!(
                own.proxy
                    .as_ref()
                    .and_then(|proxy| proxy.ca.as_deref())
                    .unwrap_or_default()
            ),
        ),
        ("identityId", json!(identity.unwrap_or_default())),
        ("keepIdentity", json!(kept.identity.is_some())),
        ("disableLocalAccounts", json!(own.disable_local_accounts)),
        ("disableRunCommand", json!(own.disable_run_command)),
        ("vaultPurgeProtection", json!(own.vault_purge_protection)),
        ("applicationInsights", json!(own.application_insights)),
        ("registrySku", json!(own.preset.registry_sku)),
        ("ingressNamespace", json!(ingress.namespace.as_str())),
        ("ingressServiceAccount", json!(ingress.service_account.as_str())),
    ];
    values
        .into_iter()
        .map(|(name, value)| (name.to_owned(), json!({"value": value})))
        .collect()
}

/// The id of the identity that the template makes for the control plane, where it makes one.
pub(crate) fn own_identity(subscription: &str, group: &str, cluster: &str) -> Option<String> {
    let name = Names::new(subscription, group, cluster).of("clusterIdentity")?;
    Some(format!(
        "/subscriptions/{subscription}/resourceGroups/{group}/providers/{IDENTITIES}/{name}"
    ))
}

/// The parameters that are ids, or words. Azure tells ids apart by everything but case.
const IDS: [&str; 4] = ["subnetId", "identityId", "diskEncryptionSetId", "privateDnsZone"];

/// Writes ids as they were written before, where only their case differs: names of role assignments are made from them,
/// and a cluster would be put again for nothing.
pub(crate) fn write_ids_as_before(parameters: &mut Map<String, Value>, stored: &BTreeMap<String, Typed>) {
    for name in IDS {
        let before = stored.get(name).and_then(|stored| stored.value.as_str());
        let now = parameters.get_mut(name).and_then(|now| now.get_mut("value"));
        if let (Some(before), Some(now)) = (before, now)
            && now.as_str().is_some_and(|now| now.eq_ignore_ascii_case(before))
        {
            *now = Value::String(before.to_owned());
        }
    }
}

/// The SHA-256 of template and parameters, in hexadecimal digits: what a stack's `kompox-hash` says.
///
/// Left out are what runs (so that an upgrade by AKS or a node more by the autoscaler changes nothing), the tags of
/// others, the ULID of the cluster, and the passwords of proxies: a tag is no place for anything that a password could be guessed from.
pub(crate) fn hash(cluster: &Cluster, provider: &ProviderSettings, own: &ProvisionedSettings) -> String {
    let mut parameters = parameters(cluster, provider, own, Ulid::nil(), &Kept::default());
    parameters.remove("created");
    for name in secure() {
        if let Some(value) = parameters
            .get_mut(name)
            .and_then(|parameter| parameter.get_mut("value"))
        {
            *value = value
                .as_str()
                .map_or(Value::Null, |text| Value::String(without_password(text)));
        }
    }
    for name in IDS {
        let value = parameters.get_mut(name).and_then(|now| now.get_mut("value"));
        if let Some(Value::String(id)) = value {
            id.make_ascii_lowercase();
        }
    }
    let mut text = String::new();
    canonical(template(), &mut text);
    canonical(&Value::Object(parameters), &mut text);
    let digest = digest(&SHA256, text.as_bytes());
    digest
        .as_ref()
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .filter_map(|digit| char::from_digit(digit.into(), 16))
        .collect()
}

fn without_password(address: &str) -> String {
    let Ok(mut url) = Url::parse(address) else {
        return String::new();
    };
    // A URL with a host, as these are, takes both.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    url.to_string()
}

/// JSON with the keys in order, whatever the order in which a map keeps them.
pub(super) fn canonical(value: &Value, text: &mut String) {
    match value {
        Value::Object(map) => {
            let sorted: BTreeMap<&String, &Value> = map.iter().collect();
            text.push('{');
            for (key, value) in sorted {
                text.push_str(&Value::String(key.clone()).to_string());
                text.push(':');
                canonical(value, text);
                text.push(',');
            }
            text.push('}');
        }
        Value::Array(values) => {
            text.push('[');
            for value in values {
                canonical(value, text);
                text.push(',');
            }
            text.push(']');
        }
        plain => text.push_str(&plain.to_string()),
    }
}

fn api_server(api_server: &ApiServer) -> (&[String], String, bool) {
    match api_server {
        ApiServer::Public { ranges } => (ranges, "system".to_owned(), true),
        ApiServer::Private { zone, public_fqdn } => {
            let zone = match zone {
                PrivateZone::System => "system".to_owned(),
                PrivateZone::None => "none".to_owned(),
                PrivateZone::Own(id) => id.to_string(),
            };
            (&[], zone, *public_fqdn)
        }
    }
}

/// When AKS may upgrade the cluster; an empty object where the settings do not say.
pub(crate) fn window(own: &ProvisionedSettings) -> Value {
    own.upgrades.window.as_ref().map_or_else(
        || json!({}),
        |window| {
            json!({
                "dayOfWeek": window.day,
                "startTime": window.start,
                "durationHours": window.hours,
                "utcOffset": window.utc_offset,
            })
        },
    )
}

fn system_pool(own: &ProvisionedSettings, kept: &Kept) -> Value {
    let mut pool = pool(own, &own.system, SYSTEM_POOL, &own.system.zones, kept);
    // Ordinary pods stay away from system nodes, but only where they have others: nodes that are Spot let in nothing
    // that does not tolerate them.
    let taints: &[&str] = if own.user.priority == "Spot" {
        &[]
    } else {
        &["CriticalAddonsOnly=true:NoSchedule"]
    };
    pool.insert("taints".to_owned(), json!(taints));
    Value::Object(pool)
}

fn user_pools(own: &ProvisionedSettings, kept: &Kept) -> Value {
    own.user_pools()
        .into_iter()
        .map(|(name, zone)| {
            let mut pool = pool(own, &own.user, &name, zone.as_slice(), kept);
            pool.insert("name".to_owned(), json!(name));
            pool.insert("priority".to_owned(), json!(own.user.priority));
            pool.insert("ultraSsd".to_owned(), json!(own.user.ultra_ssd));
            Value::Object(pool)
        })
        .collect()
}

fn pool(
    own: &ProvisionedSettings,
    pool: &Pool,
    name: &str,
    zones: &[Zone],
    kept: &Kept,
) -> Map<String, Value> {
    let running = kept.pools.get(name);
    let version = own
        .kubernetes_version
        .as_deref()
        .or_else(|| running.and_then(|running| running.version.as_deref()));
    // A pool whose bounds were changed cannot begin outside of them.
    let count = running
        .and_then(|running| running.count)
        .map_or(pool.min, |count| count.clamp(pool.min, pool.max));
    let zones: Vec<String> = zones.iter().map(ToString::to_string).collect();
    let tags = running.map(|running| &running.tags).cloned().unwrap_or_default();
    let values = [
        ("version", json!(version.unwrap_or_default())),
        ("count", json!(count)),
        ("minCount", json!(pool.min)),
        ("maxCount", json!(pool.max)),
        ("vmSize", json!(pool.vm_size)),
        ("diskType", json!(pool.disk_type)),
        ("diskSizeGB", json!(pool.disk_size_gb)),
        ("zones", json!(zones)),
        ("encryptionAtHost", json!(own.encryption_at_host)),
        (foreign_tags::OF_POOL, json!(tags)),
    ];
    values
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
}
