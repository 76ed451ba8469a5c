//! Reading a cluster's settings as a whole: every key, and everything that is wrong.

use kompox_domain::hint::Verb;
use kompox_domain::{Cluster, Error, ErrorKind, Hint, Result, Secret, SecretReader};

use super::model::{
    ApiServer, ClusterSettings, ExistingSettings, FoundBy, InstallTargets, Pool, PrivateZone,
    ProvisionedSettings, Proxy,
};
use super::preset::{self, PoolSize, Preset};
use super::reader::{Problem, Reader};
use super::upgrades::Upgrades;
use super::{certificates, rules, values};
use crate::settings::group::cluster_group;

impl ClusterSettings {
    /// Reads the settings of a cluster of a provider with this region and prefix, and the file of certificates that
    /// they name.
    ///
    /// # Errors
    /// Everything that is wrong, one problem each.
    pub(crate) fn read(
        cluster: &Cluster,
        region: &str,
        prefix: Option<&str>,
        secrets: &dyn SecretReader,
    ) -> Result<Self, Problems> {
        let mut reader = Reader::new(&cluster.settings, Some(secrets));
        let settings = settings(&mut reader, cluster, Some(region), prefix);
        match settings {
            Some(settings) if reader.problems.is_empty() => Ok(settings),
            _ => Err(Problems(reader.problems)),
        }
    }

    /// Everything that is wrong and can be told without reading what stands elsewhere.
    pub(crate) fn problems(cluster: &Cluster, region: Option<&str>, prefix: Option<&str>) -> Vec<Error> {
        let mut reader = Reader::new(&cluster.settings, None);
        settings(&mut reader, cluster, region, prefix);
        reader.problems.iter().map(Problem::to_error).collect()
    }
}

impl FoundBy {
    /// Reads what says where a cluster is, and nothing else of its settings: they may be wrong in what does not matter
    /// to whoever only looks for it.
    ///
    /// # Errors
    /// `InvalidInput`: then nothing is known of the cluster, not even that there is none.
    pub(crate) fn read(cluster: &Cluster, prefix: Option<&str>) -> Result<Self> {
        let mut reader = Reader::new(&cluster.settings, None);
        let found_by = if cluster.existing {
            rules::resource_id(&mut reader).map(Self::Id)
        } else {
            rules::not_existing(&mut reader);
            Some(Self::Group(cluster_group(cluster, prefix)?))
        };
        match found_by {
            Some(found_by) if reader.problems.is_empty() => Ok(found_by),
            _ => Err(Problems(reader.problems).to_error()),
        }
    }
}

/// What is wrong with the settings of a cluster.
#[derive(Debug, Clone)]
pub(crate) struct Problems(pub(super) Vec<Problem>);

impl Problems {
    /// All of them as one error.
    pub(crate) fn to_error(&self) -> Error {
        match self.0.as_slice() {
            [problem] => problem.to_error(),
            problems => {
                let all: Vec<&str> = problems.iter().map(Problem::message).collect();
                Error::new(ErrorKind::InvalidInput, all.join("; "))
                    .with_hint(Hint::command("see what to do about each", Verb::Check))
            }
        }
    }
}

const SKU_TIERS: [&str; 3] = ["Free", "Standard", "Premium"];
const NETWORK_POLICIES: [&str; 3] = ["cilium", "azure", "none"];

/// The settings, as far as they can be read. Where something is wrong, the reader knows.
fn settings(
    reader: &mut Reader<'_>,
    cluster: &Cluster,
    region: Option<&str>,
    prefix: Option<&str>,
) -> Option<ClusterSettings> {
    if cluster.existing {
        return existing(reader, cluster).map(ClusterSettings::Existing);
    }
    rules::not_existing(reader);
    let group = match cluster_group(cluster, prefix) {
        Ok(group) => group,
        Err(error) => {
            reader.problem_of(&error);
            String::new()
        }
    };
    let own = own(reader, cluster, group, region);
    rules::together(reader, &own, region);
    Some(ClusterSettings::Provisioned(Box::new(own)))
}

