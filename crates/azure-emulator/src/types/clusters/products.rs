//! What a cluster brings along: its node resource group, and what AKS puts into it.

use kompox_emulator_core::store::State;
use serde_json::{Value, json};
use uuid::Uuid;

use super::facts::scale_set_name;
use super::refusal;
use super::stored_pools;
use crate::arm::error::ArmResult;
use crate::arm::id::ResourceId;
use crate::arm::locks;
use crate::context::RequestContext;
use crate::types::End;

/// How long the name of a group may be that AKS makes up.
const MAX_GROUP: usize = 80;
const IDENTITY: (&str, &str) = ("Microsoft.ManagedIdentity", "userAssignedIdentities");
const SCALE_SET: (&str, &str) = ("Microsoft.Compute", "virtualMachineScaleSets");

/// `MC_{group}_{name}_{location}`, cut to what AKS makes of it.
pub(super) fn group_name(cluster: &ResourceId, location: &str) -> String {
    let group = cluster.group.as_deref().unwrap_or_default();
    format!("MC_{group}_{}_{location}", cluster.name())
        .chars()
        .take(MAX_GROUP)
        .collect()
}

fn group_id(subscription: &str, group: &str) -> ResourceId {
    let mut id = ResourceId::of_subscription(subscription);
    id.group = Some(group.to_owned());
    id
}

/// The node resource group of a cluster.
fn group_of(document: &Value) -> Option<ResourceId> {
    let id = ResourceId::parse(document["id"].as_str()?)?;
    let group = document["properties"]["nodeResourceGroup"].as_str()?;
    Some(group_id(&id.subscription, group))
}

/// The id of an identity in the node resource group.
pub(super) fn identity_id(subscription: &str, group: &str, name: &str) -> ResourceId {
    group_id(subscription, group).extended(IDENTITY.0, IDENTITY.1, name)
}

/// A new identity, as clusters show theirs.
pub(super) fn new_identity(id: &ResourceId) -> Value {
    json!({
        "resourceId": id.to_string(),
        "clientId": Uuid::new_v4().to_string(),
        "objectId": Uuid::new_v4().to_string()
    })
}

/// An identity that is there, as clusters show theirs.
pub(super) fn stored_identity(state: &State, id: &ResourceId) -> Option<Value> {
    let document = state.documents.document(&id.key())?;
    Some(json!({
        "resourceId": id.to_string(),
        "clientId": document["properties"]["clientId"],
        "objectId": document["properties"]["principalId"]
    }))
}

/// The address that nodes go out with.
pub(super) fn outbound_address_id(subscription: &str, group: &str, document: &Value) -> ResourceId {
    let uid = document["properties"]["resourceUID"].as_str().unwrap_or_default();
    let name = Uuid::new_v5(&Uuid::NAMESPACE_OID, format!("{uid}/address").as_bytes());
    group_id(subscription, group).extended("Microsoft.Network", "publicIPAddresses", &name.to_string())
}

/// Refuses a new cluster whose node resource group is there already.
pub(super) fn check(cx: &RequestContext<'_>, cluster: &ResourceId, document: &Value) -> ArmResult<()> {
    let group = document["properties"]["nodeResourceGroup"]
        .as_str()
        .unwrap_or_default();
    if cluster
        .group
        .as_deref()
        .is_some_and(|own| own.eq_ignore_ascii_case(group))
    {
        return Err(refusal(
            400,
            "NodeResourceGroupSameAsResourceGroup",
            format!("The node resource group '{group}' must not be the resource group of the cluster."),
        ));
    }
    if cx
        .state
        .documents
        .get(&group_id(cx.subscription(), group).key())
        .is_none()
    {
        return Ok(());
    }
    Err(refusal(
        400,
        "NodeResourceGroupAlreadyExists",
        format!(
            "The resource group '{group}' already exists: the node resource group is made with the cluster."
        ),
    ))
}

