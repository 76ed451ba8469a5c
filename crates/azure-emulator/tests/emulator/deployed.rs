//! Templates and stacks that several tests deploy.

use kompox_azure_emulator::{Options, Timing};
use serde_json::{Value, json};

use crate::client::{Answer, Azure, DISKS};

pub(crate) const STACKS: &str = "2025-07-01";
pub(crate) const DEPLOYMENTS: &str = "2025-04-01";
const AT_SUBSCRIPTION: &str =
    "https://schema.management.azure.com/schemas/2018-05-01/subscriptionDeploymentTemplate.json#";
const AT_GROUP: &str = "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#";

pub(crate) fn stack(name: &str) -> String {
    stack_path(name, "")
}

pub(crate) fn stack_path(name: &str, rest: &str) -> String {
    format!("~/providers/Microsoft.Resources/deploymentStacks/{name}{rest}?api-version={STACKS}")
}

/// The scope of deployments into the group `rg`.
pub(crate) const RG: &str = "resourceGroups/rg/";

/// `scope` is empty or `resourceGroups/NAME/`.
pub(crate) fn deployment(scope: &str, name: &str, rest: &str) -> String {
    format!("~/{scope}providers/Microsoft.Resources/deployments/{name}{rest}?api-version={DEPLOYMENTS}")
}

pub(crate) const DELETE_ALL: &str = "&unmanageAction.Resources=delete&unmanageAction.ResourceGroups=delete\
                                     &unmanageAction.ManagementGroups=delete";

pub(crate) fn subscription_template(resources: Value) -> Value {
    json!({ "$schema": AT_SUBSCRIPTION, "contentVersion": "1.0.0.0", "resources": resources })
}

pub(crate) fn group_template(resources: Value) -> Value {
    json!({ "$schema": AT_GROUP, "contentVersion": "1.0.0.0", "resources": resources })
}

pub(crate) fn group(name: &str) -> Value {
    json!({ "type": "Microsoft.Resources/resourceGroups", "apiVersion": "2024-11-01", "name": name,
            "location": "japaneast", "tags": { "managed-by": "tests" } })
}

/// A nested deployment into a group, with expressions of its own.
pub(crate) fn nested(name: &str, group: &str, depends_on: &[&str], resources: Value) -> Value {
    json!({ "type": "Microsoft.Resources/deployments", "apiVersion": "2022-09-01", "name": name,
            "resourceGroup": group, "dependsOn": depends_on,
            "properties": { "mode": "Incremental", "expressionEvaluationOptions": { "scope": "inner" },
                            "template": group_template(resources) } })
}

pub(crate) fn disk(name: &str, depends_on: &[&str]) -> Value {
    json!({ "type": "Microsoft.Compute/disks", "apiVersion": DISKS, "name": name, "location": "japaneast",
            "dependsOn": depends_on, "sku": { "name": "Premium_LRS" },
            "properties": { "creationData": { "createOption": "Empty" }, "diskSizeGB": 32 } })
}

/// A group `app` with the disks `a` and, after it, `b`, in a nested deployment `storage`.
pub(crate) fn storage(disks: Value) -> Value {
    subscription_template(json!([group("app"), nested("storage", "app", &["app"], disks)]))
}

pub(crate) fn two_disks() -> Value {
    storage(json!([disk("a", &[]), disk("b", &["a"])]))
}

/// What a stack is put with.
pub(crate) fn definition(template: Value, resources: &str, groups: &str) -> Value {
    json!({ "location": "japaneast", "properties": {
        "template": template, "parameters": {},
        "actionOnUnmanage": { "resources": resources, "resourceGroups": groups },
        "denySettings": { "mode": "none" } } })
}

/// What a deployment into a group is put with.
pub(crate) fn incremental(template: Value) -> Value {
    json!({ "properties": { "mode": "Incremental", "template": template } })
}

/// What a deployment at the subscription is put with.
pub(crate) fn at_subscription(template: Value) -> Value {
    json!({ "location": "japaneast", "properties": { "mode": "Incremental", "template": template } })
}

/// Two looks per operation, so that states on the way are seen.
pub(crate) fn watched() -> Options {
    Options {
        timing: Timing::looks(1),
        ..Options::default()
    }
}

impl Azure {
    /// Follows a stack to its end and returns the states on the way and the stack.
    pub(crate) async fn follow(&self, name: &str) -> (Vec<String>, Value) {
        let mut states: Vec<String> = Vec::new();
        for _ in 0..200 {
            let stack = self.get(&stack(name)).await;
            if stack.status == 404 {
                return (states, Value::Null);
            }
            let state = stack.body["properties"]["provisioningState"]
                .as_str()
                .unwrap()
                .to_owned();
            if states.last() != Some(&state) {
                states.push(state.clone());
            }
            if ["succeeded", "failed", "canceled"].contains(&state.as_str()) {
                return (states, stack.body);
            }
        }
        panic!("the stack does not end: {states:?}");
    }

    /// Puts a stack and waits for its end.
    pub(crate) async fn put_stack(&self, name: &str, body: Value) -> Value {
        let answer = self.put(&stack(name), body).await;
        assert!(answer.status == 200 || answer.status == 201, "{}", answer.text);
        self.follow(name).await.1
    }

    pub(crate) async fn delete_stack(&self, name: &str, how: &str) -> (Answer, Value) {
        let answer = self.delete(&format!("{}{how}", stack(name))).await;
        assert!([200, 202].contains(&answer.status), "{}", answer.text);
        let stack = self.follow(name).await.1;
        (answer, stack)
    }

    /// Puts a deployment and waits for its end.
    pub(crate) async fn deploy(&self, scope: &str, name: &str, body: Value) -> Value {
        let accepted = self.put(&deployment(scope, name, ""), body).await;
        assert!(
            accepted.status == 200 || accepted.status == 201,
            "{}",
            accepted.text
        );
        for _ in 0..200 {
            let found = self.get(&deployment(scope, name, "")).await.expect(200).body;
            let state = found["properties"]["provisioningState"].as_str().unwrap();
            if ["Succeeded", "Failed", "Canceled"].contains(&state) {
                return found;
            }
        }
        panic!("the deployment does not end");
    }

    pub(crate) async fn operations(&self, scope: &str, name: &str) -> Vec<Value> {
        let list = self
            .get(&deployment(scope, name, "/operations"))
            .await
            .expect(200);
        list.body["value"].as_array().unwrap().clone()
    }
}

pub(crate) fn ids(entries: &Value) -> Vec<&str> {
    let entries = entries.as_array().unwrap().iter();
    let mut ids: Vec<&str> = entries
        .map(|entry| entry["id"].as_str().unwrap().rsplit('/').next().unwrap())
        .collect();
    ids.sort_unstable();
    ids
}

/// The operation on a resource by name.
pub(crate) fn operation<'o>(operations: &'o [Value], name: &str) -> &'o Value {
    let found = operations
        .iter()
        .find(|operation| operation["properties"]["targetResource"]["resourceName"] == *name);
    &found.unwrap_or_else(|| panic!("{name}: {operations:?}"))["properties"]
}
