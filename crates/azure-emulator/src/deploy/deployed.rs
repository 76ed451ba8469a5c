//! What `reference()` answers while a deployment runs.

use kompox_arm_template::error::{Result, TemplateError};
use kompox_arm_template::evaluator::DeployedResources;
use kompox_arm_template::{ids, plan};
use kompox_emulator_core::store::State;
use serde_json::{Value, json};

use super::record::{Deployment, Progress, Step};
use crate::arm::id::ResourceId;
use crate::context::Environment;
use crate::types;

/// The resources of a deployment, and all others, as they are by now.
pub(super) struct Resources<'a> {
    pub(super) state: &'a State,
    pub(super) environment: &'a Environment,
    pub(super) now: i64,
    pub(super) deployment: &'a Deployment,
}

impl Resources<'_> {
    fn step(&self, resource: &str) -> Option<&Step> {
        let mut named = self
            .deployment
            .steps
            .iter()
            .filter(|step| plan::is(&step.planned, resource));
        let first = named.next()?;
        // Of several by one name only one may have been deployed.
        if first.planned.enabled {
            return Some(first);
        }
        Some(named.find(|step| step.planned.enabled).unwrap_or(first))
    }
}

impl DeployedResources for Resources<'_> {
    fn reference(&self, resource: &str, version: Option<&str>, full: bool) -> Result<Value> {
        let not_found = |id: &str| {
            TemplateError::with_code(
                "ResourceNotFound",
                format!(
                    "The Resource '{}' was not found. For more details please go to \
                     https://aka.ms/ARMResourceNotFoundFix",
                    id.rsplit_once("/providers/").map_or(id, |(_, rest)| rest)
                ),
            )
        };
        let (id, version) = match (self.step(resource), version) {
            (Some(step), version) => {
                let id = &step.planned.id;
                match step.progress {
                    Progress::Succeeded | Progress::Existing => {}
                    Progress::Skipped => return Err(not_found(id)),
                    // Whether it is there by then is chance in Azure.
                    _ => {
                        return Err(TemplateError::with_code(
                            "ResourceNotFound",
                            format!(
                                "The resource '{id}' is referred to before it is deployed: nothing makes its reader \
                                 wait for it."
                            ),
                        ));
                    }
                }
                (id.clone(), version.unwrap_or(&step.planned.api_version))
            }
            (None, Some(version)) if resource.starts_with('/') => (ids::canonical(resource), version),
            (None, _) => {
                return Err(TemplateError::template(format!(
                    "The template reference '{resource}' is not valid: could not find template resource or resource \
                     copy with this name. Please see https://aka.ms/arm-function-reference for usage details."
                )));
            }
        };
        let parsed = ResourceId::parse(&id).ok_or_else(|| {
            TemplateError::template(format!("The template reference '{id}' is no resource id."))
        })?;
        let mut document = types::read(self.state, self.environment, self.now, &parsed.key())
            .ok_or_else(|| not_found(&id))?;
        if !full {
            return Ok(document.get("properties").cloned().unwrap_or_else(|| json!({})));
        }
        if let Some(fields) = document.as_object_mut() {
            // What it is called the reader knows.
            fields.retain(|key, _| !matches!(key.as_str(), "id" | "name" | "type"));
            fields.insert("apiVersion".to_owned(), version.into());
            fields.insert("resourceId".to_owned(), relative(&parsed).into());
            fields.insert("subscriptionId".to_owned(), parsed.subscription.clone().into());
            if let Some(group) = &parsed.group {
                fields.insert("resourceGroupName".to_owned(), group.clone().into());
            }
        }
        Ok(document)
    }
}

/// `Namespace/type/name`, as ARM tells a resource it refers to in full.
fn relative(id: &ResourceId) -> String {
    let id = id.to_string();
    id.rsplit_once("/providers/")
        .map_or_else(|| id.clone(), |(_, rest)| rest.to_owned())
}
