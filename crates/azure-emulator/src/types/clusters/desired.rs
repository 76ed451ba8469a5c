//! The document of a cluster: what is sent over what is there, what AKS says itself, defaults for the rest.
//!
//! In a PUT what is left out stays as it is, member by member of `properties`.

use kompox_emulator_core::json::fields;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::facts::DEFAULT_VERSION;
use super::pools::{self, Place};
use super::stored_pools;
use super::versions::{self, Version};
use super::{checks, dataplane, new_etag, products, refusal, upgrades};
use crate::arm::error::{ArmError, ArmResult};
use crate::arm::id::ResourceId;
use crate::arm::providers::Region;
use crate::context::RequestContext;
use crate::types::common;

/// Members of `ManagedClusterProperties`.
const KNOWN: &[&str] = &[
    "aadProfile",
    "addonProfiles",
    "agentPoolProfiles",
    "aiToolchainOperatorProfile",
    "apiServerAccessProfile",
    "autoScalerProfile",
    "autoUpgradeProfile",
    "azureMonitorProfile",
    "azurePortalFQDN",
    "bootstrapProfile",
    "currentKubernetesVersion",
    "disableLocalAccounts",
    "diskEncryptionSetID",
    "dnsPrefix",
    "enableRBAC",
    "fqdn",
    "fqdnSubdomain",
    "hostedSystemProfile",
    "httpProxyConfig",
    "identityProfile",
    "ingressProfile",
    "kubernetesVersion",
    "linuxProfile",
    "maxAgentPools",
    "metricsProfile",
    "networkProfile",
    "nodeProvisioningProfile",
    "nodeResourceGroup",
    "nodeResourceGroupProfile",
    "oidcIssuerProfile",
    "podIdentityProfile",
    "powerState",
    "privateFQDN",
    "privateLinkResources",
    "provisioningState",
    "publicNetworkAccess",
    "resourceUID",
    "securityProfile",
    "serviceMeshProfile",
    "servicePrincipalProfile",
    "status",
    "storageProfile",
    "supportPlan",
    "upgradeSettings",
    "windowsProfile",
    "workloadAutoScalerProfile",
];

/// What AKS says, whatever is sent: whoever reads a cluster and puts it back changes nothing.
const READ_ONLY: &[&str] = &[
    "azurePortalFQDN",
    "currentKubernetesVersion",
    "fqdn",
    "identityProfile",
    "maxAgentPools",
    "powerState",
    "privateFQDN",
    "provisioningState",
    "resourceUID",
    "status",
];

/// 400 for a member that nobody knows, by name.
pub(super) fn unknown_field(name: &str) -> Box<ArmError> {
    refusal(
        400,
        "UnmarshalError",
        format!("UnmarshalEntity encountered error: json: unknown field \"{name}\"."),
    )
}

/// The document that a PUT asks for.
pub(super) fn cluster(
    cx: &RequestContext<'_>,
    id: &ResourceId,
    existing: Option<&Value>,
    body: &Value,
) -> ArmResult<Value> {
    let region = common::region(id, existing, body)?;
    let sent = common::object_member(body, "properties")?
        .cloned()
        .unwrap_or_default();
    if let Some(unknown) = sent.keys().find(|key| !KNOWN.contains(&key.as_str())) {
        return Err(unknown_field(unknown));
    }
    let there = existing.and_then(|cluster| cluster["properties"].as_object());
    if let Some(there) = there {
        if there["powerState"]["code"].as_str() == Some("Stopped") {
            return Err(refusal(
                400,
                "OperationNotAllowed",
                "managed cluster is in Stopped state, no operations except Start and Delete are allowed.",
            ));
        }
        checks::immutable(there, &sent)?;
    }
    let mut document = existing.cloned().unwrap_or_else(|| json!({}));
    document["location"] = region.name.into();
    common::take_tags(&mut document, body)?;
    document["sku"] = sku(existing, body)?;
    document["identity"] = identity(cx, existing, body)?;
    document["eTag"] = new_etag();
    let mut properties = there.cloned().unwrap_or_default();
    for (key, value) in sent.iter().filter(|(key, _)| !READ_ONLY.contains(&key.as_str())) {
        if key == "networkProfile" {
            // Half of it cannot change: what is left out stays here too.
            kompox_emulator_core::json::merge(properties.entry(key.clone()).or_insert(Value::Null), value);
        } else {
            properties.insert(key.clone(), value.clone());
        }
    }
    if existing.is_none() {
        birth(cx, id, region, &mut properties)?;
    }
    properties.insert(
        "autoUpgradeProfile".to_owned(),
        upgrades::profile(
            there.and_then(|there| there.get("autoUpgradeProfile")),
            sent.get("autoUpgradeProfile"),
        )?,
    );
    defaults(&mut properties);
    let network = fields(properties.entry("networkProfile").or_insert(Value::Null));
    dataplane::check(network)?;
    if let Some(there) = there.and_then(|there| there.get("networkProfile")?.as_object()) {
        dataplane::change(there, network)?;
    }
    document["properties"] = Value::Object(properties);
    version(id, existing, &mut document)?;
    let pools = pools(
        cx,
        id,
        &document,
        existing.is_some(),
        sent.get("agentPoolProfiles"),
    )?;
    document["properties"]["agentPoolProfiles"] = pools;
    if let Some(existing) = existing {
        checks::migration(existing, &document)?;
    }
    checks::consistent(cx, &document, region.name)?;
    if existing.is_none() {
        products::check(cx, id, &document)?;
    }
    names(&mut document, region);
    profiles(cx, id, region, &mut document);
    Ok(document)
}

