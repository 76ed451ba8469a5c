//! `Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials`: whose tokens are good for an
//! identity.

use std::time::Duration;

use kompox_emulator_core::faults::OperationShape;
use serde_json::{Value, json};

use super::common::{known, properties, string};
use super::{ResourceType, TypeInfo};
use crate::arm::api_versions;
use crate::arm::error::{ArmError, ArmResult};
use crate::arm::id::ResourceId;
use crate::context::RequestContext;
use crate::options::Timing;

/// The type.
pub(crate) struct FederatedCredentials;

const KIND: &str = "microsoft.managedidentity/userassignedidentities/federatedidentitycredentials";
const MOST: usize = 20;

static INFO: TypeInfo = TypeInfo {
    // Answered as done, and done before the next request: only what is written in the same moment meets it.
    shape: OperationShape::Body,
    ..TypeInfo::synchronous(
        "Microsoft.ManagedIdentity",
        "userAssignedIdentities/federatedIdentityCredentials",
        api_versions::FEDERATED_CREDENTIALS,
    )
};

impl ResourceType for FederatedCredentials {
    fn info(&self) -> &'static TypeInfo {
        &INFO
    }

    fn duration(&self, _timing: &Timing) -> Duration {
        Duration::ZERO
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
        let sent = properties(body)?;
        known(
            &sent,
            "FederatedIdentityCredentialProperties",
            &["issuer", "subject", "audiences"],
        )?;
        let (issuer, subject) = (string(&sent, "issuer")?, string(&sent, "subject")?);
        let audiences = sent
            .get("audiences")
            .and_then(Value::as_array)
            .filter(|audiences| audiences.len() == 1 && audiences[0].is_string());
        let (Some(issuer), Some(subject), Some(audiences)) = (issuer, subject, audiences) else {
            return Err(bad(
                "The request format was unexpected. Federated Identity Credential must specify 'issuer', 'subject' \
                 and 'audience'.",
            ));
        };
        if !url::Url::parse(issuer).is_ok_and(|url| url.scheme() == "https") {
            return Err(bad(
                "The request format was unexpected. 'issuer' must be a valid https URL.",
            ));
        }
        check_alone(cx, id)?;
        check_siblings(cx, id, existing.is_none(), issuer, subject)?;
        Ok(json!({ "properties": { "issuer": issuer, "subject": subject, "audiences": audiences } }))
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

    fn check_delete(&self, cx: &RequestContext<'_>, id: &ResourceId, _existing: &Value) -> ArmResult<()> {
        check_alone(cx, id)
    }
}

fn bad(message: &str) -> Box<ArmError> {
    ArmError::new(400, "BadRequest", message)
}

fn check_name(name: &str) -> ArmResult<()> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    if (3..=120).contains(&name.len())
        && name.starts_with(|c: char| c.is_ascii_alphanumeric())
        && name.chars().all(allowed)
    {
        return Ok(());
    }
    Err(bad(&format!(
        "The federated identity credential name '{name}' is invalid: 3 to 120 letters, digits, '-' and '_', with a \
         letter or digit first."
    )))
}

/// Writes on one identity must come one after the other: another one that is under way is a conflict.
fn check_alone(cx: &RequestContext<'_>, id: &ResourceId) -> ArmResult<()> {
    let (Some(identity), own) = (id.parent(), id.key()) else {
        return Ok(());
    };
    let alone = cx
        .state
        .documents
        .of_type(KIND, &identity.key(), None)
        .filter(|(key, _)| ***key != *own)
        .all(|(key, _)| cx.state.operations.running_on(key).is_empty());
    if alone {
        return Ok(());
    }
    Err(ArmError::new(
        409,
        "ConcurrentFederatedIdentityCredentialsWritesForSingleManagedIdentity",
        format!(
            "Too many Federated Identity Credentials are written concurrently for the managed identity '{}'. Concurrent \
             Federated Identity Credentials writes under the same managed identity are not supported.",
            identity.key()
        ),
    ))
}

fn check_siblings(
    cx: &RequestContext<'_>,
    id: &ResourceId,
    is_new: bool,
    issuer: &str,
    subject: &str,
) -> ArmResult<()> {
    let Some(identity) = id.parent() else {
        return Ok(());
    };
    let own = id.key();
    let siblings: Vec<Value> = cx
        .state
        .documents
        .of_type(KIND, &identity.key(), None)
        .filter(|(key, _)| ***key != *own)
        .map(|(_, sibling)| sibling.document())
        .collect();
    if is_new && siblings.len() >= MOST {
        return Err(bad(&format!(
            "Too many Federated Identity Credentials for the managed identity '{identity}': at most {MOST} are allowed."
        )));
    }
    let same = |sibling: &Value| {
        sibling["properties"]["issuer"] == issuer && sibling["properties"]["subject"] == subject
    };
    if siblings.iter().any(same) {
        return Err(ArmError::new(
            409,
            "Conflict",
            "Issuer and subject combination already exists for this Managed Identity.",
        ));
    }
    Ok(())
}
