//! `Microsoft.ManagedIdentity/userAssignedIdentities`: a principal that lives and dies with its resource.

use serde_json::{Value, json};
use uuid::Uuid;

use super::common::{known, located, properties, word};
use super::{ResourceType, TypeInfo};
use crate::arm::api_versions;
use crate::arm::error::{ArmError, ArmResult};
use crate::arm::id::ResourceId;
use crate::context::RequestContext;

/// The type.
pub(crate) struct UserAssignedIdentities;

/// Lower-cased type of a stored identity.
pub(crate) const KIND: &str = "microsoft.managedidentity/userassignedidentities";

static INFO: TypeInfo = TypeInfo::synchronous(
    "Microsoft.ManagedIdentity",
    "userAssignedIdentities",
    api_versions::IDENTITIES,
);

impl ResourceType for UserAssignedIdentities {
    fn info(&self) -> &'static TypeInfo {
        &INFO
    }

    fn has_state(&self) -> bool {
        false
    }

    fn put(
        &self,
        cx: &RequestContext<'_>,
        id: &ResourceId,
        existing: Option<&Value>,
        body: &Value,
    ) -> ArmResult<Value> {
        check_name(id.name())?;
        let mut document = located(id, existing, body)?;
        let sent = properties(body)?;
        known(
            &sent,
            "UserAssignedIdentityProperties",
            &["isolationScope", "tenantId", "principalId", "clientId"],
        )?;
        document["properties"] = match existing {
            Some(existing) => existing["properties"].clone(),
            // A principal is made once: who deletes an identity and makes it again has another one.
            None => principal(&cx.environment.identity.tenant_id),
        };
        if let Some(scope) = word(&sent, "isolationScope", &["None", "Regional"])? {
            document["properties"]["isolationScope"] = scope.into();
        }
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

/// The properties of a new identity.
fn principal(tenant: &str) -> Value {
    json!({
        "tenantId": tenant,
        "principalId": Uuid::new_v4().to_string(),
        "clientId": Uuid::new_v4().to_string(),
    })
}

fn check_name(name: &str) -> ArmResult<()> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    if (3..=128).contains(&name.len())
        && name.starts_with(|c: char| c.is_ascii_alphanumeric())
        && name.chars().all(allowed)
    {
        return Ok(());
    }
    Err(ArmError::new(
        400,
        "BadRequest",
        format!(
            "The resource name '{name}' is invalid: 3 to 128 letters, digits, '-' and '_', with a letter or digit first."
        ),
    ))
}
