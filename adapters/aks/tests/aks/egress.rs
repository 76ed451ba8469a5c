//! How nodes reach the outside, changed where AKS changes it.

use kompox_domain::ErrorKind;
use kompox_domain::cluster::ChangeAction;
use serde_json::json;

use crate::clusters::World;

fn outbound(kind: &'static str) -> (&'static str, &'static str) {
    ("AZURE_AKS_OUTBOUND_TYPE", kind)
}

#[tokio::test]
async fn a_migration_that_aks_makes_is_an_update_and_the_plan_says_what_it_interrupts() {
    let world = World::new().await;
    world.operator(&[]).provision().await.unwrap();
    let operator = world.operator(&[outbound("managedNATGateway")]);
    let plan = operator.plan().await.unwrap();
    let told = plan
        .of(ChangeAction::Update)
        .find(|change| change.reason.contains("outboundType"));
    let told = &told.unwrap().reason;
    assert!(
        told.contains("interrupts connections") && told.contains("address"),
        "{told}"
    );
    operator.provision().await.unwrap();
    let told = operator.plan().await.unwrap();
    assert_eq!(told.of(ChangeAction::Keep).count(), 2, "{told:?}");
    let cluster = world.emulator.resource(&world.cluster_id().await).await.unwrap();
    let network = &cluster["properties"]["networkProfile"];
    assert_eq!(network["outboundType"], "managedNATGateway");
    assert_eq!(network["loadBalancerProfile"], json!(null));
    assert!(operator.plan().await.unwrap().is_empty());
    // Back AKS does not go, and the plan says so with what it does.
    world.emulator.clear_requests();
    let back = world.operator(&[]);
    for outcome in [back.plan().await, back.provision().await] {
        let error = outcome.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Precondition);
        let told = error.to_string();
        assert!(
            told.contains("the outbound type is managedNATGateway and would be loadBalancer")
                && told.contains("only to managedNATGatewayV2, none, block"),
            "{told}"
        );
    }
    assert_eq!(world.writes(), Vec::<String>::new());
}

#[tokio::test]
async fn a_cluster_that_somebody_took_the_way_out_from_gets_it_back_and_drift_tells_it() {
    let world = World::new().await;
    let operator = world.operator(&[]);
    operator.provision().await.unwrap();
    let id = world.cluster_id().await;
    world
        .edit(&id, |cluster| {
            cluster["properties"]["bootstrapProfile"] = json!({"artifactSource": "Cache"});
            cluster["properties"]["networkProfile"]["outboundType"] = json!("none");
        })
        .await;
    let status = operator
        .driver
        .clusters()
        .unwrap()
        .status(&operator.cx, &operator.scope)
        .await
        .unwrap();
    let drift = status
        .drift
        .iter()
        .find(|change| change.reason.contains("outbound type"));
    let drift = drift.unwrap();
    assert_eq!(drift.action, ChangeAction::Update);
    assert!(
        drift.reason.contains("is none, configured is loadBalancer"),
        "{drift:?}"
    );
    operator.force().await.unwrap();
    let cluster = world.emulator.resource(&id).await.unwrap();
    assert_eq!(
        cluster["properties"]["networkProfile"]["outboundType"],
        "loadBalancer"
    );
}
