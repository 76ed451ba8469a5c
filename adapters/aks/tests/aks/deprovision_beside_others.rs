//! Deprovisioning beside others, and where a part of it fails.

use kompox_azure_emulator::{Emulator, FaultAction, FaultPlan, FaultRule, Options, Race, RacingWrite, When};
use kompox_domain::cluster::{Change, ChangeAction, Plan};
use kompox_domain::driver::DeprovisionRequest;
use kompox_domain::{ErrorKind, Mode, tags};
use serde_json::{Value, json};

use crate::deprovision::Ours;

const GROUP: &str = "/resourceGroups/rg-cluster";
const NETWORKS: &str = "Microsoft.Network/virtualNetworks";

fn network() -> Value {
    json!({"location": "japaneast", "properties": {"addressSpace": {"addressPrefixes": ["10.9.0.0/16"]}}})
}

/// Another one who writes at that moment.
fn race(when: When, id: &str, write: RacingWrite) -> FaultAction {
    let id = Some(id.to_owned());
    FaultAction::Race(Race { when, id, write })
}

/// What is told about a resource.
fn told<'a>(plan: &'a Plan, id: &str) -> Option<&'a Change> {
    let mut changes = plan.changes.iter();
    changes.find(|change| change.resource.eq_ignore_ascii_case(id))
}

impl Ours {
    /// A cluster in a group that was there before and only is used.
    async fn in_a_used_group() -> Self {
        let emulator = Emulator::start(Options::default()).await.unwrap();
        let group = format!("/subscriptions/{}{GROUP}", emulator.connection().subscription_id);
        let body = json!({"location": "japaneast", "tags": {"owner": "them"}});
        emulator.put_resource(&group, body).await.unwrap();
        Self::on(emulator, &[("AZURE_RESOURCE_GROUP_ADOPT", "use")]).await
    }

    fn faults(&self, rules: impl IntoIterator<Item = FaultRule>) {
        self.emulator.set_faults(FaultPlan::new(rules)).unwrap();
    }

    /// Changes the document of the stack.
    async fn edit_stack(&self, properties: Value) {
        let mut stack = self.emulator.resource(&self.stack()).await.unwrap();
        for (name, value) in properties.as_object().unwrap() {
            stack["properties"][name] = value.clone();
        }
        self.put(&self.stack(), stack).await;
    }

    /// The requests about the stack itself, by method.
    fn about_the_stack(&self) -> Vec<String> {
        let requests = self.emulator.requests().into_iter();
        let about = requests.filter(|request| request.path.split('?').next() == Some(&*self.stack()));
        about.map(|request| request.method).collect()
    }
}

#[tokio::test]
async fn a_plan_says_what_deprovisioning_does_and_writes_nothing() {
    let ours = Ours::with(&[]).await;
    let foreign = ours.in_group(NETWORKS, "theirs");
    ours.put(&foreign, network()).await;
    let plan = async |allowed: &[&String]| {
        let request = DeprovisionRequest {
            allow_delete: allowed.iter().map(|id| (*id).clone()).collect(),
        };
        ours.driver
            .clusters()
            .unwrap()
            .deprovision(&ours.cx, &ours.cluster, &request, Mode::Plan)
            .await
    };
    let blocked = plan(&[]).await.unwrap();
    assert_eq!(told(&blocked, &foreign).unwrap().action, ChangeAction::Block);
    let planned = plan(&[&foreign]).await.unwrap();
    assert_eq!(told(&planned, &foreign).unwrap().action, ChangeAction::Delete);
    assert_eq!(
        told(&planned, &ours.stack()).unwrap().action,
        ChangeAction::Delete
    );
    assert_eq!(
        plan(&[&"theirs".to_owned()]).await.unwrap_err().kind(),
        ErrorKind::InvalidInput
    );
    assert_eq!(ours.writes(), Vec::<String>::new());
    let done = ours.deprovision(&[&foreign]).await.unwrap();
    assert_eq!(done.changes[..planned.changes.len()], planned.changes);
}

#[tokio::test]
async fn the_stack_is_named_as_azure_writes_its_id() {
    let ours = Ours::with(&[]).await;
    let written = ours.stack().replace("/subscriptions/", "/SUBSCRIPTIONS/");
    let other_case = race(
        When::Before,
        &ours.stack(),
        RacingWrite::Merge(json!({"id": written})),
    );
    ours.faults([FaultRule::new("GET", "**/deploymentStacks/*", other_case)]);
    let request = DeprovisionRequest::default();
    let plan = ours
        .driver
        .clusters()
        .unwrap()
        .deprovision(&ours.cx, &ours.cluster, &request, Mode::Plan)
        .await
        .unwrap();
    assert_eq!(told(&plan, &written).unwrap().resource, written);
}

#[tokio::test]
async fn an_operation_under_way_is_waited_for_and_however_it_ends_everything_goes() {
    // What failed may have any kind: too little quota has one of its own.
    let quota = json!({"code": "QuotaExceeded", "message": "There is no room."});
    for (state, error) in [
        ("succeeded", Value::Null),
        ("failed", json!({"code": "Odd", "message": "Something odd."})),
        ("failed", quota),
    ] {
        let ours = Ours::with(&[]).await;
        ours.edit_stack(json!({"provisioningState": "deploying"})).await;
        let over = json!({"properties": {"provisioningState": state, "error": error}});
        let ends = race(When::Before, &ours.stack(), RacingWrite::Merge(over));
        let rule = FaultRule::new("GET", "**/deploymentStacks/*", ends);
        ours.faults([rule.after(3).times(1)]);
        ours.deprovision(&[]).await.unwrap();
        assert!(ours.is_gone().await, "{state}");
        let asked = ours.about_the_stack();
        let deleted = asked.iter().position(|method| method == "DELETE").unwrap();
        assert!(deleted > 3, "{state}: {asked:?}");
    }
}

