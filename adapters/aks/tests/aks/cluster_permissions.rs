//! What each operation on clusters may do is enough for it, and taking an action away is felt.

use kompox_aks::permissions::actions;
use kompox_domain::cluster::{DeprovisionRequest, KubeconfigRequest};
use kompox_domain::{ErrorKind, Operation as Op, Result};

use crate::clusters::{Operator, World};

fn allow(world: &World, operation: Op, without: Option<&str>) {
    let actions = actions(operation).iter();
    let left = actions.filter(|action| Some(**action) != without);
    world
        .emulator
        .restrict_caller(Some(left.map(|action| (*action).to_owned()).collect()));
}

async fn deprovision(operator: &Operator) -> Result<()> {
    let request = DeprovisionRequest::default();
    let Operator {
        driver, scope, cx, ..
    } = operator;
    driver.cluster_deprovision(cx, scope, &request).await.map(drop)
}

#[tokio::test]
async fn every_operation_on_a_cluster_works_with_exactly_the_permissions_that_are_listed_for_it() {
    let world = World::new().await;
    let operator = world.operator(&[]);
    let Operator {
        driver, scope, cx, ..
    } = &operator;
    allow(&world, Op::ClusterCheck, None);
    driver.cluster_check(cx, scope).await.unwrap();
    allow(&world, Op::ClusterPlan, None);
    operator.plan().await.unwrap();
    allow(&world, Op::ClusterProvision, None);
    operator.provision().await.unwrap();
    allow(&world, Op::ClusterPlan, None);
    world
        .operator(&[("AZURE_AKS_SKU_TIER", "Standard")])
        .plan()
        .await
        .unwrap();
    allow(&world, Op::ClusterStatus, None);
    let status = driver.cluster_status(cx, scope).await.unwrap();
    assert_eq!((status.provisioned, status.installed), (Some(true), Some(false)));
    allow(&world, Op::ClusterWait, None);
    driver.cluster_wait(cx, scope).await.unwrap();
    allow(&world, Op::ClusterKubeconfig, None);
    driver
        .cluster_kubeconfig(cx, scope, &KubeconfigRequest::default())
        .await
        .unwrap();
    allow(&world, Op::ClusterDeprovisionPlan, None);
    driver
        .cluster_deprovision_plan(cx, scope, &DeprovisionRequest::default())
        .await
        .unwrap();
    allow(&world, Op::ClusterDeprovision, None);
    deprovision(&operator).await.unwrap();
}

#[tokio::test]
async fn an_action_that_is_missing_is_named_and_the_next_run_with_it_goes_on() {
    let world = World::new().await;
    let operator = world.operator(&[]);
    for (operation, action) in [
        (Op::ClusterProvision, "Microsoft.Resources/deploymentStacks/write"),
        (
            Op::ClusterProvision,
            "Microsoft.ContainerService/managedClusters/write",
        ),
        (Op::ClusterDeprovision, "Microsoft.Authorization/locks/read"),
        (
            Op::ClusterDeprovision,
            "Microsoft.Resources/deploymentStacks/delete",
        ),
        (
            Op::ClusterDeprovision,
            "Microsoft.KeyVault/locations/deletedVaults/purge/action",
        ),
    ] {
        allow(&world, operation, Some(action));
        let done = match operation {
            Op::ClusterProvision => operator.provision().await.map(drop),
            _ => deprovision(&operator).await,
        };
        let error = done.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::PermissionDenied, "{action}: {error:?}");
        let whole = crate::clusters::whole(&error);
        assert!(whole.contains(action), "{action}: {whole}");
        if action.ends_with("managedClusters/write") {
            allow(&world, operation, None);
            operator.provision().await.unwrap();
        }
    }
    allow(&world, Op::ClusterDeprovision, None);
    deprovision(&operator).await.unwrap();
}