/// Refuses to delete a cluster whose node resource group is locked.
pub(super) fn check_delete(cx: &RequestContext<'_>, document: &Value) -> ArmResult<()> {
    match group_of(document) {
        Some(group) if cx.state.documents.get(&group.key()).is_some() => {
            locks::check(cx, &group, locks::Intent::Delete)
        }
        _ => Ok(()),
    }
}

/// Makes the node resource group of a new cluster.
pub(super) fn make_group(end: &mut End<'_>, cluster: &ResourceId, document: &Value) {
    let Some(group) = group_of(document) else { return };
    let mut tags = document.get("tags").cloned().unwrap_or_else(|| json!({}));
    tags["aks-managed-cluster-name"] = cluster.name().into();
    tags["aks-managed-cluster-rg"] = cluster.group.clone().into();
    let body = json!({
        "id": group.to_string(),
        "name": group.name(),
        "type": "Microsoft.Resources/resourceGroups",
        "location": document["location"],
        "managedBy": cluster.to_string(),
        "tags": tags,
        "properties": { "provisioningState": "Succeeded" }
    });
    end.put(&group, body);
}

/// Puts into the node resource group what the cluster has by now. A group that somebody has deleted stays away.
pub(super) fn make(end: &mut End<'_>, cluster: &ResourceId, document: &Value) {
    let Some(group) = group_of(document) else { return };
    if end.state.documents.get(&group.key()).is_none() {
        return;
    }
    make_identities(end, document);
    for pool in stored_pools::profiles(end.state, &cluster.key()) {
        put_scale_set(end, &group, document, &pool, false);
    }
    let address = outbound_address_id(&group.subscription, group.name(), document);
    let by_balancer = document["properties"]["networkProfile"]["outboundType"] == "loadBalancer";
    if !by_balancer {
        end.remove(&address.key());
        return;
    }
    if end.state.documents.get(&address.key()).is_some() {
        return;
    }
    let location = &document["location"];
    let octet = Uuid::new_v5(&Uuid::NAMESPACE_OID, address.key().as_bytes()).as_bytes()[0];
    end.put(
        &address,
        json!({
            "location": location,
            "sku": { "name": "Standard", "tier": "Regional" },
            "tags": { "aks-managed-type": "aks-slb-managed-outbound-ip" },
            // A range that is documentation's alone.
            "properties": {
                "provisioningState": "Succeeded", "publicIPAllocationMethod": "Static",
                "publicIPAddressVersion": "IPv4", "ipAddress": format!("203.0.113.{octet}")
            }
        }),
    );
    let balancer = group.extended("Microsoft.Network", "loadBalancers", "kubernetes");
    end.put(
        &balancer,
        json!({
            "location": location,
            "sku": { "name": "Standard", "tier": "Regional" },
            "tags": { "aks-managed-cluster-name": cluster.name() },
            "properties": {
                "provisioningState": "Succeeded",
                "frontendIPConfigurations": [{
                    "name": address.name(),
                    "properties": { "publicIPAddress": { "id": address.to_string() } }
                }]
            }
        }),
    );
}

/// Identities that the document tells of and that lie in its node resource group.
fn make_identities(end: &mut End<'_>, document: &Value) {
    let properties = &document["properties"];
    let addons = properties["addonProfiles"].as_object();
    let told = std::iter::once(&properties["identityProfile"]["kubeletidentity"]).chain(
        addons
            .into_iter()
            .flat_map(|addons| addons.values().map(|addon| &addon["identity"])),
    );
    for identity in told {
        let Some(id) = identity["resourceId"].as_str().and_then(ResourceId::parse) else {
            continue;
        };
        if end.state.documents.get(&id.key()).is_some() {
            continue;
        }
        end.put(
            &id,
            json!({
                "location": document["location"],
                "tags": {},
                "properties": {
                    "tenantId": end.environment.identity.tenant_id,
                    "principalId": identity["objectId"],
                    "clientId": identity["clientId"]
                }
            }),
        );
    }
}