fn sku(existing: Option<&Value>, body: &Value) -> ArmResult<Value> {
    let Some(sku) = common::object_member(body, "sku")? else {
        return Ok(existing.map_or_else(
            || json!({ "name": "Base", "tier": "Free" }),
            |existing| existing["sku"].clone(),
        ));
    };
    let name = common::string(sku, "name")?.unwrap_or("Base");
    if !name.eq_ignore_ascii_case("Base") && !name.eq_ignore_ascii_case("Basic") {
        return Err(ArmError::invalid_parameter(
            "sku.name",
            format!("This embedded Azure does not serve clusters of SKU '{name}'."),
        )
        .bare());
    }
    let tier = common::string(sku, "tier")?.unwrap_or("Free");
    let tier = ["Free", "Standard", "Premium"]
        .into_iter()
        .find(|known| known.eq_ignore_ascii_case(tier))
        .ok_or_else(|| {
            ArmError::invalid_parameter("sku.tier", format!("The value '{tier}' of sku.tier is invalid."))
                .bare()
        })?;
    Ok(json!({ "name": "Base", "tier": tier }))
}

/// Who the cluster is: a principal of its own, or an identity that is there.
fn identity(cx: &RequestContext<'_>, existing: Option<&Value>, body: &Value) -> ArmResult<Value> {
    let Some(identity) = common::object_member(body, "identity")? else {
        return match existing {
            Some(existing) => Ok(existing["identity"].clone()),
            None => Err(ArmError::invalid_parameter(
                "servicePrincipalProfile",
                "Required parameter servicePrincipalProfile is missing (null).",
            )
            .bare()),
        };
    };
    let kind = common::string(identity, "type")?.unwrap_or_default();
    let there = existing.map(|existing| &existing["identity"]);
    if kind.eq_ignore_ascii_case("SystemAssigned") {
        if let Some(there) = there.filter(|there| there["type"] == "SystemAssigned") {
            return Ok(there.clone());
        }
        return Ok(json!({
            "type": "SystemAssigned",
            "principalId": Uuid::new_v4().to_string(),
            "tenantId": cx.environment.identity.tenant_id
        }));
    }
    if !kind.eq_ignore_ascii_case("UserAssigned") {
        return Err(ArmError::invalid_parameter(
            "identity.type",
            format!("The identity type '{kind}' is invalid."),
        )
        .bare());
    }
    let ids: Vec<&String> = identity
        .get("userAssignedIdentities")
        .and_then(Value::as_object)
        .map(|ids| ids.keys().collect())
        .unwrap_or_default();
    let [id] = ids.as_slice() else {
        return Err(ArmError::invalid_parameter(
            "identity.userAssignedIdentities",
            "Exactly one user-assigned identity is required for the control plane.",
        )
        .bare());
    };
    let found = ResourceId::parse(id)
        .filter(|id| {
            id.kind()
                .eq_ignore_ascii_case("Microsoft.ManagedIdentity/userAssignedIdentities")
        })
        .and_then(|id| cx.state.documents.document(&id.key()))
        .ok_or_else(|| {
            ArmError::new(
                400,
                "FailedIdentityOperation",
                format!(
                    "Identity operation for resource failed with error 'Failed to perform resource identity operation. \
                     Status: 'BadRequest'. Response: the identity '{id}' was not found.'."
                ),
            )
        })?;
    Ok(json!({
        "type": "UserAssigned",
        "userAssignedIdentities": { id.as_str(): {
            "principalId": found["properties"]["principalId"], "clientId": found["properties"]["clientId"]
        } }
    }))
}

