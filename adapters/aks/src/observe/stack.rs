//! Deployment Stacks at subscription scope: what ARM answers, and what is asked of it.

use std::collections::BTreeMap;

use kompox_arm::operation::{End, ended};
use kompox_arm::{ArmClient, ArmError, ArmRequest, ErrorDetail, FinalState};
use kompox_domain::Cluster;
use kompox_domain::context::Step;
use serde::Deserialize;
use serde_json::{Value, json};

use super::outputs::Outputs;
use crate::api::STACKS;
use crate::lenient::{list, or_default, text_map};
use crate::naming;
use crate::session::Session;
use crate::tags::{belongs_to_cluster, tag};
use crate::template::document::Typed;

/// Where the stack of a cluster is.
#[derive(Debug, Clone)]
pub(crate) struct StackRef {
    pub(crate) subscription: String,
    pub(crate) name: String,
}

/// What a stack is made from.
#[derive(Debug, Clone, Copy)]
pub(crate) struct StackInput<'a> {
    pub(crate) location: &'a str,
    pub(crate) tags: &'a BTreeMap<String, String>,
    pub(crate) template: &'a Value,
    pub(crate) parameters: &'a Value,
    pub(crate) description: &'a str,
}

/// What happens to what is in a stack when the stack is deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unmanage {
    Delete,
    Detach,
}

impl Unmanage {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Delete => "delete",
            Self::Detach => "detach",
        }
    }
}

impl StackRef {
    pub(crate) fn of(subscription: &str, cluster: &Cluster) -> Self {
        Self {
            subscription: subscription.to_owned(),
            name: naming::stack_name(cluster),
        }
    }

    pub(crate) fn path(&self) -> String {
        format!(
            "/subscriptions/{}/providers/Microsoft.Resources/deploymentStacks/{}",
            self.subscription, self.name
        )
    }

