//! `systemData`: who made a resource and wrote it last, and when.

use kompox_emulator_core::json::timestamp;
use serde_json::{Value, json};

use crate::context::RequestContext;

/// Lower-cased types whose specification declares it, of those that are written here. Others, node pools and virtual
/// networks among them, do not have it.
const DECLARED: [&str; 14] = [
    "microsoft.authorization/roleassignments",
    "microsoft.compute/disks",
    "microsoft.compute/snapshots",
    "microsoft.containerregistry/registries",
    "microsoft.containerservice/managedclusters",
    "microsoft.insights/datacollectionruleassociations",
    "microsoft.insights/datacollectionrules",
    "microsoft.insights/diagnosticsettings",
    "microsoft.keyvault/vaults",
    "microsoft.managedidentity/userassignedidentities",
    "microsoft.managedidentity/userassignedidentities/federatedidentitycredentials",
    "microsoft.network/privatednszones",
    "microsoft.network/privatednszones/virtualnetworklinks",
    "microsoft.operationalinsights/workspaces",
];

/// Writes down who writes a document now. `existing` is what was there before; what a client sends of it counts for
/// nothing.
pub(crate) fn stamp(cx: &RequestContext<'_>, kind: &str, document: &mut Value, existing: Option<&Value>) {
    if !DECLARED.iter().any(|known| known.eq_ignore_ascii_case(kind)) {
        return;
    }
    let (caller, now) = (&cx.environment.identity.client_id, timestamp(cx.now));
    let mut data = json!({ "createdBy": caller, "createdByType": "Application", "createdAt": now });
    let before = existing.and_then(|existing| existing["systemData"].as_object());
    for (name, value) in before.into_iter().flatten() {
        if name.starts_with("created") {
            data[name] = value.clone();
        }
    }
    data["lastModifiedBy"] = caller.clone().into();
    data["lastModifiedByType"] = "Application".into();
    data["lastModifiedAt"] = now.into();
    document["systemData"] = data;
}