/// The tag of a scale set with the name by which its nodes know the API server. In Azure it stands in a file on each
/// node, where no reading of ARM sees it; nodes learn another one only with a new image.
const API_SERVER: &str = "emulator-api-server";

fn put_scale_set(end: &mut End<'_>, group: &ResourceId, cluster: &Value, pool: &Value, imaged: bool) {
    let uid = cluster["properties"]["resourceUID"].as_str().unwrap_or_default();
    let name = pool["name"].as_str().unwrap_or_default();
    let id = group.extended(SCALE_SET.0, SCALE_SET.1, &scale_set_name(name, uid));
    let mut tags = pool["tags"].as_object().cloned().unwrap_or_default();
    tags.insert("aks-managed-poolName".to_owned(), name.into());
    let known = end.state.documents.document(&id.key()).filter(|_| !imaged);
    let known = known.and_then(|there| there["tags"][API_SERVER].as_str().map(str::to_owned));
    let names = [
        &cluster["properties"]["privateFQDN"],
        &cluster["properties"]["fqdn"],
    ];
    let now = || {
        names
            .into_iter()
            .find_map(|name| name.as_str().map(str::to_owned))
    };
    if let Some(name) = known.or_else(now) {
        tags.insert(API_SERVER.to_owned(), name.into());
    }
    let mut body = json!({
        "location": cluster["location"],
        "sku": { "name": pool["vmSize"], "tier": "Standard", "capacity": pool["count"] },
        "tags": tags,
        "properties": { "provisioningState": "Succeeded", "orchestrationMode": "Uniform" }
    });
    if pool["enableUltraSSD"] == true {
        body["properties"]["additionalCapabilities"] = json!({ "ultraSSDEnabled": true });
    }
    if let Some(zones) = pool.get("availabilityZones") {
        body["zones"] = zones.clone();
    }
    end.put(&id, body);
}

/// The scale set of a pool that was made or changed by itself.
pub(super) fn make_scale_set(end: &mut End<'_>, cluster: &ResourceId, pool: &Value) {
    of_pool(end, cluster, pool, false);
}

/// The same where each node has got a new image.
pub(super) fn renew_scale_set(end: &mut End<'_>, cluster: &ResourceId, pool: &Value) {
    of_pool(end, cluster, pool, true);
}

fn of_pool(end: &mut End<'_>, cluster: &ResourceId, pool: &Value, imaged: bool) {
    let Some(document) = end.state.documents.document(&cluster.key()) else {
        return;
    };
    let Some(group) = group_of(&document).filter(|group| end.state.documents.get(&group.key()).is_some())
    else {
        return;
    };
    let mut profile = pool["properties"].clone();
    profile["name"] = pool["name"].clone();
    put_scale_set(end, &group, &document, &profile, imaged);
}

/// Takes away the scale set of a pool that is gone.
pub(super) fn remove_scale_set(end: &mut End<'_>, cluster: &ResourceId, pool: &str) {
    let Some(document) = end.state.documents.document(&cluster.key()) else {
        return;
    };
    let Some(group) = group_of(&document) else { return };
    let uid = document["properties"]["resourceUID"].as_str().unwrap_or_default();
    let id = group.extended(SCALE_SET.0, SCALE_SET.1, &scale_set_name(pool, uid));
    end.remove(&id.key());
}

/// Takes away the node resource group with all that is in it, if it is the cluster's.
pub(super) fn remove(end: &mut End<'_>, document: &Value) {
    let Some(group) = group_of(document) else { return };
    let key = group.key();
    let ours = end.state.documents.document(&key).is_some_and(|there| {
        let manager = there["managedBy"].as_str().unwrap_or_default();
        document["id"]
            .as_str()
            .is_some_and(|id| id.eq_ignore_ascii_case(manager))
    });
    if ours {
        end.remove(&key);
    }
}
