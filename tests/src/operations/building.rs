//! Operations on clusters written in one expression.

use async_trait::async_trait;
use futures::future::LocalBoxFuture;
use kompox_azure_emulator::RequestKind;
use kompox_domain::cluster::Plan;
use kompox_domain::driver::{DeprovisionRequest, ProvisionRequest};
use kompox_domain::{Mode, Result, tags};

use serde_json::{Value, json};
use tokio::sync::OnceCell;

use crate::crash_points::estate::{CLUSTERS, STACKS, VAULTS};
use crate::crash_points::likeness::is_a;
use crate::crash_points::{Estate, Likeness, Operation, Operator, Vigil};

/// A step of such an operation.
pub type Deed = for<'a> fn(&'a Estate<'a>, &'a Operator) -> LocalBoxFuture<'a, Result<()>>;

/// What there must be in the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Goal {
    /// The cluster, once and whole, exactly as after an undisturbed run.
    Provisioned,
    /// The same, and each of its nodes reaches the API server by its public name; nothing waits for an image.
    Upgraded,
    /// Nothing but what was there before it.
    Gone,
}

/// An operation on a cluster, put together from functions.
pub struct Building {
    /// What it is called in messages.
    pub name: &'static str,
    /// Makes what it starts from.
    pub prepare: Deed,
    /// What the user runs.
    pub run: Deed,
    /// What there must be in the end.
    pub goal: Goal,
    /// Settings of the cluster.
    pub settings: &'static [(&'static str, &'static str)],
    /// What there is in the end of an undisturbed run.
    pub wanted: OnceCell<Likeness>,
}

impl Building {
    /// Provisioning where there are only strangers.
    #[must_use]
    pub fn provision() -> Self {
        Self {
            name: "cluster provision",
            prepare: |estate, _| {
                Box::pin(async {
                    estate.put_strangers().await;
                    Ok(())
                })
            },
            run: |estate, operator| Box::pin(async { provision(estate, operator).await.map(drop) }),
            goal: Goal::Provisioned,
            settings: &[],
            wanted: OnceCell::new(),
        }
    }

    /// Giving up the private DNS zone of a cluster, nodes included.
    #[must_use]
    pub fn upgrade_node_images() -> Self {
        Self {
            name: "cluster provision --upgrade-node-images",
            prepare: |estate, _| {
                Box::pin(async {
                    estate.put_strangers().await;
                    let before = estate.cloud.operator_wanting(&[(PRIVATE_ZONE, "system")]);
                    provision(estate, &before).await?;
                    Ok(())
                })
            },
            run: |estate, operator| Box::pin(async { upgrade(estate, operator).await.map(drop) }),
            goal: Goal::Upgraded,
            settings: &[("AZURE_AKS_PRIVATE_CLUSTER", "true"), (PRIVATE_ZONE, "none")],
            wanted: OnceCell::new(),
        }
    }

    /// Deprovisioning a cluster that is as it was made.
    #[must_use]
    pub fn deprovision() -> Self {
        Self {
            name: "cluster deprovision",
            prepare: |estate, operator| {
                Box::pin(async {
                    estate.put_strangers().await;
                    provision(estate, operator).await.map(drop)
                })
            },
            run: |estate, operator| Box::pin(async { deprovision(estate, operator).await.map(drop) }),
            goal: Goal::Gone,
            settings: &[],
            wanted: OnceCell::new(),
        }
    }

    /// Deprovisioning where somebody has put more into the cluster's groups, and the cluster has rights elsewhere.
    #[must_use]
    pub fn deprovision_with_more() -> Self {
        Self {
            name: "cluster deprovision --allow-delete",
            prepare: |estate, operator| {
                Box::pin(async {
                    estate.put_strangers().await;
                    provision(estate, operator).await?;
                    put_more(estate).await;
                    Ok(())
                })
            },
            ..Self::deprovision()
        }
    }
}

/// The setting that a cluster gives its zone up by.
const PRIVATE_ZONE: &str = "AZURE_AKS_PRIVATE_DNS_ZONE";

/// Provisions the cluster, and lets what changes reach its nodes.
async fn upgrade(estate: &Estate<'_>, operator: &Operator) -> Result<Plan> {
    let Operator { driver, cx } = operator;
    let request = ProvisionRequest {
        upgrade_node_images: true,
        ..ProvisionRequest::default()
    };
    driver
        .clusters()
        .expect("the driver has clusters")
        .provision(cx, &estate.cluster, &request, Mode::Apply)
        .await
}