/// What a new cluster has once and for all.
fn birth(
    cx: &RequestContext<'_>,
    id: &ResourceId,
    region: &Region,
    properties: &mut Map<String, Value>,
) -> ArmResult<()> {
    let prefix = common::string(properties, "dnsPrefix")?;
    let own_name = common::string(properties, "fqdnSubdomain")?;
    let Some(prefix) = prefix.or(own_name) else {
        return Err(ArmError::invalid_parameter(
            "dnsPrefix",
            "Required parameter dnsPrefix is missing (null).",
        )
        .bare());
    };
    let edge = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
    let good = prefix.len() <= 54
        && prefix.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
        && edge(prefix.chars().next())
        && edge(prefix.chars().next_back());
    if !good {
        return Err(ArmError::invalid_parameter(
            "dnsPrefix",
            format!(
                "The value of parameter dnsPrefix is invalid: '{prefix}'. It must begin and end with a letter or \
                 digit, contain only letters, digits and hyphens, and have at most 54 characters."
            ),
        )
        .bare());
    }
    let group = products::group_name(id, region.name);
    properties
        .entry("nodeResourceGroup")
        .or_insert_with(|| group.into());
    let random = Uuid::new_v4().simple().to_string();
    properties.insert("resourceUID".to_owned(), random[..24].into());
    properties.insert("powerState".to_owned(), json!({ "code": "Running" }));
    properties.insert("maxAgentPools".to_owned(), 100.into());
    let node_group = properties["nodeResourceGroup"].as_str().unwrap_or_default();
    let kubelet = products::identity_id(cx.subscription(), node_group, &format!("{}-agentpool", id.name()));
    let kubelet = products::new_identity(&kubelet);
    properties.insert(
        "identityProfile".to_owned(),
        json!({ "kubeletidentity": kubelet }),
    );
    Ok(())
}

fn defaults(properties: &mut Map<String, Value>) {
    for (key, value) in [
        ("disableLocalAccounts", json!(false)),
        ("enableRBAC", json!(true)),
        ("servicePrincipalProfile", json!({ "clientId": "msi" })),
        ("supportPlan", json!("KubernetesOfficial")),
    ] {
        properties.entry(key).or_insert(value);
    }
    let network = fields(properties.entry("networkProfile").or_insert_with(|| json!({})));
    let plugin = network
        .entry("networkPlugin")
        .or_insert_with(|| "kubenet".into())
        .clone();
    let overlay = network.get("networkPluginMode").and_then(Value::as_str) == Some("overlay");
    if overlay || plugin == "kubenet" {
        network.entry("podCidr").or_insert_with(|| "10.244.0.0/16".into());
    }
    if plugin == "azure" {
        network
            .entry("networkDataplane")
            .or_insert_with(|| "azure".into());
    }
    for (key, value) in [
        ("dnsServiceIP", json!("10.0.0.10")),
        ("ipFamilies", json!(["IPv4"])),
        ("loadBalancerSku", json!("standard")),
        ("networkPolicy", json!("none")),
        ("outboundType", json!("loadBalancer")),
        ("serviceCidr", json!("10.0.0.0/16")),
    ] {
        network.entry(key).or_insert(value);
    }
    if let Some(aad) = properties.get_mut("aadProfile").and_then(Value::as_object_mut) {
        aad.entry("managed").or_insert(Value::Bool(true));
        aad.entry("enableAzureRBAC").or_insert(Value::Bool(false));
        aad.entry("adminGroupObjectIDs").or_insert_with(|| json!([]));
    }
}

