//! Finding the role assignments of a cluster again: by what they are described as, since they take no tags.

use std::collections::BTreeSet;

use futures::stream::{self, StreamExt as _, TryStreamExt as _};
use kompox_arm::{ArmError, ArmRequest, ListedResource};
use serde::Deserialize;
use serde_json::Value;

use super::assignment::Role;
use crate::api::ROLE_ASSIGNMENTS;
use crate::session::Session;

/// How many listings are read at once.
const AT_ONCE: usize = 8;

/// A role assignment that describes itself as a cluster's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ListedAssignment {
    /// Its id, which begins with its scope.
    pub(crate) id: String,
    role: String,
}

impl ListedAssignment {
    pub(crate) fn is_of(&self, role: Role) -> bool {
        self.role
            .rsplit('/')
            .next()
            .is_some_and(|guid| guid.eq_ignore_ascii_case(role.guid()))
    }
}

#[derive(Deserialize)]
struct Glance {
    #[serde(default)]
    properties: Value,
}

#[derive(Deserialize)]
struct Listed {
    properties: Properties,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Properties {
    role_definition_id: String,
}

/// The description of everything that is assigned for a cluster, by its path.
pub(crate) fn description(path: &str) -> String {
    format!("kompox:{path}")
}

/// Those of these principals at these scopes and below them that describe themselves so.
///
/// A scope that is not there has none; whatever else cannot be read is an error.
pub(crate) async fn assignments_of_cluster(
    session: Session<'_>,
    principals: &BTreeSet<String>,
    scopes: &[String],
    description: &str,
) -> Result<Vec<ListedAssignment>, ArmError> {
    let asked = principals
        .iter()
        .flat_map(|principal| scopes.iter().map(move |scope| (principal, scope)));
    let asked = asked.map(|(principal, scope)| listed(session, principal, scope, description));
    let found: Vec<Vec<ListedAssignment>> = stream::iter(asked.collect::<Vec<_>>())
        .buffered(AT_ONCE)
        .try_collect()
        .await?;
    let mut seen = BTreeSet::new();
    let ours = found.into_iter().flatten();
    Ok(ours
        .filter(|assignment| seen.insert(assignment.id.to_lowercase()))
        .collect())
}

async fn listed(
    session: Session<'_>,
    principal: &str,
    scope: &str,
    description: &str,
) -> Result<Vec<ListedAssignment>, ArmError> {
    let path = format!("{scope}/providers/Microsoft.Authorization/roleAssignments");
    let mut url = session.arm.url(&path, ROLE_ASSIGNMENTS)?;
    url.query_pairs_mut()
        .append_pair("$filter", &format!("principalId eq '{principal}'"));
    let mut ours = Vec::new();
    let each = |resource: ListedResource<'_>| {
        let glance: Glance = resource.read()?;
        if glance.properties["description"].as_str() == Some(description) {
            let listed: Listed = resource.read()?;
            ours.push(ListedAssignment {
                id: resource.id.into_owned(),
                role: listed.properties.role_definition_id,
            });
        }
        Ok(())
    };
    match session
        .arm
        .list_resources(session.cx, ArmRequest::get(url), each)
        .await
    {
        Err(error) if error.is_absent() => Ok(Vec::new()),
        read => read.map(|()| ours),
    }
}

/// Deletes one. One that is not there is deleted.
pub(crate) async fn delete(session: Session<'_>, id: &str) -> Result<(), ArmError> {
    let request = ArmRequest::delete(session.arm.url(id, ROLE_ASSIGNMENTS)?);
    let step = session
        .cx
        .begin(format!("delete {}", crate::resource_name::title(id)));
    let result = match session.arm.send(session.cx, &request).await {
        Err(error) if !error.is_absent() => Err(error),
        _ => Ok(()),
    };
    step.end(result)
}
