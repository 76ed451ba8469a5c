//! Deprovisioning: exactly what provisioning made goes, and nothing is deleted that is not proved to be ours.

use kompox_domain::hint::in_words;
use std::time::Duration;

use kompox_azure_emulator::{Emulator, FaultAction, FaultPlan, FaultRule, Options, RequestKind, Timing};
use kompox_domain::cluster::{ChangeAction, Plan};
use kompox_domain::driver::{DeprovisionRequest, ProvisionRequest};
use kompox_domain::{Cluster, Context, ErrorKind, Mode, ProviderDriver, Result, tags};
use serde_json::{Value, json};
use std::sync::Arc;

use crate::support::{app, context, driver, settings};

const GROUP: &str = "rg-cluster";
const DESCRIPTION: &str = "kompox:ws1/prv1/c1";

pub(crate) struct Ours {
    pub(crate) emulator: Emulator,
    pub(crate) driver: Arc<dyn ProviderDriver>,
    pub(crate) cx: Context,
    pub(crate) cluster: Cluster,
}

impl Ours {
    /// A provisioned cluster, with these settings besides.
    pub(crate) async fn with(more: &[(&str, &str)]) -> Self {
        Self::on(Emulator::start(Options::default()).await.unwrap(), more).await
    }

    pub(crate) async fn on(emulator: Emulator, more: &[(&str, &str)]) -> Self {
        let mut app = app("app1", "rg-app");
        let pairs = [("AZURE_RESOURCE_GROUP_NAME", GROUP)];
        app.cluster.settings = settings(pairs.into_iter().chain(more.iter().copied()));
        let request = ProvisionRequest::default();
        let earlier = driver(&emulator, &app, &[]).unwrap();
        let clusters = earlier.clusters().unwrap();
        clusters
            .provision(&context().0, &app.cluster, &request, Mode::Apply)
            .await
            .unwrap();
        emulator.clear_requests();
        // Another run of the program: its requests have another correlation id.
        let driver = driver(&emulator, &app, &[]).unwrap();
        Self {
            driver,
            emulator,
            cx: context().0,
            cluster: app.cluster.clone(),
        }
    }

    pub(crate) fn id(&self, rest: &str) -> String {
        format!(
            "/subscriptions/{}{rest}",
            self.emulator.connection().subscription_id
        )
    }

    pub(crate) fn group(&self) -> String {
        self.id(&format!("/resourceGroups/{GROUP}"))
    }

    pub(crate) fn in_group(&self, kind: &str, name: &str) -> String {
        format!("{}/providers/{kind}/{name}", self.group())
    }

    pub(crate) fn stack(&self) -> String {
        self.id("/providers/Microsoft.Resources/deploymentStacks/kompox_ws1_prv1_c1")
    }

    pub(crate) async fn put(&self, id: &str, body: Value) {
        self.emulator.put_resource(id, body).await.unwrap();
    }

    pub(crate) async fn put_disk(&self, id: &str, properties: Value) {
        self.put(id, json!({"location": "japaneast", "properties": properties}))
            .await;
    }

    /// The resources of a type in the cluster's group.
    pub(crate) async fn of_kind(&self, kind: &str) -> Vec<String> {
        let resources = self.emulator.resources(&self.group()).await;
        let of_kind = resources.iter().filter(|resource| {
            resource["type"]
                .as_str()
                .is_some_and(|found| found.eq_ignore_ascii_case(kind))
        });
        of_kind
            .map(|resource| resource["id"].as_str().unwrap().to_owned())
            .collect()
    }

    pub(crate) async fn node_group(&self) -> String {
        let clusters = self.of_kind("Microsoft.ContainerService/managedClusters").await;
        let cluster = self.emulator.resource(&clusters[0]).await.unwrap();
        let name = cluster["properties"]["nodeResourceGroup"].as_str().unwrap();
        self.id(&format!("/resourceGroups/{name}"))
    }

    pub(crate) async fn deprovision(&self, allow: &[&str]) -> Result<Plan> {
        let request = DeprovisionRequest {
            allow_delete: allow.iter().map(|id| (*id).to_owned()).collect(),
        };
        self.driver
            .clusters()
            .unwrap()
            .deprovision(&self.cx, &self.cluster, &request, Mode::Apply)
            .await
    }

    pub(crate) fn writes(&self) -> Vec<String> {
        let requests = self.emulator.requests().into_iter();
        let writes = requests.filter(|request| request.kind == RequestKind::Write);
        writes
            .map(|request| format!("{} {}", request.method, request.path))
            .collect()
    }

    pub(crate) async fn deleted_vaults(&self) -> usize {
        let all = self.emulator.resources(&self.id("")).await;
        let deleted = |resource: &&Value| {
            resource["type"]
                .as_str()
                .is_some_and(|kind| kind.to_lowercase().ends_with("/deletedvaults"))
        };
        all.iter().filter(deleted).count()
    }

