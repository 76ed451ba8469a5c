//! DNS zones, public and private, and the networks in which private ones are seen.

use kompox_emulator_core::faults::OperationShape;
use kompox_emulator_core::json::set_property;
use kompox_emulator_core::reply::Reply;
use kompox_emulator_core::store::State;
use serde_json::{Value, json};

use super::common::{boolean, global, known, properties, tagged, word};
use super::record_sets::{self, Family};
use super::{Accepted, End, Path, ResourceType, TypeInfo};
use crate::arm::api_versions;
use crate::arm::error::{ArmError, ArmResult};
use crate::arm::id::ResourceId;
use crate::context::{Environment, RequestContext};

/// `Microsoft.Network/dnsZones`.
pub(crate) struct DnsZones;

/// `Microsoft.Network/privateDnsZones`.
pub(crate) struct PrivateDnsZones;

/// `Microsoft.Network/privateDnsZones/virtualNetworkLinks`.
pub(crate) struct VirtualNetworkLinks;

const NAME_SERVERS: [&str; 4] = [
    "ns1-01.azure-dns.com.",
    "ns2-01.azure-dns.net.",
    "ns3-01.azure-dns.org.",
    "ns4-01.azure-dns.info.",
];

static PUBLIC: TypeInfo = TypeInfo {
    namespace: "Microsoft.Network",
    kind: "dnsZones",
    versions: api_versions::DNS_ZONES,
    accepted: Accepted::With201,
    creating: "Creating",
    shape: OperationShape::Synchronous,
    delete_shape: OperationShape::Both,
    status_path: "dnsOperationStatuses",
    result_path: "dnsOperationResults",
};

static PRIVATE: TypeInfo = TypeInfo {
    namespace: "Microsoft.Network",
    kind: "privateDnsZones",
    versions: api_versions::PRIVATE_DNS_ZONES,
    accepted: Accepted::With202,
    creating: "Creating",
    shape: OperationShape::Both,
    delete_shape: OperationShape::Both,
    status_path: "privateDnsOperationStatuses",
    result_path: "privateDnsOperationResults",
};

static LINKS: TypeInfo = TypeInfo {
    kind: "privateDnsZones/virtualNetworkLinks",
    ..PRIVATE
};

impl ResourceType for DnsZones {
    fn info(&self) -> &'static TypeInfo {
        &PUBLIC
    }

    fn has_state(&self) -> bool {
        false
    }

    fn put(
        &self,
        _cx: &RequestContext<'_>,
        id: &ResourceId,
        existing: Option<&Value>,
        body: &Value,
    ) -> ArmResult<Value> {
        check_name(id.name())?;
        global(id, body)?;
        let sent = properties(body)?;
        known(
            &sent,
            "ZoneProperties",
            &[
                "zoneType",
                "nameServers",
                "maxNumberOfRecordSets",
                "numberOfRecordSets",
            ],
        )?;
        word(&sent, "zoneType", &["Public"])?;
        let mut document = tagged(existing, body)?;
        document["location"] = "global".into();
        document["properties"] = json!({
            "zoneType": "Public",
            "maxNumberOfRecordSets": 10_000,
            "nameServers": NAME_SERVERS,
        });
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

    fn accepted(&self, end: &mut End<'_>, id: &ResourceId, _document: &Value, created: bool) {
        if created {
            record_sets::begin(end, id, Family::Public, &NAME_SERVERS);
        }
    }

    fn route(&self, cx: &mut RequestContext<'_>, path: &Path<'_>) -> Option<ArmResult<Reply>> {
        record_sets::route(cx, &PUBLIC, Family::Public, path)
    }

    fn is_computed(&self) -> bool {
        true
    }

    fn project(&self, state: &State, _world: &Environment, _now: i64, key: &str, document: &mut Value) {
        set_property(document, "numberOfRecordSets", record_sets::count(state, key));
    }
}

