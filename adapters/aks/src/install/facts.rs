//! What installing starts from: the managed cluster, and as whom its parts act in Azure.

use kompox_arm::{ArmRequest, ListedResource};
use kompox_domain::model::Ingress;
use kompox_domain::{Error, ErrorKind, Hint, Operation, Result};
use serde::Deserialize;
use serde::de::Error as _;

use crate::api::IDENTITIES;
use crate::observe::ProvisionedCluster;
use crate::observe::managed_cluster::ManagedCluster;
use crate::observe::outputs::Outputs;
use crate::observe::stack::StackState;
use crate::session::Session;
use crate::settings::cluster::ExistingSettings;

/// What is known before anything is done.
#[derive(Debug, Clone)]
pub(super) struct Facts {
    pub(super) cluster: ManagedCluster,
    /// The object id of the control plane's identity.
    pub(super) cluster_principal: Option<String>,
    /// The object id of the nodes' identity.
    pub(super) kubelet_principal: Option<String>,
    /// Whom the ingress's service account stands for.
    pub(super) ingress: Option<IngressIdentity>,
}

/// The identity of the ingress.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct IngressIdentity {
    pub(super) client_id: String,
    /// None: nobody asked for it.
    pub(super) principal: Option<String>,
}

impl Facts {
    /// Of a cluster of ours: what its stack says.
    ///
    /// # Errors
    /// `Precondition` unless it is provisioned, and for the ingress that the configuration says.
    pub(super) async fn of_own(work: &ProvisionedCluster<'_>, ingress: &Ingress) -> Result<Self> {
        let observed = work.observe().await?;
        let name = &work.scope.id;
        let provision = || Hint::command("provision it", Operation::ClusterProvision);
        let unready = |why: String, hint: Hint| Err(Error::new(ErrorKind::Precondition, why).with_hint(hint));
        let stack = observed
            .stack
            .as_ref()
            .filter(|stack| stack.belongs_to_cluster(&work.scope.path()));
        let Some(stack) = stack else {
            return unready(format!("cluster {name} is not provisioned"), provision());
        };
        match stack.state() {
            StackState::Succeeded => {}
            StackState::Busy => {
                let why = format!(
                    "cluster {name} is being changed: its deployment stack is {}",
                    stack.state_word()
                );
                return unready(
                    why,
                    Hint::command(
                        "run it again once that has ended; wait for it",
                        Operation::ClusterWait,
                    ),
                );
            }
            StackState::Failed | StackState::Canceled => {
                let why = format!(
                    "cluster {name} is not provisioned: its deployment stack is {}",
                    stack.state_word()
                );
                return unready(why, provision());
            }
        }
        work.refuse_stopped(&observed)?;
        let outputs = stack.outputs();
        let Some(cluster) = observed.cluster else {
            return unready(
                format!("the managed cluster of cluster {name} is gone"),
                provision(),
            );
        };
        trusts(&outputs, ingress)?;
        let Outputs {
            cluster_principal_id,
            kubelet_principal_id,
            ingress_principal_id,
            ingress_client_id,
            ..
        } = outputs;
        Ok(Self {
            cluster_principal: cluster_principal_id.or_else(|| cluster.principal()),
            kubelet_principal: kubelet_principal_id.or_else(|| cluster.kubelet_principal()),
            ingress: ingress_client_id.map(|client_id| IngressIdentity {
                client_id,
                principal: ingress_principal_id,
            }),
            cluster,
        })
    }

    /// Of a cluster that somebody else made: what it says itself, and whose client id the configuration gives.
    ///
    /// # Errors
    /// `NotFound` without the cluster; `Precondition` when nothing in it can answer.
    pub(super) fn of_existing(
        existing: &ExistingSettings,
        cluster: Option<ManagedCluster>,
        principal: Option<String>,
    ) -> Result<Self> {
        let id = existing.id.to_string();
        let Some(cluster) = cluster else {
            return Err(Error::new(ErrorKind::NotFound, format!("there is no {id}"))
                .with_hint(Hint::setting("check", "AZURE_AKS_RESOURCE_ID")));
        };
        if cluster.is_stopped() {
            return Err(Error::new(ErrorKind::Precondition, format!("{id} is stopped"))
                .with_target(id.clone())
                .with_hint(Hint::foreign("start it", format!("az aks start --ids {id}"))));
        }
        Ok(Self {
            cluster_principal: cluster.principal(),
            kubelet_principal: cluster.kubelet_principal(),
            ingress: existing
                .ingress_client_id
                .clone()
                .map(|client_id| IngressIdentity { client_id, principal }),
            cluster,
        })
    }
}

/// Refuses an ingress whose service account the stack's identity does not trust: its tokens would be refused.
fn trusts(outputs: &Outputs, ingress: &Ingress) -> Result<()> {
    let (namespace, account) = (&outputs.ingress_namespace, &outputs.ingress_service_account);
    let (Some(namespace), Some(account)) = (namespace, account) else {
        return Err(Error::new(
            ErrorKind::Precondition,
            "the deployment stack does not say which service account its ingress identity trusts",
        )
        .with_hint(Hint::command("bring it up to date", Operation::ClusterProvision)));
    };
    let configured = (ingress.namespace.as_str(), ingress.service_account.as_str());
    if (namespace.as_str(), account.as_str()) == configured {
        return Ok(());
    }
    Err(Error::new(
        ErrorKind::Precondition,
        format!(
            "the cluster was provisioned for the ingress's service account {namespace}/{account}, and the configuration says {}/{}",
            configured.0, configured.1
        ),
    )
    .with_hint(Hint::command(
        "set namespace and serviceAccount of the ingress back, or have the identity trust the new ones",
        Operation::ClusterProvision,
    )))
}

#[derive(Deserialize)]
struct Listed {
    #[serde(default)]
    properties: ListedProperties,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
struct ListedProperties {
    #[serde(default)]
    client_id: Option<String>,
    #[serde(default)]
    principal_id: Option<String>,
}

/// The object id of the identity with that client id: roles are given to objects.
pub(super) async fn principal_of(
    session: Session<'_>,
    subscription: &str,
    client_id: &str,
) -> Result<String> {
    let path =
        format!("/subscriptions/{subscription}/providers/Microsoft.ManagedIdentity/userAssignedIdentities");
    let request = ArmRequest::get(session.arm.url(&path, IDENTITIES)?);
    let mut found = None;
    let each = |resource: ListedResource<'_>| {
        // That of somebody else may be anything.
        let Ok(Listed { properties }) = resource.read() else {
            return Ok(());
        };
        let client = properties.client_id.unwrap_or_default();
        if client.eq_ignore_ascii_case(client_id) {
            let principal = properties.principal_id.filter(|id| !id.is_empty());
            found = Some(principal.ok_or_else(|| serde_json::Error::missing_field("principalId"))?);
        }
        Ok(())
    };
    session.arm.list_resources(session.cx, request, each).await?;
    found.ok_or_else(|| {
        Error::new(
            ErrorKind::NotFound,
            format!("no managed identity of subscription {subscription} has the client id {client_id}"),
        )
        .with_hints([
            Hint::setting("check", "AZURE_INGRESS_CLIENT_ID"),
            Hint::foreign("see the client ids there are", "az identity list"),
        ])
    })
}