/// That every node reaches the API server by its public name, and that nothing says otherwise.
fn reached(everything: &[Value]) -> std::result::Result<(), String> {
    let cluster = one_of(everything, CLUSTERS)?;
    let due = &cluster["tags"][tags::NODE_IMAGES_DUE];
    if !due.is_null() {
        return Err(format!("{due} are still due"));
    }
    let public = &cluster["properties"]["fqdn"];
    let sets = of_kind(everything, "Microsoft.Compute/virtualMachineScaleSets");
    match sets
        .iter()
        .find(|set| &set["tags"]["emulator-api-server"] != public)
    {
        Some(set) => Err(format!("the nodes of {} look for {}", set["id"], set["tags"])),
        None if sets.len() < 2 => Err("there are not two pools".to_owned()),
        None => Ok(()),
    }
}

/// Provisions the cluster.
///
/// # Errors
/// Those of the driver.
pub async fn provision(estate: &Estate<'_>, operator: &Operator) -> Result<Plan> {
    let Operator { driver, cx } = operator;
    let request = ProvisionRequest::default();
    driver
        .clusters()
        .expect("the driver has clusters")
        .provision(cx, &estate.cluster, &request, Mode::Apply)
        .await
}

/// With all that [`put_more`] puts allowed to go: naming what is not there does no harm.
fn request(estate: &Estate<'_>) -> DeprovisionRequest {
    DeprovisionRequest {
        allow_delete: vec![foreign(estate), data(estate)],
    }
}

/// Deprovisions the cluster.
///
/// # Errors
/// Those of the driver.
pub async fn deprovision(estate: &Estate<'_>, operator: &Operator) -> Result<Plan> {
    let Operator { driver, cx } = operator;
    driver
        .clusters()
        .expect("the driver has clusters")
        .deprovision(cx, &estate.cluster, &request(estate), Mode::Apply)
        .await
}

fn foreign(estate: &Estate<'_>) -> String {
    format!(
        "{}/providers/Microsoft.Network/virtualNetworks/more",
        estate.group()
    )
}

fn data(estate: &Estate<'_>) -> String {
    format!("{}/providers/Microsoft.Compute/disks/data", estate.group())
}

/// A network and a disk in the cluster's group, and two rights of its cluster on a stranger's group: one that carries
/// our description, and one that does not.
async fn put_more(estate: &Estate<'_>) {
    let space = json!({"addressSpace": {"addressPrefixes": ["10.9.0.0/16"]}});
    let network = json!({"location": "japaneast", "properties": space});
    estate.put(&foreign(estate), network).await;
    let empty = json!({"creationData": {"createOption": "Empty"}, "diskSizeGB": 4});
    let disk = json!({"location": "japaneast", "properties": empty});
    estate.put(&data(estate), disk).await;
    let everything = estate.everything().await;
    let cluster = one_of(&everything, CLUSTERS).expect("there is the cluster");
    let principal = cluster["identity"]["principalId"].clone();
    let elsewhere = estate.id("/resourceGroups/rg-theirs");
    let ours = format!("kompox:{}", estate.cluster.path());
    for (name, description, role) in [
        ("1", ours.as_str(), "befefa01-2a29-4197-83a8-272ff33ce314"),
        ("2", "somebody else's", "4d97b98b-1d4f-4787-a291-c67834d212e7"),
    ] {
        let role = estate.id(&format!(
            "/providers/Microsoft.Authorization/roleDefinitions/{role}"
        ));
        let properties = json!({"roleDefinitionId": role, "principalId": principal, "scope": elsewhere,
            "principalType": "ServicePrincipal", "description": description});
        let name = format!("00000000-0000-4000-8000-00000000000{name}");
        let id = format!("{elsewhere}/providers/Microsoft.Authorization/roleAssignments/{name}");
        estate.put(&id, json!({ "properties": properties })).await;
    }
}

/// The resources of a type.
#[must_use]
pub fn of_kind<'a>(resources: &'a [Value], kind: &str) -> Vec<&'a Value> {
    resources.iter().filter(|resource| is_a(resource, kind)).collect()
}

/// The id of the managed cluster, which is there.
pub(super) async fn managed_cluster(estate: &Estate<'_>) -> String {
    let everything = estate.everything().await;
    let cluster = one_of(&everything, CLUSTERS).expect("there is the cluster");
    cluster["id"].as_str().unwrap_or_default().to_owned()
}

fn one_of<'a>(resources: &'a [Value], kind: &str) -> std::result::Result<&'a Value, String> {
    match of_kind(resources, kind)[..] {
        [one] => Ok(one),
        ref all => Err(format!("of {kind} there are {}, not one", all.len())),
    }
}