impl ResourceType for PrivateDnsZones {
    fn info(&self) -> &'static TypeInfo {
        &PRIVATE
    }

    fn put(
        &self,
        _cx: &RequestContext<'_>,
        id: &ResourceId,
        existing: Option<&Value>,
        body: &Value,
    ) -> ArmResult<Value> {
        check_name(id.name())?;
        global(id, body)?;
        known(&properties(body)?, "PrivateZoneProperties", &[])?;
        let mut document = tagged(existing, body)?;
        document["location"] = "global".into();
        document["properties"] = json!({
            "maxNumberOfRecordSets": 25_000,
            "maxNumberOfVirtualNetworkLinks": 1_000,
            "maxNumberOfVirtualNetworkLinksWithRegistration": 100,
            "numberOfVirtualNetworkLinks": 0,
            "numberOfVirtualNetworkLinksWithRegistration": 0,
        });
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

    fn accepted(&self, end: &mut End<'_>, id: &ResourceId, _document: &Value, created: bool) {
        if created {
            record_sets::begin(end, id, Family::Private, &[]);
        }
    }

    fn check_delete(&self, cx: &RequestContext<'_>, id: &ResourceId, _existing: &Value) -> ArmResult<()> {
        let links = LINKS.full_name().to_lowercase();
        if cx
            .state
            .documents
            .of_type(&links, &id.key(), None)
            .next()
            .is_none()
        {
            return Ok(());
        }
        Err(ArmError::new(
            409,
            "CannotDeleteResource",
            "Can not delete resource before nested resources are deleted.",
        ))
    }

    fn route(&self, cx: &mut RequestContext<'_>, path: &Path<'_>) -> Option<ArmResult<Reply>> {
        record_sets::route(cx, &PRIVATE, Family::Private, path)
    }

    fn is_computed(&self) -> bool {
        true
    }

    fn project(&self, state: &State, _world: &Environment, _now: i64, key: &str, document: &mut Value) {
        set_property(document, "numberOfRecordSets", record_sets::count(state, key));
    }
}

impl ResourceType for VirtualNetworkLinks {
    fn info(&self) -> &'static TypeInfo {
        &LINKS
    }

    fn put(
        &self,
        cx: &RequestContext<'_>,
        id: &ResourceId,
        existing: Option<&Value>,
        body: &Value,
    ) -> ArmResult<Value> {
        global(id, body)?;
        let sent = properties(body)?;
        known(
            &sent,
            "VirtualNetworkLinkProperties",
            &[
                "virtualNetwork",
                "registrationEnabled",
                "resolutionPolicy",
                "virtualNetworkLinkState",
                "provisioningState",
            ],
        )?;
        word(&sent, "resolutionPolicy", &["Default", "NxDomainRedirect"])?;
        let network = sent
            .get("virtualNetwork")
            .and_then(|network| network["id"].as_str());
        let network = network.filter(|id| cx.state.documents.get(&id.to_lowercase()).is_some());
        let Some(network) = network else {
            let message = format!(
                "The link '{}' must name a virtual network that is there.",
                id.name()
            );
            return Err(ArmError::new(400, "BadRequest", message));
        };
        let mut document = tagged(existing, body)?;
        document["location"] = "global".into();
        document["properties"] = json!({
            "virtualNetwork": { "id": network },
            "registrationEnabled": boolean(&sent, "registrationEnabled")?.unwrap_or(false),
            "resolutionPolicy": sent.get("resolutionPolicy").cloned().unwrap_or_else(|| "Default".into()),
            "virtualNetworkLinkState": "Completed",
        });
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
}

fn check_name(name: &str) -> ArmResult<()> {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'))
    };
    if name.len() <= 253 && name.contains('.') && name.split('.').all(label) {
        return Ok(());
    }
    Err(ArmError::new(
        400,
        "BadRequest",
        format!("The domain name '{name}' is invalid. The provided zone name must have at least two labels."),
    ))
}
