//! Finding the role assignments of a cluster again: by what they are described as, since they take no tags.

use std::collections::BTreeSet;

use futures::stream::{self, StreamExt as _, TryStreamExt as _};
use kompox_arm::{ArmClient, ArmError, ArmRequest};
use kompox_domain::Context;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::grants::Role;
use crate::api::ROLE_ASSIGNMENTS;

/// How many listings are read at once.
const AT_ONCE: usize = 8;

/// A role assignment that describes itself as a cluster's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Assignment {
    /// Its id, which begins with its scope.
    pub(crate) id: String,
    role: String,
}

impl Assignment {
    pub(crate) fn is_of(&self, role: Role) -> bool {
        self.role
            .rsplit('/')
            .next()
            .is_some_and(|guid| guid.eq_ignore_ascii_case(role.guid()))
    }
}

#[derive(Deserialize)]
struct Listed {
    id: String,
    #[serde(default)]
    properties: Properties,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
struct Properties {
    #[serde(default)]
    description: Option<String>,
    #[serde(default)]
    role_definition_id: String,
}

/// The description of everything that is assigned for a cluster, by its path.
pub(crate) fn description(path: &str) -> String {
    format!("kompox:{path}")
}

/// Those of these principals at these scopes and below them that describe themselves so.
///
/// A scope that is not there has none; whatever else cannot be read is an error.
pub(crate) async fn ours(
    arm: &ArmClient,
    cx: &Context,
    principals: &BTreeSet<String>,
    scopes: &[String],
    description: &str,
) -> Result<Vec<Assignment>, ArmError> {
    let asked = principals
        .iter()
        .flat_map(|principal| scopes.iter().map(move |scope| (principal, scope)));
    let asked = asked.map(|(principal, scope)| listed(arm, cx, principal, scope));
    let found: Vec<Vec<Listed>> = stream::iter(asked.collect::<Vec<_>>())
        .buffered(AT_ONCE)
        .try_collect()
        .await?;
    let mut seen = BTreeSet::new();
    let ours = found.into_iter().flatten().filter(|listed| {
        listed.properties.description.as_deref() == Some(description) && seen.insert(listed.id.to_lowercase())
    });
    Ok(ours
        .map(|listed| Assignment {
            id: listed.id,
            role: listed.properties.role_definition_id,
        })
        .collect())
}

async fn listed(
    arm: &ArmClient,
    cx: &Context,
    principal: &str,
    scope: &str,
) -> Result<Vec<Listed>, ArmError> {
    let path = format!("{scope}/providers/Microsoft.Authorization/roleAssignments");
    let mut url = arm.url(&path, ROLE_ASSIGNMENTS)?;
    url.query_pairs_mut()
        .append_pair("$filter", &format!("principalId eq '{principal}'"));
    let mut listed = Vec::new();
    let mut strange = None;
    let each = |item: &RawValue| match serde_json::from_str(item.get()) {
        Ok(item) => listed.push(item),
        Err(error) => {
            strange.get_or_insert(error);
        }
    };
    match arm.list(cx, ArmRequest::get(url), each).await {
        Ok(()) => {}
        Err(error) if error.is_not_found() => return Ok(Vec::new()),
        Err(error) => return Err(error),
    }
    match strange {
        Some(error) => Err(ArmError::Protocol {
            correlation_id: None,
            request: format!("GET {path}"),
            reason: format!("an element of the listing cannot be read: {error}"),
        }),
        None => Ok(listed),
    }
}

/// Deletes one. One that is not there is deleted.
pub(crate) async fn delete(arm: &ArmClient, cx: &Context, id: &str) -> Result<(), ArmError> {
    let request = ArmRequest::delete(arm.url(id, ROLE_ASSIGNMENTS)?);
    let step = cx.begin(format!("delete {}", crate::cluster::nouns::title(id)));
    let result = match arm.send(cx, &request).await {
        Err(error) if !error.is_not_found() => Err(error),
        _ => Ok(()),
    };
    step.end(result)
}
