//! What may be asked of node pools.

use kompox_emulator_core::store::State;
use serde_json::{Map, Value, json};

use super::versions::{self, Version};
use super::{new_etag, refusal};
use crate::arm::error::{ArmError, ArmResult};
use crate::arm::features;
use crate::arm::providers::{Region, find_region};
use crate::context::RequestContext;
use crate::types::common::{boolean, integer, string};
use crate::types::quotas;
use crate::types::vm_sizes::{self, Restriction, VmSize};

/// Members of `ManagedClusterAgentPoolProfileProperties`.
const KNOWN: &[&str] = &[
    "artifactStreamingProfile",
    "availabilityZones",
    "capacityReservationGroupID",
    "count",
    "creationData",
    "currentOrchestratorVersion",
    "eTag",
    "enableAutoScaling",
    "enableEncryptionAtHost",
    "enableFIPS",
    "enableNodePublicIP",
    "enableUltraSSD",
    "gatewayProfile",
    "gpuInstanceProfile",
    "gpuProfile",
    "hostGroupID",
    "kubeletConfig",
    "kubeletDiskType",
    "linuxOSConfig",
    "localDNSProfile",
    "maxCount",
    "maxPods",
    "messageOfTheDay",
    "minCount",
    "mode",
    "name",
    "networkProfile",
    "nodeImageVersion",
    "nodeLabels",
    "nodePublicIPPrefixID",
    "nodeTaints",
    "orchestratorVersion",
    "osDiskSizeGB",
    "osDiskType",
    "osSKU",
    "osType",
    "podIPAllocationMode",
    "podSubnetID",
    "powerState",
    "provisioningState",
    "proximityPlacementGroupID",
    "scaleDownMode",
    "scaleSetEvictionPolicy",
    "scaleSetPriority",
    "securityProfile",
    "spotMaxPrice",
    "status",
    "tags",
    "type",
    "upgradeSettings",
    "virtualMachineNodesStatus",
    "virtualMachinesProfile",
    "vmSize",
    "vnetSubnetID",
    "windowsProfile",
    "workloadRuntime",
];

/// What the provider says, whatever is sent.
const READ_ONLY: &[&str] = &[
    "currentOrchestratorVersion",
    "eTag",
    "name",
    "nodeImageVersion",
    "powerState",
    "provisioningState",
    "status",
];

/// What a pool is made with and keeps.
const IMMUTABLE: &[&str] = &[
    "availabilityZones",
    "enableEncryptionAtHost",
    "enableFIPS",
    "enableUltraSSD",
    "kubeletConfig",
    "linuxOSConfig",
    "maxPods",
    "osDiskSizeGB",
    "osDiskType",
    "osType",
    "podSubnetID",
    "proximityPlacementGroupID",
    "scaleSetEvictionPolicy",
    "scaleSetPriority",
    "type",
    "vmSize",
    "vnetSubnetID",
];

const MAX_NODES: i64 = 1000;

/// The newest node image. AKS publishes one each week.
pub(super) const NODE_IMAGE: &str = "AKSUbuntu-2204gen2containerd-202611.03.0";

/// What a pool's cluster says about it.
pub(super) struct Place<'a> {
    state: &'a State,
    region: &'static Region,
    control_plane: Version,
    /// Pods have addresses of their own network, so there may be many on a node.
    overlay: bool,
    azure_cni: bool,
    /// What refusals call the pool's properties.
    path: &'static str,
}

impl<'a> Place<'a> {
    /// What a cluster's document says.
    pub(super) fn of(state: &'a State, cluster: &Value, path: &'static str) -> ArmResult<Self> {
        let properties = &cluster["properties"];
        let region = cluster["location"].as_str().and_then(find_region);
        let version = properties["currentKubernetesVersion"]
            .as_str()
            .and_then(Version::parse);
        let (Some(region), Some(control_plane)) = (region, version) else {
            return Err(refusal(
                409,
                "ControlPlaneNotReady",
                "The managed cluster has no control plane.",
            ));
        };
        let network = &properties["networkProfile"];
        Ok(Self {
            state,
            region,
            control_plane,
            overlay: network["networkPluginMode"].as_str() == Some("overlay"),
            azure_cni: network["networkPlugin"].as_str() == Some("azure"),
            path,
        })
    }

