//! Linked access: what a body names by its id may be named only by who may do something there too.
//!
//! ARM asks before the resource provider sees the request, for every write that names the id, also where nothing
//! changes. Whether what is named is there, the provider finds out.

use serde_json::Value;

use super::error::{ArmError, ArmResult};
use super::id::ResourceId;
use super::subscriptions;
use crate::access::access;
use crate::context::RequestContext;

/// A property that names something, and what must be allowed there.
struct Link {
    /// Lower-cased type of the resource whose body it is; `*` for every type.
    of: &'static str,
    /// Members from the body down; `*` stands for each element of a list, `{}` for each key of an object.
    path: &'static str,
    /// Type of what is named; an id of another type is left to the provider.
    to: &'static str,
    action: &'static str,
}

const CLUSTERS: &str = "microsoft.containerservice/managedclusters";
const POOLS: &str = "microsoft.containerservice/managedclusters/agentpools";
const DISKS: &str = "microsoft.compute/disks";
const SNAPSHOTS: &str = "microsoft.compute/snapshots";

const DISK: &str = "Microsoft.Compute/disks";
const SNAPSHOT: &str = "Microsoft.Compute/snapshots";
const ENCRYPTION_SET: &str = "Microsoft.Compute/diskEncryptionSets";
const IDENTITY: &str = "Microsoft.ManagedIdentity/userAssignedIdentities";
const NETWORK: &str = "Microsoft.Network/virtualNetworks";
const SUBNET: &str = "Microsoft.Network/virtualNetworks/subnets";
const RULE: &str = "Microsoft.Insights/dataCollectionRules";
const WORKSPACE: &str = "Microsoft.OperationalInsights/workspaces";

const ASSIGN: &str = "Microsoft.ManagedIdentity/userAssignedIdentities/assign/action";
const COPY_DISK: &str = "Microsoft.Compute/disks/beginGetAccess/action";
const COPY_SNAPSHOT: &str = "Microsoft.Compute/snapshots/beginGetAccess/action";
const JOIN: &str = "Microsoft.Network/virtualNetworks/subnets/join/action";
const ENCRYPT: &str = "Microsoft.Compute/diskEncryptionSets/read";
// Two actions of nearly the same name: who reads the keys through GET, and who through POST.
const KEYS_READ: &str = "Microsoft.OperationalInsights/workspaces/sharedkeys/read";
const KEYS_ACTION: &str = "Microsoft.OperationalInsights/workspaces/sharedKeys/action";

/// What Azure asks for; design/azure.md tells for each where that is known from. A private DNS zone is not here: AKS
/// asks what the cluster's identity may do there.
const LINKS: &[Link] = &[
    link("*", "identity.userAssignedIdentities.{}", IDENTITY, ASSIGN),
    link(
        CLUSTERS,
        "properties.addonProfiles.omsagent.config.logAnalyticsWorkspaceResourceID",
        WORKSPACE,
        KEYS_READ,
    ),
    link(
        CLUSTERS,
        "properties.securityProfile.defender.logAnalyticsWorkspaceResourceId",
        WORKSPACE,
        KEYS_READ,
    ),
    link(
        CLUSTERS,
        "properties.agentPoolProfiles.*.vnetSubnetID",
        SUBNET,
        JOIN,
    ),
    link(
        CLUSTERS,
        "properties.agentPoolProfiles.*.podSubnetID",
        SUBNET,
        JOIN,
    ),
    link(
        CLUSTERS,
        "properties.diskEncryptionSetID",
        ENCRYPTION_SET,
        ENCRYPT,
    ),
    link(POOLS, "properties.vnetSubnetID", SUBNET, JOIN),
    link(POOLS, "properties.podSubnetID", SUBNET, JOIN),
    link(DISKS, "properties.creationData.sourceResourceId", DISK, COPY_DISK),
    link(
        DISKS,
        "properties.creationData.sourceResourceId",
        SNAPSHOT,
        COPY_SNAPSHOT,
    ),
    link(
        DISKS,
        "properties.encryption.diskEncryptionSetId",
        ENCRYPTION_SET,
        ENCRYPT,
    ),
    link(
        SNAPSHOTS,
        "properties.creationData.sourceResourceId",
        DISK,
        COPY_DISK,
    ),
    link(
        SNAPSHOTS,
        "properties.creationData.sourceResourceId",
        SNAPSHOT,
        COPY_SNAPSHOT,
    ),
    link(
        SNAPSHOTS,
        "properties.encryption.diskEncryptionSetId",
        ENCRYPTION_SET,
        ENCRYPT,
    ),
    link(
        "microsoft.insights/diagnosticsettings",
        "properties.workspaceId",
        WORKSPACE,
        KEYS_ACTION,
    ),
    link(
        "microsoft.insights/components",
        "properties.WorkspaceResourceId",
        WORKSPACE,
        KEYS_ACTION,
    ),
    link(
        "microsoft.insights/datacollectionrules",
        "properties.destinations.logAnalytics.*.workspaceResourceId",
        WORKSPACE,
        KEYS_ACTION,
    ),
    link(
        "microsoft.insights/datacollectionruleassociations",
        "properties.dataCollectionRuleId",
        RULE,
        "Microsoft.Insights/dataCollectionRules/read",
    ),
    link(
        "microsoft.network/privatednszones/virtualnetworklinks",
        "properties.virtualNetwork.id",
        NETWORK,
        "Microsoft.Network/virtualNetworks/join/action",
    ),
];

