//! `Microsoft.Network/virtualNetworks` and their subnets: there, so that others can name them.

use kompox_emulator_core::faults::OperationShape;
use kompox_emulator_core::json::set_property;
use kompox_emulator_core::store::State;
use serde_json::{Map, Value, json};

use super::common::{known, located, properties};
use super::{Accepted, End, ResourceType, TypeInfo};
use crate::arm::api_versions;
use crate::arm::error::{ArmError, ArmResult};
use crate::arm::id::ResourceId;
use crate::context::{Environment, RequestContext};

/// `Microsoft.Network/virtualNetworks`.
pub(crate) struct VirtualNetworks;

/// `Microsoft.Network/virtualNetworks/subnets`.
pub(crate) struct Subnets;

const SUBNET: &str = "microsoft.network/virtualnetworks/subnets";

static NETWORK: TypeInfo = TypeInfo {
    namespace: "Microsoft.Network",
    kind: "virtualNetworks",
    versions: api_versions::NETWORKS,
    accepted: Accepted::With201,
    creating: "Updating",
    shape: OperationShape::AzureAsyncOperation,
    delete_shape: OperationShape::Both,
    status_path: "operations",
    result_path: "operationResults",
};

static SUBNETS: TypeInfo = TypeInfo {
    kind: "virtualNetworks/subnets",
    ..NETWORK
};

impl ResourceType for VirtualNetworks {
    fn info(&self) -> &'static TypeInfo {
        &NETWORK
    }

    fn put(
        &self,
        _cx: &RequestContext<'_>,
        id: &ResourceId,
        existing: Option<&Value>,
        body: &Value,
    ) -> ArmResult<Value> {
        let mut document = located(id, existing, body)?;
        let sent = properties(body)?;
        known(
            &sent,
            "VirtualNetworkPropertiesFormat",
            &[
                "addressSpace",
                "subnets",
                "dhcpOptions",
                "enableDdosProtection",
                "enableVmProtection",
                "provisioningState",
                "resourceGuid",
            ],
        )?;
        let space = sent.get("addressSpace").cloned().unwrap_or_default();
        prefixes(&space["addressPrefixes"], "addressSpace.addressPrefixes")?;
        let mut stored = json!({ "addressSpace": space });
        for subnet in sent
            .get("subnets")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
        {
            subnet["name"]
                .as_str()
                .ok_or_else(|| bad("A subnet must have a name."))?;
            check_subnet(&properties(subnet)?)?;
        }
        for name in [
            "subnets",
            "dhcpOptions",
            "enableDdosProtection",
            "enableVmProtection",
        ] {
            if let Some(value) = sent.get(name) {
                stored[name] = value.clone();
            }
        }
        document["properties"] = stored;
        Ok(document)
    }

    fn patch(
        &self,
        _cx: &RequestContext<'_>,
        _id: &ResourceId,
        existing: &Value,
        body: &Value,
    ) -> ArmResult<Value> {
        super::common::tags_patch(existing, body)
    }

    /// Subnets in the body of a network are resources of their own, and those that it does not name go. A body
    /// without `subnets` lets them be.
    fn accepted(&self, end: &mut End<'_>, id: &ResourceId, document: &Value, _created: bool) {
        let Some(subnets) = document["properties"]["subnets"].as_array() else {
            return;
        };
        let mut named = Vec::new();
        for subnet in subnets {
            let mut child = id.clone();
            if let Some(provider) = child.providers.last_mut() {
                let name = subnet["name"].as_str().unwrap_or_default();
                provider.types.push(("subnets".to_owned(), name.to_owned()));
            }
            let mut body = json!({ "properties": subnet["properties"] });
            set_property(&mut body, "provisioningState", "Succeeded");
            end.put(&child, body);
            named.push(child.key());
        }
        let gone: Vec<String> = end
            .state
            .documents
            .of_type(SUBNET, &id.key(), None)
            .map(|(key, _)| key.to_string())
            .filter(|key| !named.contains(key))
            .collect();
        for key in gone {
            end.remove(&key);
        }
    }

    fn is_computed(&self) -> bool {
        true
    }

    fn project(&self, state: &State, _world: &Environment, _now: i64, key: &str, document: &mut Value) {
        let subnets: Vec<Value> = state
            .documents
            .of_type(SUBNET, key, None)
            .map(|(_, subnet)| subnet.document())
            .collect();
        set_property(document, "subnets", subnets);
    }
}

impl ResourceType for Subnets {
    fn info(&self) -> &'static TypeInfo {
        &SUBNETS
    }

    fn put(
        &self,
        _cx: &RequestContext<'_>,
        _id: &ResourceId,
        _existing: Option<&Value>,
        body: &Value,
    ) -> ArmResult<Value> {
        let sent = properties(body)?;
        check_subnet(&sent)?;
        Ok(json!({ "properties": sent }))
    }

    fn patch(
        &self,
        cx: &RequestContext<'_>,
        _id: &ResourceId,
        _existing: &Value,
        _body: &Value,
    ) -> ArmResult<Value> {
        Err(ArmError::method(&cx.request.method))
    }
}

fn bad(message: &str) -> Box<ArmError> {
    ArmError::new(400, "InvalidRequestFormat", message)
}

fn check_subnet(sent: &Map<String, Value>) -> ArmResult<()> {
    known(
        sent,
        "SubnetPropertiesFormat",
        &[
            "addressPrefix",
            "addressPrefixes",
            "delegations",
            "serviceEndpoints",
            "networkSecurityGroup",
            "routeTable",
            "natGateway",
            "privateEndpointNetworkPolicies",
            "privateLinkServiceNetworkPolicies",
            "defaultOutboundAccess",
            "provisioningState",
        ],
    )?;
    match sent.get("addressPrefix") {
        Some(prefix) => prefixes(&json!([prefix]), "addressPrefix"),
        None => prefixes(
            sent.get("addressPrefixes").unwrap_or(&Value::Null),
            "addressPrefixes",
        ),
    }
}

/// Refuses anything but a list of networks in CIDR notation.
fn prefixes(list: &Value, what: &str) -> ArmResult<()> {
    let is_prefix = |value: &Value| {
        let (address, bits) = value.as_str()?.split_once('/')?;
        let address: std::net::IpAddr = address.parse().ok()?;
        let most = if address.is_ipv4() { 32 } else { 128 };
        bits.parse::<u8>().ok().filter(|bits| *bits <= most)
    };
    let list = list.as_array().filter(|list| !list.is_empty());
    let Some(list) = list else {
        return Err(bad(&format!("'{what}' is required.")));
    };
    match list.iter().find(|value| is_prefix(value).is_none()) {
        None => Ok(()),
        Some(value) => Err(ArmError::new(
            400,
            "InvalidAddressPrefixFormat",
            format!("Address prefix {value} of '{what}' is not formatted correctly."),
        )),
    }
}