/// Demands that a run finds nothing to do, and writes nothing.
async fn idle(
    estate: &Estate<'_>,
    run: impl Future<Output = Result<Plan>>,
) -> std::result::Result<(), String> {
    estate.cloud.emulator.clear_requests();
    let plan = run.await.map_err(|error| format!("once more: {error:?}"))?;
    let requests = estate.cloud.emulator.requests();
    let write = requests.iter().find(|request| request.kind == RequestKind::Write);
    match write {
        Some(write) => Err(format!(
            "once more, and it writes: {} {}",
            write.method, write.path
        )),
        None if !plan.changes.is_empty() => Err(format!("once more, and there is something to do: {plan:?}")),
        None => Ok(()),
    }
}

/// What provisioning promises, whatever an undisturbed run may have led to.
fn whole(estate: &Estate<'_>, everything: &[Value]) -> std::result::Result<(), String> {
    let stack = one_of(everything, STACKS)?;
    if stack["properties"]["provisioningState"] != "succeeded" {
        return Err(format!(
            "the stack is {}",
            stack["properties"]["provisioningState"]
        ));
    }
    one_of(everything, CLUSTERS)?;
    one_of(everything, VAULTS)?;
    let group = everything.iter().find(|one| {
        one["id"]
            .as_str()
            .is_some_and(|id| id.eq_ignore_ascii_case(&estate.group()))
    });
    let group = group.ok_or("there is no group")?;
    let created = |of: &Value| of["tags"][tags::CREATED].clone();
    if created(stack).is_null() || created(stack) != created(group) {
        return Err(format!("created is {} and {}", created(stack), created(group)));
    }
    let others = everything.iter().filter(|one| {
        !one["id"]
            .as_str()
            .is_some_and(|id| id.contains("/roleAssignments/"))
    });
    let others: String = others.map(ToString::to_string).collect();
    for assignment in of_kind(everything, "Microsoft.Authorization/roleAssignments") {
        let principal = assignment["properties"]["principalId"]
            .as_str()
            .unwrap_or_default();
        if principal.is_empty() || !others.contains(principal) {
            return Err(format!("a role assignment without its principal: {assignment}"));
        }
    }
    Ok(())
}

#[async_trait(?Send)]
impl Operation for Building {
    type Ground<'c> = Estate<'c>;

    fn name(&self) -> String {
        self.name.to_owned()
    }

    async fn prepare(&self, estate: &Estate<'_>, operator: &Operator) -> Result<()> {
        (self.prepare)(estate, operator).await
    }

    async fn run(&self, estate: &Estate<'_>, operator: &Operator) -> Result<()> {
        (self.run)(estate, operator).await
    }

    fn settings(&self, _: &str) -> Vec<(&'static str, String)> {
        let pairs = self.settings.iter();
        pairs.map(|(key, value)| (*key, (*value).to_owned())).collect()
    }

    async fn watch<'c>(&self, estate: &Estate<'c>) -> Vigil {
        estate.watch(false).await
    }

    async fn read<'c>(
        &self,
        estate: &Estate<'c>,
        reader: &Operator,
        _: &Vigil,
    ) -> std::result::Result<(), String> {
        let Operator { driver, cx } = reader;
        let planned = match self.goal {
            Goal::Provisioned | Goal::Upgraded => {
                driver
                    .clusters()
                    .expect("the driver has clusters")
                    .provision(cx, &estate.cluster, &ProvisionRequest::default(), Mode::Plan)
                    .await
            }
            Goal::Gone => {
                driver
                    .clusters()
                    .expect("the driver has clusters")
                    .deprovision(cx, &estate.cluster, &request(estate), Mode::Plan)
                    .await
            }
        };
        planned
            .map(drop)
            .map_err(|error| format!("what is left to do cannot be planned: {error:?}"))
    }

    async fn ended(&self, estate: &Estate<'_>, reader: &Operator) -> std::result::Result<(), String> {
        let everything = estate.everything().await;
        match self.goal {
            Goal::Provisioned => whole(estate, &everything)?,
            Goal::Upgraded => {
                whole(estate, &everything)?;
                reached(&everything)?;
            }
            Goal::Gone => {
                let vigil = estate.watch(false).await;
                let left = everything.iter().find(|one| {
                    let record = one["type"] == "Microsoft.Resources/deployments";
                    !vigil.is_strangers(one) && !record
                });
                if let Some(left) = left {
                    return Err(format!("{left} is left over"));
                }
            }
        }
        let found = Likeness::of(&everything);
        self.wanted
            .get_or_init(async || found.clone())
            .await
            .compare(&found)?;
        match self.goal {
            Goal::Provisioned => idle(estate, provision(estate, reader)).await,
            Goal::Upgraded => idle(estate, upgrade(estate, reader)).await,
            Goal::Gone => idle(estate, deprovision(estate, reader)).await,
        }
    }
}