const fn link(of: &'static str, path: &'static str, to: &'static str, action: &'static str) -> Link {
    Link { of, path, to, action }
}

/// Refuses a write whose body names what the caller may not link to.
pub(crate) fn check(cx: &RequestContext<'_>, id: &ResourceId, body: &Value) -> ArmResult<()> {
    let kind = id.kind().to_lowercase();
    let mut lacking: Vec<(&str, String)> = Vec::new();
    for link in LINKS.iter().filter(|link| link.of == "*" || link.of == kind) {
        let mut named = Vec::new();
        values(body, link.path, "", &mut named);
        for (path, text) in named {
            if text.to_ascii_lowercase().starts_with("/providers/") {
                // An id without a subscription is well formed, and names nothing that could be allowed.
                lacking.push((link.action, text));
                continue;
            }
            let scope = ResourceId::parse(&text).ok_or_else(|| invalid(&path, &text))?;
            if !scope.kind().eq_ignore_ascii_case(link.to) {
                continue;
            }
            if subscriptions::check(cx, &scope.subscription).is_err() {
                return Err(no_subscription(id, link.action, &scope.subscription));
            }
            let lacks = !access(cx.state).allows(link.action, &text);
            if lacks && !lacking.contains(&(link.action, text.clone())) {
                lacking.push((link.action, text));
            }
        }
    }
    if lacking.is_empty() {
        return Ok(());
    }
    let actions: Vec<&str> = lacking.iter().map(|(action, _)| *action).collect();
    let scopes: Vec<&str> = lacking.iter().map(|(_, scope)| scope.as_str()).collect();
    let identity = &cx.environment.identity;
    Err(failed(format!(
        "The client '{}' with object id '{}' has permission to perform action '{}/write' on scope '{id}'; however, it \
         does not have permission to perform action(s) '{}' on the linked scope(s) '{}' (respectively) or the linked \
         scope(s) are invalid.",
        identity.client_id,
        identity.object_id,
        id.kind(),
        actions.join(","),
        scopes.join(",")
    )))
}

/// The texts at a path, each with where it stands. Names of members compare without case.
fn values(value: &Value, path: &str, at: &str, found: &mut Vec<(String, String)>) {
    let Some((step, rest)) = path.split_once('.').or((!path.is_empty()).then_some((path, ""))) else {
        if let Value::String(text) = value {
            found.push((at.to_owned(), text.clone()));
        }
        return;
    };
    match (step, value) {
        ("*", Value::Array(elements)) => {
            for (index, element) in elements.iter().enumerate() {
                values(element, rest, &format!("{at}[{index}]"), found);
            }
        }
        ("{}", Value::Object(members)) => {
            found.extend(members.keys().map(|key| (at.to_owned(), key.clone())));
        }
        (_, Value::Object(members)) => {
            for (name, member) in members.iter().filter(|(name, _)| name.eq_ignore_ascii_case(step)) {
                let dot = if at.is_empty() { "" } else { "." };
                values(member, rest, &format!("{at}{dot}{name}"), found);
            }
        }
        _ => {}
    }
}

fn invalid(path: &str, text: &str) -> Box<ArmError> {
    ArmError::new(
        400,
        "LinkedInvalidPropertyId",
        format!(
            "Property id '{text}' at path '{path}' is invalid. Expect fully qualified resource Id that start with \
             '/subscriptions/{{subscriptionId}}' or '/providers/{{resourceProviderNamespace}}/'."
        ),
    )
}

fn no_subscription(id: &ResourceId, action: &str, subscription: &str) -> Box<ArmError> {
    failed(format!(
        "The client has permission to perform action '{action}' on scope '{id}', however the linked subscription \
         '{subscription}' was not found. "
    ))
}

fn failed(message: String) -> Box<ArmError> {
    ArmError::new(403, "LinkedAuthorizationFailed", message)
}
