//! What the expressions of one template see of the deployment that it is part of.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// What the expressions of one template see. An inner template has its own, an outer one that of its parent.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct DeploymentContext {
    /// Values of the parameters.
    pub parameters: Map<String, Value>,
    /// The template's `variables`, not evaluated.
    pub variables: Value,
    /// What `subscription()` answers.
    pub subscription: Value,
    /// What `resourceGroup()` answers; absent at subscription scope.
    pub group: Option<Value>,
    /// What `tenant()` answers.
    pub tenant: Value,
    /// What `deployment()` answers.
    pub deployment: Value,
    /// What `environment()` answers.
    pub environment: Value,
    /// What `deployer()` answers: who deploys.
    #[serde(default)]
    pub deployer: Value,
}