fn existing(reader: &mut Reader<'_>, cluster: &Cluster) -> Option<ExistingSettings> {
    rules::existing(reader);
    let id = rules::resource_id(reader);
    let ingress_client_id = reader.value("AZURE_INGRESS_CLIENT_ID", values::guid);
    let installed = install_targets(reader, cluster);
    rules::certificates_of_existing(reader, &installed);
    Some(ExistingSettings {
        id: id?,
        ingress_client_id,
        installed,
    })
}

fn install_targets(reader: &mut Reader<'_>, cluster: &Cluster) -> InstallTargets {
    rules::ingress(reader, &cluster.ingress);
    let certificates = certificates::read(reader, &cluster.ingress.certificates);
    let mut ids = |key, of| {
        reader
            .value(key, |text| values::resource_ids(text, of))
            .unwrap_or_default()
    };
    InstallTargets {
        dns_zones: ids("AZURE_AKS_DNS_ZONE_RESOURCE_IDS", values::ANY_ZONE),
        registries: ids("AZURE_AKS_CONTAINER_REGISTRY_RESOURCE_IDS", values::REGISTRY),
        certificates,
        system_logs: reader.flag("AZURE_AKS_COLLECT_SYSTEM_LOGS", false),
    }
}

fn own(
    reader: &mut Reader<'_>,
    cluster: &Cluster,
    group: String,
    region: Option<&str>,
) -> ProvisionedSettings {
    let preset = preset(reader);
    ProvisionedSettings {
        group,
        adopt: reader
            .value("AZURE_RESOURCE_GROUP_ADOPT", |text| {
                values::one_of(text, &["use"])
            })
            .is_some(),
        preset,
        kubernetes_version: reader.value("AZURE_AKS_KUBERNETES_VERSION", values::version),
        upgrades: Upgrades::read(reader),
        sku_tier: reader
            .value("AZURE_AKS_SKU_TIER", |text| values::one_of(text, &SKU_TIERS))
            .unwrap_or(preset.sku_tier),
        system: pool(reader, &SYSTEM_KEYS, preset.system, region),
        user: pool(reader, &USER_KEYS, preset.user, region),
        admins: reader
            .value("AZURE_AKS_ADMIN_PRINCIPAL_IDS", values::principals)
            .unwrap_or_default(),
        api_server: api_server(reader),
        subnet: reader.value("AZURE_AKS_VNET_SUBNET_ID", |text| {
            values::resource_id(text, values::SUBNET)
        }),
        outbound_type: reader
            .value("AZURE_AKS_OUTBOUND_TYPE", values::outbound_type)
            .unwrap_or("loadBalancer"),
        network_policy: reader.value("AZURE_AKS_NETWORK_POLICY", |text| {
            values::one_of(text, &NETWORK_POLICIES)
        }),
        encryption_at_host: reader.flag("AZURE_AKS_ENCRYPTION_AT_HOST", false),
        disk_encryption_set: reader.value("AZURE_AKS_DISK_ENCRYPTION_SET_ID", |text| {
            values::resource_id(text, values::DISK_ENCRYPTION_SET)
        }),
        proxy: proxy(reader),
        identity: reader.value("AZURE_AKS_IDENTITY_RESOURCE_ID", |text| {
            values::resource_id(text, values::IDENTITY)
        }),
        disable_local_accounts: reader.flag("AZURE_AKS_DISABLE_LOCAL_ACCOUNTS", false),
        disable_run_command: reader.flag("AZURE_AKS_DISABLE_RUN_COMMAND", false),
        vault_purge_protection: reader.flag("AZURE_KEY_VAULT_PURGE_PROTECTION", false),
        application_insights: reader.flag("AZURE_APPLICATION_INSIGHTS", false),
        installed: install_targets(reader, cluster),
    }
}