    pub(crate) async fn is_gone(&self) -> bool {
        self.emulator.resource(&self.stack()).await.is_none()
            && self.emulator.resource(&self.group()).await.is_none()
            && self.deleted_vaults().await == 0
    }
}

#[tokio::test]
async fn everything_that_was_made_goes_the_vault_s_name_included_and_a_second_run_writes_nothing() {
    let ours = Ours::with(&[]).await;
    let nodes = ours.node_group().await;
    let plan = ours.deprovision(&[]).await.unwrap();
    assert!(ours.is_gone().await);
    assert!(ours.emulator.resource(&nodes).await.is_none());
    assert_eq!(plan.of(ChangeAction::Keep).count(), 0, "{plan:?}");
    assert!(
        plan.of(ChangeAction::Delete)
            .any(|change| change.resource.contains("deploymentStacks"))
    );
    assert!(
        plan.of(ChangeAction::Delete)
            .any(|change| change.resource.contains("/deletedVaults/"))
    );
    ours.emulator.clear_requests();
    let again = ours.deprovision(&[]).await.unwrap();
    assert!(again.changes.is_empty(), "{again:?}");
    assert_eq!(ours.writes(), Vec::<String>::new());
}

#[tokio::test]
async fn what_is_foreign_blocks_before_any_write_until_it_is_named() {
    let ours = Ours::with(&[]).await;
    let foreign = ours.in_group("Microsoft.Network/virtualNetworks", "theirs");
    ours.put(&foreign, json!({"location": "japaneast", "properties": {"addressSpace": {"addressPrefixes": ["10.9.0.0/16"]}}})).await;
    let error = ours.deprovision(&[]).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Precondition);
    assert!(
        in_words(error.hints()).contains(&format!("with allow delete {foreign}")),
        "{error:?}"
    );
    assert_eq!(ours.writes(), Vec::<String>::new());
    ours.deprovision(&[&foreign.to_uppercase()]).await.unwrap();
    assert!(ours.is_gone().await);
}

#[tokio::test]
async fn what_cannot_be_a_resource_is_not_allowed_to_go_and_nothing_is_asked() {
    let ours = Ours::with(&[]).await;
    for wrong in [
        "theirs",
        "",
        "/subscriptions/x",
        "vaults/kv-1",
        "https://x/subscriptions/s",
    ] {
        let error = ours.deprovision(&[wrong]).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput, "{wrong}: {error:?}");
        assert!(in_words(error.hints()).contains("give the whole id"));
    }
    assert_eq!(ours.writes(), Vec::<String>::new());
}

#[tokio::test]
async fn a_disk_with_data_among_the_nodes_blocks_and_one_of_an_operating_system_does_not() {
    let ours = Ours::with(&[]).await;
    let disk = |group: &str, name: &str| format!("{group}/providers/Microsoft.Compute/disks/{name}");
    let nodes = ours.node_group().await;
    let data = json!({"creationData": {"createOption": "Empty"}, "diskSizeGB": 4});
    ours.put_disk(
        &disk(&nodes, "os"),
        json!({"creationData": {"createOption": "Empty"}, "diskSizeGB": 4, "osType": "Linux"}),
    )
    .await;
    let pvc = disk(&nodes, "pvc-1");
    ours.put_disk(&pvc, data.clone()).await;
    let beside = disk(&ours.group(), "data");
    ours.put_disk(&beside, data).await;
    let error = ours.deprovision(&[&beside]).await.unwrap_err();
    let text = error.to_string();
    assert!(
        text.contains("/pvc-1 (") && !text.contains("/os") && !text.contains("/disks/data"),
        "{text}"
    );
    assert_eq!(ours.writes(), Vec::<String>::new());
    ours.deprovision(&[&pvc, &beside]).await.unwrap();
    assert!(ours.is_gone().await);
}

#[tokio::test]
async fn b35_a_group_whose_tags_are_no_longer_ours_keeps_everything() {
    let ours = Ours::with(&[]).await;
    let mut group = ours.emulator.resource(&ours.group()).await.unwrap();
    group["tags"][tags::CREATED] = json!("01ARZ3NDEKTSV4RRFFQ69G5FAV");
    ours.put(&ours.group(), group).await;
    let error = ours.deprovision(&[]).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Precondition);
    assert_eq!(ours.writes(), Vec::<String>::new());
}

