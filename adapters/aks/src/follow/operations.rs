//! The operations of a deployment, down into the deployments it nests.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures::future::{BoxFuture, FutureExt as _, join_all};
use kompox_arm::operation::{End, ended};
use kompox_arm::{ArmError, ArmRequest, ErrorDetail};
use serde::Deserialize;
use serde_json::Value;

use crate::api::DEPLOYMENTS;
use crate::session::Session;

/// How deep deployments are followed, and how many of them at most: an answer may be anything.
const MAX_DEPTH: usize = 5;
const MAX_DEPLOYMENTS: usize = 64;
const NESTED: &str = "Microsoft.Resources/deployments";

/// What a deployment did and does.
#[derive(Debug, Clone, Default)]
pub(crate) struct Deployment {
    /// Its id.
    pub(crate) id: String,
    /// Its operations on resources; those on nested deployments have these beneath them.
    pub(crate) operations: Vec<Operation>,
    /// Why its operations could not be read.
    pub(crate) unread: Option<String>,
}

/// One operation of a deployment.
#[derive(Debug, Clone, Default)]
pub(crate) struct Operation {
    /// The resource it is about.
    pub(crate) resource: String,
    /// ARM's word for how it stands.
    pub(crate) state: String,
    /// When it came into that state, as ARM writes it.
    pub(crate) at: String,
    /// The request id of the resource's provider.
    pub(crate) request_id: Option<String>,
    /// Why it failed.
    pub(crate) error: Option<ErrorDetail>,
    /// What it did, where it is a deployment itself.
    pub(crate) nested: Option<Deployment>,
}

impl Operation {
    pub(crate) fn succeeded(&self) -> bool {
        ended(&self.state) == Some(End::Succeeded)
    }

    pub(crate) fn failed(&self) -> bool {
        ended(&self.state).is_some_and(End::is_failure)
    }
}

impl Deployment {
    /// The operations on resources, through all nested deployments.
    pub(crate) fn resources(&self) -> Vec<&Operation> {
        let mut all = Vec::new();
        for operation in &self.operations {
            match &operation.nested {
                Some(nested) => all.extend(nested.resources()),
                None => all.push(operation),
            }
        }
        all
    }
}

#[derive(Deserialize)]
struct Wire {
    #[serde(rename = "id")]
    _id: String,
    #[serde(default)]
    properties: WireProperties,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
struct WireProperties {
    #[serde(default)]
    provisioning_operation: Option<String>,
    #[serde(default)]
    provisioning_state: Option<String>,
    #[serde(default)]
    timestamp: Option<String>,
    #[serde(default)]
    service_request_id: Option<String>,
    #[serde(default)]
    status_message: Option<Value>,
    #[serde(default)]
    target_resource: Option<WireTarget>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireTarget {
    #[serde(default)]
    id: String,
    #[serde(default)]
    resource_type: String,
}

/// Reads deployments, and remembers those that are over: nothing happens there any more.
#[derive(Debug, Default)]
pub(crate) struct Reader {
    over: HashMap<String, Deployment>,
}

/// What is read in one go.
struct Walk<'a> {
    session: Session<'a>,
    over: &'a HashMap<String, Deployment>,
    room: AtomicUsize,
}

impl Reader {
    /// What a deployment did and does so far.
    ///
    /// What cannot be read is a remark in what is answered: whoever asks has something more important to tell.
    pub(crate) async fn read(&mut self, session: Session<'_>, id: &str) -> Deployment {
        let walk = Walk {
            session,
            over: &self.over,
            room: AtomicUsize::new(MAX_DEPLOYMENTS),
        };
        let deployment = walk.read(id.to_owned(), 0).await;
        self.remember(&deployment);
        deployment
    }

    fn remember(&mut self, deployment: &Deployment) {
        for operation in &deployment.operations {
            let Some(nested) = &operation.nested else { continue };
            // Its end may have come after its operations were read, so they must all be over too.
            let over = |operation: &&Operation| operation.succeeded() || operation.failed();
            if operation.succeeded() && nested.unread.is_none() && nested.resources().iter().all(over) {
                self.over.insert(nested.id.to_lowercase(), nested.clone());
            } else {
                self.remember(nested);
            }
        }
    }
}

impl Walk<'_> {
    fn read(&self, id: String, depth: usize) -> BoxFuture<'_, Deployment> {
        async move {
            if let Some(over) = self.over.get(&id.to_lowercase()) {
                return over.clone();
            }
            let unread = |why: String| Deployment {
                id: id.clone(),
                unread: Some(why),
                ..Deployment::default()
            };
            let room = self
                .room
                .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |room| room.checked_sub(1));
            if depth > MAX_DEPTH || room.is_err() {
                return unread("there are too many deployments in one another".to_owned());
            }
            let wire = match self.operations(&id).await {
                Ok(read) => read,
                Err(error) => {
                    tracing::debug!(deployment = id, %error, "the operations of a deployment cannot be read");
                    return unread(error.to_string());
                }
            };
            let mut operations: Vec<Operation> = Vec::new();
            let mut nested = Vec::new();
            for one in wire.into_iter().filter_map(operation) {
                let (one, is_deployment) = one;
                if is_deployment && one.resource.eq_ignore_ascii_case(&id) {
                    continue;
                }
                // One resource may have several operations: the latest tells how it stands.
                let same = |known: &Operation| known.resource.eq_ignore_ascii_case(&one.resource);
                if operations.iter().any(|known| same(known) && known.at > one.at) {
                    continue;
                }
                operations.retain(|known| !same(known));
                if is_deployment && !nested.contains(&one.resource) {
                    nested.push(one.resource.clone());
                }
                operations.push(one);
            }
            let read = join_all(nested.into_iter().map(|id| self.read(id, depth + 1))).await;
            for deployment in read {
                let whose = operations
                    .iter_mut()
                    .find(|operation| operation.resource.eq_ignore_ascii_case(&deployment.id));
                if let Some(operation) = whose {
                    operation.nested = Some(deployment);
                }
            }
            Deployment {
                id,
                operations,
                unread: None,
            }
        }
        .boxed()
    }

    async fn operations(&self, id: &str) -> Result<Vec<Wire>, ArmError> {
        let url = self.session.arm.url(&format!("{id}/operations"), DEPLOYMENTS)?;
        let mut wire = Vec::new();
        self.session
            .arm
            .try_list(self.session.cx, ArmRequest::get(url), |element| {
                wire.push(serde_json::from_str(element.get())?);
                Ok(())
            })
            .await?;
        Ok(wire)
    }
}