    fn invalid(&self, name: &str, message: impl Into<String>) -> Box<ArmError> {
        ArmError::invalid_parameter(&format!("{}.{name}", self.path), message).bare()
    }
}

/// The whole properties of a pool: what is sent over what is there, defaults for the rest, all of it checked.
pub(super) fn desired(
    place: &Place<'_>,
    name: &str,
    existing: Option<&Map<String, Value>>,
    sent: &Map<String, Value>,
) -> ArmResult<Map<String, Value>> {
    if let Some(unknown) = sent.keys().find(|key| !KNOWN.contains(&key.as_str())) {
        return Err(super::desired::unknown_field(unknown));
    }
    if existing.is_none() {
        check_name(place, name, sent)?;
    }
    let mut pool = existing.cloned().unwrap_or_default();
    for (key, value) in sent.iter().filter(|(key, _)| !READ_ONLY.contains(&key.as_str())) {
        if let Some(existing) = existing
            && IMMUTABLE.contains(&key.as_str())
        {
            if same(existing.get(key), value) {
                // In the spelling that is there.
                continue;
            }
            let property = format!("{}.{key}", place.path);
            return Err(refusal(
                400,
                "PropertyChangeNotAllowed",
                format!("Changing property '{property}' is not allowed."),
            )
            .target(&property));
        }
        pool.insert(key.clone(), value.clone());
    }
    let mode = string(&pool, "mode")?.unwrap_or("User");
    let mode = ["System", "User"]
        .into_iter()
        .find(|known| known.eq_ignore_ascii_case(mode))
        .ok_or_else(|| place.invalid("mode", format!("The agent pool mode '{mode}' is invalid.")))?;
    pool.insert("mode".to_owned(), mode.into());
    if existing.is_none() {
        defaults(place, name, mode, &mut pool)?;
    }
    if pool.get("enableAutoScaling") == Some(&Value::Bool(false)) {
        // Bounds go with the scaler.
        for bound in ["minCount", "maxCount"]
            .iter()
            .filter(|bound| !sent.contains_key(**bound))
        {
            pool.remove(*bound);
        }
    }
    if pool.get("scaleSetPriority").and_then(Value::as_str) == Some("Spot") {
        mark_spot(&mut pool);
    }
    check_count(place, name, &pool)?;
    let current = existing
        .and_then(|pool| pool.get("currentOrchestratorVersion"))
        .and_then(Value::as_str)
        .and_then(Version::parse);
    let asked = string(sent, "orchestratorVersion")?.map(str::to_owned);
    let asked = asked.or_else(|| pool.get("orchestratorVersion")?.as_str().map(str::to_owned));
    let version = match &asked {
        Some(asked) => versions::of_pool(asked, current, place.control_plane)?,
        None => current.unwrap_or(place.control_plane),
    };
    pool.insert(
        "orchestratorVersion".to_owned(),
        asked.unwrap_or_else(|| version.to_string()).into(),
    );
    pool.insert(
        "currentOrchestratorVersion".to_owned(),
        version.to_string().into(),
    );
    pool.insert("eTag".to_owned(), new_etag());
    Ok(pool)
}

/// Whether two values mean the same; zones and the like are sets.
fn same(there: Option<&Value>, sent: &Value) -> bool {
    match (there, sent) {
        (Some(Value::String(there)), Value::String(sent)) => there.eq_ignore_ascii_case(sent),
        (Some(Value::Array(there)), Value::Array(sent)) => {
            there.len() == sent.len() && there.iter().all(|entry| sent.contains(entry))
        }
        (None, Value::Array(sent)) => sent.is_empty(),
        (None, Value::Bool(false)) => true,
        (None, Value::Object(sent)) => sent.is_empty(),
        // 0 asks for the default size.
        (Some(Value::Number(_)), Value::Number(sent)) if sent.as_i64() == Some(0) => true,
        (there, sent) => there == Some(sent),
    }
}