    /// The stack; none where there is none.
    ///
    /// # Errors
    /// Whatever keeps it from being read: that is never the same as absent.
    pub(crate) async fn get(&self, session: Session<'_>) -> Result<Option<Stack>, ArmError> {
        let request = ArmRequest::get(session.arm.url(&self.path(), STACKS)?);
        match session.arm.send(session.cx, &request).await {
            Ok(response) => response.resource().map(Some),
            Err(error) if error.is_absent() => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The request that makes the stack, or brings it up to date. What is no longer in the template is deleted, a
    /// resource group is only let go.
    pub(crate) fn put(&self, arm: &ArmClient, input: &StackInput<'_>) -> Result<ArmRequest, ArmError> {
        // A stack shows whose operation was the last, and not all that was sent: whoever puts it looks for that.
        Ok(ArmRequest::put(arm.url(&self.path(), STACKS)?, &input.body())?.without_evidence())
    }

    /// The request that deletes the stack. Every parameter is sent: what is left out means detach, whatever the
    /// stack itself says.
    pub(crate) fn delete(&self, arm: &ArmClient, what: Unmanage) -> Result<ArmRequest, ArmError> {
        let stack = arm.url(&self.path(), STACKS)?;
        let mut url = stack.clone();
        url.query_pairs_mut()
            .append_pair("unmanageAction.Resources", what.as_str())
            .append_pair("unmanageAction.ResourceGroups", what.as_str())
            .append_pair("unmanageAction.ManagementGroups", Unmanage::Detach.as_str())
            .append_pair("unmanageAction.ResourcesWithoutDeleteSupport", "fail")
            .append_pair("bypassStackOutOfSyncError", "false");
        Ok(ArmRequest::delete(url).removing(stack))
    }

    /// What ARM finds wrong with what would be put; none if nothing.
    ///
    /// # Errors
    /// Whatever keeps it from saying so. Findings come with status 400, which is an answer.
    pub(crate) async fn validate(
        &self,
        session: Session<'_>,
        input: &StackInput<'_>,
        step: &Step,
    ) -> Result<Option<ErrorDetail>, ArmError> {
        #[derive(Deserialize)]
        struct Validated {
            #[serde(default)]
            error: Option<Value>,
        }
        let url = session.arm.url(&format!("{}/validate", self.path()), STACKS)?;
        let request = ArmRequest::post(url, &input.body())?.reading();
        let error = match session
            .arm
            .run(session.cx, &request, FinalState::Resource, step)
            .await
        {
            Ok(Some(response)) => {
                let validated: Validated = response.json()?;
                return Ok(validated
                    .error
                    .and_then(|error| ErrorDetail::parse(&error.to_string())));
            }
            Ok(None) => return Ok(None),
            Err(ArmError::Service(error) | ArmError::Operation { error, .. }) if error.status == 400 => error,
            Err(error) => return Err(error),
        };
        Ok(Some(ErrorDetail {
            code: error.code,
            message: error.message,
            target: error.target,
            policies: error.policies,
            details: error.details,
        }))
    }

    /// The template that the stack was made from last.
    pub(crate) async fn export(&self, session: Session<'_>) -> Result<Option<Value>, ArmError> {
        #[derive(Deserialize)]
        struct Exported {
            template: Option<Value>,
        }
        let url = session
            .arm
            .url(&format!("{}/exportTemplate", self.path()), STACKS)?;
        let exported: Exported = session
            .arm
            .send(session.cx, &ArmRequest::post_empty(url).reading())
            .await?
            .json()?;
        Ok(exported.template)
    }
}

impl StackInput<'_> {
    fn body(&self) -> Value {
        json!({
            "location": self.location,
            "tags": self.tags,
            "properties": {
                "description": self.description,
                "template": self.template,
                "parameters": self.parameters,
                "actionOnUnmanage": {
                    "resources": "delete",
                    "resourceGroups": "detach",
                    "managementGroups": "detach",
                },
                "denySettings": { "mode": "none" },
            },
        })
    }
}

/// A stack as ARM tells it.
#[derive(Debug, Clone, Deserialize, Default)]
pub(crate) struct Stack {
    #[serde(default)]
    pub(crate) id: String,
    #[serde(default)]
    pub(crate) location: String,
    #[serde(default, deserialize_with = "text_map")]
    pub(crate) tags: BTreeMap<String, String>,
    #[serde(default)]
    pub(crate) properties: StackProperties,
}

#[derive(Debug, Clone, Deserialize, Default)]
#[serde(rename_all = "camelCase")]
pub(crate) struct StackProperties {
    #[serde(default)]
    pub(crate) provisioning_state: Option<String>,
    #[serde(default)]
    pub(crate) correlation_id: Option<String>,
    /// The deployment underneath: the last one.
    #[serde(default)]
    pub(crate) deployment_id: Option<String>,
    /// As they are told; [`Stack::outputs`] reads them.
    #[serde(default)]
    pub(crate) outputs: Value,
    /// Values of secrets are not among them.
    #[serde(default, deserialize_with = "or_default")]
    pub(crate) parameters: BTreeMap<String, Typed>,
    #[serde(default, deserialize_with = "list")]
    pub(crate) resources: Vec<StackResource>,
    #[serde(default, deserialize_with = "list")]
    pub(crate) failed_resources: Vec<FailedResource>,
    #[serde(default)]
    pub(crate) error: Option<Value>,
}

/// A resource in a stack.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct StackResource {
    pub(crate) id: String,
}

/// A resource that a stack could not make or delete.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct FailedResource {
    #[serde(default)]
    pub(crate) id: String,
    #[serde(default)]
    pub(crate) error: Option<Value>,
}

/// How a stack stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum StackState {
    Succeeded,
    Failed,
    Canceled,
    /// Any other: something is under way.
    Busy,
}

impl Stack {
    /// How it stands. One without a state is over: so ARM defines it for every resource.
    pub(crate) fn state(&self) -> StackState {
        match ended(self.state_word()) {
            Some(End::Succeeded) => StackState::Succeeded,
            Some(End::Failed) => StackState::Failed,
            Some(End::Canceled) => StackState::Canceled,
            None => StackState::Busy,
        }
    }