#[tokio::test]
async fn b34_what_cannot_be_read_is_never_already_gone() {
    let ours = Ours::with(&[]).await;
    for path in [
        "**/deploymentStacks/**",
        "**/resourceGroups/rg-cluster",
        "**/resources",
        "**/locks",
        "**/deletedVaults",
    ] {
        let refuse = FaultAction::respond(403, "AuthorizationFailed", "No.");
        let rule = FaultRule::new("GET", path, refuse).times(1);
        ours.emulator.set_faults(FaultPlan::new([rule])).unwrap();
        let error = ours.deprovision(&[]).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::PermissionDenied, "{path}");
        assert_eq!(ours.writes(), Vec::<String>::new(), "{path}");
    }
}

#[tokio::test]
async fn b25_role_assignments_of_ours_outside_the_stack_go_and_those_of_others_stay() {
    let ours = Ours::with(&[]).await;
    let clusters = ours.of_kind("Microsoft.ContainerService/managedClusters").await;
    let cluster = ours.emulator.resource(&clusters[0]).await.unwrap();
    let principal = cluster["identity"]["principalId"].as_str().unwrap();
    let elsewhere = ours.id("/resourceGroups/rg-zones");
    ours.put(&elsewhere, json!({"location": "japaneast"})).await;
    let assignment =
        |name: &str| format!("{elsewhere}/providers/Microsoft.Authorization/roleAssignments/{name}");
    let one = assignment("00000000-0000-4000-8000-000000000001");
    let other = assignment("00000000-0000-4000-8000-000000000002");
    for (id, description, role) in [
        (&one, DESCRIPTION, "befefa01-2a29-4197-83a8-272ff33ce314"),
        (&other, "somebody else's", "4d97b98b-1d4f-4787-a291-c67834d212e7"),
    ] {
        let role = ours.id(&format!(
            "/providers/Microsoft.Authorization/roleDefinitions/{role}"
        ));
        let properties = json!({"roleDefinitionId": role, "principalId": principal, "principalType": "ServicePrincipal",
            "description": description, "scope": elsewhere});
        ours.put(id, json!({"properties": properties})).await;
    }
    let plan = ours.deprovision(&[]).await.unwrap();
    assert!(
        plan.of(ChangeAction::Delete)
            .any(|change| change.resource.eq_ignore_ascii_case(&one)),
        "{plan:?}"
    );
    assert!(ours.emulator.resource(&one).await.is_none());
    assert!(ours.emulator.resource(&other).await.is_some());
    let writes = ours.writes();
    let at = |part: &str| writes.iter().position(|write| write.contains(part)).unwrap();
    assert!(at("roleAssignments") < at("deploymentStacks"), "{writes:?}");
    assert!(at("deploymentStacks") < at("/purge"), "{writes:?}");
}

#[tokio::test]
async fn b36_only_vaults_that_say_themselves_that_they_were_ours_are_purged() {
    let ours = Ours::with(&[]).await;
    let theirs = ours.id("/resourceGroups/rg-theirs");
    ours.put(&theirs, json!({"location": "japaneast"})).await;
    let deleted = ours.id("/providers/Microsoft.KeyVault/locations/japaneast/deletedVaults/kv-theirs");
    let vault = format!("{theirs}/providers/Microsoft.KeyVault/vaults/kv-theirs");
    ours.put(
        &deleted,
        json!({"properties": {"vaultId": vault, "location": "japaneast", "deletionDate": "2026-01-01T00:00:00Z",
            "scheduledPurgeDate": "2026-04-01T00:00:00Z", "tags": {"managed-by": "kompox", "kompox-cluster": "ws1/prv1/c2"}}}),
    )
    .await;
    ours.deprovision(&[]).await.unwrap();
    assert_eq!(ours.deleted_vaults().await, 1);
    assert!(
        !ours.writes().iter().any(|write| write.contains("kv-theirs")),
        "{:?}",
        ours.writes()
    );
}

#[tokio::test]
async fn a_vault_that_may_not_be_purged_is_told_as_left_over() {
    let ours = Ours::with(&[("AZURE_KEY_VAULT_PURGE_PROTECTION", "true")]).await;
    let plan = ours.deprovision(&[]).await.unwrap();
    let left: Vec<_> = plan.of(ChangeAction::Keep).collect();
    assert!(
        left.len() == 1 && left[0].reason.contains("purge protection"),
        "{plan:?}"
    );
    assert!(!ours.writes().iter().any(|write| write.contains("/purge")));
}