fn check_name(place: &Place<'_>, name: &str, sent: &Map<String, Value>) -> ArmResult<()> {
    let windows = string(sent, "osType")?.is_some_and(|os| os.eq_ignore_ascii_case("Windows"));
    if windows {
        return Err(place.invalid("osType", "This embedded Azure does not serve Windows node pools."));
    }
    if (1..=12).contains(&name.len())
        && name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit())
    {
        return Ok(());
    }
    Err(place.invalid(
        "name",
        format!(
            "The value of parameter {}.name is invalid: '{name}'. A node pool name must start with a lowercase letter, \
             contain only lowercase letters and digits, and have at most 12 characters. Please see \
             https://aka.ms/aks-naming-rules for more details.",
            place.path
        ),
    ))
}

/// What a new pool has that says nothing else, and checks of what it is made with.
fn defaults(place: &Place<'_>, name: &str, mode: &str, pool: &mut Map<String, Value>) -> ArmResult<()> {
    let vm_size = string(pool, "vmSize")?.unwrap_or("Standard_D2s_v3").to_owned();
    let here = |size: &&VmSize| {
        vm_sizes::restriction(place.state, place.region.name, &size.name) != Restriction::Location
    };
    let Some(size) = vm_sizes::find(&vm_size).filter(here) else {
        let available: Vec<String> = vm_sizes::all()
            .iter()
            .filter(here)
            .map(|size| size.name.to_lowercase())
            .collect();
        return Err(refusal(
            400,
            "BadRequest",
            format!(
                "The VM size of {vm_size} is not allowed in your subscription in location '{}'. The available VM sizes \
                 are '{}'. For more details, please visit https://aka.ms/aks/quotas-skus-regions",
                place.region.name,
                available.join(",")
            ),
        ));
    };
    pool.insert("vmSize".to_owned(), size.name.as_str().into());
    check_zones(place, name, size, pool)?;
    check_ultra(place, name, size, pool)?;
    check_disk(place, size, pool)?;
    check_encryption(place, size, pool)?;
    let priority = string(pool, "scaleSetPriority")?;
    let spot = priority.is_some_and(|word| word.eq_ignore_ascii_case("Spot"));
    if priority.is_some_and(|word| !spot && !word.eq_ignore_ascii_case("Regular")) {
        return Err(place.invalid(
            "scaleSetPriority",
            "scaleSetPriority must be 'Regular' or 'Spot'.",
        ));
    }
    if spot && mode == "System" {
        return Err(place.invalid(
            "scaleSetPriority",
            "A spot node pool cannot be a system node pool.",
        ));
    }
    if spot {
        pool.insert("scaleSetPriority".to_owned(), "Spot".into());
        pool.entry("scaleSetEvictionPolicy")
            .or_insert_with(|| "Delete".into());
        pool.entry("spotMaxPrice").or_insert_with(|| json!(-1));
    }
    let pods = match (place.overlay, place.azure_cni) {
        (true, _) => 250,
        (false, true) => 30,
        (false, false) => 110,
    };
    for (key, value) in [
        ("enableAutoScaling", json!(false)),
        ("enableEncryptionAtHost", json!(false)),
        ("enableFIPS", json!(false)),
        ("enableNodePublicIP", json!(false)),
        ("enableUltraSSD", json!(false)),
        ("kubeletDiskType", json!("OS")),
        ("maxPods", json!(pods)),
        ("osSKU", json!("Ubuntu")),
        ("osType", json!("Linux")),
        ("scaleDownMode", json!("Delete")),
        ("type", json!("VirtualMachineScaleSets")),
        ("upgradeSettings", json!({ "maxSurge": "10%" })),
    ] {
        pool.entry(key).or_insert(value);
    }
    pool.insert("powerState".to_owned(), json!({ "code": "Running" }));
    pool.insert("nodeImageVersion".to_owned(), NODE_IMAGE.into());
    Ok(())
}

/// Nodes that may go at any time carry a label and a taint, whoever sets others.
fn mark_spot(pool: &mut Map<String, Value>) {
    const NAME: &str = "kubernetes.azure.com/scalesetpriority";
    let labels = pool.entry("nodeLabels").or_insert_with(|| json!({}));
    kompox_emulator_core::json::fields(labels).insert(NAME.to_owned(), "spot".into());
    let taint = Value::from(format!("{NAME}=spot:NoSchedule"));
    let taints = pool.entry("nodeTaints").or_insert_with(|| json!([]));
    if let Some(taints) = taints.as_array_mut()
        && !taints.contains(&taint)
    {
        taints.push(taint);
    }
}

