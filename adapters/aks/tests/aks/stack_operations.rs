//! Operations on stacks as Azure tells of them: by one header, the other or both, with nothing about when to look again,
//! and with parameters that stay when an update fails. And a subscription in which much is asked at once.

use kompox_azure_emulator::{
    Emulator, FaultAction, FaultPlan, FaultRule, Limit, OperationFault, OperationShape, Options, RequestKind,
    Throttling, Timing,
};
use kompox_domain::cluster::{ChangeAction, Plan};

use crate::clusters::World;
use crate::deprovision::Ours;

#[tokio::test]
async fn a_failed_update_hides_no_difference_though_the_stack_has_the_new_parameters() {
    let world = World::new().await;
    world.operator(&[]).provision().await.unwrap();
    let operator = world.operator(&[("AZURE_AKS_SKU_TIER", "Standard")]);
    let trouble = FaultAction::fail_late("InternalOperationError", "Oops.");
    world.fault(FaultRule::new("PUT", "**/managedClusters/*", trouble).times(1));
    operator.provision().await.unwrap_err();
    world.mend();
    let stack = world.stack().await;
    assert_eq!(stack["properties"]["provisioningState"], "failed");
    assert_eq!(stack["properties"]["parameters"]["skuTier"]["value"], "Standard");
    let plan = operator.plan().await.unwrap();
    assert!(
        plan.changes
            .iter()
            .any(|change| change.action == ChangeAction::Update && change.reason.contains("ended as failed")),
        "{plan:?}"
    );
    let status = operator
        .driver
        .clusters()
        .unwrap()
        .status(&operator.cx, &operator.scope)
        .await
        .unwrap();
    assert!(
        status
            .drift
            .iter()
            .any(|change| change.reason.contains("ended as failed")),
        "{:?}",
        status.drift
    );
    operator.provision().await.unwrap();
    let cluster = world.emulator.resource(&world.cluster_id().await).await.unwrap();
    assert_eq!(cluster["sku"]["tier"], "Standard");
    assert_eq!(operator.plan().await.unwrap(), Plan::default());
}

#[tokio::test]
async fn a_deletion_is_followed_by_its_location_by_its_status_and_by_both() {
    for (shape, monitor) in [
        (None, "/operationresults/"),
        (Some(OperationShape::Location), "/operationresults/"),
        (
            Some(OperationShape::AzureAsyncOperation),
            "/deploymentStackOperationStatus/",
        ),
        (Some(OperationShape::Both), "/deploymentStackOperationStatus/"),
    ] {
        let options = Options {
            timing: Timing::looks(2),
            ..Options::default()
        };
        let ours = Ours::on(Emulator::start(options).await.unwrap(), &[]).await;
        let fault = OperationFault {
            shape,
            ..OperationFault::default()
        };
        let rule = FaultRule::new("DELETE", "**/deploymentStacks/*", FaultAction::Operation(fault));
        ours.emulator.set_faults(FaultPlan::new([rule])).unwrap();
        ours.deprovision(&[]).await.unwrap();
        assert!(ours.is_gone().await, "{shape:?}");
        let polls = ours.emulator.requests();
        let of_stack = polls
            .iter()
            .filter(|request| request.kind == RequestKind::Poll)
            .filter(|request| request.path.contains(monitor));
        assert!(of_stack.count() > 1, "{shape:?}");
    }
}

#[tokio::test]
async fn a_deletion_that_fails_says_so_by_either_header() {
    for shape in [OperationShape::Location, OperationShape::AzureAsyncOperation] {
        let ours = Ours::with(&[]).await;
        let told = OperationFault {
            shape: Some(shape),
            ..OperationFault::default()
        };
        let rules = [
            FaultRule::new("DELETE", "**/deploymentStacks/*", FaultAction::Operation(told)),
            FaultRule::new(
                "DELETE",
                "**/managedClusters/*",
                FaultAction::respond(409, "ScopeLocked", "A lock."),
            ),
        ];
        ours.emulator.set_faults(FaultPlan::new(rules)).unwrap();
        let error = ours.deprovision(&[]).await.unwrap_err();
        assert!(
            format!("{:?}", error.failures()).contains("ScopeLocked"),
            "{shape:?} {error:?}"
        );
    }
}

#[tokio::test]
async fn in_a_subscription_that_throttles_a_cluster_is_made_and_found_as_it_should_be() {
    // As documented, but for the sizes: one provisioning alone does not empty a bucket of 250.
    let documented = Throttling::documented();
    let small = |limit: Limit| Limit { size: 6, ..limit };
    let throttling = Throttling {
        reads: small(documented.reads),
        writes: small(documented.writes),
        deletes: small(documented.deletes),
    };
    let world = World::with(Options {
        throttling: Some(throttling),
        ..Options::default()
    })
    .await;
    let operator = world.operator(&[]);
    operator.provision().await.unwrap();
    let refused = world.requests();
    assert!(
        refused.iter().any(|request| request.status == Some(429)),
        "nothing was throttled"
    );
    assert_eq!(operator.plan().await.unwrap(), Plan::default());
}