#[tokio::test]
async fn what_keeps_an_operation_from_being_waited_for_keeps_everything() {
    let ours = Ours::with(&[]).await;
    ours.edit_stack(json!({"provisioningState": "deploying"})).await;
    let refuse = FaultAction::respond(403, "AuthorizationFailed", "No.");
    let rule = FaultRule::new("GET", "**/deploymentStacks/*", refuse);
    ours.faults([rule.after(1).times(1)]);
    let error = ours.deprovision(&[]).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::PermissionDenied, "{error:?}");
    assert_eq!(ours.writes(), Vec::<String>::new());
}

#[tokio::test]
async fn what_the_stack_cannot_delete_is_told_with_its_cause_and_a_second_run_goes_on() {
    let ours = Ours::with(&[]).await;
    let refuse = FaultAction::respond(409, "InUseByOthers", "Somebody else holds it.");
    ours.faults([FaultRule::new("DELETE", "**/vaults/*", refuse)]);
    let error = ours.deprovision(&[]).await.unwrap_err();
    assert_eq!(error.code(), Some("InUseByOthers"), "{error:?}");
    let text = error.to_string();
    assert!(
        text.starts_with("cannot delete Deployment Stack kompox_ws1_prv1_c1: ")
            && text.contains("Somebody else holds it."),
        "{text}"
    );
    assert!(error.failures()[0].leaves()[0].resource.contains("/vaults/"));
    ours.faults([]);
    ours.deprovision(&[]).await.unwrap();
    assert!(ours.is_gone().await);
}

#[tokio::test]
async fn an_earlier_failure_is_not_told_as_the_cause_of_a_refusal() {
    let ours = Ours::with(&[]).await;
    let earlier = json!({"code": "Earlier", "message": "It failed earlier."});
    ours.edit_stack(json!({"provisioningState": "failed", "error": earlier}))
        .await;
    let refuse = FaultAction::respond(403, "AuthorizationFailed", "No.");
    ours.faults([FaultRule::new("DELETE", "**/deploymentStacks/*", refuse)]);
    let error = ours.deprovision(&[]).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.code()),
        (ErrorKind::PermissionDenied, Some("AuthorizationFailed"))
    );
    assert!(error.failures().is_empty(), "{error:?}");
    let text = error.to_string();
    assert!(text.contains("cannot delete Deployment Stack"), "{text}");
}

#[tokio::test]
async fn what_is_there_after_all_is_told_as_what_it_is() {
    let ours = Ours::in_a_used_group().await;
    let theirs = ours.in_group(NETWORKS, "theirs");
    ours.put(&theirs, network()).await;
    let late = ours.in_group(NETWORKS, "late");
    let lagging = ours
        .of_kind("Microsoft.ContainerService/managedClusters")
        .await
        .remove(0);
    ours.faults([&late, &lagging].map(|id| {
        let comes = race(When::After, id, RacingWrite::Put(network()));
        FaultRule::new("POST", "**/purge", comes).times(1)
    }));
    let plan = ours.deprovision(&[]).await.unwrap();
    for (id, reason) in [
        (&theirs, "foreign, in a group that is used, not owned"),
        (&late, "came while the cluster was deleted"),
        (&lagging, "deleted with the stack, and still listed"),
    ] {
        let change = told(&plan, id).unwrap();
        assert_eq!(
            (change.action, change.reason.as_str()),
            (ChangeAction::Keep, reason)
        );
    }
}

#[tokio::test]
async fn a_stack_that_somebody_makes_meanwhile_is_a_conflict() {
    let ours = Ours::with(&[]).await;
    let stack = json!({"location": "japaneast", "tags": {tags::CLUSTER: "ws1/prv1/c1", tags::CREATED: "01"},
        "properties": {"provisioningState": "succeeded"}});
    let comes = race(When::After, &ours.stack(), RacingWrite::Put(stack));
    ours.faults([FaultRule::new("POST", "**/purge", comes).times(1)]);
    let error = ours.deprovision(&[]).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Conflict, "{error:?}");
    assert!(error.to_string().contains("is there again"), "{error}");
}

#[tokio::test]
async fn a_vault_that_somebody_else_purges_is_purged() {
    let ours = Ours::with(&[]).await;
    let vault = ours.of_kind("Microsoft.KeyVault/vaults").await.remove(0);
    let name = vault.rsplit('/').next().unwrap();
    let deleted = ours.id(&format!(
        "/providers/Microsoft.KeyVault/locations/japaneast/deletedVaults/{name}"
    ));
    let purged = race(When::Before, &deleted, RacingWrite::Delete);
    ours.faults([FaultRule::new("POST", "**/purge", purged).times(1)]);
    ours.deprovision(&[]).await.unwrap();
    assert!(ours.is_gone().await);
}