fn check_zones(place: &Place<'_>, name: &str, size: &VmSize, pool: &Map<String, Value>) -> ArmResult<()> {
    let zones = match pool.get("availabilityZones") {
        None => return Ok(()),
        Some(Value::Array(zones)) => zones,
        Some(_) => return Err(ArmError::content("'availabilityZones' must be a list")),
    };
    let withheld = match vm_sizes::restriction(place.state, place.region.name, &size.name) {
        Restriction::Zones(zones) => zones,
        Restriction::None | Restriction::Location => Vec::new(),
    };
    let offered: Vec<&str> = ["1", "2", "3"]
        .into_iter()
        .filter(|zone| place.region.zones && withheld.iter().all(|withheld| withheld != zone))
        .collect();
    let unknown: Vec<&str> = zones
        .iter()
        .map(|zone| zone.as_str().unwrap_or_default())
        .filter(|zone| !offered.contains(zone))
        .collect();
    if unknown.is_empty() {
        return Ok(());
    }
    Err(refusal(
        400,
        "AvailabilityZoneNotSupported",
        format!(
            "The zone(s) '{}' for resource '{name}' is not supported. The supported zones for location '{}' are '{}'",
            unknown.join(","),
            place.region.name,
            offered.join(",")
        ),
    ))
}

/// Ultra disks want zones, and machines that attach them there.
fn check_ultra(place: &Place<'_>, name: &str, size: &VmSize, pool: &Map<String, Value>) -> ArmResult<()> {
    if pool.get("enableUltraSSD") != Some(&Value::Bool(true)) {
        return Ok(());
    }
    let zones = pool.get("availabilityZones").and_then(Value::as_array);
    let zones: Vec<&str> = zones.into_iter().flatten().filter_map(Value::as_str).collect();
    if zones.is_empty() {
        return Err(place.invalid(
            "enableUltraSSD",
            format!("Agent pool '{name}': enableUltraSSD requires availability zones."),
        ));
    }
    match zones.iter().find(|zone| !size.ultra_zones().contains(zone)) {
        None => Ok(()),
        Some(zone) => Err(place.invalid(
            "enableUltraSSD",
            format!(
                "Agent pool '{name}': the VM size {} does not support UltraSSD in zone '{zone}' of location '{}'.",
                size.name, place.region.name
            ),
        )),
    }
}

fn check_disk(place: &Place<'_>, size: &VmSize, pool: &mut Map<String, Value>) -> ArmResult<()> {
    let asked = integer(pool, "osDiskSizeGB")?.filter(|gb| *gb != 0);
    if asked.is_some_and(|gb| !(30..=2048).contains(&gb)) {
        return Err(place.invalid(
            "osDiskSizeGB",
            "The value of parameter osDiskSizeGB must be between 30 and 2048.",
        ));
    }
    let gb = asked.unwrap_or(128);
    let room = i64::from(size.local_gb);
    let kind = match string(pool, "osDiskType")? {
        Some(kind) if kind.eq_ignore_ascii_case("Managed") => "Managed",
        Some(kind) if kind.eq_ignore_ascii_case("Ephemeral") && room == 0 => {
            return Err(refusal(
                400,
                "VMCannotSupportEphemeralOSDisk",
                format!(
                    "The virtual machine size {} does not support ephemeral OS disk.",
                    size.name
                ),
            ));
        }
        Some(kind) if kind.eq_ignore_ascii_case("Ephemeral") && room < gb => {
            return Err(refusal(
                400,
                "VMCannotFitEphemeralOSDisk",
                format!(
                    "The virtual machine size {} has a cache size of {room} GB and temp disk size of {room} GB, but the \
                     OS disk requires {gb} GB. Use a VM size with larger cache or temp disk or disable ephemeral OS \
                     disk.",
                    size.name
                ),
            ));
        }
        Some(kind) if kind.eq_ignore_ascii_case("Ephemeral") => "Ephemeral",
        Some(kind) => {
            return Err(place.invalid("osDiskType", format!("The OS disk type '{kind}' is invalid.")));
        }
        // An ephemeral disk where one fits, unless a size was asked for that does not.
        None if room >= gb => "Ephemeral",
        None => "Managed",
    };
    pool.insert("osDiskSizeGB".to_owned(), gb.into());
    pool.insert("osDiskType".to_owned(), kind.into());
    Ok(())
}

