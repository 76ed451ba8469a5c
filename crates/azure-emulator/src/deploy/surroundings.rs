//! What the expressions of a deployment's template see.

use kompox_arm_template::context::DeploymentContext;
use kompox_emulator_core::store::State;
use serde_json::{Map, Value, json};

use crate::arm::id::ResourceId;
use crate::arm::{metadata, subscriptions};
use crate::context::Environment;

/// `deployment()` tells neither template nor parameters: nobody asks, and each record would hold them twice.
///
/// Of a deployment by this name to a group or subscription; its parameters and variables are not in yet.
pub(crate) fn of(
    state: &State,
    environment: &Environment,
    scope: &ResourceId,
    name: &str,
    location: Option<&str>,
    properties: &Value,
) -> DeploymentContext {
    let identity = &environment.identity;
    let mut deployment = json!({
        "name": name,
        "properties": {
            "mode": "Incremental",
            "provisioningState": "Accepted",
        }
    });
    if let Some(location) = location {
        deployment["location"] = location.into();
    }
    DeploymentContext {
        parameters: Map::new(),
        variables: properties["template"]["variables"].clone(),
        subscription: json!({
            "id": format!("/subscriptions/{}", scope.subscription),
            "subscriptionId": scope.subscription,
            "tenantId": identity.tenant_id,
            "displayName": subscriptions::display_name(state, &scope.subscription),
        }),
        group: scope
            .group_id()
            .and_then(|group| state.documents.document(&group.key())),
        tenant: json!({
            "tenantId": identity.tenant_id,
            "countryCode": "JP",
            "displayName": "Kompox emulator",
        }),
        deployment,
        environment: metadata::cloud(&environment.endpoint, &identity.tenant_id),
        // A service principal has no name of a user.
        deployer: json!({
            "objectId": identity.object_id,
            "tenantId": identity.tenant_id,
            "userPrincipalName": "",
        }),
    }
}