/// The version that is asked for, or that runs; a new cluster gets the default.
fn version(id: &ResourceId, existing: Option<&Value>, document: &mut Value) -> ArmResult<()> {
    let premium = document["sku"]["tier"] == "Premium";
    let properties = &document["properties"];
    let plan = properties["supportPlan"].as_str().unwrap_or_default();
    let long_term = plan == "AKSLongTermSupport";
    if !long_term && plan != "KubernetesOfficial" {
        return Err(ArmError::invalid_parameter(
            "supportPlan",
            format!("The value '{plan}' of supportPlan is invalid."),
        )
        .bare());
    }
    if long_term != premium {
        return Err(ArmError::invalid_parameter(
            "supportPlan",
            "The support plan AKSLongTermSupport and the tier Premium require each other. See \
             https://aka.ms/aks/enable-lts",
        )
        .bare());
    }
    let asked = properties["kubernetesVersion"]
        .as_str()
        .unwrap_or(DEFAULT_VERSION)
        .to_owned();
    let current = existing
        .and_then(|cluster| cluster["properties"]["currentKubernetesVersion"].as_str())
        .and_then(Version::parse);
    let version = versions::of_cluster(id.name(), &asked, current, long_term)?;
    document["properties"]["kubernetesVersion"] = asked.into();
    document["properties"]["currentKubernetesVersion"] = version.to_string().into();
    Ok(())
}

/// The pools: those that a new cluster begins with, or changes of those that are there.
fn pools(
    cx: &RequestContext<'_>,
    id: &ResourceId,
    document: &Value,
    update: bool,
    sent: Option<&Value>,
) -> ArmResult<Value> {
    let key = id.key();
    let place = Place::of(cx.state, document, "agentPoolProfile")?;
    let sent = match sent {
        None => &[][..],
        Some(Value::Array(sent)) => sent,
        Some(_) => return Err(ArmError::content("'agentPoolProfiles' must be a list")),
    };
    let mut pools = if update {
        stored_pools::profiles(cx.state, &key)
    } else {
        Vec::new()
    };
    let before = pools.len();
    for profile in sent {
        let profile = profile
            .as_object()
            .ok_or_else(|| ArmError::content("an agent pool profile must be an object"))?;
        let name = common::string(profile, "name")?.unwrap_or_default();
        let at = pools.iter().position(|pool| pool["name"].as_str() == Some(name));
        if update && at.is_none() {
            return Err(refusal(
                400,
                "BadRequest",
                "A new agent pool was introduced. Adding agent pools to an existing cluster is not allowed through \
                 managed cluster operations. For agent pool specific change, please use per agent pool operations: \
                 https://aka.ms/agent-pool-rest-api",
            )
            .target("agentPoolProfiles"));
        }
        if !update && at.is_some() {
            return Err(ArmError::invalid_parameter(
                "agentPoolProfile.name",
                format!("Agent pool names must be unique: '{name}'."),
            )
            .bare());
        }
        let there = stored_pools::stored(cx.state, &key, name).filter(|_| update);
        let mut pool = pools::desired(&place, name, there.as_ref(), profile)?;
        pool.insert("name".to_owned(), name.into());
        match at {
            Some(at) if at < before => pools[at] = Value::Object(pool),
            _ => pools.push(Value::Object(pool)),
        }
    }
    if pools.is_empty() {
        return Err(ArmError::invalid_parameter(
            "agentPoolProfiles",
            "Required parameter agentPoolProfiles is missing (null).",
        )
        .bare());
    }
    if !pools.iter().any(|pool| pool["mode"] == "System") {
        return Err(refusal(
            400,
            "MustDefineAtLeastOneSystemPool",
            "Must define at least one system pool.",
        ));
    }
    let before = stored_pools::profiles(cx.state, &key);
    let region = document["location"].as_str().unwrap_or_default();
    pools::check_quota(cx, region, if update { &before } else { &[] }, &pools)?;
    Ok(pools.into())
}