fn preset(reader: &mut Reader<'_>) -> &'static Preset {
    let name = reader.value("AZURE_AKS_PRESET", |text| values::one_of(text, &preset::NAMES));
    let named = name.and_then(|name| preset::PRESETS.iter().find(|preset| preset.name == name));
    let [default, ..] = &preset::PRESETS;
    named.unwrap_or(default)
}

/// The keys of one kind of pool.
struct PoolKeys {
    size: &'static str,
    disk_type: &'static str,
    disk_size: &'static str,
    priority: &'static str,
    zones: &'static str,
    /// Only pools that run apps have it.
    ultra_ssd: Option<&'static str>,
}

const SYSTEM_KEYS: PoolKeys = PoolKeys {
    size: "AZURE_AKS_SYSTEM_VM_SIZE",
    disk_type: "AZURE_AKS_SYSTEM_VM_DISK_TYPE",
    disk_size: "AZURE_AKS_SYSTEM_VM_DISK_SIZE_GB",
    priority: "AZURE_AKS_SYSTEM_VM_PRIORITY",
    zones: "AZURE_AKS_SYSTEM_VM_ZONES",
    ultra_ssd: None,
};
const USER_KEYS: PoolKeys = PoolKeys {
    size: "AZURE_AKS_USER_VM_SIZE",
    disk_type: "AZURE_AKS_USER_VM_DISK_TYPE",
    disk_size: "AZURE_AKS_USER_VM_DISK_SIZE_GB",
    priority: "AZURE_AKS_USER_VM_PRIORITY",
    zones: "AZURE_AKS_USER_VM_ZONES",
    ultra_ssd: Some("AZURE_AKS_USER_VM_ULTRA_SSD"),
};

fn pool(reader: &mut Reader<'_>, keys: &PoolKeys, size: PoolSize, region: Option<&str>) -> Pool {
    Pool {
        vm_size: reader
            .value(keys.size, values::vm_size)
            .unwrap_or_else(|| size.vm_size.to_owned()),
        disk_type: reader
            .value(keys.disk_type, |text| {
                values::one_of(text, &["Managed", "Ephemeral"])
            })
            .unwrap_or("Managed"),
        disk_size_gb: reader
            .value(keys.disk_size, values::disk_size)
            .unwrap_or(size.disk_size_gb),
        priority: reader
            .value(keys.priority, |text| values::one_of(text, &["Regular", "Spot"]))
            .unwrap_or("Regular"),
        zones: reader
            .value(keys.zones, |text| values::zones(text, region))
            .unwrap_or_default(),
        ultra_ssd: keys.ultra_ssd.is_some_and(|key| reader.flag(key, false)),
        min: size.min,
        max: size.max,
    }
}

fn api_server(reader: &mut Reader<'_>) -> ApiServer {
    let ranges = reader
        .value("AZURE_AKS_AUTHORIZED_IP_RANGES", values::ranges)
        .unwrap_or_default();
    let zone = reader.value("AZURE_AKS_PRIVATE_DNS_ZONE", |text| match text {
        "system" => Ok(PrivateZone::System),
        "none" => Ok(PrivateZone::None),
        id if id.starts_with('/') => values::resource_id(id, values::PRIVATE_ZONE).map(PrivateZone::Own),
        other => values::one_of(other, &["system", "none"]).map(|_| PrivateZone::System),
    });
    let public_fqdn = reader.flag("AZURE_AKS_PRIVATE_CLUSTER_PUBLIC_FQDN", true);
    if reader.flag("AZURE_AKS_PRIVATE_CLUSTER", false) {
        ApiServer::Private {
            zone: zone.unwrap_or(PrivateZone::System),
            public_fqdn,
        }
    } else {
        ApiServer::Public { ranges }
    }
}

fn proxy(reader: &mut Reader<'_>) -> Option<Proxy> {
    let mut address = |key, schemes: &[&str]| {
        reader.value(key, |text| {
            values::proxy(text, schemes)?;
            Ok(Secret::new(text.to_owned()))
        })
    };
    // The schemes that AKS takes.
    let http = address("AZURE_AKS_HTTP_PROXY", &["http"]);
    let https = address("AZURE_AKS_HTTPS_PROXY", &["http", "https"]);
    let no_proxy = reader
        .value("AZURE_AKS_NO_PROXY", values::no_proxy)
        .unwrap_or_default();
    if http.is_none() && https.is_none() {
        return None;
    }
    Some(Proxy {
        http,
        https,
        no_proxy,
        ca: reader.certificates("AZURE_AKS_PROXY_CA_FILE"),
    })
}