/// Encryption where the machines run takes machines that can, and a subscription that is registered for it.
fn check_encryption(place: &Place<'_>, size: &VmSize, pool: &Map<String, Value>) -> ArmResult<()> {
    if !boolean(pool, "enableEncryptionAtHost")?.unwrap_or_default() {
        return Ok(());
    }
    if !size.encrypts_at_host() {
        return Err(refusal(
            400,
            "VMSizeDoesNotSupportEncryptionAtHost",
            format!(
                "The Virtual Machine size {} does not support EncryptionAtHost.",
                size.name
            ),
        ));
    }
    if !features::is_registered(place.state, features::ENCRYPTION_AT_HOST) {
        return Err(refusal(
            400,
            "SubscriptionNotEnabledEncryptionAtHost",
            "Subscription does not enable EncryptionAtHost.",
        ));
    }
    Ok(())
}

fn check_count(place: &Place<'_>, name: &str, pool: &Map<String, Value>) -> ArmResult<()> {
    let system = pool.get("mode").and_then(Value::as_str) == Some("System");
    let least = i64::from(system);
    let count = integer(pool, "count")?;
    let scaling = pool.get("enableAutoScaling").and_then(Value::as_bool) == Some(true);
    let (minimum, maximum) = (integer(pool, "minCount")?, integer(pool, "maxCount")?);
    let Some(count) = count else {
        return Err(place.invalid(
            "count",
            format!("Required parameter {}.count is missing (null).", place.path),
        ));
    };
    if !(least..=MAX_NODES).contains(&count) {
        return Err(place.invalid(
            "count",
            format!(
                "The value of parameter {}.count of agent pool '{name}' is invalid: {count}. It must be between \
                 {least} and {MAX_NODES}.",
                place.path
            ),
        ));
    }
    if !scaling {
        // Bounds without a scaler say nothing, and AKS refuses them.
        if minimum.is_some() || maximum.is_some() {
            return Err(place.invalid(
                "minCount",
                format!("Agent pool '{name}': minCount and maxCount are only valid with enableAutoScaling."),
            ));
        }
        return Ok(());
    }
    match (minimum, maximum) {
        (Some(minimum), Some(maximum))
            if least <= minimum && minimum <= count && count <= maximum && maximum <= MAX_NODES =>
        {
            Ok(())
        }
        _ => Err(place.invalid(
            "count",
            format!(
                "Agent pool '{name}' is autoscaled: minCount <= count <= maxCount is required, with minCount at least \
                 {least} and maxCount at most {MAX_NODES}."
            ),
        )),
    }
}

/// Refuses pools that need more vCPUs than the quotas leave: those of `before` give theirs back.
pub(super) fn check_quota(
    cx: &RequestContext<'_>,
    region: &str,
    before: &[Value],
    after: &[Value],
) -> ArmResult<()> {
    let families = after
        .iter()
        .filter_map(|pool| pool["vmSize"].as_str().and_then(vm_sizes::find))
        .map(|size| size.family);
    for name in families.chain([quotas::CORES, quotas::SPOT]) {
        let sum = |pools: &[Value]| -> u32 { pools.iter().map(|pool| quotas::vcpus(pool, name)).sum() };
        let more = sum(after).saturating_sub(sum(before));
        let used = quotas::used(cx.state, cx.environment, cx.now, region, name);
        let left = quotas::limit(cx.state, region, name).saturating_sub(used);
        if more <= left {
            continue;
        }
        let message = if name == quotas::CORES || name == quotas::SPOT {
            format!(
                "Insufficient regional vcpu quota left for location {region}. left regional vcpu quota {left}, requested \
                 quota {more}. If you want to increase the quota, please follow this instruction: \
                 https://learn.microsoft.com/en-us/azure/quotas/view-quotas."
            )
        } else {
            format!(
                "Insufficient vcpu quota requested {more}, remaining {left} for family {name} for region {region}. If \
                 you want to increase the quota, please follow this instruction: \
                 https://learn.microsoft.com/en-us/azure/quotas/view-quotas."
            )
        };
        return Err(refusal(400, "ErrCode_InsufficientVCPUQuota", message));
    }
    Ok(())
}