/// An operation that does something, and whether what it makes is a deployment.
fn operation(wire: Wire) -> Option<(Operation, bool)> {
    let properties = wire.properties;
    let does = properties.provisioning_operation.as_deref().unwrap_or("Create");
    // `Read` looks at what is there, `EvaluateDeploymentOutput` computes.
    let error = properties.status_message.as_ref().and_then(error_of);
    if (does.eq_ignore_ascii_case("Read") || does.eq_ignore_ascii_case("EvaluateDeploymentOutput"))
        && error.is_none()
    {
        return None;
    }
    let target = properties.target_resource?;
    if target.id.is_empty() {
        return None;
    }
    let operation = Operation {
        resource: target.id,
        state: properties.provisioning_state.unwrap_or_default(),
        at: properties.timestamp.unwrap_or_default(),
        request_id: properties.service_request_id.filter(|id| !id.is_empty()),
        error,
        nested: None,
    };
    Some((operation, target.resource_type.eq_ignore_ascii_case(NESTED)))
}

/// The error in a status message, which may also be a text. One that went well says something else.
fn error_of(message: &Value) -> Option<ErrorDetail> {
    match message {
        Value::Object(map) if !map.contains_key("error") && !map.contains_key("code") => None,
        other => ErrorDetail::parse(&other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn one(value: &Value) -> Option<(Operation, bool)> {
        operation(serde_json::from_value(json!({ "id": "/o", "properties": value })).unwrap())
    }

    #[test]
    fn only_what_does_something_to_a_resource_counts() {
        let target = json!({"id": "/x", "resourceType": "Microsoft.KeyVault/vaults"});
        let with = |does: &str| json!({"provisioningOperation": does, "targetResource": target});
        assert_eq!(one(&with("Create")).unwrap().0.resource, "/x");
        for idle in ["Read", "EvaluateDeploymentOutput"] {
            assert!(one(&with(idle)).is_none(), "{idle}");
            let mut failed = with(idle);
            failed["statusMessage"] = json!({"error": {"code": "ResourceNotFound"}});
            let error = one(&failed).unwrap().0.error.unwrap();
            assert_eq!(error.code, "ResourceNotFound", "{idle}");
        }
        assert!(one(&json!({"provisioningOperation": "Create"})).is_none());
    }

    #[test]
    fn a_status_message_is_an_error_in_an_envelope_bare_or_as_text_or_none() {
        let code = |message: Value| {
            let value = json!({"targetResource": {"id": "/x"}, "statusMessage": message});
            one(&value).unwrap().0.error.map(|error| error.code)
        };
        assert_eq!(
            code(json!({"status": "Failed", "error": {"code": "A", "message": "m"}})),
            Some("A".to_owned())
        );
        assert_eq!(code(json!({"code": "A", "message": "m"})), Some("A".to_owned()));
        assert_eq!(code(json!("just words")).as_deref(), Some(""));
        assert_eq!(code(json!({"id": "/x", "properties": {}})), None);
        assert_eq!(code(json!(null)), None);
    }

    #[test]
    fn what_is_over_and_was_read_after_that_is_not_read_again() {
        let leaf = |state: &str| Operation {
            resource: "/leaf".to_owned(),
            state: state.to_owned(),
            ..Operation::default()
        };
        let parent = |state: &str, leaf_state: &str| Deployment {
            operations: vec![Operation {
                resource: "/Nested".to_owned(),
                state: state.to_owned(),
                nested: Some(Deployment {
                    id: "/Nested".to_owned(),
                    operations: vec![leaf(leaf_state)],
                    unread: None,
                }),
                ..Operation::default()
            }],
            ..Deployment::default()
        };
        let mut reader = Reader::default();
        reader.remember(&parent("Running", "Succeeded"));
        reader.remember(&parent("Succeeded", "Running"));
        assert!(reader.over.is_empty());
        reader.remember(&parent("Succeeded", "Succeeded"));
        assert!(reader.over.contains_key("/nested"));
        assert_eq!(parent("Running", "Running").resources().len(), 1);
    }
}