#[tokio::test]
async fn a_group_that_is_only_used_stays_with_what_is_in_it() {
    let emulator = Emulator::start(Options::default()).await.unwrap();
    let group = format!(
        "/subscriptions/{}/resourceGroups/{GROUP}",
        emulator.connection().subscription_id
    );
    emulator
        .put_resource(
            &group,
            json!({"location": "japaneast", "tags": {"owner": "them"}}),
        )
        .await
        .unwrap();
    let ours = Ours::on(emulator, &[("AZURE_RESOURCE_GROUP_ADOPT", "use")]).await;
    let foreign = ours.in_group("Microsoft.Network/virtualNetworks", "theirs");
    ours.put(&foreign, json!({"location": "japaneast", "properties": {"addressSpace": {"addressPrefixes": ["10.9.0.0/16"]}}})).await;
    let plan = ours.deprovision(&[]).await.unwrap();
    let kept: Vec<&str> = plan
        .of(ChangeAction::Keep)
        .map(|change| change.resource.as_str())
        .collect();
    assert!(
        kept.iter().any(|id| id.eq_ignore_ascii_case(&foreign)),
        "{kept:?}"
    );
    let left = ours.emulator.resource(&ours.group()).await.unwrap();
    assert_eq!(left["tags"], json!({"owner": "them"}));
    assert!(ours.emulator.resource(&foreign).await.is_some());
    assert!(
        ours.of_kind("Microsoft.ContainerService/managedClusters")
            .await
            .is_empty()
    );
    assert!(ours.emulator.resource(&ours.stack()).await.is_none());
    // Nothing proves anything any more: what is in there is not even looked at.
    let again = ours.deprovision(&[]).await.unwrap();
    assert!(again.changes.is_empty(), "{again:?}");
}

#[tokio::test]
async fn what_azure_made_beside_application_insights_goes_along() {
    let ours = Ours::with(&[("AZURE_APPLICATION_INSIGHTS", "true")]).await;
    let rules = ours
        .of_kind("microsoft.alertsmanagement/smartDetectorAlertRules")
        .await;
    assert_eq!(rules.len(), 1);
    ours.deprovision(&[]).await.unwrap();
    assert!(ours.is_gone().await);
}

#[tokio::test]
async fn a_lock_is_told_before_any_write_and_no_flag_lifts_it() {
    let ours = Ours::with(&[]).await;
    let lock = format!("{}/providers/Microsoft.Authorization/locks/keep", ours.group());
    ours.put(&lock, json!({"properties": {"level": "CanNotDelete"}}))
        .await;
    let error = ours.deprovision(&[&lock]).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Precondition);
    assert!(error.to_string().contains("CanNotDelete"), "{error:?}");
    assert_eq!(ours.writes(), Vec::<String>::new());
}

#[tokio::test]
async fn at_the_deadline_the_error_says_how_to_go_on() {
    let ours = Ours::with(&[]).await;
    let slow = kompox_azure_emulator::OperationFault {
        milliseconds: Some(60_000),
        ..kompox_azure_emulator::OperationFault::default()
    };
    let rule = FaultRule::new("DELETE", "**/deploymentStacks/**", FaultAction::Operation(slow)).times(1);
    ours.emulator.set_faults(FaultPlan::new([rule])).unwrap();
    let cx = context()
        .0
        .with_deadline(std::time::Instant::now() + Duration::from_secs(4));
    let request = DeprovisionRequest::default();
    let error = ours
        .driver
        .clusters()
        .unwrap()
        .deprovision(&cx, &ours.cluster, &request, Mode::Apply)
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout);
    assert!(
        in_words(error.hints()).contains("cluster deprovision"),
        "{error:?}"
    );
    // What goes on is not what failed.
    assert!(!error.to_string().contains("cannot delete"), "{error}");
}

#[tokio::test]
async fn a_deletion_whose_answer_is_lost_is_followed_and_not_taken_for_somebody_else_s() {
    let options = Options {
        timing: Timing::looks(2),
        ..Options::default()
    };
    let ours = Ours::on(Emulator::start(options).await.unwrap(), &[]).await;
    let rule = FaultRule::new("DELETE", "**/deploymentStacks/**", FaultAction::ResetAfter).times(1);
    ours.emulator.set_faults(FaultPlan::new([rule])).unwrap();
    let done = ours.deprovision(&[]).await.unwrap();
    assert!(done.of(ChangeAction::Delete).count() > 5, "{done:?}");
    assert!(ours.emulator.resource(&ours.group()).await.is_none());
}

#[tokio::test]
async fn an_existing_cluster_is_never_deprovisioned_and_nothing_is_asked() {
    let emulator = Emulator::start(Options::default()).await.unwrap();
    let mut app = app("app1", "rg-app");
    app.cluster.existing = true;
    let id = format!(
        "/subscriptions/{}/resourceGroups/rg/providers/Microsoft.ContainerService/managedClusters/theirs",
        emulator.connection().subscription_id
    );
    app.cluster.settings = settings([("AZURE_AKS_RESOURCE_ID", id.as_str())]);
    let driver = driver(&emulator, &app, &[]).unwrap();
    let request = DeprovisionRequest::default();
    let done = driver
        .clusters()
        .unwrap()
        .deprovision(&context().0, &app.cluster, &request, Mode::Apply)
        .await;
    assert_eq!(done.unwrap(), Plan::default());
    assert!(emulator.requests().is_empty());
}