    /// ARM's own word for it.
    pub(crate) fn state_word(&self) -> &str {
        self.properties
            .provisioning_state
            .as_deref()
            .unwrap_or("succeeded")
    }

    /// Whether its `deploymentId` is that of what is under way, and not of what was before.
    pub(crate) fn deploys(&self) -> bool {
        let before = ["initializing", "creating", "validating", "waiting"];
        !before
            .iter()
            .any(|word| self.state_word().eq_ignore_ascii_case(word))
    }

    /// A tag's value. Names of tags compare without case.
    pub(crate) fn tag(&self, name: &str) -> Option<&str> {
        tag(&self.tags, name)
    }

    /// Whether its tags say that it is that cluster's.
    pub(crate) fn belongs_to_cluster(&self, path: &str) -> bool {
        belongs_to_cluster(&self.tags, path)
    }

    /// What it says about the cluster.
    pub(crate) fn outputs(&self) -> Outputs {
        Outputs::read(&self.properties.outputs)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stack(value: Value) -> Stack {
        serde_json::from_value(value).unwrap()
    }

    fn in_state(state: &str) -> Stack {
        stack(json!({"properties": {"provisioningState": state}}))
    }

    #[test]
    fn a_stack_is_over_or_busy_and_without_a_word_it_is_over() {
        assert_eq!(in_state("succeeded").state(), StackState::Succeeded);
        assert_eq!(in_state("failed").state(), StackState::Failed);
        assert_eq!(in_state("canceled").state(), StackState::Canceled);
        assert_eq!(in_state("updatingDenyAssignments").state(), StackState::Busy);
        assert_eq!(stack(json!({})).state(), StackState::Succeeded);
    }

    #[test]
    fn before_it_deploys_its_deployment_is_the_one_before() {
        assert!(!in_state("validating").deploys());
        assert!(in_state("deploying").deploys() && in_state("deletingResources").deploys());
    }

    #[test]
    fn nulls_and_strange_fields_do_not_hide_the_rest() {
        let stack = stack(
            json!({"id": "/x", "tags": null, "properties": {"provisioningState": "failed",
            "outputs": null, "parameters": 7, "resources": [{"id": "/a"}, 3, {}], "failedResources": null}}),
        );
        assert_eq!(stack.properties.resources.len(), 1);
        assert_eq!(stack.state(), StackState::Failed);
    }

    #[test]
    fn outputs_and_names_of_tags_are_read_without_case_and_values_of_tags_exactly() {
        let stack = stack(
            json!({"tags": {"Managed-By": "kompox", "KOMPOX-cluster": "w/p/c"},
            "properties": {"outputs": {"azurE_AKS_CLUSTER_NAME": {"type": "string", "value": "aks-1"}}}}),
        );
        assert_eq!(stack.outputs().cluster_name.as_deref(), Some("aks-1"));
        assert!(stack.belongs_to_cluster("w/p/c") && !stack.belongs_to_cluster("w/p/C"));
    }

    #[test]
    fn what_is_put_deletes_what_it_no_longer_holds_lets_groups_go_and_denies_nothing() {
        let body = StackInput {
            location: "japaneast",
            tags: &BTreeMap::from([("a".to_owned(), "b".to_owned())]),
            template: &json!({"t": 1}),
            parameters: &json!({"p": {"value": 2}}),
            description: "d",
        }
        .body();
        assert_eq!(body["location"], "japaneast");
        assert_eq!(body["tags"]["a"], "b");
        let properties = &body["properties"];
        assert_eq!(properties["actionOnUnmanage"]["resources"], "delete");
        assert_eq!(properties["actionOnUnmanage"]["resourceGroups"], "detach");
        assert_eq!(properties["denySettings"]["mode"], "none");
        assert!(properties.get("bypassStackOutOfSyncError").is_none());
        assert_eq!(
            (
                &properties["template"]["t"],
                &properties["parameters"]["p"]["value"]
            ),
            (&json!(1), &json!(2))
        );
    }
}