/// The cluster's names. They stay as they are, except that the public one of a private cluster comes and goes, and that
/// the private one goes with its zone.
fn names(document: &mut Value, region: &Region) {
    let region = region.name;
    let random = |from: usize| Uuid::new_v4().simple().to_string()[from..from + 8].to_owned();
    let properties = &mut document["properties"];
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let subdomain = text(&properties["fqdnSubdomain"]);
    let prefix = text(&properties["dnsPrefix"])
        .or_else(|| subdomain.clone())
        .unwrap_or_default()
        .to_lowercase();
    let access = &properties["apiServerAccessProfile"];
    let private = access["enablePrivateCluster"].as_bool() == Some(true);
    let hidden = private && access["enablePrivateClusterPublicFQDN"].as_bool() == Some(false);
    let zone = text(&access["privateDNSZone"]).unwrap_or_else(|| "system".to_owned());
    // Kept also while it is not told, so that it comes back as it was.
    let known = text(&properties["azurePortalFQDN"]);
    let public = known.map_or_else(
        || format!("{prefix}-{}.hcp.{region}.azmk8s.io", random(0)),
        |portal| portal.replacen(".portal.hcp.", ".hcp.", 1),
    );
    let portal = public.replacen(".hcp.", ".portal.hcp.", 1);
    let nowhere = !private || zone.eq_ignore_ascii_case("none");
    let known = text(&properties["privateFQDN"]).filter(|_| !nowhere);
    let private_name = known.or_else(|| {
        if nowhere {
            return None;
        }
        let host = subdomain.unwrap_or_else(|| format!("{prefix}-{}", random(8)));
        let zone = match zone.rsplit_once('/') {
            Some((_, name)) => name.to_lowercase(),
            None => format!("{}.privatelink.{region}.azmk8s.io", Uuid::new_v4()),
        };
        Some(format!("{host}.{zone}"))
    });
    let properties = fields(properties);
    properties.insert("azurePortalFQDN".to_owned(), portal.into());
    if hidden {
        properties.remove("fqdn");
    } else {
        properties.insert("fqdn".to_owned(), public.into());
    }
    match private_name {
        Some(name) => properties.insert("privateFQDN".to_owned(), name.into()),
        None => properties.remove("privateFQDN"),
    };
    if private {
        let access = fields(&mut properties["apiServerAccessProfile"]);
        access.entry("privateDNSZone").or_insert_with(|| "system".into());
        access
            .entry("enablePrivateClusterPublicFQDN")
            .or_insert(Value::Bool(true));
    }
}

/// Issuer, identities of add-ons, addresses: what AKS adds to what was asked for.
fn profiles(cx: &RequestContext<'_>, id: &ResourceId, region: &Region, document: &mut Value) {
    let tenant = &cx.environment.identity.tenant_id;
    let properties = &mut document["properties"];
    let group = properties["nodeResourceGroup"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    if properties["oidcIssuerProfile"]["enabled"].as_bool() == Some(true) {
        let uid = properties["resourceUID"].as_str().unwrap_or_default();
        // The same for the cluster's life, and nobody's else.
        let guid = Uuid::new_v5(&Uuid::NAMESPACE_OID, uid.as_bytes());
        properties["oidcIssuerProfile"]["issuerURL"] =
            format!("https://{}.oic.prod-aks.azure.com/{tenant}/{guid}/", region.name).into();
    }
    if let Some(aad) = properties.get_mut("aadProfile").and_then(Value::as_object_mut) {
        aad.entry("tenantID").or_insert_with(|| tenant.clone().into());
    }
    if let Some(addons) = properties.get_mut("addonProfiles").and_then(Value::as_object_mut) {
        for (name, addon) in addons {
            let addon = fields(addon);
            if addon.get("enabled").and_then(Value::as_bool) != Some(true) {
                addon.remove("identity");
                continue;
            }
            let identity = products::identity_id(
                cx.subscription(),
                &group,
                &format!("{}-{}", name.to_lowercase(), id.name()),
            );
            let there = products::stored_identity(cx.state, &identity);
            addon.insert(
                "identity".to_owned(),
                there.unwrap_or_else(|| products::new_identity(&identity)),
            );
        }
    }
    // What a cluster leaves behind that goes another way.
    for (kind, profile) in [
        ("loadBalancer", "loadBalancerProfile"),
        ("managedNATGateway", "natGatewayProfile"),
    ] {
        if properties["networkProfile"]["outboundType"] != kind {
            fields(&mut properties["networkProfile"]).remove(profile);
        }
    }
    if properties["networkProfile"]["outboundType"] == "managedNATGateway" {
        let network = fields(&mut properties["networkProfile"]);
        let profile = fields(network.entry("natGatewayProfile").or_insert_with(|| json!({})));
        profile
            .entry("managedOutboundIPProfile")
            .or_insert_with(|| json!({ "count": 1 }));
        profile.entry("idleTimeoutInMinutes").or_insert(4.into());
    }
    if properties["networkProfile"]["outboundType"] == "loadBalancer" {
        let address = products::outbound_address_id(cx.subscription(), &group, document);
        let network = fields(&mut document["properties"]["networkProfile"]);
        let profile = fields(network.entry("loadBalancerProfile").or_insert_with(|| json!({})));
        profile
            .entry("managedOutboundIPs")
            .or_insert_with(|| json!({ "count": 1 }));
        profile.insert(
            "effectiveOutboundIPs".to_owned(),
            json!([{ "id": address.to_string() }]),
        );
    }
}
